//! Keywords.

use super::Handle;
use crate::client::Client;
use crate::endpoint::KEYWORDS;
use crate::ids::{AdAccountId, AdGroupId, CampaignId};
use crate::list::List;
use crate::model::{Keyword, MatchType};

impl Client {
    /// The keywords of an ad account.
    #[must_use]
    pub fn keywords(&self, ad_account: &AdAccountId) -> Handle<Keyword> {
        Handle::of_ad_account(self, ad_account)
    }
}

impl Handle<Keyword> {
    /// Lists them; name a campaign or ad groups to have theirs.
    pub fn list(&self) -> List<Keyword> {
        self.list_at(&KEYWORDS)
    }
}

impl List<Keyword> {
    /// Only those of this campaign.
    pub fn campaign_id(self, id: &CampaignId) -> Self {
        self.option("campaign_id", id)
    }

    /// Only those of this ad group.
    pub fn ad_group_id(self, id: &AdGroupId) -> Self {
        self.option("ad_group_id", id)
    }

    /// Only those of these ad groups, 250 at most. Not every app may use it.
    pub fn ad_group_ids<'a>(self, ids: impl IntoIterator<Item = &'a AdGroupId>) -> Self {
        self.options("ad_group_ids", ids)
    }

    /// Only those of these match types.
    pub fn match_types(self, types: impl IntoIterator<Item = MatchType>) -> Self {
        self.options("match_types", types)
    }
}
