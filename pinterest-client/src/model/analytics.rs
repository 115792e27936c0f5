//! The rows of analytics and reports.

use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Extra;
use crate::ids::{AdAccountId, AdGroupId, AdId, CampaignId};

/// A row of analytics or of a report: what it is about, when, and the metrics that were asked for.
///
/// A metric without a value can be absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub struct AnalyticsRow {
    /// The ad account, if the row is about one or the column was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_account_id: Option<AdAccountId>,
    /// The campaign, if the row is about one or the column was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    /// The ad group, if the row is about one or the column was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_group_id: Option<AdGroupId>,
    /// The ad, if the row is about one or the column was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_id: Option<AdId>,
    /// When, as Pinterest wrote it: `YYYY-MM-DD` or epoch seconds. None when the row covers the whole range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Value>,
    /// Everything else, by the name of the column. Columns with `MICRO` are in millionths of the account's currency,
    /// those with `DOLLAR` alone are in whole units of it.
    #[serde(flatten)]
    pub metrics: Extra,
}

impl AnalyticsRow {
    /// The day that [`date`](Self::date) names, UTC; none when it names none.
    #[must_use]
    pub fn day(&self) -> Option<NaiveDate> {
        match self.date.as_ref()? {
            Value::String(text) => text.get(..10)?.parse().ok(),
            number => Some(DateTime::from_timestamp(number.as_i64()?, 0)?.date_naive()),
        }
    }
}

/// What happened with the pins of an account on a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DailyMetrics {
    /// The day, UTC, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// Whether the numbers are final, e.g. `READY` or `PROCESSING`.
    pub data_status: Option<String>,
    /// The numbers, by name. Empty when there are none for the day.
    #[serde(default)]
    pub metrics: Extra,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether the metrics of a day are final. What Pinterest does not say counts as no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MetricsReadyState {
    /// Those of conversions.
    pub conversion_metrics_ready: bool,
    /// All others.
    pub non_conversion_metrics_ready: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str) -> Option<String> {
        let row: AnalyticsRow = serde_json::from_str(&format!(r#"{{"DATE":{date},"CTR":0.5}}"#)).unwrap();
        row.day().map(|day| day.to_string())
    }

    #[test]
    fn a_day_is_read_from_each_form_of_a_date() {
        for date in [r#""2026-11-24""#, r#""2026-11-24T13:00:00""#, "1795521600", "1795521601"] {
            assert_eq!(day(date).as_deref(), Some("2026-11-24"), "{date}");
        }
        for date in ["null", r#""yesterday!""#, r#""""#, "1.5", "{}"] {
            assert_eq!(day(date), None, "{date}");
        }
    }

    #[test]
    fn what_is_no_id_and_no_date_is_a_metric() {
        let text = r#"{"CAMPAIGN_ID":"7","DATE":"2026-11-24","SPEND_IN_DOLLAR":1.5,"CAMPAIGN_NAME":"x"}"#;
        let row: AnalyticsRow = serde_json::from_str(text).unwrap();
        assert_eq!(row.campaign_id, Some(CampaignId::from("7")));
        assert_eq!(row.metrics["SPEND_IN_DOLLAR"], 1.5);
        assert_eq!(row.metrics.len(), 2);
        assert_eq!(serde_json::to_string(&row).unwrap(), text);
    }
}
