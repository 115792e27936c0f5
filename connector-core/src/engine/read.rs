//! Reads one slice: pages to rendered records, cursor values and the children's partitions.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde_json::Value;

use crate::cast::Cast;
use crate::cursor::CursorValue;
use crate::emitter::{Lines, OutputClosed, StreamOutput};
use crate::failure::Failure;
use crate::fault;
use crate::owners::Owners;
use crate::peek::Peek;
use crate::slice::Slice;
use crate::stream::{Page, RawRecord, Stream};
use crate::transform::without_fields;

use super::FromParent;
use super::run::Child;

/// What all slices of a stream have in common.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) peek: Peek,
    pub(super) cursor: Option<usize>,
    pub(super) partition_of: Option<usize>,
    pub(super) children: Vec<(usize, Child)>,
    pub(super) name: String,
    pub(super) dropped_fields: Vec<String>,
    /// Makes records fit the schema.
    pub(super) cast: Option<Cast>,
    /// The fields that did not fit, so that each is told once.
    pub(super) not_cast: Mutex<HashSet<String>>,
    pub(super) output: Option<StreamOutput>,
    pub(super) now: DateTime<Utc>,
}

/// How reading a slice ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) slice: Slice,
    /// The bytes of the records that were written.
    pub(super) bytes: usize,
    /// The newest value of each partition that does not lie in the future.
    pub(super) newest: Vec<Option<CursorValue>>,
    pub(super) outcome: Result<(), Stopped>,
}

/// Why a slice was not read to its end.
#[derive(Debug)]
pub(super) enum Stopped {
    Failed(Failure),
    OutputClosed,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<OutputClosed> for Stopped {
    fn from(_: OutputClosed) -> Self {
        Self::OutputClosed
    }
}

/// Reads one slice to its end. `bounds` holds for each partition the value below which records are too old.
pub(super) async fn read_slice(
    stream: Arc<dyn Stream>,
    reading: Arc<Reading>,
    slice: Slice,
    bounds: Vec<Option<CursorValue>>,
) -> Ended {
    let newest = vec![None; slice.partitions().len()];
    let owners = Owners::of(reading.partition_of, &slice);
    let mut reader = SliceReader { reading, owners, bounds, newest, bytes: 0, warned: false };
    let outcome = fault::catch(reader.read(&*stream, &slice)).await.unwrap_or_else(|fault| Err(fault.into()));
    Ended { slice, bytes: reader.bytes, newest: reader.newest, outcome }
}

struct SliceReader {
    reading: Arc<Reading>,
    owners: Owners,
    bounds: Vec<Option<CursorValue>>,
    newest: Vec<Option<CursorValue>>,
    bytes: usize,
    warned: bool,
}

impl SliceReader {
    async fn read(&mut self, stream: &dyn Stream, slice: &Slice) -> Result<(), Stopped> {
        let mut pages = stream.read(slice);
        while let Some(page) = pages.next().await {
            self.page(slice, page?).await?;
        }
        Ok(())
    }

    async fn page(&mut self, slice: &Slice, page: Page) -> Result<(), Stopped> {
        let reading = self.reading.clone();
        let mut found = vec![Vec::new(); reading.children.len()];
        let mut lines = reading.output.as_ref().map(StreamOutput::lines);
        let emitted_at = reading.output.as_ref().map_or(0, StreamOutput::now_ms);
        for record in &page.records {
            let values = reading
                .peek
                .values(record.as_bytes())
                .map_err(|error| Failure::system("a record is not a JSON object").with_source(error))?;
            let partition = self.owners.index(&values);
            let owner = partition.and_then(|index| slice.partitions().get(index));
            for (index, (position, child)) in reading.children.iter().enumerate() {
                let key = values.get(*position).unwrap_or(&Value::Null);
                if key.is_null() {
                    continue;
                }
                let owner = owner.ok_or_else(|| {
                    Failure::system(format!("a record belongs to none of the partitions asked for ({slice})"))
                })?;
                found[index].push(owner.child([(child.key.clone(), key.clone())]));
            }
            if !self.wants(&reading, slice, partition, &values) {
                continue;
            }
            if let (Some(output), Some(lines)) = (&reading.output, &mut lines) {
                let before = lines.len();
                render(output, &reading, record, lines, emitted_at)?;
                self.bytes += lines.len() - before;
                if lines.is_full() {
                    output.records(std::mem::replace(lines, output.lines())).await?;
                }
            }
        }
        for ((_, child), partitions) in reading.children.iter().zip(found) {
            if !partitions.is_empty() {
                child.tell(FromParent::Partitions(partitions));
            }
        }
        match (&reading.output, lines) {
            (Some(output), Some(lines)) if !lines.is_empty() => Ok(output.records(lines).await?),
            _ => Ok(()),
        }
    }

    /// Judges a record by its cursor value, and remembers the value.
    fn wants(
        &mut self,
        reading: &Reading,
        slice: &Slice,
        partition: Option<usize>,
        values: &[Value],
    ) -> bool {
        let Some(value) = reading.cursor.and_then(|position| values.get(position)) else { return true };
        let Some(value) = CursorValue::parse(value) else {
            if !std::mem::replace(&mut self.warned, true) {
                tracing::warn!("a record of {slice} has no cursor value that names a moment; it is kept");
            }
            return true;
        };
        let Some(partition) = partition else { return true };
        if self.bounds[partition].is_some_and(|bound| value < bound) {
            return false;
        }
        // A value in the future would hide everything until then, and one behind the window what lies between.
        let within = slice.window().is_none_or(|window| value.date() <= window.end);
        if within && value <= CursorValue::from(reading.now) {
            self.newest[partition] = self.newest[partition].max(Some(value));
        }
        true
    }
}

fn render(
    output: &StreamOutput,
    reading: &Reading,
    record: &RawRecord,
    lines: &mut Lines,
    emitted_at: i64,
) -> Result<(), Failure> {
    let mut changed = Vec::new();
    let outcome = match &reading.cast {
        None if reading.dropped_fields.is_empty() => {
            output.render(lines, record.as_bytes(), emitted_at);
            return Ok(());
        }
        None => without_fields(record.as_bytes(), &reading.dropped_fields, &mut changed),
        Some(cast) if reading.dropped_fields.is_empty() && !cast.changes(record.as_bytes()) => {
            output.render(lines, record.as_bytes(), emitted_at);
            return Ok(());
        }
        Some(cast) => {
            let mut warn = |field: &str| reading.does_not_fit(field);
            cast.apply(record.as_bytes(), &reading.dropped_fields, &mut changed, &mut warn)
        }
    };
    outcome.map_err(|error| Failure::system("a record is not a JSON object").with_source(error))?;
    output.render(lines, &changed, emitted_at);
    Ok(())
}

impl Reading {
    fn does_not_fit(&self, field: &str) {
        let mut told = self.not_cast.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(field.to_owned()) {
            tracing::warn!(
                "stream {}: values of {field} do not fit the schema; they stay as they came",
                self.name
            );
        }
    }
}
