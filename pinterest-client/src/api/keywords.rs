//! Keywords of an ad account.

use crate::args::Args;
use crate::client::Client;
use crate::endpoint;
use crate::ids::{AdAccountId, AdGroupId};
use crate::list::List;
use crate::model::Keyword;

/// The keywords of an ad account.
#[derive(Clone, Debug)]
pub struct Keywords {
    client: Client,
    ad_account: AdAccountId,
}

impl Keywords {
    /// The keywords of these ad groups, at most 250.
    pub fn of_ad_groups(&self, ids: impl IntoIterator<Item = AdGroupId>) -> List<Keyword> {
        let args = Args::new().path("ad_account_id", &self.ad_account);
        self.client.list_as(&endpoint::KEYWORDS, args).options("ad_group_ids", ids)
    }
}

impl Client {
    /// The keywords of an ad account.
    #[must_use]
    pub fn keywords(&self, ad_account: &AdAccountId) -> Keywords {
        Keywords { client: self.clone(), ad_account: ad_account.clone() }
    }
}
