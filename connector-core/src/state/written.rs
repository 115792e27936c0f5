//! How a stream's state is written: the form that the official connectors of today write and read, entry by entry, without
//! a tree of values.

use airbyte_protocol::RawJson;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Map;
use serde_json::value::to_raw_value;

use super::saved::{Closed, DONE_WITHOUT_CURSOR, FOR_ALL, Shared};
use super::{Entry, StreamState};
use crate::cursor::{CursorFormat, CursorValue};
use crate::partition::Partition;

/// The state of a stream as JSON.
pub(super) fn render(state: &StreamState) -> RawJson {
    // Texts, numbers and maps with text keys: there is nothing that JSON cannot hold.
    to_raw_value(&Written(state)).map(RawJson::from).unwrap_or_default()
}

struct Written<'a>(&'a StreamState);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(state) = self;
        let mut map = serializer.serialize_map(None)?;
        let Some(field) = state.policy.field() else {
            if state.complete {
                map.serialize_entry(DONE_WITHOUT_CURSOR, &true)?;
            }
            return map.end();
        };
        let format = state.policy.format();
        let cursor = |value| WrittenCursor { field, value, format };
        if state.single {
            if let Some(value) = state.only() {
                map.serialize_entry(field, &value.render(format))?;
            }
            serialize_extras(
                state,
                &Partition::root(),
                state.known.first().map(|(_, entry)| entry),
                &mut map,
            )?;
            return map.end();
        }
        map.serialize_entry("use_global_cursor", &false)?;
        map.serialize_entry("states", &WrittenEntries { state, field, format })?;
        if let Some(value) = state.shared.value() {
            map.serialize_entry("state", &cursor(value))?;
        }
        map.serialize_entry("lookback_window", &state.lookback_seconds)?;
        map.serialize_entry("parent_state", &Map::new())?;
        // Without entries `state` stands for all by itself.
        if matches!(state.shared, Shared::ForAll(_)) && state.listed().next().is_some() {
            map.serialize_entry(FOR_ALL, &true)?;
        }
        map.end()
    }
}

impl StreamState {
    /// The cursor of a stream that is read as a whole. One that was shared stands for its lookback, too, which has no place
    /// beside it.
    pub(super) fn only(&self) -> Option<CursorValue> {
        let own = self.known.first().and_then(|(_, entry)| entry.value());
        own.or(match self.shared {
            Shared::ForAll(value) => Some(value.minus_seconds(self.lookback_seconds)),
            Shared::Beside(value) => Some(value),
            Shared::Nothing => None,
        })
    }

    /// The partitions that have a cursor, with what is known of them.
    pub(super) fn listed(&self) -> impl Iterator<Item = (&Partition, &Entry, CursorValue)> {
        self.known.iter().filter_map(|(partition, entry)| Some((partition, entry, entry.value()?)))
    }
}

struct WrittenCursor<'a> {
    field: &'a str,
    value: CursorValue,
    format: CursorFormat,
}

impl Serialize for WrittenCursor<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.field, self.value.render(self.format))])
    }
}

struct WrittenEntries<'a> {
    state: &'a StreamState,
    field: &'a str,
    format: CursorFormat,
}

impl Serialize for WrittenEntries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { state, field, format } = *self;
        serializer.collect_seq(state.listed().map(|(partition, entry, value)| WrittenEntry {
            state,
            partition,
            entry,
            cursor: WrittenCursor { field, value, format },
        }))
    }
}

struct WrittenEntry<'a> {
    state: &'a StreamState,
    partition: &'a Partition,
    entry: &'a Entry,
    cursor: WrittenCursor<'a>,
}

impl Serialize for WrittenEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("partition", self.partition)?;
        map.serialize_entry("cursor", &self.cursor)?;
        serialize_extras(self.state, self.partition, Some(self.entry), &mut map)?;
        map.end()
    }
}

/// Writes what stands beside a cursor.
fn serialize_extras<M: SerializeMap>(
    state: &StreamState,
    partition: &Partition,
    entry: Option<&Entry>,
    map: &mut M,
) -> Result<(), M::Error> {
    let extras = state.extras.get(partition);
    let settled = entry.and_then(Entry::settled).max(extras.and_then(|extras| extras.settled));
    if let Some(settled) = settled {
        map.serialize_entry("settled", &settled)?;
    }
    if let Some(extras) = extras.filter(|extras| !extras.kept.is_empty()) {
        map.serialize_entry("kept", &extras.kept)?;
    }
    match entry {
        Some(Entry::Open(cursor)) => {
            let today = state.now.date_naive();
            let closed: Vec<_> =
                cursor.closed_ahead().into_iter().map(|closed| Closed::on(today, closed)).collect();
            if !closed.is_empty() {
                map.serialize_entry("closed", &closed)?;
            }
        }
        Some(Entry::Read { .. } | Entry::Moved(_)) => {}
        // Not begun in this sync: as it was.
        Some(Entry::Saved(_)) | None => {
            if let Some(extras) = extras.filter(|extras| !extras.closed.is_empty()) {
                map.serialize_entry("closed", &extras.closed)?;
            }
        }
    }
    Ok(())
}
