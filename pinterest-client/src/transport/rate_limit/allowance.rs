//! Keeps one limit: says when the next request may go out, and counts those that did.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::limits::Limit;

/// A limit with a span from here on is kept by counting, one with a shorter span by even spacing. A network that delays
/// requests by tens of milliseconds hardly changes how many a minute holds; of a second it would make two full ones.
const LONG: Duration = Duration::from_secs(10);
/// A counted request is held for its span and a fiftieth more, but not more than this: what it is faster or slower on its
/// way than others does then not show.
const LONGEST_GUARD: Duration = Duration::from_secs(1);

/// A limit, and what has been used of it.
pub(super) struct Allowance {
    pub(super) limit: Limit,
    kept: Kept,
}

enum Kept {
    Counted(Counted),
    Evenly(Evenly),
    /// More than a request a nanosecond: nothing to keep.
    Always,
}

impl Allowance {
    pub(super) fn new(limit: Limit) -> Self {
        let kept = match limit.span() >= LONG {
            true => Kept::Counted(Counted::new(limit)),
            false => Evenly::new(limit).map_or(Kept::Always, Kept::Evenly),
        };
        Self { limit, kept }
    }

    pub(super) fn is_counted(&self) -> bool {
        matches!(self.kept, Kept::Counted(_))
    }

    /// How long the next request has to wait as things stand. Zero: it may go out.
    pub(super) fn wait(&mut self) -> Duration {
        match &mut self.kept {
            Kept::Counted(counted) => counted.wait(),
            Kept::Evenly(evenly) => evenly.wait(),
            Kept::Always => Duration::ZERO,
        }
    }

    /// A request goes out now. It has nothing to wait for.
    pub(super) fn take(&mut self) {
        match &mut self.kept {
            Kept::Counted(counted) => counted.sent.push_back(Instant::now()),
            Kept::Evenly(evenly) => evenly.take(),
            Kept::Always => {}
        }
    }
}

/// Knows when the last requests went out, so a job that fits into the limit never waits.
struct Counted {
    requests: usize,
    held_for: Duration,
    sent: VecDeque<Instant>,
}

impl Counted {
    fn new(limit: Limit) -> Self {
        let guard = (limit.span() / 50).min(LONGEST_GUARD);
        let requests = usize::try_from(limit.requests()).unwrap_or(usize::MAX);
        Self { requests, held_for: limit.span().saturating_add(guard), sent: VecDeque::new() }
    }

    fn wait(&mut self) -> Duration {
        while self.sent.front().is_some_and(|sent| sent.elapsed() >= self.held_for) {
            self.sent.pop_front();
        }
        match self.sent.front() {
            Some(first) if self.sent.len() >= self.requests => self.held_for.saturating_sub(first.elapsed()),
            _ => Duration::ZERO,
        }
    }
}

/// Gives turns one after another, at the same distance. A token bucket keeps its limit in every span when its size and
/// what refills it in a span are together no more than the limit. All but a twentieth refills. The bucket is smaller than that
/// twentieth: enough to make up for a timer that is late, while the rest is left to the network, which may bring requests
/// closer together than they went out, by 42 milliseconds where 100 a second are allowed.
struct Evenly {
    turns: Turns,
    bucket: RateLimiter<NotKeyed, Turns, TokioClock, NoOpMiddleware<Duration>>,
}

impl Evenly {
    fn new(limit: Limit) -> Option<Self> {
        let left_out = (limit.requests() / 20).max(1);
        let burst = (limit.requests() / 50).max(2).min(left_out);
        let refilled = (limit.requests() - left_out).max(1);
        let quota = Quota::with_period(limit.span() / refilled)?.allow_burst(NonZeroU32::new(burst)?);
        let turns = Turns::default();
        let bucket = RateLimiter::new(quota, turns.clone(), TokioClock(Instant::now()));
        Some(Self { turns, bucket })
    }

    fn wait(&self) -> Duration {
        match self.bucket.check() {
            Ok(()) => Duration::ZERO,
            Err(not_yet) => not_yet.wait_time_from(self.bucket.clock().now()),
        }
    }

    fn take(&self) {
        if self.bucket.check().is_ok() {
            self.turns.take_offered();
        }
    }
}

