//! Ranges of days as requests name them, and how far they may reach.

use chrono::{Datelike as _, NaiveDate, TimeDelta};

use crate::answer::ApiError;

/// The last second of the year 9999, in epoch seconds: no moment of a server is later. A time in milliseconds is.
pub const LATEST: i64 = 253_402_300_799;

/// The days from a first to a last one, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days {
    pub(crate) first: NaiveDate,
    pub(crate) last: NaiveDate,
}

/// How far back a range may begin, and how many days it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) back: i64,
    pub(crate) long: i64,
}

/// What hourly numbers are kept for.
pub(crate) const HOURLY: Reach = Reach { back: 8, long: 3 };

impl Days {
    /// The range between two dates as a request writes them.
    pub(crate) fn parse(start: Option<&str>, end: Option<&str>) -> Result<Self, ApiError> {
        Self::between(("start_date", start), ("end_date", end))
    }

    /// As [`parse`](Self::parse), for dates of other names.
    pub(crate) fn between(
        (start_name, start): (&str, Option<&str>),
        (end_name, end): (&str, Option<&str>),
    ) -> Result<Self, ApiError> {
        let first = date(start_name, start)?;
        let last = date(end_name, end)?;
        if first > last {
            return Err(ApiError::bad_request(format!(
                "'{start_name}' {first} must not be after '{end_name}' {last}"
            )));
        }
        Ok(Self { first, last })
    }

    /// Refuses what reaches too far.
    pub(crate) fn check(self, reach: Reach, today: NaiveDate) -> Result<(), ApiError> {
        let Reach { back, long } = reach;
        if (today - self.first).num_days() > back {
            let first = self.first;
            return Err(ApiError::bad_request(format!(
                "'start_date' {first} cannot be more than {back} days before today"
            )));
        }
        if self.count() > long {
            return Err(ApiError::bad_request(format!(
                "the range of dates cannot be longer than {long} days"
            )));
        }
        Ok(())
    }

    fn count(self) -> i64 {
        (self.last - self.first).num_days() + 1
    }

    /// The same without what lies after a day; perhaps nothing is left.
    pub(crate) fn until(self, day: NaiveDate) -> Self {
        Self { last: self.last.min(day), ..self }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = NaiveDate> {
        (0..self.count()).map(move |days| self.first + TimeDelta::days(days))
    }
}

/// One day, in the only form the API takes.
pub(crate) fn date(name: &str, text: Option<&str>) -> Result<NaiveDate, ApiError> {
    let Some(text) = text else { return Err(ApiError::bad_request(format!("'{name}' is required"))) };
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    date.filter(|_| text.len() == 10).ok_or_else(|| {
        ApiError::bad_request(format!("'{name}' value '{text}' is no date of the form YYYY-MM-DD"))
    })
}

/// A day as a number that grows by one each day.
pub(crate) fn number(day: NaiveDate) -> i64 {
    i64::from(day.num_days_from_ce())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(start: &str, end: &str) -> Days {
        Days::parse(Some(start), Some(end)).unwrap()
    }

    #[test]
    fn refuses_what_is_no_range() {
        for (start, end) in [
            (None, Some("2026-11-24")),
            (Some("2026-11-24"), None),
            (Some("2026-11-24"), Some("2026-11-23")),
            (Some("2026-2-1"), Some("2026-11-23")),
            (Some("2026-02-30"), Some("2026-11-23")),
            (Some("20260201"), Some("2026-11-23")),
            (Some("yesterday"), Some("2026-11-23")),
        ] {
            assert_eq!(Days::parse(start, end).unwrap_err().status, 400, "{start:?} {end:?}");
        }
    }

    #[test]
    fn reaches_exactly_as_far_as_it_may() {
        let today = date("", Some("2026-11-24")).unwrap();
        let reach = Reach { back: 8, long: 3 };
        assert!(days("2026-11-16", "2026-11-18").check(reach, today).is_ok());
        assert!(days("2026-11-15", "2026-11-16").check(reach, today).is_err());
        assert!(days("2026-11-16", "2026-11-19").check(reach, today).is_err());
    }

    #[test]
    fn what_lies_ahead_can_be_cut_off() {
        let today = date("", Some("2026-11-24")).unwrap();
        assert_eq!(days("2026-11-23", "2026-12-24").until(today).iter().count(), 2);
        assert_eq!(days("2026-11-25", "2026-12-24").until(today).iter().count(), 0);
    }
}
