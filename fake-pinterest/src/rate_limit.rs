//! The server's own limiter: so many requests of a category in a moving time span.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// The limits by rate category. Without any, nothing is refused.
#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    categories: HashMap<String, Limit>,
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
        let requests = usize::try_from(requests).unwrap_or(usize::MAX);
        self.categories.insert(category.to_owned(), Limit { requests, per, served: VecDeque::new() });
    }

    pub(crate) fn refusals(&self) -> usize {
        self.refusals
    }

    /// Counts a refusal by a limit that is kept elsewhere.
    pub(crate) fn refused(&mut self) {
        self.refusals += 1;
    }

    /// Takes one request of a category, or refuses it with the whole seconds until one is free again.
    pub(crate) fn take(&mut self, category: &str, now: Instant) -> Result<(), u64> {
        let Some(limit) = self.categories.get_mut(category) else { return Ok(()) };
        let result = limit.take(now);
        self.refusals += usize::from(result.is_err());
        result
    }
}

impl Limit {
    fn take(&mut self, now: Instant) -> Result<(), u64> {
        while self.served.front().is_some_and(|served| now.duration_since(*served) >= self.per) {
            self.served.pop_front();
        }
        if self.served.len() < self.requests {
            self.served.push_back(now);
            return Ok(());
        }
        let free_at = self.served.front().map_or(now, |served| *served) + self.per;
        let wait = free_at.duration_since(now);
        Err((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
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
}
