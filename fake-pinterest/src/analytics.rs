//! Analytics: what may be asked, and the rows that answer it.

mod entities;
mod granularity;
mod history;
mod level;
mod metrics;
mod numbers;
mod presence;
mod rows;
mod streams;
mod user_account;

use std::time::Duration;

use chrono::NaiveDate;
use serde_json::{Value, json};

pub(crate) use entities::{Filter, Selection, of_ad_account};
pub(crate) use granularity::Granularity;
pub(crate) use history::History;
pub(crate) use level::{Level, ReportLevel};
pub(crate) use numbers::Clock;
pub(crate) use rows::{Rows, Shape};
pub(crate) use streams::{operation_of, rows, rows_of_level};

use crate::{
    answer::ApiError,
    columns::{self, Columns},
    data::Data,
    days::{self, Days, HOURLY, Reach},
    faults,
    query::Query,
};

const REACH: Reach = Reach { back: 90, long: 90 };
/// The windows of days in which a conversion may follow on an ad.
pub(crate) const WINDOW_DAYS: &[&str] = &["0", "1", "7", "14", "30", "60"];
pub(crate) const CONVERSION_REPORT_TIMES: &[&str] = &["TIME_OF_AD_ACTION", "TIME_OF_CONVERSION"];

/// What happens to requests with many ids.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BatchRules {
    /// More ids than this are refused with this status.
    pub(crate) refuse_over: Option<(usize, u16)>,
    /// More ids than this take so long.
    pub(crate) slow_over: Option<(usize, Duration)>,
}

impl BatchRules {
    pub(crate) fn delay(self, query: &Query) -> Duration {
        let ids = ["campaign_ids", "ad_group_ids", "ad_ids"].iter().filter_map(|name| query.list(name));
        let count: usize = ids.map(|ids| ids.len()).sum();
        self.slow_over.filter(|(most, _)| count > *most).map_or(Duration::ZERO, |(_, delay)| delay)
    }

    fn check(self, ids: usize) -> Result<(), ApiError> {
        match self.refuse_over {
            Some((most, 400)) if ids > most => {
                Err(ApiError::bad_request(format!("too many ids: {ids}, at most {most} are served at once")))
            }
            Some((most, status)) if ids > most => Err(faults::server_error(status)),
            _ => Ok(()),
        }
    }
}

/// Answers a request for analytics of an ad account or of what it holds.
pub(crate) fn answer(
    data: &Data,
    history: &History,
    rules: BatchRules,
    (level, ad_account): (Level, &str),
    query: &Query,
) -> Result<Rows, ApiError> {
    let clock = history.clock();
    let granularity = granularity(query.get("granularity"))?;
    let days = Days::parse(query.get("start_date"), query.get("end_date"))?;
    days.check(if granularity == Granularity::Hour { HOURLY } else { REACH }, clock.today)?;
    let columns = Columns::choose(&columns::NAMES_OF_ANALYTICS, &query.list("columns").unwrap_or_default())?;
    for name in ["click_window_days", "engagement_window_days", "view_window_days"] {
        check_value(name, query.get(name), WINDOW_DAYS)?;
    }
    let time = "conversion_report_time";
    check_value(time, query.get(time), CONVERSION_REPORT_TIMES)?;
    let ids = match level.ids_parameter() {
        Some(name) => {
            let mut ids =
                query.ids(name)?.ok_or_else(|| ApiError::bad_request(format!("'{name}' is required")))?;
            rules.check(ids.len())?;
            ids.sort_unstable();
            ids.dedup();
            Some(ids)
        }
        None => None,
    };
    let selection = Selection {
        level,
        by_targeting: false,
        id_column: level.id_column(),
        columns: &columns,
        mixed_ids: false,
        filter: Filter { ids, ..Filter::default() },
    };
    let entities = of_ad_account(data, ad_account, &selection, history);
    Ok(Rows::new(entities, days, granularity, &columns, clock, Shape::Array))
}

/// Answers `user_account/analytics`.
pub(crate) fn of_user_account(history: &History, query: &Query) -> Result<Value, ApiError> {
    let days = Days::parse(query.get("start_date"), query.get("end_date"))?;
    days.check(REACH, history.clock().today)?;
    Ok(user_account::answer(history, days))
}

/// Answers `metrics_ready_state/get`.
pub(crate) fn ready_state(history: &History, query: &Query) -> Result<Value, ApiError> {
    let day: NaiveDate = days::date("date", query.get("date"))?;
    let (conversions, others) = history.clock().is_ready(day);
    Ok(json!({"conversion_metrics_ready": conversions, "non_conversion_metrics_ready": others}))
}

pub(crate) fn granularity(name: Option<&str>) -> Result<Granularity, ApiError> {
    let name = name.ok_or_else(|| ApiError::bad_request("'granularity' is required"))?;
    Granularity::find(name)
        .ok_or_else(|| ApiError::bad_request(format!("'granularity' does not know '{name}'")))
}

/// Refuses a value that is none of the known ones.
pub(crate) fn check_value(name: &str, value: Option<&str>, known: &[&str]) -> Result<(), ApiError> {
    match value {
        Some(value) if !known.contains(&value) => {
            Err(ApiError::bad_request(format!("'{name}' does not know '{value}'")))
        }
        _ => Ok(()),
    }
}
