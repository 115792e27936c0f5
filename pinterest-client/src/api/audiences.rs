//! Audiences, conversion tags and customer lists of an ad account.

use crate::args::Args;
use crate::client::Client;
use crate::endpoint;
use crate::ids::AdAccountId;
use crate::list::List;
use crate::model::{Audience, ConversionTag, CustomerList};

/// The audiences of an ad account.
#[derive(Clone, Debug)]
pub struct Audiences {
    client: Client,
    ad_account: AdAccountId,
}

impl Audiences {
    /// All audiences.
    pub fn list(&self) -> List<Audience> {
        self.client.list_as(&endpoint::AUDIENCES, Args::new().path("ad_account_id", &self.ad_account))
    }
}

impl Client {
    /// The audiences of an ad account.
    #[must_use]
    pub fn audiences(&self, ad_account: &AdAccountId) -> Audiences {
        Audiences { client: self.clone(), ad_account: ad_account.clone() }
    }
}

/// The conversion tags of an ad account.
#[derive(Clone, Debug)]
pub struct ConversionTags {
    client: Client,
    ad_account: AdAccountId,
}

impl ConversionTags {
    /// All conversion tags.
    pub fn list(&self) -> List<ConversionTag> {
        self.client.list_as(&endpoint::CONVERSION_TAGS, Args::new().path("ad_account_id", &self.ad_account))
    }
}

impl Client {
    /// The conversion tags of an ad account.
    #[must_use]
    pub fn conversion_tags(&self, ad_account: &AdAccountId) -> ConversionTags {
        ConversionTags { client: self.clone(), ad_account: ad_account.clone() }
    }
}

/// The customer lists of an ad account.
#[derive(Clone, Debug)]
pub struct CustomerLists {
    client: Client,
    ad_account: AdAccountId,
}

impl CustomerLists {
    /// All customer lists.
    pub fn list(&self) -> List<CustomerList> {
        self.client.list_as(&endpoint::CUSTOMER_LISTS, Args::new().path("ad_account_id", &self.ad_account))
    }
}

impl Client {
    /// The customer lists of an ad account.
    #[must_use]
    pub fn customer_lists(&self, ad_account: &AdAccountId) -> CustomerLists {
        CustomerLists { client: self.clone(), ad_account: ad_account.clone() }
    }
}
