//! [`Budget`]: how many requests the API allows in a span of time.

use std::borrow::Cow;
use std::time::Duration;

/// So many requests are allowed in any span of this length: see [`Source::budgets`](crate::Source::budgets).
///
/// ```
/// use std::time::Duration;
/// use connector_core::Budget;
/// let of_analytics = Budget::new("ads_analytics", 300, Duration::from_secs(60));
/// let of_all = Budget::overall(1000, Duration::from_secs(86_400));
/// assert_eq!((of_analytics.name.as_deref(), of_all.name), (Some("ads_analytics"), None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// Its name, as the [`Cost`](crate::Cost) of a slice has it; `None`: all requests together.
    pub name: Option<Cow<'static, str>>,
    /// How many requests, at least one.
    pub requests: u64,
    /// In how long.
    pub span: Duration,
}

impl Budget {
    /// A budget of the requests whose cost names it. Several may have the same name.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>, requests: u64, span: Duration) -> Self {
        Self { name: Some(name.into()), ..Self::overall(requests, span) }
    }

    /// A budget of all requests together, whatever their costs name.
    #[must_use]
    pub fn overall(requests: u64, span: Duration) -> Self {
        Self { name: None, requests: requests.max(1), span }
    }

    /// How long it takes to ask so many requests at least: what the span allows goes out at once.
    pub(crate) fn least_wait(&self, requests: u64) -> Duration {
        self.time(requests.saturating_sub(self.requests))
    }

    /// How long so many requests take at the rate of the budget.
    pub(super) fn time(&self, requests: u64) -> Duration {
        let millis = u128::from(requests).saturating_mul(self.span.as_millis());
        let millis = millis.div_ceil(u128::from(self.requests.max(1)));
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    /// How long so many requests occupy the budget: at its rate, where it is one of short spans, and otherwise only as long
    /// as they wait.
    pub(super) fn occupied(&self, requests: u64) -> Duration {
        if self.span <= MINUTE { self.time(requests) } else { self.least_wait(requests) }
    }

    /// How many days so many requests take, where the budget is one of days and one day is not enough.
    pub(crate) fn days(&self, requests: u64) -> Option<u64> {
        let days = self.span.as_secs() / DAY.as_secs();
        let spans = requests.div_ceil(self.requests.max(1));
        (days > 0 && spans > 1).then(|| spans.saturating_mul(days))
    }

    /// The span in words, as `a minute`.
    pub(crate) fn span_in_words(&self) -> String {
        match self.span.as_secs() {
            1 => "a second".to_owned(),
            60 => "a minute".to_owned(),
            3600 => "an hour".to_owned(),
            86_400 => "a day".to_owned(),
            _ => format!("each {}", in_words(self.span)),
        }
    }
}

pub(super) const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// A time as people say it, rounded up.
pub(crate) fn in_words(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1000);
    let units = [("day", 86_400, 2 * 86_400), ("hour", 3600, 2 * 3600), ("minute", 60, 60)];
    let unit = units.into_iter().find(|(_, _, from)| seconds >= *from);
    let (unit, number) = unit.map_or(("second", seconds), |(unit, size, _)| (unit, seconds.div_ceil(size)));
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_span_allows_does_not_wait_and_the_rest_comes_at_its_rate() {
        let budget = Budget::new("a", 300, MINUTE);
        let seconds = |requests| budget.least_wait(requests).as_secs();
        assert_eq!([0, 300, 450, 900].map(seconds), [0, 0, 30, 120]);
        assert_eq!([0, 300, 450].map(|requests| budget.occupied(requests).as_secs()), [0, 60, 90]);
        assert_eq!(Budget::overall(0, MINUTE).least_wait(3).as_secs(), 120);
    }

    #[test]
    fn a_day_that_is_not_enough_is_told_in_days() {
        let budget = Budget::overall(1000, DAY);
        assert_eq!([1000, 1001, 2400].map(|requests| budget.days(requests)), [None, Some(2), Some(3)]);
        assert_eq!(Budget::overall(10, MINUTE).days(100), None);
        assert_eq!(budget.occupied(1000), Duration::ZERO);
    }

    #[test]
    fn times_are_told_as_people_say_them() {
        for (seconds, words) in [
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (61, "2 minutes"),
            (7199, "120 minutes"),
            (7200, "2 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
