//! How a server is to be, and its start.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{net::TcpListener, time::Instant};

use crate::{
    FakePinterest, Fault, Size,
    analytics::{BatchRules, History},
    auth::{ALL_SCOPES, LIFETIME_SECONDS, TokenRules, Tokens},
    connection::{ResetHandle, ResettableListener},
    faults::Faults,
    operation,
    paging::Paging,
    rate_limit::RateLimits,
    reports::Reports,
    requests::Requests,
    routes::router,
    seed,
    server::{Server, Shared},
};

/// The moment the data is made for unless said otherwise: 2026-11-24T00:00:00Z.
const NOW: i64 = 1_795_478_400;

/// How a server is to be. Without more: small data, pages as asked for, no limits, no faults.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    seed: u64,
    size: Size,
    now: i64,
    port: u16,
    paging: Paging,
    pretty: bool,
    tokens: TokenRules,
    limits: Vec<(String, u32, Duration)>,
    overall_limit: Option<(u32, Duration)>,
    faults: Faults,
    daily_rows: bool,
    restated_days: u32,
    batches: BatchRules,
    reports_at_once: Option<usize>,
    control_door: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            seed: 1,
            size: Size::Small,
            now: NOW,
            port: 0,
            paging: Paging::default(),
            pretty: false,
            tokens: TokenRules {
                seed: 1,
                now: NOW,
                lifetime_seconds: LIFETIME_SECONDS,
                expire_after: None,
                rotations: usize::MAX,
                scopes: ALL_SCOPES.iter().map(|&scope| scope.to_owned()).collect(),
            },
            limits: Vec::new(),
            overall_limit: None,
            faults: Faults::default(),
            daily_rows: false,
            restated_days: 45,
            batches: BatchRules::default(),
            reports_at_once: None,
            control_door: false,
        }
    }
}

