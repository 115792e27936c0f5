//! The user account.

use chrono::NaiveDate;

use super::Owned;
use crate::args::Args;
use crate::endpoint;
use crate::error::Result;
use crate::list::List;
use crate::model::{DailyMetrics, UserAccount};

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

    /// What happened with its pins on each of these days, from the first to the last, UTC. [`Reach`](crate::Reach)
    /// says how far back they may lie.
    pub fn analytics(&self, (from, to): (NaiveDate, NaiveDate)) -> List<DailyMetrics> {
        let args = Args::new().query("start_date", from).query("end_date", to);
        self.client.list_as(&endpoint::USER_ACCOUNT_ANALYTICS, args)
    }
}

impl Owned for DailyMetrics {}
