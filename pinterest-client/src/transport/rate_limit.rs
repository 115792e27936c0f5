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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::future::join_all;
    use proptest::prelude::*;
    use url::Url;

    use super::*;
    use crate::endpoint::{BOARDS, CAMPAIGNS, CATALOGS, Endpoint};
    use crate::observer::Observer;
    use crate::transport::http::scripted::{Scripted, answer, answer_with};

    const SECOND: Duration = Duration::from_secs(1);

    fn layer(network: &Arc<Scripted>, limits: &Limits) -> RateLimit<Arc<Scripted>> {
        RateLimit::new(Arc::clone(network), limits)
    }

    #[async_trait]
    impl Transport for Arc<Scripted> {
        async fn send(&self, request: &Request) -> Result<Response> {
            self.as_ref().send(request).await
        }
    }

    fn request(endpoint: Endpoint) -> Request {
        Request::get(endpoint, Url::parse("https://api.pinterest.com/v5/x").unwrap())
    }

    fn content() -> Arc<Scripted> {
        Scripted::new(|_, _| Ok(answer(200, "{}")))
    }

    /// Sends so many requests at the same moment, and says when each went out, in order.
    async fn departures(requests: &[Endpoint], limits: Limits) -> Vec<Instant> {
        let network = content();
        let layer = layer(&network, &limits);
        let requests: Vec<Request> = requests.iter().map(|endpoint| request(*endpoint)).collect();
        for sent in join_all(requests.iter().map(|request| layer.send(request))).await {
            sent.unwrap();
        }
        network.times()
    }

    /// The most requests in any span of this length.
    fn most(times: &[Instant], per: Duration) -> usize {
        let within =
            |start: Instant| times.iter().filter(move |time| **time >= start && **time - start < per);
        times.iter().map(|start| within(*start).count()).max().unwrap_or(0)
    }

    fn paused() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn no_span_holds_more_requests_than_the_limit(
            requests in 2_u32..40,
            milliseconds in 100_u64..5000,
            sent in 1_usize..120,
        ) {
            let per = Duration::from_millis(milliseconds);
            let limits = Limits::default().category(Category::OrgRead, Limit::new(requests, per));
            let times = paused().block_on(departures(&vec![BOARDS; sent], limits));
            prop_assert_eq!(times.len(), sent);
            prop_assert!(most(&times, per) <= requests as usize);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_documented_limits_hold_and_the_whole_allowance_is_used() {
        let start = Instant::now();
        let times = departures(&[BOARDS; 1400], Limits::default()).await;
        assert!(most(&times, Duration::from_secs(60)) <= 1000);
        assert!(most(&times, SECOND) <= 100);
        let minutes = (*times.last().unwrap() - start).as_secs_f64() / 60.0;
        assert!(minutes < 1.6, "{minutes}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_overall_limit_counts_all_categories_together() {
        let mixed: Vec<Endpoint> = [BOARDS, CAMPAIGNS, CATALOGS].into_iter().cycle().take(90).collect();
        let limits = Limits::default().overall(Limit::new(10, SECOND));
        assert!(most(&departures(&mixed, limits).await, SECOND) <= 10);
    }

    #[tokio::test(start_paused = true)]
    async fn one_category_does_not_wait_for_another() {
        let start = Instant::now();
        let limits = Limits::default().category(Category::OrgRead, Limit::new(1, 3600 * SECOND));
        let network = content();
        let layer = layer(&network, &limits);
        let (boards, campaigns) = (request(BOARDS), request(CAMPAIGNS));
        layer.send(&boards).await.unwrap();
        tokio::select! {
            biased;
            _ = layer.send(&boards) => panic!("the budget was used up"),
            sent = layer.send(&campaigns) => sent.map(drop).unwrap(),
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_closes_its_category_for_all_callers_and_no_other() {
        let start = Instant::now();
        let network = Scripted::new(|_, number| {
            Ok(match number {
                1 => answer_with(429, ("x-ratelimit-reset", "40"), "{}"),
                _ => answer(200, "{}"),
            })
        });
        let layer = layer(&network, &Limits::default());
        let boards = request(BOARDS);
        assert_eq!(layer.send(&boards).await.unwrap().status.as_u16(), 429);
        layer.send(&request(CAMPAIGNS)).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        for sent in join_all((0..5).map(|_| layer.send(&boards))).await {
            sent.unwrap();
        }
        let times = network.times();
        assert!(times[2..].iter().all(|time| (*time - start).as_secs() == 40), "{times:?}");
        assert_eq!(times.len(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_waits_for_its_turn_sees_a_category_that_closes_in_the_meantime() {
        let start = Instant::now();
        let network = Scripted::slow(SECOND, |_, number| {
            Ok(match number {
                1 => answer_with(429, ("retry-after", "30"), "{}"),
                _ => answer(200, "{}"),
            })
        });
        let limits = Limits::default().category(Category::OrgRead, Limit::new(4, 4 * SECOND));
        let layer = layer(&network, &limits);
        let boards = request(BOARDS);
        let (refused, sent) = tokio::join!(layer.send(&boards), layer.send(&boards));
        assert_eq!((refused.unwrap().status.as_u16(), sent.unwrap().status.as_u16()), (429, 200));
        assert_eq!((network.times()[1] - start).as_secs(), 31);
    }

    #[tokio::test(start_paused = true)]
    async fn the_later_end_counts_when_two_answers_close_a_category() {
        let start = Instant::now();
        let network = Scripted::slow(SECOND, |_, number| {
            Ok(match number {
                1 => answer_with(429, ("x-ratelimit-reset", "50"), "{}"),
                2 => answer_with(429, ("x-ratelimit-reset", "10"), "{}"),
                _ => answer(200, "{}"),
            })
        });
        let layer = layer(&network, &Limits::default());
        let boards = request(BOARDS);
        join_all([layer.send(&boards), layer.send(&boards)]).await;
        layer.send(&boards).await.unwrap();
        assert_eq!((network.times()[2] - start).as_secs(), 51);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_names_no_wait_leaves_the_category_open() {
        let start = Instant::now();
        let network = Scripted::new(|_, _| Ok(answer_with(500, ("x-ratelimit-reset", "40"), "{}")));
        let layer = layer(&network, &Limits::default());
        layer.send(&request(BOARDS)).await.unwrap();
        layer.send(&request(BOARDS)).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_without_the_patience_fails_at_once() {
        let network = Scripted::new(|_, _| Ok(answer_with(429, ("x-ratelimit-reset", "40"), "{}")));
        let layer = layer(&network, &Limits::default());
        layer.send(&request(BOARDS)).await.unwrap();
        let mut hurried = request(BOARDS);
        hurried.patience = Duration::from_secs(39);
        let error = layer.send(&hurried).await.unwrap_err();
        assert!(matches!(error, Error::WaitTooLong { category: Category::OrgRead, .. }), "{error}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
        assert_eq!(network.requests().len(), 1);
    }

    #[derive(Default)]
    struct Watch {
        waits: Mutex<Vec<RateLimited>>,
        sent: Mutex<Vec<&'static str>>,
    }

    impl Observer for Watch {
        fn rate_limited(&self, wait: &RateLimited) {
            self.waits.lock().unwrap().push(*wait);
        }

        fn request_sent(&self, endpoint: &Endpoint) {
            self.sent.lock().unwrap().push(endpoint.operation);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tells_of_every_request_and_of_waits_that_pinterest_causes() {
        let network = Scripted::new(|_, _| Ok(answer_with(429, ("x-ratelimit-reset", "40"), "{}")));
        let layer = layer(&network, &Limits::default());
        let watch = Arc::new(Watch::default());
        let mut boards = request(BOARDS);
        boards.observer = Arc::clone(&watch) as _;
        layer.send(&boards).await.unwrap();
        assert!(watch.waits.lock().unwrap().is_empty());
        layer.send(&boards).await.unwrap();
        let wait = RateLimited { category: Category::OrgRead, wait: Duration::from_secs(40) };
        assert_eq!(*watch.waits.lock().unwrap(), [wait]);
        assert_eq!(*watch.sent.lock().unwrap(), ["boards/list", "boards/list"]);
    }

    #[test]
    fn a_limit_of_nothing_is_taken_as_the_least_that_can_be_kept() {
        assert_eq!(Limit::new(0, Duration::ZERO), Limit::new(1, Duration::from_millis(1)));
    }
}
