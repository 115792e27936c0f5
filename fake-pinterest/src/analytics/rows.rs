//! Writes rows as JSON, piece by piece.

use bytes::Bytes;
use serde_json::Value;

use super::{
    entities::{Entity, Series},
    granularity::{Granularity, Period},
    metrics::{self, Metric},
    numbers::{Clock, Numbers},
};
use crate::{columns::Columns, days::Days};

/// A piece of a body is this long, or one entity longer.
const PIECE: usize = 64 * 1024;

/// The rows of some entities, not yet written.
#[derive(Debug)]
pub(crate) struct Rows {
    entities: std::vec::IntoIter<Entity>,
    periods: Vec<Period>,
    metrics: Vec<&'static Metric>,
    hourly: bool,
    clock: Clock,
    shape: Shape,
    state: State,
}

/// What holds the rows together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One array, as analytics are answered.
    Array,
    /// An object with an array for each entity, as reports are downloaded.
    ByEntity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    /// Whether something was written before.
    Middle(bool),
    End,
}

impl Rows {
    /// The rows of some days, as of now. Nothing is known of days to come.
    pub(crate) fn new(
        entities: Vec<Entity>,
        days: Days,
        granularity: Granularity,
        columns: &Columns,
        clock: Clock,
        shape: Shape,
    ) -> Self {
        let hourly = granularity == Granularity::Hour;
        let is_written = |metric: &&Metric| columns.has(metric.column) && !(hourly && metric.is_conversion);
        Self {
            entities: entities.into_iter(),
            periods: granularity.periods(days.until(clock.today)),
            metrics: metrics::ALL.iter().filter(is_written).collect(),
            hourly,
            clock,
            shape,
            state: State::Start,
        }
    }

    /// The rows as a test compares them.
    pub(crate) fn values(self) -> Vec<Value> {
        let text: Vec<u8> = self.flatten().collect();
        // The text was written by this crate and the records of a test, so it reads back.
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes the rows of one entity, with commas between them.
    fn write_entity(&self, entity: &Entity, out: &mut String) {
        let start = out.len();
        for period in &self.periods {
            let mut days = (period.first..=period.last).filter(|day| entity.presence.has(*day)).peekable();
            let Some(&day) = days.peek() else { continue };
            if self.hourly {
                for hour in 0..self.clock.hours(day) {
                    for series in &entity.series {
                        let numbers = self.clock.of_hour(series.key, day, hour);
                        self.write_row(period, Some(hour), series, &numbers, out.len() > start, out);
                    }
                }
                continue;
            }
            let days: Vec<i64> = days.collect();
            for series in &entity.series {
                let mut numbers = Numbers::default();
                days.iter().for_each(|day| numbers.add(&self.clock.of_day(series.key, *day)));
                self.write_row(period, None, series, &numbers, out.len() > start, out);
            }
        }
    }

    fn write_row(
        &self,
        period: &Period,
        hour: Option<u64>,
        series: &Series,
        numbers: &Numbers,
        follows: bool,
        out: &mut String,
    ) {
        out.push_str(if follows { ",{" } else { "{" });
        if let Some(date) = &period.date {
            out.push_str("\"DATE\":\"");
            out.push_str(date);
            out.push_str("\",");
        }
        if let Some(hour) = hour {
            out.push_str("\"HOUR\":");
            metrics::write_integer(hour, out);
            out.push(',');
        }
        out.push_str(&series.fields);
        for metric in &self.metrics {
            out.push_str(",\"");
            out.push_str(metric.column);
            out.push_str("\":");
            metric.value.write(numbers, out);
        }
        out.push('}');
    }
}

/// Pieces of the body.
impl Iterator for Rows {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut out = String::with_capacity(PIECE);
        let (open, close) = match self.shape {
            Shape::Array => ('[', ']'),
            Shape::ByEntity => ('{', '}'),
        };
        let mut has_rows = match self.state {
            State::Start => {
                out.push(open);
                false
            }
            State::Middle(has_rows) => has_rows,
            State::End => return None,
        };
        self.state = State::End;
        while let Some(entity) = self.entities.next() {
            let before = out.len();
            if has_rows {
                out.push(',');
            }
            if self.shape == Shape::ByEntity {
                out.push_str(&Value::from(entity.id.as_str()).to_string());
                out.push_str(":[");
            }
            let start = out.len();
            self.write_entity(&entity, &mut out);
            if out.len() == start {
                out.truncate(before);
                continue;
            }
            has_rows = true;
            if self.shape == Shape::ByEntity {
                out.push(']');
            }
            if out.len() >= PIECE {
                self.state = State::Middle(has_rows);
                break;
            }
        }
        if self.state == State::End {
            out.push(close);
        }
        Some(Bytes::from(out))
    }
}
