//! Keywords of an ad account.

use crate::args::Args;
use crate::endpoint;
use crate::ids::{AdAccountId, AdGroupId};
use crate::list::List;
use crate::model::Keyword;

door! {
    /// The keywords of an ad account.
    Keywords by keywords(ad_account: AdAccountId)
}

impl Keywords {
    /// The keywords of these ad groups, at most 250.
    pub fn of_ad_groups(&self, ids: impl IntoIterator<Item = AdGroupId>) -> List<Keyword> {
        let args = Args::new().path("ad_account_id", &self.ad_account);
        self.client.list_as(&endpoint::KEYWORDS, args).options("ad_group_ids", ids)
    }
}
