//! Ad accounts.

use crate::args::Args;
use crate::endpoint;
use crate::error::Result;
use crate::ids::AdAccountId;
use crate::list::List;
use crate::model::AdAccount;

door! {
    /// The ad accounts that the account that signed in has access to.
    AdAccounts by ad_accounts()
}

impl AdAccounts {
    /// All of them.
    pub fn list(&self) -> List<AdAccount> {
        self.client.list_as(&endpoint::AD_ACCOUNTS, Args::new())
    }

    /// One ad account.
    ///
    /// # Errors
    ///
    /// See [`Error`](crate::Error).
    pub async fn get(&self, id: &AdAccountId) -> Result<AdAccount> {
        self.client.get_as(&endpoint::AD_ACCOUNT, Args::new().path("ad_account_id", id)).await
    }
}
