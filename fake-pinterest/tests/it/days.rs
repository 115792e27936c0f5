//! Days counted from the day the data is made for.

use chrono::{DateTime, NaiveDate, TimeDelta};

use super::MIDNIGHT;

/// The day so many days ago, as requests and rows write it.
pub(crate) fn ago(days: i64) -> String {
    let today = DateTime::from_timestamp(MIDNIGHT, 0).unwrap().date_naive();
    (today - TimeDelta::days(days)).to_string()
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}
