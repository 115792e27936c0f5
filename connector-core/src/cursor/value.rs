//! The value of a cursor field and its forms.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

/// A moment that a cursor field names.
///
/// Whatever form a record or an old state has it in (epoch seconds as integer, decimal or text, a date, a date-time
/// with or without offset; times without one are UTC), values compare as moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorValue(DateTime<Utc>);

/// The form in which a cursor value is written to the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CursorFormat {
    /// Whole seconds since 1970-01-01T00:00:00Z, as text: `"1794268800"`.
    EpochSeconds,
    /// A day in UTC: `"2026-11-10"`.
    Date,
    /// RFC 3339 in UTC: `"2026-11-10T12:00:00.25Z"`.
    #[default]
    DateTime,
}

impl CursorValue {
    /// The moment `seconds` after the epoch; `None` outside the years that can be told (about ±262,000).
    pub fn from_epoch_seconds(seconds: i64) -> Option<Self> {
        DateTime::from_timestamp(seconds, 0).map(Self)
    }

    /// Midnight UTC at the start of a day.
    pub fn from_date(date: NaiveDate) -> Self {
        Self(date.and_time(chrono::NaiveTime::MIN).and_utc())
    }

    /// The day in UTC.
    pub fn date(self) -> NaiveDate {
        self.0.date_naive()
    }

    /// Reads any of the known forms; `None` when the value names no moment.
    ///
    /// ```
    /// use connector_core::CursorValue;
    /// use serde_json::json;
    /// let day = CursorValue::parse(&json!("2026-11-10"));
    /// assert_eq!(day, CursorValue::parse(&json!(1794268800)));
    /// assert_eq!(day, CursorValue::parse(&json!("1794268800.0")));
    /// assert_eq!(day, CursorValue::parse(&json!("2026-11-10T02:00:00+02:00")));
    /// assert_eq!(CursorValue::parse(&json!("yesterday")), None);
    /// ```
    pub fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::from_number(&number.to_string()),
            Value::String(text) => Self::from_text(text.trim()),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        if let Some(value) = Self::from_number(text) {
            return Some(value);
        }
        if let Ok(date) = text.parse::<NaiveDate>() {
            return Some(Self::from_date(date));
        }
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Some(Self(moment.to_utc()));
        }
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|moment| Self(moment.and_utc()))
    }

    fn from_number(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.parse::<i64>() {
            return Self::from_epoch_seconds(seconds);
        }
        // Words such as "inf" parse as floats; the cast below would turn them into a date.
        let seconds: f64 = text.parse().ok().filter(|seconds: &f64| seconds.is_finite())?;
        let whole = seconds.floor();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates, and the range check below refuses the rest"
        )]
        DateTime::from_timestamp(whole as i64, ((seconds - whole) * 1e9) as u32).map(Self)
    }

    /// The moment `seconds` earlier, or the earliest that can be told.
    #[must_use]
    pub fn minus_seconds(self, seconds: i64) -> Self {
        let earlier = TimeDelta::try_seconds(seconds).and_then(|delta| self.0.checked_sub_signed(delta));
        Self(earlier.unwrap_or(DateTime::<Utc>::MIN_UTC))
    }

    /// The value as the state holds it.
    pub fn render(self, format: CursorFormat) -> String {
        match format {
            CursorFormat::EpochSeconds => self.0.timestamp().to_string(),
            CursorFormat::Date => self.0.format("%Y-%m-%d").to_string(),
            CursorFormat::DateTime => self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        }
    }
}

impl From<DateTime<Utc>> for CursorValue {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(value: Value) -> Option<CursorValue> {
        CursorValue::parse(&value)
    }

    #[test]
    fn every_form_of_one_moment_is_the_same_value() {
        let expected = CursorValue::from_epoch_seconds(1_794_268_800);
        for form in [
            json!(1_794_268_800),
            json!(1_794_268_800.0),
            json!("1794268800"),
            json!(" 1794268800 "),
            json!("2026-11-10"),
            json!("2026-11-10T00:00:00Z"),
            json!("2026-11-10T00:00:00"),
            json!("2026-11-10 00:00:00.000"),
            json!("2026-11-09T19:00:00-05:00"),
        ] {
            assert_eq!(CursorValue::parse(&form), expected, "{form}");
        }
    }

    #[test]
    fn what_names_no_moment_is_none() {
        for form in [
            json!(null),
            json!(true),
            json!(""),
            json!("garbage"),
            json!("inf"),
            json!("NaN"),
            json!({}),
            json!(1e300),
        ] {
            assert_eq!(CursorValue::parse(&form), None, "{form}");
        }
    }

    #[test]
    fn parts_of_a_second_are_cut_in_whole_second_states_only() {
        let value = parse(json!(1_794_009_607.5)).unwrap();
        assert_eq!(value.render(CursorFormat::EpochSeconds), "1794009607");
        assert!(value > parse(json!(1_794_009_607)).unwrap());
        assert_eq!(parse(json!("1969-12-31T23:59:59.5Z")), parse(json!(-0.5)));
    }

    #[test]
    fn very_much_earlier_is_the_earliest() {
        let value = CursorValue::from_epoch_seconds(10).unwrap();
        assert_eq!(value.minus_seconds(4), CursorValue::from_epoch_seconds(6).unwrap());
        for seconds in [10_000_000_000_000, i64::MAX] {
            assert!(value.minus_seconds(seconds) < CursorValue::from_epoch_seconds(-60_000_000_000).unwrap());
        }
    }

    proptest! {
        #[test]
        fn what_is_rendered_reads_back(seconds in -60_000_000_000_i64..250_000_000_000) {
            let value = CursorValue::from_epoch_seconds(seconds).unwrap();
            for format in [CursorFormat::EpochSeconds, CursorFormat::DateTime] {
                prop_assert_eq!(parse(json!(value.render(format))), Some(value));
            }
            let day = CursorValue::from_date(value.date());
            prop_assert_eq!(parse(json!(value.render(CursorFormat::Date))), Some(day));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse(json!(text));
        }
    }
}
