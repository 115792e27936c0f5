//! Keeps requests within the budgets, one for each rate category and those of all together, shared by all callers.

mod allowance;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::MutexGuard;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Layer, Request, Response, Transport};
use crate::endpoint::Category;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::observer::{Held, RateLimited};
use allowance::Allowance;

/// However little patience a request has, it waits so long for its allowance: that is no refusal, only its turn.
const ALWAYS_WAITED_FOR: Duration = Duration::from_secs(120);

/// Where requests stand in line: the first waits for what is allowed, the others behind it in the order in which they came.
struct Line(tokio::sync::Mutex<Vec<Allowance>>);

impl Line {
    fn new(allowances: Vec<Allowance>) -> Self {
        Self(tokio::sync::Mutex::new(allowances))
    }

    /// Comes back when the request is the first.
    async fn first(&self, request: &Request) -> MutexGuard<'_, Vec<Allowance>> {
        if let Ok(first) = self.0.try_lock() {
            return first;
        }
        request.observer.waiting();
        self.0.lock().await
    }
}

/// One category: its line, and until when Pinterest has closed it.
struct Lane {
    line: Line,
    closed_until: Mutex<Option<Instant>>,
}

impl Lane {
    fn new(category: Category, limits: &Limits) -> Self {
        let allowances = limits.category_limit(category).map(Allowance::new);
        Self { line: Line::new(allowances.into_iter().collect()), closed_until: Mutex::new(None) }
    }

    fn closed_until(&self) -> Option<Instant> {
        let closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        closed.filter(|until| *until > Instant::now())
    }

    fn is_closed(&self) -> bool {
        self.closed_until().is_some()
    }

    /// The later end counts when two answers close the lane.
    fn close(&self, wait: Duration) {
        let until = Instant::now().checked_add(wait);
        let mut closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = (*closed).max(until);
    }
}

/// The layer that says when a request goes out. It waits here without holding a token or a connection.
pub(crate) struct RateLimit<T> {
    inner: T,
    lanes: HashMap<Category, Lane>,
    overall: Line,
}

impl<T: Layer> RateLimit<T> {
    pub(crate) fn new(inner: T, limits: &Limits) -> Self {
        let lanes = Category::ALL.into_iter().map(|category| (category, Lane::new(category, limits)));
        let overall = limits.overall_limits().iter().copied().map(Allowance::new).collect();
        Self { inner, lanes: lanes.collect(), overall: Line::new(overall) }
    }

    /// Comes back when the request may go out, which is counted at that moment and not before: nothing is left behind by a
    /// request that fails or goes away while it waits.
    async fn permit(&self, request: &Request) -> Result<Option<Held>> {
        let Some(lane) = self.lanes.get(&request.endpoint.category) else { return Ok(None) };
        let mut patience = request.patience;
        let mut prepared = false;
        loop {
            if !prepared && !self.inner.is_ready() {
                request.observer.waiting();
                self.inner.prepare().await?;
                prepared = true;
            }
            while let Some(until) = lane.closed_until() {
                patience = wait_until_open(request, until, patience).await?;
            }
            let mut own = lane.line.first(request).await;
            room(own.iter_mut(), request, patience, Wait::Told).await?;
            if lane.is_closed() {
                continue;
            }
            let mut overall = self.overall.first(request).await;
            room(overall.iter_mut().filter(|all| all.is_counted()), request, patience, Wait::Told).await?;
            let held = request.observer.turn().await;
            room(overall.iter_mut(), request, patience, Wait::Untold).await?;
            // Another caller may have been refused in the meantime, or the token grown old; one that was made new for this
            // request will do, however short its life is.
            if lane.is_closed() || (!prepared && !self.inner.is_ready()) {
                continue;
            }
            own.iter_mut().chain(overall.iter_mut()).for_each(Allowance::take);
            return Ok(held);
        }
    }
}

