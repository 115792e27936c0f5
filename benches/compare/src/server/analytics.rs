//! Analytics of ads: a row for each ad and day, with the columns that were asked for.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDate;
use futures::stream;

use super::{data, failure, streamed};
use crate::template::Template;

/// Most ids that a request may name.
const MOST_ADS: usize = 250;
/// Where the id of the ad goes.
const AD: &str = "IIIIIIIIIIIIIIII";

/// The columns that have a value, as text.
const VALUES: &[(&str, &str)] = &[
    ("SPEND_IN_MICRO_DOLLAR", "12345678"),
    ("SPEND_IN_DOLLAR", "12.345678"),
    ("IMPRESSION_1", "48211"),
    ("IMPRESSION_2", "1290"),
    ("PAID_IMPRESSION", "48211"),
    ("CLICKTHROUGH_1", "612"),
    ("CTR", "0.012694"),
    ("ENGAGEMENT_1", "731"),
    ("TOTAL_ENGAGEMENT", "802"),
    ("TOTAL_CONVERSIONS", "17"),
    ("TOTAL_CHECKOUT", "5"),
    ("TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR", "254990000"),
    ("TOTAL_PAGE_VISIT", "388"),
];

/// A day a row, from the first to the last day.
pub(super) fn days(first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |day| *day <= last)
}

/// Answers a request with these parameters.
pub(super) fn answer<'a>(account: u64, query: impl Fn(&str) -> Option<&'a str>) -> Response {
    let day = |name: &str| query(name).and_then(|day| day.parse::<NaiveDate>().ok());
    let (Some(first), Some(last)) = (day("start_date"), day("end_date")) else {
        return failure(StatusCode::BAD_REQUEST, 1, "start_date and end_date are needed");
    };
    let ids: Option<Vec<u64>> =
        query("ad_ids").unwrap_or_default().split(',').map(|id| id.parse().ok()).collect();
    let Some(ids) = ids.filter(|ids| ids.len() <= MOST_ADS && ids.iter().all(|id| *id < 10_u64.pow(16)))
    else {
        return failure(StatusCode::BAD_REQUEST, 1, "ad_ids are 1 to 250 ids of 16 digits");
    };
    let columns: Vec<&str> = query("columns").unwrap_or_default().split(',').collect();
    let row = row(account, &columns);
    let mut of_ad = Template::new();
    for (index, day) in days(first, last).enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let text = row.replacen(DATE, &day.to_string(), 1);
        of_ad = of_ad.text(comma).marked(&text, &[(AD, ())]);
    }
    if of_ad.is_empty() {
        return failure(StatusCode::BAD_REQUEST, 1, "end_date is before start_date");
    }
    let count = ids.len();
    let length = (of_ad.len() * count + count - 1 + 2) as u64;
    let pieces = ids.into_iter().enumerate().map(move |(index, id)| {
        let open: &[u8] = if index == 0 { b"[" } else { b"," };
        let close: &[u8] = if index + 1 == count { b"]" } else { b"" };
        [open.into(), of_ad.filled(|()| id), close.into()]
    });
    let body = stream::iter(pieces.flatten().map(Ok::<_, std::convert::Infallible>));
    streamed(length, Body::from_stream(body))
}

const DATE: &str = "2000-01-01";

fn row(account: u64, columns: &[&str]) -> String {
    let mut row = format!("{{\"DATE\":\"{DATE}\",\"AD_ID\":\"{AD}\"");
    let account = format!("\"{}\"", data::account_id(account));
    let known = [("AD_ACCOUNT_ID", account.as_str()), ("ADVERTISER_ID", account.as_str())];
    for (column, value) in known.iter().chain(VALUES) {
        if columns.contains(column) {
            row.push_str(&format!(",\"{column}\":{value}"));
        }
    }
    row.push('}');
    row
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use axum::body::to_bytes;
    use axum::http::header::CONTENT_LENGTH;
    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn each_ad_has_a_row_each_day_with_the_columns_asked_for() {
        let answer = answer(3, |name| {
            Some(match name {
                "start_date" => "2026-01-30",
                "end_date" => "2026-02-02",
                "ad_ids" => "6800003000000001,6800003000000002,6800003000000007",
                "columns" => "CTR,TOTAL_LEAD,AD_ACCOUNT_ID",
                _ => return None,
            })
        });
        let length: usize = answer.headers()[CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body.len(), length);
        let rows: Vec<Value> = serde_json::from_slice(&body).unwrap();
        let seen: HashSet<_> =
            rows.iter().map(|row| (row["AD_ID"].to_string(), row["DATE"].to_string())).collect();
        assert_eq!((rows.len(), seen.len()), (12, 12));
        assert_eq!(rows[0]["AD_ACCOUNT_ID"], "549755000003");
        assert_eq!(rows[0].as_object().unwrap().len(), 4, "{}", rows[0]);
    }
}
