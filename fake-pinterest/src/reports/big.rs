//! A report of any size that nobody holds: one block of rows, sent again and again with other ids and days.

use bytes::{Bytes, BytesMut};

use super::request::ReportRequest;
use crate::{analytics::Clock, seed::Random};

/// A row has this many bytes at least, so that the number of rows follows from the size alone.
const ROW: usize = 1_024;
/// Columns are written until a row is this long.
const FULL: usize = 1_100;
/// A piece of the body has so many rows.
const ROWS_OF_A_PIECE: u64 = 64;
/// The place of the first id. All have the same number of digits.
const FIRST_ID: u64 = 6_871_000_000_000_000;
const ID_DIGITS: usize = 16;
const DATE: &str = "2000-01-01";

/// How many rows make so many bytes.
pub(super) fn rows_of(bytes: usize) -> u64 {
    bytes.div_ceil(ROW).max(1) as u64
}

/// The body, in pieces.
#[derive(Debug)]
pub(crate) struct BigBody {
    row: Vec<u8>,
    id_at: usize,
    date_at: Option<usize>,
    dates: Vec<String>,
    rows: u64,
    next: u64,
}

impl BigBody {
    pub(super) fn new(rows: u64, request: &ReportRequest, clock: Clock) -> Self {
        let periods = request.granularity.periods(request.days.until(clock.today));
        // Also when no day has come yet: a benchmark is to have its rows.
        let mut dates: Vec<String> = periods.into_iter().filter_map(|period| period.date).collect();
        if dates.is_empty() {
            dates.extend(std::iter::once(request.days.first.to_string()));
        }
        let row = row(request);
        let find = |needle: &str| row.find(needle);
        let id_at = find(&FIRST_ID.to_string()).unwrap_or_default();
        let date_at = find(DATE);
        Self { id_at, date_at, row: row.into_bytes(), dates, rows, next: 0 }
    }

    /// The length of the whole body.
    pub(super) fn len(&self) -> usize {
        let days = self.dates.len() as u64;
        let entities = self.rows.div_ceil(days);
        // Braces around all; around each entity `"id":[` and `]`; commas between entities and between rows.
        let around = 2 + entities * (ID_DIGITS as u64 + 5) + (entities - 1) + (self.rows - entities);
        (self.rows * self.row.len() as u64 + around) as usize
    }

    fn write_row(&self, number: u64, out: &mut BytesMut) {
        let days = self.dates.len() as u64;
        let (entity, day) = (number / days, number % days);
        let id = (FIRST_ID + entity * 7).to_string();
        if day == 0 {
            out.extend_from_slice(if number == 0 { b"{\"" } else { b"],\"" });
            out.extend_from_slice(id.as_bytes());
            out.extend_from_slice(b"\":[");
        } else {
            out.extend_from_slice(b",");
        }
        let start = out.len();
        out.extend_from_slice(&self.row);
        let written = &mut out[start..];
        written[self.id_at..self.id_at + ID_DIGITS].copy_from_slice(id.as_bytes());
        if let Some(at) = self.date_at {
            let date = self.dates[usize::try_from(day).unwrap_or_default()].as_bytes();
            written[at..at + DATE.len()].copy_from_slice(date);
        }
        if number + 1 == self.rows {
            out.extend_from_slice(b"]}");
        }
    }
}

impl Iterator for BigBody {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let end = self.rows.min(self.next + ROWS_OF_A_PIECE);
        if self.next == end {
            return None;
        }
        let mut out = BytesMut::with_capacity((self.row.len() + 32) * (end - self.next) as usize);
        for number in self.next..end {
            self.write_row(number, &mut out);
        }
        self.next = end;
        Some(out.freeze())
    }
}

/// A row with as many of the columns asked for as make it long enough.
fn row(request: &ReportRequest) -> String {
    let mut row = String::from("{");
    if request.granularity != crate::analytics::Granularity::Total {
        row.push_str(&format!("\"DATE\":\"{DATE}\","));
    }
    if request.granularity == crate::analytics::Granularity::Hour {
        row.push_str("\"HOUR\":0,");
    }
    let level = request.level.id_column();
    row.push_str(&format!("\"{level}\":\"{FIRST_ID}\""));
    if request.level.by_targeting {
        row.push_str(r#","TARGETING_TYPE":"GENDER","TARGETING_VALUE":"female""#);
    }
    let random = &mut Random::of(1, "big report", 0);
    for column in crate::columns::OF_REPORTS.lines() {
        if row.len() >= FULL {
            break;
        }
        if column != level && request.columns.has(column) {
            let value = value(column, random);
            row.push_str(&format!(",\"{column}\":{value}"));
        }
    }
    if row.len() < ROW {
        // A name nobody asked for; few columns make rows too short.
        let filling = "ü".repeat((ROW - row.len()) / 2);
        row.push_str(&format!(",\"FILLING\":\"{filling}\""));
    }
    row.push('}');
    row
}

fn value(column: &str, random: &mut Random) -> String {
    match column {
        _ if column.ends_with("_NAME") => "\"Größe \\\"M\\\" 日本の庭\"".to_owned(),
        _ if column.ends_with("_STATUS") => "\"ACTIVE\"".to_owned(),
        _ if column.ends_with("_ID") && random.one_in(2) => {
            format!("\"{}\"", FIRST_ID + random.below(1_000_000))
        }
        _ if column.ends_with("_ID") => (FIRST_ID + 1 + random.below(1_000_000)).to_string(),
        _ if column.ends_with("_RATE") || column == "CTR" => format!("0.{:06}", random.below(1_000_000)),
        _ => random.below(1_000_000_000).to_string(),
    }
}
