//! Campaigns, ad groups and ads.

use super::{Handle, Order};
use crate::client::Client;
use crate::endpoint::{AD_GROUPS, ADS, CAMPAIGNS};
use crate::ids::{AdAccountId, AdGroupId, AdId, CampaignId};
use crate::list::List;
use crate::model::{Ad, AdGroup, Campaign, EntityStatus};

impl Client {
    /// The campaigns of an ad account.
    #[must_use]
    pub fn campaigns(&self, ad_account: &AdAccountId) -> Handle<Campaign> {
        Handle::of_ad_account(self, ad_account)
    }

    /// The ad groups of an ad account.
    #[must_use]
    pub fn ad_groups(&self, ad_account: &AdAccountId) -> Handle<AdGroup> {
        Handle::of_ad_account(self, ad_account)
    }

    /// The ads of an ad account.
    #[must_use]
    pub fn ads(&self, ad_account: &AdAccountId) -> Handle<Ad> {
        Handle::of_ad_account(self, ad_account)
    }
}

impl Handle<Campaign> {
    /// Lists the active and paused ones, unless [`entity_statuses`](List::entity_statuses) asks for others.
    pub fn list(&self) -> List<Campaign> {
        self.list_at(&CAMPAIGNS)
    }
}

impl Handle<AdGroup> {
    /// Lists the active and paused ones, unless [`entity_statuses`](List::entity_statuses) asks for others.
    pub fn list(&self) -> List<AdGroup> {
        self.list_at(&AD_GROUPS)
    }
}

impl Handle<Ad> {
    /// Lists the active and paused ones, unless [`entity_statuses`](List::entity_statuses) asks for others.
    pub fn list(&self) -> List<Ad> {
        self.list_at(&ADS)
    }
}

/// The options that campaigns, ad groups and ads have in common.
macro_rules! common_options {
    ($($record:ty),*) => {$(
        impl List<$record> {
            /// Only those with one of these statuses. Without, Pinterest lists the active and the paused.
            pub fn entity_statuses(self, statuses: impl IntoIterator<Item = EntityStatus>) -> Self {
                self.options("entity_statuses", statuses)
            }

            /// Only those of these campaigns, 250 at most.
            pub fn campaign_ids<'a>(self, ids: impl IntoIterator<Item = &'a CampaignId>) -> Self {
                self.options("campaign_ids", ids)
            }

            /// By id, up or down.
            pub fn order(self, order: Order) -> Self {
                self.option("order", order)
            }
        }
    )*};
}

common_options!(Campaign, AdGroup, Ad);

impl List<AdGroup> {
    /// Only these, 250 at most.
    pub fn ad_group_ids<'a>(self, ids: impl IntoIterator<Item = &'a AdGroupId>) -> Self {
        self.options("ad_group_ids", ids)
    }

    /// Whether interests in the targeting are given by name instead of by id.
    pub fn translate_interests_to_names(self, translate: bool) -> Self {
        self.option("translate_interests_to_names", translate)
    }
}

impl List<Ad> {
    /// Only those of these ad groups, 250 at most.
    pub fn ad_group_ids<'a>(self, ids: impl IntoIterator<Item = &'a AdGroupId>) -> Self {
        self.options("ad_group_ids", ids)
    }

    /// Only these, 250 at most.
    pub fn ad_ids<'a>(self, ids: impl IntoIterator<Item = &'a AdId>) -> Self {
        self.options("ad_ids", ids)
    }
}
