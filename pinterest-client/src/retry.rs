//! Runs a call until it succeeds, fails for good, or has used up its attempts or its time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use tokio::time::{Instant, sleep};

use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::observer::{Observer, RateLimited};

/// How often and how long a call is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included. At least one is made.
    pub attempts: u32,
    /// The time from the first failure in which another attempt may begin.
    pub time: Duration,
    /// The wait after the first failure, unless Pinterest names one. Each following wait is twice as long;
    /// all are varied by up to a half.
    pub first_wait: Duration,
    /// The longest such wait.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    /// 6 attempts in 10 minutes, with waits of about 1, 2, 4, 8 and 16 seconds.
    fn default() -> Self {
        Self {
            attempts: 6,
            time: Duration::from_secs(600),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    fn delays(&self) -> ExponentialBackoff {
        let mut delays = ExponentialBackoff {
            initial_interval: self.first_wait,
            current_interval: self.first_wait,
            max_interval: self.longest_wait,
            multiplier: 2.0,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        delays.reset();
        delays
    }
}

/// Runs `attempt` as the policy says. It is given the time that is left for waits.
pub(crate) async fn run<T, F, Fut>(
    policy: &RetryPolicy,
    endpoint: &Endpoint,
    observer: &Arc<dyn Observer>,
    mut attempt: F,
) -> Result<T>
where
    F: FnMut(Duration) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let mut delays = policy.delays();
    let mut deadline = None;
    let mut number = 1;
    loop {
        let left = left(policy, deadline);
        let error = match attempt(left).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let now = Instant::now();
        deadline = deadline.or_else(|| now.checked_add(policy.time));
        if number >= policy.attempts || !error.is_retryable() {
            return Err(error);
        }
        let wait = next_wait(error, policy, deadline, endpoint, &mut delays, |error, wait| {
            tell(observer.as_ref(), endpoint, error, number, wait);
        })?;
        sleep(wait).await;
        number += 1;
    }
}

fn left(policy: &RetryPolicy, deadline: Option<Instant>) -> Duration {
    deadline.map_or(policy.time, |deadline| deadline.saturating_duration_since(Instant::now()))
}

/// # Errors
/// The wait does not fit into the time that is left.
fn next_wait(
    error: Error,
    policy: &RetryPolicy,
    deadline: Option<Instant>,
    endpoint: &Endpoint,
    delays: &mut ExponentialBackoff,
    tell: impl FnOnce(&Error, Duration),
) -> Result<Duration> {
    let left = left(policy, deadline);
    if let Some(wait) = error.retry_after() {
        if wait > left {
            let (endpoint, category) = (endpoint.operation, endpoint.category);
            return Err(Error::WaitTooLong { endpoint, category, wait, left });
        }
        tell(&error, wait);
        return Ok(wait);
    }
    match delays.next_backoff() {
        Some(wait) if wait <= left => {
            tell(&error, wait);
            Ok(wait)
        }
        _ => Err(error),
    }
}

fn tell(observer: &dyn Observer, endpoint: &Endpoint, error: &Error, attempt: u32, wait: Duration) {
    tracing::debug!(endpoint = endpoint.operation, attempt, ?wait, %error, "trying again");
    if error.is_rate_limit() {
        observer.rate_limited(&RateLimited { category: endpoint.category, wait });
    }
    observer.retrying(error, attempt, wait);
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::endpoint::{BOARDS, Category};
    use crate::error::Refusal;
    use crate::transport::http::scripted::{answer, answer_with};

    /// The error that an answer of the API becomes.
    fn refused(status: u16, body: &'static str) -> Error {
        answer(status, body).check(&BOARDS).unwrap_err()
    }

    fn decode() -> Error {
        Error::Decode { endpoint: "boards/list", problem: "is empty".to_owned() }
    }

    #[derive(Default)]
    struct Watch {
        waits: Mutex<Vec<(u32, Duration)>>,
        limited: Mutex<Vec<RateLimited>>,
    }

    impl Observer for Watch {
        fn rate_limited(&self, wait: &RateLimited) {
            self.limited.lock().unwrap().push(*wait);
        }

        fn retrying(&self, _error: &Error, attempt: u32, wait: Duration) {
            self.waits.lock().unwrap().push((attempt, wait));
        }
    }

    /// Runs a call that always fails in the same way, and says how often it was tried.
    async fn failing(policy: RetryPolicy, watch: Arc<Watch>, fail: impl Fn() -> Error) -> (u32, Error) {
        let calls = AtomicU32::new(0);
        let observer: Arc<dyn Observer> = watch;
        let outcome: Result<()> = run(&policy, &BOARDS, &observer, |_| {
            calls.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Err(fail()))
        })
        .await;
        (calls.into_inner(), outcome.unwrap_err())
    }

    async fn attempts(fail: impl Fn() -> Error) -> u32 {
        failing(RetryPolicy::default(), Arc::default(), fail).await.0
    }

    #[tokio::test(start_paused = true)]
    async fn tries_again_what_may_pass() {
        assert_eq!(attempts(decode).await, 6);
        assert_eq!(attempts(|| Error::transport("boards/list", "connection reset")).await, 6);
        assert_eq!(attempts(|| Error::Refresh(Arc::new(decode()))).await, 6);
        for (status, body) in [
            (408, "{}"),
            (429, r#"{"code":29,"message":"slow down"}"#),
            (500, "{}"),
            (502, "<html></html>"),
            (503, ""),
            (599, "{}"),
            (200, r#"{"code":8,"message":"You have exceeded your rate limit."}"#),
            (403, r#"{"code":8,"message":"You have exceeded your rate limit."}"#),
            (400, r#"{"code":"12","message":"try later"}"#),
            (400, r#"{"code":1,"message":"Slow down. Retry after 2 seconds."}"#),
            (400, r#"{"code":1,"message":"Something went wrong on our end."}"#),
        ] {
            assert_eq!(attempts(|| refused(status, body)).await, 6, "{status} {body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn does_not_repeat_what_will_fail_again() {
        for status in [400, 401, 403, 404, 405, 422] {
            let body = r#"{"code":2,"message":"no"}"#;
            assert_eq!(attempts(|| refused(status, body)).await, 1, "{status}");
        }
        let refusal = || Refusal::App { message: "no".to_owned() };
        assert_eq!(attempts(|| Error::Auth(Box::new(refusal()))).await, 1);
        assert_eq!(attempts(|| Error::RepeatedBookmark { endpoint: "boards/list" }).await, 1);
        assert_eq!(attempts(|| Error::TooLarge { endpoint: "boards/list", limit: 1 }).await, 1);
        assert_eq!(attempts(|| Error::Listener(Arc::new(std::fmt::Error))).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn ends_with_the_first_success() {
        let calls = AtomicU32::new(0);
        let observer: Arc<dyn Observer> = Arc::new(Watch::default());
        let policy = RetryPolicy::default();
        let outcome = run(&policy, &BOARDS, &observer, |_| {
            let number = calls.fetch_add(1, Ordering::Relaxed) + 1;
            std::future::ready(if number == 3 { Ok(number) } else { Err(decode()) })
        });
        assert_eq!(outcome.await.unwrap(), 3);
        assert_eq!(calls.into_inner(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_policy_of_no_attempts_makes_one() {
        let policy = RetryPolicy { attempts: 0, ..RetryPolicy::default() };
        assert_eq!(failing(policy, Arc::default(), decode).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn begins_no_attempt_after_its_time() {
        let policy = RetryPolicy { attempts: 1000, time: Duration::from_secs(100), ..RetryPolicy::default() };
        let start = Instant::now();
        let watch = Arc::<Watch>::default();
        let (calls, error) = failing(policy, Arc::clone(&watch), decode).await;
        assert!(calls > 3, "{calls}");
        assert!(matches!(error, Error::Decode { .. }));
        assert!(start.elapsed() <= Duration::from_secs(100), "{:?}", start.elapsed());
        let waited: Duration = watch.waits.lock().unwrap().iter().map(|(_, wait)| *wait).sum();
        assert_eq!(start.elapsed().as_secs(), waited.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn waits_about_twice_as_long_each_time() {
        let policy =
            RetryPolicy { attempts: 9, longest_wait: Duration::from_secs(30), ..RetryPolicy::default() };
        let watch = Arc::<Watch>::default();
        failing(policy, Arc::clone(&watch), decode).await;
        let waits = watch.waits.lock().unwrap().clone();
        for ((attempt, wait), middle) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]) {
            let seconds = wait.as_secs_f64();
            assert!((middle * 0.5..=middle * 1.5).contains(&seconds), "{attempt}: {seconds} for {middle}");
        }
        assert_eq!(waits.iter().map(|(attempt, _)| *attempt).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(watch.limited.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn waits_as_long_as_pinterest_says() {
        let policy = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
        let limited = || answer_with(429, ("x-ratelimit-reset", "17"), "{}").check(&BOARDS).unwrap_err();
        let watch = Arc::<Watch>::default();
        let start = Instant::now();
        failing(policy, Arc::clone(&watch), limited).await;
        assert_eq!(start.elapsed().as_secs(), 17);
        let seen = watch.limited.lock().unwrap().clone();
        assert_eq!(seen, [RateLimited { category: Category::OrgRead, wait: Duration::from_secs(17) }]);
    }

    #[tokio::test(start_paused = true)]
    async fn does_not_begin_a_wait_that_is_longer_than_its_time() {
        let limited = || answer_with(429, ("retry-after", "601"), "{}").check(&BOARDS).unwrap_err();
        let start = Instant::now();
        let (calls, error) = failing(RetryPolicy::default(), Arc::default(), limited).await;
        assert_eq!((calls, start.elapsed()), (1, Duration::ZERO));
        assert!(error.is_rate_limit() && !error.is_retryable());
        let text = error.to_string();
        assert!(text.contains("601 seconds") && text.contains("org_read"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn tells_each_attempt_the_time_that_is_left() {
        let left = Mutex::new(Vec::new());
        let observer: Arc<dyn Observer> = Arc::new(Watch::default());
        let policy = RetryPolicy { attempts: 3, ..RetryPolicy::default() };
        let limited = || answer_with(503, ("retry-after", "100"), "{}").check(&BOARDS).unwrap_err();
        let outcome: Result<()> = run(&policy, &BOARDS, &observer, |patience| {
            left.lock().unwrap().push(patience.as_secs_f64().round());
            std::future::ready(Err(limited()))
        })
        .await;
        assert_eq!(outcome.unwrap_err().status(), Some(503));
        assert_eq!(left.into_inner().unwrap(), [600.0, 500.0, 400.0]);
    }
}
