//! Audiences, customer lists and conversion tags.

use super::{Handle, Order};
use crate::client::Client;
use crate::endpoint::{AUDIENCES, CONVERSION_TAGS, CUSTOMER_LISTS};
use crate::ids::AdAccountId;
use crate::list::List;
use crate::model::{Audience, ConversionTag, CustomerList, open_enum};

impl Client {
    /// The audiences of an ad account.
    #[must_use]
    pub fn audiences(&self, ad_account: &AdAccountId) -> Handle<Audience> {
        Handle::of_ad_account(self, ad_account)
    }

    /// The customer lists of an ad account.
    #[must_use]
    pub fn customer_lists(&self, ad_account: &AdAccountId) -> Handle<CustomerList> {
        Handle::of_ad_account(self, ad_account)
    }

    /// The conversion tags of an ad account.
    #[must_use]
    pub fn conversion_tags(&self, ad_account: &AdAccountId) -> Handle<ConversionTag> {
        Handle::of_ad_account(self, ad_account)
    }
}

impl Handle<Audience> {
    /// Lists those the ad account owns, unless [`ownership`](List::ownership) says otherwise.
    pub fn list(&self) -> List<Audience> {
        self.list_at(&AUDIENCES)
    }
}

impl Handle<CustomerList> {
    /// Lists them.
    pub fn list(&self) -> List<CustomerList> {
        self.list_at(&CUSTOMER_LISTS)
    }
}

impl Handle<ConversionTag> {
    /// Lists them, all on one page.
    pub fn list(&self) -> List<ConversionTag> {
        self.list_at(&CONVERSION_TAGS)
    }
}

impl List<Audience> {
    /// Whose audiences: the ad account's own, or those shared with it.
    pub fn ownership(self, ownership: Ownership) -> Self {
        self.option("ownership_type", ownership)
    }

    /// By id, up or down; those that were received by the time of the sharing.
    pub fn order(self, order: Order) -> Self {
        self.option("order", order)
    }
}

impl List<CustomerList> {
    /// By id, up or down.
    pub fn order(self, order: Order) -> Self {
        self.option("order", order)
    }
}

impl List<ConversionTag> {
    /// Whether deleted ones are left out. They are listed unless set.
    pub fn filter_deleted(self, filter: bool) -> Self {
        self.option("filter_deleted", filter)
    }
}

open_enum! {
    /// Whose audiences are listed.
    Ownership { Owned = "OWNED", Received = "RECEIVED" }
}
