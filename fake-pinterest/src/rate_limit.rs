//! The server's own limiter: so many requests of a category, and of all together, in a moving time span.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// The limits by rate category, and the one of all together. Without any, nothing is refused.
#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    categories: HashMap<String, Limit>,
    overall: Option<Limit>,
    refusals: usize,
}

#[derive(Debug)]
struct Limit {
    requests: usize,
    per: Duration,
    served: VecDeque<Instant>,
}

impl RateLimits {
    pub(crate) fn limit(&mut self, category: &str, requests: u32, per: Duration) {
        self.categories.insert(category.to_owned(), Limit::new(requests, per));
    }

    pub(crate) fn limit_all(&mut self, requests: u32, per: Duration) {
        self.overall = Some(Limit::new(requests, per));
    }

    pub(crate) fn refusals(&self) -> usize {
        self.refusals
    }

    /// Counts a refusal by a limit that is kept elsewhere.
    pub(crate) fn refused(&mut self) {
        self.refusals += 1;
    }

    /// Takes one request of a category, or refuses it with the whole seconds until one is free again. What is refused
    /// counts nowhere.
    pub(crate) fn take(&mut self, category: &str, now: Instant) -> Result<(), u64> {
        let mut limits = [self.categories.get_mut(category), self.overall.as_mut()];
        let wait = limits.iter_mut().flatten().filter_map(|limit| limit.wait(now)).max();
        if let Some(wait) = wait {
            self.refusals += 1;
            return Err((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1));
        }
        limits.into_iter().flatten().for_each(|limit| limit.served.push_back(now));
        Ok(())
    }
}

impl Limit {
    fn new(requests: u32, per: Duration) -> Self {
        let requests = usize::try_from(requests).unwrap_or(usize::MAX);
        Self { requests, per, served: VecDeque::new() }
    }

    /// How long it takes until a request is free; none when one is.
    fn wait(&mut self, now: Instant) -> Option<Duration> {
        while self.served.front().is_some_and(|served| now.duration_since(*served) >= self.per) {
            self.served.pop_front();
        }
        if self.served.len() < self.requests {
            return None;
        }
        let passed = self.served.front().map_or(Duration::ZERO, |served| now.duration_since(*served));
        Some(self.per.saturating_sub(passed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_over_the_limit_until_the_span_has_passed() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut limits = RateLimits::default();
        limits.limit("ads_read", 2, Duration::from_secs(10));
        assert_eq!(limits.take("ads_read", start), Ok(()));
        assert_eq!(limits.take("ads_read", after(3_500)), Ok(()));
        assert_eq!(limits.take("ads_read", after(4_200)), Err(6), "rounded up to whole seconds");
        assert_eq!(limits.take("org_read", after(4_200)), Ok(()), "another category");
        assert_eq!(limits.take("ads_read", after(10_000)), Ok(()), "the first one has left the span");
        assert_eq!(limits.take("ads_read", after(10_100)), Err(4));
        assert_eq!(limits.refusals(), 2);
    }

    #[test]
    fn what_one_limit_refuses_takes_nothing_from_the_other() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut limits = RateLimits::default();
        limits.limit("ads_read", 2, Duration::from_secs(60));
        limits.limit_all(3, Duration::from_secs(10));
        assert_eq!(limits.take("ads_read", start), Ok(()));
        assert_eq!(limits.take("ads_read", start), Ok(()));
        assert_eq!(limits.take("ads_read", after(1)), Err(59), "by its category");
        assert_eq!(limits.take("org_read", after(1)), Ok(()), "the refusal was not counted for all");
        assert_eq!(
            limits.take("org_read", after(2)),
            Err(8),
            "by all together, without a limit of its category"
        );
        assert_eq!(limits.take("ads_read", after(2)), Err(58), "the longer wait of two");
        assert_eq!(limits.take("org_read", after(10)), Ok(()));
        assert_eq!(limits.refusals(), 3);
    }
}
