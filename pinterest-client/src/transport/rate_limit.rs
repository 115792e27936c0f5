//! Keeps requests within Pinterest's budgets, one for each rate category, shared by all callers.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Request, Response, Transport};
use crate::endpoint::Category;
use crate::error::{Error, Result};
use crate::observer::RateLimited;

/// The budgets requests are kept within.
///
/// The defaults are Pinterest's documented ones: 300 requests a minute for `ads_analytics`, 1000 for each
/// other category, and 100 a second in all.
///
/// ```
/// use std::time::Duration;
/// use pinterest_client::{Category, Limit, Limits};
///
/// let limits = Limits::default().category(Category::AdsRead, Limit::new(200, Duration::from_secs(60)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    categories: HashMap<Category, Limit>,
    overall: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        let mut categories: HashMap<_, _> =
            Category::ALL.into_iter().map(|category| (category, Limit::new(1000, minute))).collect();
        categories.insert(Category::AdsAnalytics, Limit::new(300, minute));
        Self { categories, overall: Limit::new(100, Duration::from_secs(1)) }
    }
}

impl Limits {
    /// Sets the limit of a category.
    #[must_use]
    pub fn category(mut self, category: Category, limit: Limit) -> Self {
        self.categories.insert(category, limit);
        self
    }

    /// Sets the limit for the requests of all categories together.
    #[must_use]
    pub fn overall(mut self, limit: Limit) -> Self {
        self.overall = limit;
        self
    }
}

/// At most so many requests in any span of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    requests: u32,
    per: Duration,
}

impl Limit {
    /// At most `requests` in `per`. Zero requests are taken as one, a zero span as a millisecond.
    #[must_use]
    pub const fn new(requests: u32, per: Duration) -> Self {
        let requests = if requests == 0 { 1 } else { requests };
        let per = if per.is_zero() { Duration::from_millis(1) } else { per };
        Self { requests, per }
    }

    /// A token bucket keeps the limit in every span when its size and what refills it in a span are together
    /// no more than the limit. A quarter goes out at once, so that small jobs do not wait; the rest refills.
    fn quota(self) -> Option<Quota> {
        let burst = (self.requests / 4).max(1);
        let refilled = (self.requests - burst).max(1);
        Some(Quota::with_period(self.per / refilled)?.allow_burst(NonZeroU32::new(burst)?))
    }
}

/// The time of tokio, which tests can pause, as the time since the clock was made.
#[derive(Clone, Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

fn bucket(limit: Limit) -> Option<Bucket> {
    Some(RateLimiter::direct_with_clock(limit.quota()?, TokioClock(Instant::now())))
}

async fn take(bucket: Option<&Bucket>) {
    let Some(bucket) = bucket else { return };
    while let Err(not_yet) = bucket.check() {
        sleep(not_yet.wait_time_from(TokioClock::now(bucket.clock()))).await;
    }
}

/// One category: its bucket, and until when Pinterest has closed it.
struct Lane {
    bucket: Option<Bucket>,
    closed_until: Mutex<Option<Instant>>,
}

impl Lane {
    fn new(limit: Limit) -> Self {
        Self { bucket: bucket(limit), closed_until: Mutex::new(None) }
    }

    fn closed_until(&self) -> Option<Instant> {
        let closed = self.closed_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        closed.filter(|until| *until > Instant::now())
    }

    /// The later end counts when two answers close the lane.
    fn close(&self, wait: Duration) {
        let until = Instant::now().checked_add(wait);
        let mut closed = self.closed_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *closed = (*closed).max(until);
    }
}

/// The layer that gives permits. A request waits here without holding a token, a connection or a lock.
pub(crate) struct RateLimit<T> {
    inner: T,
    lanes: HashMap<Category, Lane>,
    overall: Option<Bucket>,
}

impl<T> RateLimit<T> {
    pub(crate) fn new(inner: T, limits: &Limits) -> Self {
        let lanes =
            limits.categories.iter().map(|(category, limit)| (*category, Lane::new(*limit))).collect();
        Self { inner, lanes, overall: bucket(limits.overall) }
    }

    async fn permit(&self, request: &Request) -> Result<()> {
        let Some(lane) = self.lanes.get(&request.endpoint.category) else { return Ok(()) };
        let mut patience = request.patience;
        loop {
            while let Some(until) = lane.closed_until() {
                patience = wait_until_open(request, until, patience).await?;
            }
            take(lane.bucket.as_ref()).await;
            take(self.overall.as_ref()).await;
            // Another caller may have been refused in the meantime.
            if lane.closed_until().is_none() {
                return Ok(());
            }
        }
    }
}

/// # Errors
/// The caller has not that much patience.
async fn wait_until_open(request: &Request, until: Instant, patience: Duration) -> Result<Duration> {
    let wait = until.saturating_duration_since(Instant::now());
    let (endpoint, category) = (request.endpoint.operation, request.endpoint.category);
    if wait > patience {
        return Err(Error::WaitTooLong { endpoint, category, wait, left: patience });
    }
    request.observer.rate_limited(&RateLimited { category, wait });
    sleep_until(until).await;
    Ok(patience - wait)
}

#[async_trait]
impl<T: Transport> Transport for RateLimit<T> {
    async fn send(&self, request: &Request) -> Result<Response> {
        self.permit(request).await?;
        request.observer.request_sent(&request.endpoint);
        let response = self.inner.send(request).await?;
        if let Err(error) = response.check(&request.endpoint)
            && error.is_rate_limit()
            && let Some(wait) = error.retry_after()
            && let Some(lane) = self.lanes.get(&request.endpoint.category)
        {
            lane.close(wait);
        }
        Ok(response)
    }
}

impl<T> fmt::Debug for RateLimit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit").field("categories", &self.lanes.len()).finish_non_exhaustive()
    }
}
