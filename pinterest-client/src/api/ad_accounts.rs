//! Ad accounts.

use super::Handle;
use crate::args::Args;
use crate::client::Client;
use crate::endpoint::{AD_ACCOUNT, AD_ACCOUNTS};
use crate::error::Result;
use crate::ids::AdAccountId;
use crate::list::List;
use crate::model::AdAccount;

impl Client {
    /// The ad accounts the token reaches.
    #[must_use]
    pub fn ad_accounts(&self) -> Handle<AdAccount> {
        Handle::new(self, Args::new())
    }
}

impl Handle<AdAccount> {
    /// Lists them.
    pub fn list(&self) -> List<AdAccount> {
        self.list_at(&AD_ACCOUNTS)
    }

    /// Asks for one of them.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn get(&self, id: &AdAccountId) -> Result<AdAccount> {
        self.client.get_as(&AD_ACCOUNT, self.args.clone().path("ad_account_id", id)).await
    }
}

impl List<AdAccount> {
    /// Whether ad accounts of others that are shared with the token's user are listed too. They are unless set.
    pub fn include_shared_accounts(self, include: bool) -> Self {
        self.option("include_shared_accounts", include)
    }
}
