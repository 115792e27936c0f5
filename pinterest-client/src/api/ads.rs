//! Campaigns, ad groups and ads of an ad account.

use crate::args::Args;
use crate::client::Client;
use crate::endpoint;
use crate::ids::{AdAccountId, AdGroupId, AdId, CampaignId};
use crate::list::List;
use crate::model::{Ad, AdGroup, Campaign, EntityStatus};

/// The campaigns of an ad account.
#[derive(Clone, Debug)]
pub struct Campaigns {
    client: Client,
    ad_account: AdAccountId,
}

impl Campaigns {
    /// All campaigns.
    pub fn list(&self) -> List<Campaign> {
        self.client.list_as(&endpoint::CAMPAIGNS, Args::new().path("ad_account_id", &self.ad_account))
    }
}

impl List<Campaign> {
    /// Only those with one of these statuses; active and paused ones unless said otherwise.
    pub fn entity_statuses(self, statuses: impl IntoIterator<Item = EntityStatus>) -> Self {
        self.options("entity_statuses", statuses)
    }

    /// Only those with these ids, at most 250.
    pub fn campaign_ids(self, ids: impl IntoIterator<Item = CampaignId>) -> Self {
        self.options("campaign_ids", ids)
    }
}

impl Client {
    /// The campaigns of an ad account.
    #[must_use]
    pub fn campaigns(&self, ad_account: &AdAccountId) -> Campaigns {
        Campaigns { client: self.clone(), ad_account: ad_account.clone() }
    }
}

/// The ad groups of an ad account.
#[derive(Clone, Debug)]
pub struct AdGroups {
    client: Client,
    ad_account: AdAccountId,
}

impl AdGroups {
    /// All ad groups.
    pub fn list(&self) -> List<AdGroup> {
        self.client.list_as(&endpoint::AD_GROUPS, Args::new().path("ad_account_id", &self.ad_account))
    }
}

impl List<AdGroup> {
    /// Only those with one of these statuses; active and paused ones unless said otherwise.
    pub fn entity_statuses(self, statuses: impl IntoIterator<Item = EntityStatus>) -> Self {
        self.options("entity_statuses", statuses)
    }

    /// Only those of these campaigns, at most 250.
    pub fn campaign_ids(self, ids: impl IntoIterator<Item = CampaignId>) -> Self {
        self.options("campaign_ids", ids)
    }

    /// Only those with these ids, at most 250.
    pub fn ad_group_ids(self, ids: impl IntoIterator<Item = AdGroupId>) -> Self {
        self.options("ad_group_ids", ids)
    }
}

impl Client {
    /// The ad groups of an ad account.
    #[must_use]
    pub fn ad_groups(&self, ad_account: &AdAccountId) -> AdGroups {
        AdGroups { client: self.clone(), ad_account: ad_account.clone() }
    }
}

/// The ads of an ad account.
#[derive(Clone, Debug)]
pub struct Ads {
    client: Client,
    ad_account: AdAccountId,
}

impl Ads {
    /// All ads.
    pub fn list(&self) -> List<Ad> {
        self.client.list_as(&endpoint::ADS, Args::new().path("ad_account_id", &self.ad_account))
    }
}

impl List<Ad> {
    /// Only those with one of these statuses; active and paused ones unless said otherwise.
    pub fn entity_statuses(self, statuses: impl IntoIterator<Item = EntityStatus>) -> Self {
        self.options("entity_statuses", statuses)
    }

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

impl Client {
    /// The ads of an ad account.
    #[must_use]
    pub fn ads(&self, ad_account: &AdAccountId) -> Ads {
        Ads { client: self.clone(), ad_account: ad_account.clone() }
    }
}
