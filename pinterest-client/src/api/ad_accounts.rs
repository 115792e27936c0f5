//! Ad accounts.

use crate::args::Args;
use crate::client::Client;
use crate::endpoint;
use crate::error::Result;
use crate::ids::AdAccountId;
use crate::list::List;
use crate::model::AdAccount;

/// The ad accounts that the account that signed in has access to.
#[derive(Clone, Debug)]
pub struct AdAccounts {
    client: Client,
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

impl Client {
    /// The ad accounts that the account that signed in has access to.
    #[must_use]
    pub fn ad_accounts(&self) -> AdAccounts {
        AdAccounts { client: self.clone() }
    }
}
