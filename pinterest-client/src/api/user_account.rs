//! The user account.

use crate::args::Args;
use crate::endpoint;
use crate::error::Result;
use crate::model::UserAccount;

door! {
    /// The account that signed in.
    UserAccounts by user_account()
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
