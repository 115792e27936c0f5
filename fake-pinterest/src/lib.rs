//! A Pinterest API server with seeded data and faults, for tests and demonstrations.
//!
//! [`FakePinterest`] serves the lists that a connector reads, with paging, tokens, scopes and rate limits, on an address
//! of this machine. The same seed gives the same data. What it was asked can be looked at, what it holds can be changed
//! while it runs, and a request that it was not written for is a loud 500.
//!
//! - [`Builder`]: how the server is to be: its data ([`Size`], [`Counts`]), pages, tokens and limits
//! - [`FakePinterest`]: the running server
//! - [`Data`]: its records, lent by [`FakePinterest::edit`]
//! - [`Fault`]: what goes wrong, where and when; [`RateLimitForm`] and [`OddBody`] are its kinds
//! - [`SeenRequest`]: one request it was asked
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! use fake_pinterest::{FakePinterest, Fault};
//!
//! let fake = FakePinterest::builder().max_page_size(2).start().await?;
//! fake.add_fault(Fault::on("ad_accounts/list").on_later_pages().status(503));
//!
//! let ad_accounts = reqwest::Client::new()
//!     .get(format!("{}/ad_accounts?page_size=250", fake.url()))
//!     .bearer_auth(fake.access_token())
//!     .send()
//!     .await?;
//! assert_eq!(ad_accounts.status(), 200);
//! assert_eq!(fake.truth("ad_accounts").len(), 3);
//! assert_eq!(fake.requests()[0].operation, Some("ad_accounts/list"));
//! # Ok(())
//! # }
//! ```

mod answer;
mod auth;
mod builder;
mod connection;
mod data;
mod faults;
mod odd_body;
mod operation;
mod paging;
mod query;
mod rate_limit;
mod requests;
mod routes;
mod seed;

use std::{fmt, net::SocketAddr};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub use builder::Builder;
pub use data::{Data, RecordsMut, operation_of};
pub use faults::{Fault, RateLimitForm};
pub use odd_body::OddBody;
pub use requests::{Bearer, SeenRequest};
pub use seed::{Counts, Size};

use routes::{Shared, lock};

/// A running server. It stops when this is dropped.
pub struct FakePinterest {
    server: Shared,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl FakePinterest {
    /// Says how a server is to be; [`Builder::start`] starts it.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The base URL, e.g. `http://127.0.0.1:40123/v5`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v5", self.address)
    }

    /// All records that a full sync of a stream must deliver, when it asks for no statuses.
    ///
    /// # Panics
    ///
    /// When there is no such stream; [`Data`] names them.
    #[must_use]
    pub fn truth(&self, stream: &str) -> Vec<Value> {
        lock(&self.server).data.default_truth(stream)
    }

    /// As [`truth`](Self::truth), for a sync that asks for these statuses of campaigns, ad groups and ads.
    ///
    /// # Panics
    ///
    /// When there is no such stream; [`Data`] names them.
    #[must_use]
    pub fn truth_with_statuses(&self, stream: &str, statuses: &[&str]) -> Vec<Value> {
        lock(&self.server).data.truth(stream, statuses)
    }

    /// Changes the data while the server runs, between two requests.
    pub fn edit<T>(&self, change: impl FnOnce(&mut Data) -> T) -> T {
        change(&mut lock(&self.server).data)
    }

    /// Lets something go wrong from now on.
    pub fn add_fault(&self, fault: Fault) {
        lock(&self.server).faults.add(fault);
    }

    /// Lets nothing go wrong any more.
    pub fn clear_faults(&self) {
        lock(&self.server).faults.clear();
    }

    /// Every request so far, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.server).requests.all()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        lock(&self.server).requests.clear();
    }

    /// How many requests the server's own limits refused. Refusals by a [`Fault`] are not counted.
    #[must_use]
    pub fn refusals(&self) -> usize {
        lock(&self.server).limits.refusals()
    }

    /// How many access tokens were handed out for a refresh token.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        lock(&self.server).tokens.refreshes()
    }

    /// An access token that works without a refresh.
    #[must_use]
    pub fn access_token(&self) -> String {
        lock(&self.server).tokens.first_access_token()
    }

    /// A connector's config with the app and the refresh token that work now.
    #[must_use]
    pub fn config(&self) -> Value {
        let server = lock(&self.server);
        json!({"credentials": {
            "auth_method": "oauth2.0",
            "client_id": server.tokens.client_id(),
            "client_secret": server.tokens.client_secret(),
            "refresh_token": server.tokens.refresh_token(),
        }})
    }
}

impl fmt::Debug for FakePinterest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakePinterest").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for FakePinterest {
    fn drop(&mut self) {
        self.task.abort();
    }
}
