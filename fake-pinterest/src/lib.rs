//! A Pinterest API server with seeded data and faults, for tests and demonstrations.
//!
//! [`FakePinterest`] serves the lists that a connector reads, with paging, tokens, scopes and rate limits, analytics, and
//! reports that are created, polled and downloaded, on an address of this machine. The same seed gives the same data.
//! What it was asked can be looked at, what it holds can be changed while it runs, also what time it is, and a request
//! that it was not written for is a loud 500. Programs in other languages do all this over HTTP, by the control door
//! ([`Builder::control_door`]), which is open in the program `fake-pinterest`.
//!
//! Analytics and reports have rows of numbers for each entity and day. As Pinterest's do, the numbers of today are not
//! complete, and conversions of a day grow for weeks ([`Builder::restated_days`]) as the time goes on
//! ([`FakePinterest::set_now`]).
//!
//! - [`Builder`]: how the server is to be: its data ([`Size`], [`Counts`]), pages, tokens and limits
//! - [`FakePinterest`]: the running server; also one without a network, which a test can ask under a paused clock
//!   ([`Builder::start_in_process`], [`FakePinterest::answer`])
//! - [`Data`]: its records, lent by [`FakePinterest::edit`]
//! - [`Fault`]: what goes wrong, where and when; [`RateLimitForm`] and [`OddBody`] are its kinds
//! - [`ReportStep`]: what the polls of a report answer
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

mod analytics;
mod answer;
mod auth;
mod builder;
mod columns;
mod connection;
mod control;
mod data;
mod days;
mod faults;
mod misuse;
mod odd_body;
mod operation;
mod paging;
mod query;
mod rate_limit;
mod reports;
mod requests;
mod routes;
mod seed;
mod server;

use std::{fmt, io, net::SocketAddr};

use axum::body::{self, Bytes};
use chrono::NaiveDate;
use serde_json::Value;
use tokio::task::JoinHandle;

/// The types of requests and answers that do not go over a network.
pub use axum::http;
pub use builder::Builder;
pub use data::{Data, RecordsMut, operation_of};
pub use days::LATEST;
pub use faults::{Fault, RateLimitForm};
pub use odd_body::OddBody;
pub use reports::ReportStep;
pub use requests::{Bearer, SeenRequest};
pub use seed::{Counts, Size};

use days::Days;
use misuse::insist;
use query::DEFAULT_STATUSES;
use server::{Shared, lock};

/// A running server. It stops when this is dropped.
pub struct FakePinterest {
    server: Shared,
    address: SocketAddr,
    /// Serves what comes over the network.
    task: Option<JoinHandle<()>>,
}

impl FakePinterest {
    /// Says how a server is to be; [`Builder::start`] starts it.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The base URL, e.g. `http://127.0.0.1:40123/v5`.
    #[must_use]
    pub fn url(&self) -> String {
        lock(&self.server).url()
    }

    /// Answers a request without a network, exactly as one that came over it: with the same limits and faults, and kept
    /// among the [requests](Self::requests). Only path and query of its address count, so that the links of reports can
    /// be asked as they are. Nothing is encoded for the way, so the answer has no `content-length` of its own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use fake_pinterest::{FakePinterest, http::Request};
    ///
    /// let fake = FakePinterest::builder().documented_limits().start_in_process()?;
    /// let boards = Request::get(format!("{}/boards", fake.url()))
    ///     .header("authorization", format!("Bearer {}", fake.access_token()))
    ///     .body(Default::default())?;
    /// let answer = fake.answer(boards).await?;
    /// assert_eq!(answer.status(), 200);
    /// assert!(answer.body().starts_with(br#"{"items":["#));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When a fault resets the connection, or ends it in the middle of the body.
    pub async fn answer(&self, request: http::Request<Bytes>) -> io::Result<http::Response<Bytes>> {
        let (head, body) = request.into_parts();
        let answer = routes::answer(&self.server, &head.method, &head.uri, &head.headers, &body).await;
        let (head, body) = answer.ok_or(io::ErrorKind::ConnectionReset)?.into_parts();
        let body = body::to_bytes(body, usize::MAX).await.map_err(io::Error::other)?;
        Ok(http::Response::from_parts(head, body))
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

    /// All rows that a stream of analytics or reports must deliver for these days, both included, as of now: by day, with
    /// every column that the fake fills. Days to come have none. Analytics of campaigns, ad groups and ads are those of
    /// the ones that lists show; reports have all.
    ///
    /// Analytics: `user_account_analytics`, `ad_account_analytics`, `campaign_analytics`, `ad_group_analytics`,
    /// `ad_analytics`. Reports: `campaign_analytics_report`, and `advertiser_report`, `ad_group_report`,
    /// `pin_promotion_report`, `product_group_report`, each also as `…_targeting_report` (`campaign_targeting_report`
    /// likewise), `product_item_report`, `keyword_report`.
    ///
    /// # Panics
    ///
    /// When there is no such stream.
    #[must_use]
    pub fn rows(&self, stream: &str, from: NaiveDate, to: NaiveDate) -> Vec<Value> {
        self.rows_with_statuses(stream, from, to, DEFAULT_STATUSES)
    }

    /// As [`rows`](Self::rows), for a sync that asks for these statuses of campaigns, ad groups and ads. Reports have
    /// the same rows whatever the statuses.
    ///
    /// # Panics
    ///
    /// When there is no such stream.
    #[must_use]
    pub fn rows_with_statuses(
        &self,
        stream: &str,
        from: NaiveDate,
        to: NaiveDate,
        statuses: &[&str],
    ) -> Vec<Value> {
        let rows = lock(&self.server).rows(stream, Days { first: from, last: to }, statuses);
        insist(rows)
    }

    /// As [`rows`](Self::rows), for a report of a level, e.g. `PRODUCT_ITEM_TARGETING`.
    ///
    /// # Panics
    ///
    /// When there is no such level.
    #[must_use]
    pub fn rows_of_level(&self, level: &str, from: NaiveDate, to: NaiveDate) -> Vec<Value> {
        let rows = lock(&self.server).rows_of_level(level, Days { first: from, last: to });
        insist(rows)
    }

    /// Makes it another time, in epoch seconds. Records stay as they are; numbers of analytics and reports follow.
    pub fn set_now(&self, now: i64) {
        lock(&self.server).set_now(now);
    }

    /// What the polls of the next report answer, one after the other, the last step for ever. Each call is about one
    /// more report that is still to be created, in the order of the calls.
    pub fn script_report(&self, steps: impl IntoIterator<Item = ReportStep>) {
        lock(&self.server).reports.script(steps.into_iter().collect());
    }

    /// As [`script_report`](Self::script_report), for all reports to come that have no script of their own.
    pub fn script_every_report(&self, steps: impl IntoIterator<Item = ReportStep>) {
        lock(&self.server).reports.script_all(steps.into_iter().collect());
    }

    /// Makes every download from now on this long at least, of rows of 1 to 2 kB; tells how many rows each has. They are
    /// made while they are sent, so that a gigabyte needs no memory.
    pub fn big_reports(&self, bytes: usize) -> u64 {
        lock(&self.server).reports.make_big(bytes)
    }

    /// How many reports there were at most at the same time: created, and not yet answered with a final status.
    #[must_use]
    pub fn most_reports_at_once(&self) -> usize {
        lock(&self.server).reports.most_at_once()
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
        lock(&self.server).config()
    }
}

impl fmt::Debug for FakePinterest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakePinterest").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for FakePinterest {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
