//! Reports: asked for, polled, downloaded. One block of rows is sent again and again with other ids.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use chrono::NaiveDate;
use futures::stream;
use serde_json::{Value, json};

use super::analytics::days;
use super::{Options, failure, json_answer, sent, streamed};
use crate::template::Template;

/// Columns are written until a row is this long.
const ROW: usize = 1_024;
/// A piece of the body has so many bytes at least.
const PIECE: usize = 128 * 1_024;
/// The place of an id, and the first one.
const ID: &str = "IIIIIIIIIIIIIIII";
const FIRST_ID: u64 = 6_267_000_000_000_000;

/// All reports that were asked for.
#[derive(Debug, Default)]
pub(super) struct Reports(Vec<(Arc<Report>, u32)>);

/// The rows of some entities over some days.
#[derive(Debug)]
pub(super) struct Report {
    /// The entities of a piece; the kind of a place is the number of the entity in the piece.
    piece: Template<usize>,
    /// One entity, for what is less than a piece.
    entity: Template<()>,
    in_piece: u64,
    entities: u64,
}

impl Report {
    fn new(body: &Value, least: u64) -> Option<Self> {
        let day = |name: &str| body[name].as_str()?.parse::<NaiveDate>().ok();
        let (first, last) = (day("start_date")?, day("end_date")?);
        let id = match body["level"].as_str()? {
            "ADVERTISER" => "ADVERTISER_ID",
            "AD_GROUP" => "AD_GROUP_ID",
            "PIN_PROMOTION" => "PIN_PROMOTION_ID",
            "CAMPAIGN" => "CAMPAIGN_ID",
            _ => return None,
        };
        let columns: Vec<&str> = body["columns"].as_array()?.iter().filter_map(Value::as_str).collect();
        let rows: Vec<String> = days(first, last).map(|day| row(day, id, &columns)).collect();
        let text = format!("\"{ID}\":[{}]", rows.join(","));
        let entity = Template::new().marked(&text, &[(ID, ())]);
        let length = entity.len() as u64 + 1;
        let in_piece = (PIECE as u64).div_ceil(length);
        let piece = Template::new().repeated(&entity, in_piece as usize, ",", |(), number| number);
        Some(Self { piece, entity, in_piece, entities: least.div_ceil(length).max(1) })
    }

    fn len(&self) -> u64 {
        // Braces around all, commas between.
        self.entities * (self.entity.len() as u64 + 1) - 1 + 2
    }

    /// The bytes that begin with this entity, and the entity after them.
    fn from(&self, first: u64) -> Option<(Vec<Bytes>, u64)> {
        if first >= self.entities {
            return None;
        }
        let id = |number: u64| FIRST_ID + number;
        let (rows, next) = if self.entities - first >= self.in_piece {
            (self.piece.filled(|number| id(first + number as u64)), first + self.in_piece)
        } else {
            (self.entity.filled(|()| id(first)), first + 1)
        };
        let open: &[u8] = if first == 0 { b"{" } else { b"," };
        let close: &[u8] = if next == self.entities { b"}" } else { b"" };
        Some((vec![open.into(), rows, close.into()], next))
    }
}

fn row(day: NaiveDate, id: &str, columns: &[&str]) -> String {
    let mut row = format!("{{\"DATE\":\"{day}\",\"{id}\":\"{ID}\"");
    for (number, column) in columns.iter().enumerate().filter(|(_, column)| **column != id) {
        if row.len() >= ROW {
            break;
        }
        let value = match *column {
            _ if column.ends_with("_NAME") => "\"Größe \\\"M\\\"\"".to_owned(),
            _ if column.ends_with("_STATUS") => "\"ACTIVE\"".to_owned(),
            // Pinterest writes the same id as a text or as a number.
            _ if column.ends_with("_ID") => (549_755_000_000 + number).to_string(),
            _ if column.ends_with("_RATE") || column.contains("CTR") => format!("0.0{number:05}"),
            _ => (number * 7_919).to_string(),
        };
        row.push_str(&format!(",\"{column}\":{value}"));
    }
    row.push('}');
    row
}

impl Reports {
    pub(super) fn create(&mut self, body: &[u8], options: &Options) -> Response {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(report) = Report::new(&body, options.report_bytes) else {
            return failure(StatusCode::BAD_REQUEST, 1, "this server makes no such report");
        };
        let token = format!("report-{}", self.0.len());
        self.0.push((Arc::new(report), 0));
        json_answer(&json!({"token": token, "report_status": "IN_PROGRESS", "message": ""}))
    }

    pub(super) fn poll(&mut self, token: Option<&str>, origin: &str, last: u32) -> Response {
        let number = token.and_then(|token| token.strip_prefix("report-")?.parse::<usize>().ok());
        let found = number.and_then(|number| Some((number, self.0.get_mut(number)?)));
        let Some((number, (report, polls))) = found else {
            return json_answer(&json!({"report_status": "DOES_NOT_EXIST", "url": null, "size": null}));
        };
        *polls += 1;
        if *polls < last {
            return json_answer(&json!({"report_status": "IN_PROGRESS", "url": null, "size": null}));
        }
        let url = format!("{origin}/downloads/{number}?signature=fast");
        json_answer(&json!({"report_status": "FINISHED", "url": url, "size": report.len()}))
    }

    pub(super) fn body(&self, number: &str) -> Option<Arc<Report>> {
        Some(Arc::clone(&self.0.get(number.parse::<usize>().ok()?)?.0))
    }
}

/// Sends a report while it is made.
pub(super) fn download(report: Option<Arc<Report>>) -> Response {
    let Some(report) = report else {
        let mut refusal = sent(Body::from("<Error><Code>NoSuchKey</Code></Error>"));
        *refusal.status_mut() = StatusCode::NOT_FOUND;
        return refusal;
    };
    let mut next = 0;
    let length = report.len();
    let pieces = std::iter::from_fn(move || {
        let (bytes, after) = report.from(next)?;
        next = after;
        Some(bytes)
    });
    streamed(length, Body::from_stream(stream::iter(pieces.flatten().map(Ok::<_, Infallible>))))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn a_report_is_as_long_as_it_says_and_has_each_entity_once() {
        let asked = json!({
            "start_date": "2026-01-01", "end_date": "2026-01-03", "level": "CAMPAIGN",
            "columns": ["CAMPAIGN_ID", "CAMPAIGN_NAME", "CTR", "SPEND_IN_DOLLAR"],
        });
        let report = Arc::new(Report::new(&asked, 400_000).unwrap());
        let body = to_bytes(download(Some(Arc::clone(&report))).into_body(), usize::MAX).await.unwrap();
        assert_eq!(body.len() as u64, report.len());
        assert!((400_000..401_000).contains(&body.len()), "{}", body.len());
        let entities: Value = serde_json::from_slice(&body).unwrap();
        let entities = entities.as_object().unwrap();
        assert_eq!(entities.len() as u64, report.entities);
        for (id, rows) in entities {
            assert_eq!(rows.as_array().unwrap().len(), 3);
            assert!(rows.as_array().unwrap().iter().all(|row| row["CAMPAIGN_ID"] == id.as_str()));
        }
    }
}
