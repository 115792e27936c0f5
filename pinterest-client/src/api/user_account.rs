//! The account of the token.

use super::Handle;
use crate::args::Args;
use crate::client::Client;
use crate::endpoint::USER_ACCOUNT;
use crate::error::Result;
use crate::ids::AdAccountId;
use crate::model::UserAccount;

impl Client {
    /// The account the token belongs to.
    #[must_use]
    pub fn user_account(&self) -> Handle<UserAccount> {
        Handle::new(self, Args::new())
    }
}

impl Handle<UserAccount> {
    /// The account that owns this ad account, instead of the token's own.
    #[must_use]
    pub fn ad_account_id(mut self, ad_account: &AdAccountId) -> Self {
        self.args = self.args.query("ad_account_id", ad_account);
        self
    }

    /// Asks for the account. The cheapest call to see whether a token works.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn get(&self) -> Result<UserAccount> {
        self.client.get_as(&USER_ACCOUNT, self.args.clone()).await
    }
}
