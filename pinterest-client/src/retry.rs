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