/// A body and what its request was given: both go when the last slice of it is dropped.
struct Body {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether the observer hears of a wait.
#[derive(Clone, Copy, PartialEq)]
enum Wait {
    Told,
    /// It has had its turn already.
    Untold,
}

/// Waits until all allowances have room for one request.
///
/// # Errors
/// The caller has not that much patience.
async fn room<'a>(
    allowances: impl Iterator<Item = &'a mut Allowance>,
    request: &Request,
    patience: Duration,
    told: Wait,
) -> Result<()> {
    let mut allowances: Vec<_> = allowances.collect();
    loop {
        let waits = allowances.iter_mut().map(|allowance| (allowance.wait(), allowance.limit));
        let Some((wait, limit)) = waits.max_by_key(|(wait, _)| *wait).filter(|(wait, _)| !wait.is_zero())
        else {
            return Ok(());
        };
        if wait > patience.max(ALWAYS_WAITED_FOR) {
            return Err(Error::AllowanceUsedUp { endpoint: request.endpoint.operation, limit, wait });
        }
        if told == Wait::Told {
            request.observer.waiting();
        }
        sleep(wait).await;
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
    request.observer.waiting();
    request.observer.rate_limited(&RateLimited { category, wait });
    sleep_until(until).await;
    Ok(patience - wait)
}

#[async_trait]
impl<T: Layer> Transport for RateLimit<T> {
    async fn send(&self, request: &Request) -> Result<Response> {
        let held = self.permit(request).await?;
        request.observer.request_sent(&request.endpoint);
        let sent = Instant::now();
        let mut response = self.inner.send(request).await?;
        let came = response.handed_on.unwrap_or_else(Instant::now);
        request.observer.answered(&request.endpoint, came.saturating_duration_since(sent));
        if let Some(held) = held {
            response.body = Bytes::from_owner(Body { bytes: response.body, _held: held });
        }
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
    use reqwest::Method;
    use url::Url;

    use super::*;
    use crate::auth::{App, Auth};
    use crate::base_url::BaseUrl;
    use crate::endpoint::{BOARDS, CAMPAIGN_ANALYTICS, CAMPAIGNS, CATALOGS, Endpoint};
    use crate::limits::{Access, Limit};
    use crate::observer::Observer;
    use crate::transport::authorize::Authorize;
    use crate::transport::http::scripted::{Scripted, answer, answer_with};

    const SECOND: Duration = Duration::from_secs(1);

    fn layer(network: &Arc<Scripted>, limits: &Limits) -> RateLimit<Arc<Scripted>> {
        RateLimit::new(Arc::clone(network), limits)
    }

    impl Layer for Arc<Scripted> {}

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

    #[tokio::test(start_paused = true)]
    async fn the_documented_limits_hold_and_the_whole_allowance_is_used() {
        let start = Instant::now();
        let times = departures(&[BOARDS; 5001], Limits::default()).await;
        assert!(most(&times, 60 * SECOND) <= 1000);
        assert!(most(&times, SECOND) <= 100);
        let used = 5.0 * 60.0 / (times[5000] - start).as_secs_f64();
        assert!(used >= 0.95, "{used}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_fits_into_the_limit_is_not_paced() {
        let start = Instant::now();
        let limits = Limits::default().overall(Limit::new(u32::MAX, SECOND));
        let times = departures(&[CAMPAIGN_ANALYTICS; 300], limits).await;
        assert!(times.iter().all(|time| *time == start));
    }

    #[tokio::test(start_paused = true)]
    async fn all_requests_together_go_out_evenly() {
        let start = Instant::now();
        let mixed: Vec<Endpoint> = [BOARDS, CAMPAIGNS, CATALOGS].into_iter().cycle().take(2000).collect();
        let times = departures(&mixed, Limits::default()).await;
        assert!(most(&times, SECOND) <= 100);
        assert!(most(&times, SECOND / 10) <= 15);
        let used = 2000.0 / 100.0 / (times[1999] - start).as_secs_f64();
        assert!(used >= 0.95, "{used}");
    }

    #[tokio::test(start_paused = true)]
    async fn requests_of_a_category_go_out_in_the_order_in_which_they_came() {
        let network = content();
        let limits = Limits::default().category(Category::OrgRead, Limit::new(2, 60 * SECOND));
        let layer = layer(&network, &limits);
        let numbered = (0..7).map(|number| {
            let mut request = request(BOARDS);
            request.url.set_query(Some(&number.to_string()));
            request
        });
        let requests: Vec<Request> = numbered.collect();
        join_all(requests.iter().map(|request| layer.send(request))).await;
        let order: Vec<String> =
            network.requests().iter().filter_map(|sent| sent.url.query().map(str::to_owned)).collect();
        assert_eq!(order, ["0", "1", "2", "3", "4", "5", "6"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_goes_away_while_it_waits_leaves_nothing_behind() {
        let start = Instant::now();
        let network = content();
        let limits = Limits::default().category(Category::OrgRead, Limit::new(2, 60 * SECOND));
        let layer = layer(&network, &limits);
        let boards = request(BOARDS);
        let mut held_back = request(BOARDS);
        held_back.observer = Arc::new(NeverItsTurn);
        for _ in 0..20 {
            assert!(tokio::time::timeout(SECOND, layer.send(&held_back)).await.is_err());
        }
        let now = Instant::now();
        layer.send(&boards).await.unwrap();
        layer.send(&boards).await.unwrap();
        assert_eq!(now.elapsed(), Duration::ZERO);
        // One waits for the limit, one behind it in the line.
        let both = join_all([layer.send(&boards), layer.send(&boards)]);
        assert!(tokio::time::timeout(10 * SECOND, both).await.is_err());
        layer.send(&boards).await.unwrap();
        layer.send(&boards).await.unwrap();
        assert_eq!((start.elapsed().as_secs(), network.requests().len()), (20 + 61, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn an_allowance_that_is_used_up_for_hours_is_told_at_once() {
        let network = content();
        let layer = layer(&network, &Limits::of(Access::Trial));
        let mut boards = request(BOARDS);
        boards.patience = Duration::from_secs(600);
        for sent in join_all((0..1000).map(|_| layer.send(&boards))).await {
            sent.unwrap();
        }
        let (now, campaigns) = (Instant::now(), Request { patience: boards.patience, ..request(CAMPAIGNS) });
        for refused in [&boards, &campaigns] {
            let error = layer.send(refused).await.unwrap_err();
            assert!(matches!(error, Error::AllowanceUsedUp { .. }) && error.is_rate_limit(), "{error}");
            assert!(!error.is_retryable() && error.retry_after() > Some(Duration::from_secs(86_300)));
            let text = error.to_string();
            assert!(
                text.starts_with("the allowance of 1000 requests a day is used up for another 863"),
                "{text}"
            );
        }
        assert_eq!(now.elapsed(), Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(86_300)).await;
        layer.send(&boards).await.unwrap();
        assert_eq!(network.requests().len(), 1001);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_by_the_minute_is_waited_for_without_patience() {
        let network = content();
        let limits = Limits::default().category(Category::OrgRead, Limit::new(1, 60 * SECOND));
        let layer = layer(&network, &limits);
        let hurried = Request { patience: Duration::ZERO, ..request(BOARDS) };
        for sent in join_all((0..5).map(|_| layer.send(&hurried))).await {
            sent.unwrap();
        }
        assert_eq!(network.requests().len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_not_counted_before_its_token_is_there() {
        let network = Scripted::slow(SECOND, |request, _| {
            Ok(match request.method {
                Method::POST => {
                    answer(200, r#"{"access_token":"a1","token_type":"bearer","expires_in":3600}"#)
                }
                _ => answer(200, "{}"),
            })
        });
        let app = App { id: "1".to_owned(), secret: "secret".into() };
        let base = BaseUrl::production().unwrap();
        let authorize =
            Authorize::new(Arc::clone(&network) as _, Auth::refresh(app, "r1".into()), &base).unwrap();
        let layer = RateLimit::new(authorize, &Limits::default());
        let boards = request(BOARDS);
        for sent in join_all((0..200).map(|_| layer.send(&boards))).await {
            sent.unwrap();
        }
        let times = network.times();
        assert_eq!((times.len(), most(&times[1..], SECOND)), (201, 96));
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

    /// What an observer was told, in order.
    #[derive(Default)]
    struct Watch {
        told: Mutex<Vec<String>>,
        /// How long a turn takes.
        turn: Duration,
    }

    impl Watch {
        fn tell(&self, what: impl Into<String>) {
            self.told.lock().unwrap().push(what.into());
        }

        fn told(&self) -> Vec<String> {
            std::mem::take(&mut self.told.lock().unwrap())
        }
    }

    #[async_trait]
    impl Observer for Watch {
        fn rate_limited(&self, wait: &RateLimited) {
            self.tell(format!("closed {} {}", wait.category, wait.wait.as_secs()));
        }

        fn waiting(&self) {
            self.tell("waiting");
        }

        async fn turn(&self) -> Option<Held> {
            self.tell("turn");
            sleep(self.turn).await;
            None
        }

        fn answered(&self, _: &Endpoint, took: Duration) {
            self.tell(format!("answered after {} s", took.as_secs()));
        }

        fn request_sent(&self, endpoint: &Endpoint) {
            self.tell(endpoint.operation);
        }
    }

    struct NeverItsTurn;

    #[async_trait]
    impl Observer for NeverItsTurn {
        async fn turn(&self) -> Option<Held> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tells_of_every_request_and_of_waits_that_pinterest_causes() {
        let network = Scripted::new(|_, _| Ok(answer_with(429, ("x-ratelimit-reset", "40"), "{}")));
        let layer = layer(&network, &Limits::default());
        let watch = Arc::new(Watch::default());
        let boards = Request { observer: Arc::clone(&watch) as _, ..request(BOARDS) };
        layer.send(&boards).await.unwrap();
        let sent = ["turn", "boards/list", "answered after 0 s"];
        assert_eq!(watch.told(), sent);
        layer.send(&boards).await.unwrap();
        assert_eq!(watch.told(), [&["waiting", "closed org_read 40"][..], &sent].concat());
    }

    #[tokio::test(start_paused = true)]
    async fn tells_of_waits_for_the_allowance_and_in_the_line() {
        let network = content();
        let limits = Limits::default().category(Category::OrgRead, Limit::new(1, 60 * SECOND));
        let layer = layer(&network, &limits);
        layer.send(&request(BOARDS)).await.unwrap();
        let watches = [Arc::new(Watch::default()), Arc::new(Watch::default())];
        let requests =
            watches.each_ref().map(|watch| Request { observer: Arc::clone(watch) as _, ..request(BOARDS) });
        let sent = join_all(requests.iter().map(|request| layer.send(request)));
        assert!(tokio::time::timeout(SECOND, sent).await.is_err());
        assert_eq!(watches.each_ref().map(|watch| watch.told()), [["waiting"], ["waiting"]]);
        layer.send(&requests[0]).await.unwrap();
        assert_eq!(watches[0].told(), ["waiting", "turn", "boards/list", "answered after 0 s"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_category_that_closes_while_a_turn_is_waited_for_costs_another_turn() {
        let start = Instant::now();
        let network = Scripted::slow(SECOND, |_, number| {
            Ok(match number {
                1 => answer_with(429, ("x-ratelimit-reset", "40"), "{}"),
                _ => answer(200, "{}"),
            })
        });
        let layer = layer(&network, &Limits::default());
        let watch = Arc::new(Watch { turn: 5 * SECOND, ..Watch::default() });
        let boards = Request { observer: Arc::clone(&watch) as _, ..request(BOARDS) };
        let (first, second) = (request(BOARDS), boards);
        let (refused, sent) = tokio::join!(layer.send(&first), layer.send(&second));
        assert_eq!((refused.unwrap().status.as_u16(), sent.unwrap().status.as_u16()), (429, 200));
        let told = ["turn", "waiting", "closed org_read 36", "turn", "boards/list", "answered after 1 s"];
        assert_eq!(watch.told(), told);
        assert_eq!((network.times()[1] - start).as_secs(), 1 + 40 + 5);
    }

    /// Gives each request a place of these.
    struct Places(Arc<tokio::sync::Semaphore>);

    #[async_trait]
    impl Observer for Places {
        async fn turn(&self) -> Option<Held> {
            Some(Box::new(Arc::clone(&self.0).acquire_owned().await.unwrap()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_again_with_the_last_byte_of_the_answer() {
        let network = Scripted::new(|_, number| match number {
            1 => Ok(answer(200, r#"{"items":[{"id":"1"}]}"#)),
            _ => Err(Error::Build("no answer".to_owned())),
        });
        let layer = layer(&network, &Limits::default());
        let places = Arc::new(tokio::sync::Semaphore::new(1));
        let boards = Request { observer: Arc::new(Places(Arc::clone(&places))), ..request(BOARDS) };
        let body = layer.send(&boards).await.unwrap().body;
        let record = body.slice(10..18);
        drop(body);
        assert_eq!((record.as_ref(), places.available_permits()), (&br#"{"id":"1"#[..], 0));
        assert!(tokio::time::timeout(SECOND, layer.send(&boards)).await.is_err(), "no place is free");
        drop(record);
        layer.send(&boards).await.unwrap_err();
        assert_eq!((places.available_permits(), network.requests().len()), (1, 2));
    }
}