/// Where the bucket keeps its state: in nanoseconds, the time until which its turns are given away. A turn that it offers
/// counts only when it is taken, so a request that is not sent leaves nothing behind.
#[derive(Clone, Debug, Default)]
struct Turns(Arc<Times>);

/// Zero: no turn has been given yet.
#[derive(Debug, Default)]
struct Times {
    taken: AtomicU64,
    offered: AtomicU64,
}

impl Turns {
    fn take_offered(&self) {
        self.0.taken.store(self.0.offered.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl StateStore for Turns {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let taken = self.0.taken.load(Ordering::Relaxed);
        let (outcome, next) = measure((taken > 0).then(|| taken.into()))?;
        self.0.offered.store(next.into(), Ordering::Relaxed);
        Ok(outcome)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::time::sleep;

    use super::*;

    /// Sends as fast as a limit lets it, and says when each request went out.
    async fn saturated(limit: Limit, requests: usize) -> Vec<Instant> {
        let mut allowance = Allowance::new(limit);
        let mut sent = Vec::new();
        while sent.len() < requests {
            match allowance.wait() {
                Duration::ZERO => {
                    allowance.take();
                    sent.push(Instant::now());
                }
                wait => sleep(wait).await,
            }
        }
        sent
    }

    /// The most requests in any span of this length.
    fn most(times: &[Instant], span: Duration) -> usize {
        let ends = times.iter().map(|start| times.partition_point(|time| *time < *start + span));
        ends.enumerate().map(|(start, end)| end - start).max().unwrap_or(0)
    }

    fn paused() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    }

    /// Of either kind: from a tenth of a second to two minutes, and a day.
    fn spans() -> impl Strategy<Value = Duration> {
        prop_oneof![
            (100_u64..10_000).prop_map(Duration::from_millis),
            (10_000_u64..120_000).prop_map(Duration::from_millis),
            Just(Duration::from_secs(86_400)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn no_span_holds_more_requests_than_the_limit(
            requests in 1_u32..60,
            span in spans(),
            sent in 1_usize..200,
        ) {
            let times = paused().block_on(saturated(Limit::new(requests, span), sent));
            prop_assert_eq!(times.len(), sent);
            prop_assert!(most(&times, span) <= requests as usize);
        }

        #[test]
        fn a_run_that_always_has_more_to_send_uses_what_it_may(
            requests in 20_u32..300,
            span in spans(),
            spans in 2_usize..6,
        ) {
            // A timer of tokio is up to a millisecond late, which a burst of one cannot make up for.
            prop_assume!(requests >= 40 || span / requests > Duration::from_millis(100));
            let sent = requests as usize * spans;
            let times = paused().block_on(saturated(Limit::new(requests, span), sent + 1));
            let took = times[sent] - times[0];
            let used = spans as f64 * span.as_secs_f64() / took.as_secs_f64();
            prop_assert!(used >= 0.95, "{used}");
        }

        #[test]
        fn a_job_that_fits_into_a_counted_limit_does_not_wait(
            requests in 1_u32..2000,
            seconds in 10_u64..100_000,
            part in 0.0..=1.0_f64,
        ) {
            let sent = (f64::from(requests) * part) as usize;
            let limit = Limit::new(requests, Duration::from_secs(seconds));
            let times = paused().block_on(saturated(limit, sent));
            prop_assert!(times.iter().all(|time| *time == times[0]));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_nobody_takes_stays() {
        let mut allowance = Allowance::new(Limit::new(10, Duration::from_secs(1)));
        for _ in 0..5 {
            assert_eq!(allowance.wait(), Duration::ZERO);
        }
        allowance.take();
        assert_eq!(allowance.wait(), Duration::from_secs(1) / 9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_span_beyond_what_the_clock_can_hold_is_one() {
        let mut allowance = Allowance::new(Limit::new(1, Duration::MAX));
        allowance.take();
        assert!(allowance.wait() > Duration::MAX / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_holds_no_more_than_the_limit_where_the_network_brings_requests_closer_together() {
        let times = saturated(Limit::new(100, Duration::from_secs(1)), 1000).await;
        assert_eq!(most(&times, Duration::from_millis(1042)), 100);
    }
}
