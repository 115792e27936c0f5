//! The user account.

use crate::args::Args;
use crate::client::Client;
use crate::endpoint;
use crate::error::Result;
use crate::model::UserAccount;

/// The account that signed in.
#[derive(Clone, Debug)]
pub struct UserAccounts {
    client: Client,
}

impl UserAccounts {
    /// What Pinterest says of it.
    ///
    /// # Errors
    ///
    /// See [`Error`](crate::Error).
    pub async fn get(&self) -> Result<UserAccount> {
        self.client.get_as(&endpoint::USER_ACCOUNT, Args::new()).await
    }
}

impl Client {
    /// The account that signed in.
    #[must_use]
    pub fn user_account(&self) -> UserAccounts {
        UserAccounts { client: self.clone() }
    }
}
