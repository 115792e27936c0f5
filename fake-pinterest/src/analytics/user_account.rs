//! The analytics of the user's account.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::{history::History, numbers::Numbers};
use crate::days::{self, Days};

/// One entry for each day up to today.
pub(crate) fn daily_metrics(history: &History, days: Days) -> Vec<Value> {
    let numbers = numbers(history, days);
    let today = history.clock().today;
    let entry = |(day, numbers): &(NaiveDate, Numbers)| {
        let status = if *day == today { "PROCESSING" } else { "READY" };
        json!({"date": day.to_string(), "data_status": status, "metrics": metrics(numbers)})
    };
    numbers.iter().map(entry).collect()
}

/// The answer to `user_account/analytics`.
pub(crate) fn answer(history: &History, days: Days) -> Value {
    let mut sum = Numbers::default();
    numbers(history, days).iter().for_each(|(_, numbers)| sum.add(numbers));
    json!({"all": {"daily_metrics": daily_metrics(history, days), "summary_metrics": metrics(&sum)}})
}

fn numbers(history: &History, days: Days) -> Vec<(NaiveDate, Numbers)> {
    let (clock, key) = (history.clock(), history.key("user account"));
    let days = days.until(clock.today);
    days.iter().map(|day| (day, clock.of_day(key, days::number(day)))).collect()
}

fn metrics(numbers: &Numbers) -> Map<String, Value> {
    let impressions = numbers.paid_impressions + numbers.earned_impressions;
    let rate = |count: u64| json!((count * 1_000_000 / impressions.max(1)) as f64 / 1_000_000.0);
    let metrics = [
        ("IMPRESSION", json!(impressions)),
        ("PIN_CLICK", json!(numbers.paid_engagements)),
        ("PIN_CLICK_RATE", rate(numbers.paid_engagements)),
        ("OUTBOUND_CLICK", json!(numbers.clicks)),
        ("OUTBOUND_CLICK_RATE", rate(numbers.clicks)),
        ("ENGAGEMENT", json!(numbers.engagements)),
        ("ENGAGEMENT_RATE", rate(numbers.engagements)),
    ];
    metrics.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
