//! The request budgets, as data: what Pinterest allows, for each rate category and for all together.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::endpoint::Category;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What Pinterest has granted an app. An app starts with trial access and asks for standard access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// Requests are counted by the minute, for each user of the app.
    #[default]
    Standard,
    /// Requests are counted by the day, for all users of the app together.
    Trial,
}

/// The budgets requests are kept within: one for each rate category, and those of all categories together.
///
/// The numbers are those of Pinterest's page [Rate limits](https://developers.pinterest.com/docs/reference/rate-limits/):
///
/// | access | `ads_analytics` | `ads_read` | each other category | all together |
/// |---|---|---|---|---|
/// | standard, the default | 300 a minute | 1000 a minute | 1000 a minute | 100 a second |
/// | trial | 1000 a day | 1000 a day | 1000 a day | 1000 a day |
///
/// Only the numbers of `ads_analytics`, `ads_read` and all together are known from that page; each other category is taken to
/// have those of `ads_read`. (`ads_conversions` has more, for each ad account by itself; this client makes no such calls.) A
/// category that is refused all the same is closed until Pinterest opens it again. With trial access the client keeps to 100
/// a second, too. An app's allowance is shared by all programs that use it, and a client knows only of its own requests.
///
/// A limit of 10 seconds or more is kept by counting what went out in the span before: a job of no more requests than the
/// limit is not slowed down at all, and a longer one has at least 98 % of the limit. Requests under a shorter limit go out
/// evenly, at 95 % of it.
///
/// ```
/// use std::time::Duration;
/// use pinterest_client::{Access, Category, Limit, Limits};
///
/// let limits = Limits::default().category(Category::AdsRead, Limit::new(200, Duration::from_secs(60)));
/// assert_eq!(limits.category_limit(Category::AdsRead).map(|limit| limit.requests()), Some(200));
///
/// let trial = Limits::of(Access::Trial);
/// assert_eq!(trial.overall_limits()[0].to_string(), "1000 requests a day");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    categories: BTreeMap<Category, Limit>,
    overall: Vec<Limit>,
}

impl Default for Limits {
    /// Those of standard access.
    fn default() -> Self {
        Self::of(Access::Standard)
    }
}

impl Limits {
    /// What Pinterest documents for this access.
    #[must_use]
    pub fn of(access: Access) -> Self {
        let a_second = Limit::new(100, SECOND);
        let each = |limit| Category::ALL.into_iter().map(|category| (category, limit)).collect();
        match access {
            Access::Standard => Self { categories: each(Limit::new(1000, MINUTE)), overall: vec![a_second] }
                .category(Category::AdsAnalytics, Limit::new(300, MINUTE)),
            Access::Trial => {
                let a_day = Limit::new(1000, DAY);
                Self { categories: each(a_day), overall: vec![a_day, a_second] }
            }
        }
    }

    /// Sets the limit of a category.
    #[must_use]
    pub fn category(mut self, category: Category, limit: Limit) -> Self {
        self.categories.insert(category, limit);
        self
    }

    /// Sets the limit for the requests of all categories together, in the place of one with the same span.
    #[must_use]
    pub fn overall(mut self, limit: Limit) -> Self {
        self.overall.retain(|other| other.span != limit.span);
        self.overall.push(limit);
        self
    }

    /// The limit of a category; none if it has none of its own.
    #[must_use]
    pub fn category_limit(&self, category: Category) -> Option<Limit> {
        self.categories.get(&category).copied()
    }

    /// The limits for the requests of all categories together. Each of them is kept.
    #[must_use]
    pub fn overall_limits(&self) -> &[Limit] {
        &self.overall
    }
}

/// At most so many requests in any span of this length. Shown as "300 requests a minute".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    requests: u32,
    span: Duration,
}

impl Limit {
    /// At most `requests` in `span`. Zero requests are taken as one, a zero span as a millisecond.
    #[must_use]
    pub const fn new(requests: u32, span: Duration) -> Self {
        let requests = if requests == 0 { 1 } else { requests };
        let span = if span.is_zero() { Duration::from_millis(1) } else { span };
        Self { requests, span }
    }

    /// How many requests the span may hold; at least one.
    #[must_use]
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// The length of the span; never zero.
    #[must_use]
    pub const fn span(&self) -> Duration {
        self.span
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.requests == 1 { "" } else { "s" };
        write!(f, "{} request{plural} ", self.requests)?;
        match self.span {
            SECOND => f.write_str("a second"),
            MINUTE => f.write_str("a minute"),
            HOUR => f.write_str("an hour"),
            DAY => f.write_str("a day"),
            span => write!(f, "in {span:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_a_limit_with_either_access() {
        for access in [Access::Standard, Access::Trial] {
            let limits = Limits::of(access);
            assert!(Category::ALL.into_iter().all(|category| limits.category_limit(category).is_some()));
        }
        assert_eq!(Limits::default(), Limits::of(Access::default()));
    }

    #[test]
    fn an_overall_limit_takes_the_place_of_one_with_its_span() {
        let limit = Limit::new(7, SECOND);
        assert_eq!(Limits::default().overall(limit).overall_limits(), [limit]);
        assert_eq!(Limits::of(Access::Trial).overall(limit).overall_limits(), [Limit::new(1000, DAY), limit]);
    }

    #[test]
    fn a_limit_of_nothing_is_taken_as_the_least_that_can_be_kept() {
        assert_eq!(Limit::new(0, Duration::ZERO), Limit::new(1, Duration::from_millis(1)));
    }

    #[test]
    fn a_limit_reads_well() {
        let text = |requests, span| Limit::new(requests, span).to_string();
        assert_eq!(text(1000, DAY), "1000 requests a day");
        assert_eq!(text(1, HOUR), "1 request an hour");
        assert_eq!(text(300, MINUTE), "300 requests a minute");
        assert_eq!(text(2, Duration::from_millis(1500)), "2 requests in 1.5s");
    }
}
