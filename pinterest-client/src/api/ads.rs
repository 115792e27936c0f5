//! Campaigns, ad groups and ads of an ad account.

use crate::args::Args;
use crate::endpoint;
use crate::ids::{AdAccountId, AdGroupId, AdId, CampaignId};
use crate::list::List;
use crate::model::{Ad, AdGroup, Campaign, EntityStatus};

door! {
    /// The campaigns of an ad account.
    Campaigns by campaigns(ad_account: AdAccountId)
}

impl Campaigns {
    /// All campaigns.
    pub fn list(&self) -> List<Campaign> {
        self.client.list_as(&endpoint::CAMPAIGNS, Args::new().path("ad_account_id", &self.ad_account))
    }
}

impl List<Campaign> {
    /// Only those with these ids, at most 250.
    pub fn campaign_ids(self, ids: impl IntoIterator<Item = CampaignId>) -> Self {
        self.options("campaign_ids", ids)
    }
}

door! {
    /// The ad groups of an ad account.
    AdGroups by ad_groups(ad_account: AdAccountId)
}

impl AdGroups {
    /// All ad groups.
    pub fn list(&self) -> List<AdGroup> {
        self.client.list_as(&endpoint::AD_GROUPS, Args::new().path("ad_account_id", &self.ad_account))
    }
}

impl List<AdGroup> {
    /// Only those of these campaigns, at most 250.
    pub fn campaign_ids(self, ids: impl IntoIterator<Item = CampaignId>) -> Self {
        self.options("campaign_ids", ids)
    }

    /// Only those with these ids, at most 250.
    pub fn ad_group_ids(self, ids: impl IntoIterator<Item = AdGroupId>) -> Self {
        self.options("ad_group_ids", ids)
    }
}

door! {
    /// The ads of an ad account.
    Ads by ads(ad_account: AdAccountId)
}

impl Ads {
    /// All ads.
    pub fn list(&self) -> List<Ad> {
        self.client.list_as(&endpoint::ADS, Args::new().path("ad_account_id", &self.ad_account))
    }
}

impl List<Ad> {
    /// Only those of these campaigns, at most 250.
    pub fn campaign_ids(self, ids: impl IntoIterator<Item = CampaignId>) -> Self {
        self.options("campaign_ids", ids)
    }

    /// Only those of these ad groups, at most 250.
    pub fn ad_group_ids(self, ids: impl IntoIterator<Item = AdGroupId>) -> Self {
        self.options("ad_group_ids", ids)
    }

    /// Only those with these ids, at most 250.
    pub fn ad_ids(self, ids: impl IntoIterator<Item = AdId>) -> Self {
        self.options("ad_ids", ids)
    }
}

/// What has a status: campaigns, ad groups and ads.
pub trait Entity {}

impl Entity for Campaign {}
impl Entity for AdGroup {}
impl Entity for Ad {}

impl<T: Entity> List<T> {
    /// Only those with one of these statuses; active and paused ones unless said otherwise.
    pub fn entity_statuses(self, statuses: impl IntoIterator<Item = EntityStatus>) -> Self {
        self.options("entity_statuses", statuses)
    }
}
