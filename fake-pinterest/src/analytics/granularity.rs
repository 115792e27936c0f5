//! How days are put together in a row.

use chrono::{Datelike as _, NaiveDate, TimeDelta};

use crate::days::{self, Days};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Granularity {
    Total,
    Day,
    Hour,
    Week,
    Month,
}

/// The days of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Period {
    /// As the row names it; a total has no date.
    pub(crate) date: Option<String>,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Granularity {
    pub(crate) fn find(name: &str) -> Option<Self> {
        match name {
            "TOTAL" => Some(Self::Total),
            "DAY" => Some(Self::Day),
            "HOUR" => Some(Self::Hour),
            "WEEK" => Some(Self::Week),
            "MONTH" => Some(Self::Month),
            _ => None,
        }
    }

    /// The date that the row with this day has.
    fn begin(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Total => None,
            Self::Day | Self::Hour => Some(day),
            Self::Week => Some(day - TimeDelta::days(day.weekday().num_days_from_monday().into())),
            Self::Month => day.with_day(1),
        }
    }

    /// The rows that an entity has when it has every day.
    pub(crate) fn periods(self, days: Days) -> Vec<Period> {
        let mut periods: Vec<(Option<NaiveDate>, Period)> = Vec::new();
        for day in days.iter() {
            let (begin, number) = (self.begin(day), days::number(day));
            match periods.last_mut() {
                Some((of, period)) if *of == begin => period.last = number,
                _ => {
                    let date = begin.map(|date| date.to_string());
                    periods.push((begin, Period { date, first: number, last: number }));
                }
            }
        }
        periods.into_iter().map(|(_, period)| period).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods(granularity: &str) -> Vec<(Option<String>, i64)> {
        let days = Days::parse(Some("2026-10-28"), Some("2026-11-03")).unwrap();
        let periods = Granularity::find(granularity).unwrap().periods(days).into_iter();
        periods.map(|period| (period.date, period.last - period.first + 1)).collect()
    }

    #[test]
    fn days_are_put_together() {
        let of = |date: &str, days| (Some(date.to_owned()), days);
        assert_eq!(periods("TOTAL"), [(None, 7)]);
        assert_eq!(periods("WEEK"), [of("2026-10-26", 5), of("2026-11-02", 2)]);
        assert_eq!(periods("MONTH"), [of("2026-10-01", 4), of("2026-11-01", 3)]);
        assert_eq!(periods("DAY").len(), 7);
        assert_eq!(periods("HOUR"), periods("DAY"));
        assert_eq!(Granularity::find("YEAR"), None);
    }
}
