//! Audiences, conversion tags and customer lists of an ad account.

use crate::args::Args;
use crate::endpoint;
use crate::ids::AdAccountId;
use crate::list::List;
use crate::model::{Audience, ConversionTag, CustomerList};

door! {
    /// The audiences of an ad account.
    Audiences by audiences(ad_account: AdAccountId)
}

impl Audiences {
    /// All audiences.
    pub fn list(&self) -> List<Audience> {
        self.client.list_as(&endpoint::AUDIENCES, Args::new().path("ad_account_id", &self.ad_account))
    }
}

door! {
    /// The conversion tags of an ad account.
    ConversionTags by conversion_tags(ad_account: AdAccountId)
}

impl ConversionTags {
    /// All conversion tags.
    pub fn list(&self) -> List<ConversionTag> {
        self.client.list_as(&endpoint::CONVERSION_TAGS, Args::new().path("ad_account_id", &self.ad_account))
    }
}

door! {
    /// The customer lists of an ad account.
    CustomerLists by customer_lists(ad_account: AdAccountId)
}

impl CustomerLists {
    /// All customer lists.
    pub fn list(&self) -> List<CustomerList> {
        self.client.list_as(&endpoint::CUSTOMER_LISTS, Args::new().path("ad_account_id", &self.ad_account))
    }
}