impl Builder {
    /// Other data and other tokens; 1 unless said otherwise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self.tokens.seed = seed;
        self
    }

    /// How much data.
    pub fn size(mut self, size: Size) -> Self {
        self.size = size;
        self
    }

    /// The moment, in epoch seconds, that no record is newer than; 2026-11-24T00:00:00Z unless said otherwise.
    pub fn now(mut self, now: i64) -> Self {
        self.now = now;
        self.tokens.now = now;
        self
    }

    /// The port to listen on; a free one unless said otherwise.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Never more items on a page, whatever is asked for.
    pub fn max_page_size(mut self, items: usize) -> Self {
        self.paging.max_page_size = Some(items);
        self
    }

    /// An empty page with a bookmark comes second in every listing of more than one page.
    pub fn empty_page_in_the_middle(mut self) -> Self {
        self.paging.empty_page_in_the_middle = true;
        self
    }

    /// A listing of pins ends with a refusal after so many, as Pinterest's do after 100,000.
    pub fn max_listed_pins(mut self, pins: usize) -> Self {
        self.paging.max_listed_pins = Some(pins);
        self
    }

    /// Every ad account, campaign, ad group, ad, keyword, product group and item has a row every day. Without this most
    /// run for a few days only, and some never.
    pub fn daily_rows(mut self) -> Self {
        self.daily_rows = true;
        self
    }

    /// The conversions of a day grow with every day that passes, for so many days; 45 unless said otherwise.
    pub fn restated_days(mut self, days: u32) -> Self {
        self.restated_days = days;
        self
    }

    /// Refuses requests for analytics of more ids than this, with this status.
    pub fn refuse_batches_over(mut self, ids: usize, status: u16) -> Self {
        self.batches.refuse_over = Some((ids, status));
        self
    }

    /// Answers requests for analytics of more ids than this only after a time (of tokio's clock).
    pub fn slow_batches_over(mut self, ids: usize, delay: Duration) -> Self {
        self.batches.slow_over = Some((ids, delay));
        self
    }

    /// Refuses to create a report while so many are unfinished.
    pub fn reports_at_once(mut self, reports: usize) -> Self {
        self.reports_at_once = Some(reports);
        self
    }

    /// Line breaks between the tokens of every answer.
    pub fn pretty(mut self) -> Self {
        self.pretty = true;
        self
    }

    /// The only scopes that every token has, e.g. `ads:read`; all unless said otherwise.
    pub fn scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.tokens.scopes = scopes.into_iter().map(str::to_owned).collect();
        self
    }

    /// How long an access token works, in seconds of tokio's clock; 30 days unless said otherwise.
    pub fn token_lifetime(mut self, seconds: u64) -> Self {
        self.tokens.lifetime_seconds = seconds;
        self
    }

    /// Every access token works for so many requests only.
    pub fn expire_tokens_after(mut self, requests: usize) -> Self {
        self.tokens.expire_after = Some(requests);
        self
    }

    /// A refresh keeps the refresh token, as for apps that do not ask for a continuous one.
    pub fn keep_refresh_token(mut self) -> Self {
        self.tokens.rotations = 0;
        self
    }

    /// Only the first refresh replaces the refresh token.
    pub fn rotate_refresh_token_once(mut self) -> Self {
        self.tokens.rotations = 1;
        self
    }

    /// Refuses what is over a limit of a rate category, for example 10 `ads_read` requests a second.
    pub fn rate_limit(mut self, category: &str, requests: u32, per: Duration) -> Self {
        self.limits.push((category.to_owned(), requests, per));
        self
    }

    /// Refuses what is over a limit of the requests of all rate categories together. It counts them as the limits of
    /// categories do: what is refused, for whatever reason, refreshes of the token and downloads take nothing.
    pub fn overall_rate_limit(mut self, requests: u32, per: Duration) -> Self {
        self.overall_limit = Some((requests, per));
        self
    }

    /// The limits that [Pinterest documents](https://developers.pinterest.com/docs/reference/rate-limits/): 300 requests
    /// of `ads_analytics` a minute, 1000 of each other category, and 100 a second in all. Limits that are set afterwards
    /// take their places.
    pub fn documented_limits(self) -> Self {
        let minute = Duration::from_secs(60);
        let categories = operation::ALL.iter().map(|operation| operation.category);
        let builder = categories
            .filter(|category| !category.is_empty())
            .fold(self, |builder, category| builder.rate_limit(category, 1000, minute));
        builder.rate_limit("ads_analytics", 300, minute).overall_rate_limit(100, Duration::from_secs(1))
    }

    /// Lets something go wrong.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.add(fault);
        self
    }

    /// Opens the control door: everything a test in Rust does with the running server, for programs in any language.
    ///
    #[doc = include_str!("control/door.md")]
    pub fn control_door(mut self) -> Self {
        self.control_door = true;
        self
    }

    /// Starts the server on this machine's loopback address.
    ///
    /// # Errors
    ///
    /// When the port is taken, and when a limit is of a rate category that no operation has.
    pub async fn start(self) -> io::Result<FakePinterest> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let has_control_door = self.control_door;
        let address = listener.local_addr()?;
        let server = self.server(address)?;
        let service =
            router(server.clone(), has_control_door).into_make_service_with_connect_info::<ResetHandle>();
        let task = tokio::spawn(async move {
            // Serves until the task is aborted; a connection that fails ends alone.
            let _ = axum::serve(ResettableListener(listener), service).await;
        });
        Ok(FakePinterest { server, address, task: Some(task) })
    }

    /// Makes a server that listens nowhere: [`FakePinterest::answer`] is the only way to it, so that time can be tokio's
    /// paused clock, which jumps while a real connection is waited for. Its addresses are of this machine and of the port
    /// that was asked for, or of port 0, which nobody can connect to. There is no control door.
    ///
    /// # Errors
    ///
    /// When a limit is of a rate category that no operation has.
    pub fn start_in_process(self) -> io::Result<FakePinterest> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        Ok(FakePinterest { server: self.server(address)?, address, task: None })
    }

    fn server(self, address: SocketAddr) -> io::Result<Shared> {
        let mut limits = RateLimits::default();
        for (category, requests, per) in &self.limits {
            if operation::ALL.iter().all(|operation| operation.category != category) {
                let unknown = format!("Pinterest has no rate category named {category}");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, unknown));
            }
            limits.limit(category, *requests, *per);
        }
        if let Some((requests, per)) = self.overall_limit {
            limits.limit_all(requests, per);
        }
        let origin = format!("http://{address}");
        Ok(Arc::new(Mutex::new(Server {
            origin: origin.clone(),
            data: seed::data(self.seed, self.now, self.size),
            history: History {
                seed: self.seed,
                made_for: self.now,
                now: self.now,
                daily: self.daily_rows,
                restated_days: self.restated_days,
            },
            batches: self.batches,
            reports: Reports::new(origin, self.reports_at_once),
            tokens: Tokens::new(self.tokens),
            limits,
            requests: Requests::since(Instant::now()),
            faults: self.faults,
            paging: self.paging,
            pretty: self.pretty,
        })))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("seed", &self.seed)
            .field("size", &self.size)
            .field("now", &self.now)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
