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
        if let Some(value) = state.shared_as_written() {
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

/// Readers made with Airbyte's Python framework keep one cursor for all partitions as soon as they meet more than 10,000,
/// those that are new to them included, and then begin all of them at `state`.
const ROOM_FOR_OTHERS: usize = 9_000;

impl StreamState {
    /// The cursor beside those of the partitions. So many partitions that other readers would forget their cursors have the
    /// oldest of them here: begun there, none loses a record.
    fn shared_as_written(&self) -> Option<CursorValue> {
        match self.shared {
            // Beside none it would stand for all.
            Shared::Beside(value) if self.known.len() <= ROOM_FOR_OTHERS => {
                self.listed().next().map(|_| value)
            }
            Shared::Beside(_) => self.listed().map(|(_, _, cursor)| cursor).min(),
            shared => shared.value(),
        }
    }

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
    let settled = entry.and_then(Entry::settled).or(extras.and_then(|extras| extras.settled));
    if let Some(days) = settled {
        map.serialize_entry("settled", &days.end)?;
        map.serialize_entry("settled_from", &days.start)?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::saved::{Form, SavedState};
    use super::*;
    use crate::cursor::{ClientFiltered, CursorPolicy, WindowUnit, Windowed};
    use crate::partition::Division;

    const FIELD: &str = "t";

    fn seconds() -> CursorPolicy {
        let (field, format) = (FIELD.into(), CursorFormat::EpochSeconds);
        CursorPolicy::ClientFiltered(ClientFiltered { field, format, start: None, reread_shared: false })
    }

    fn days() -> CursorPolicy {
        let (field, unit) = (FIELD.into(), WindowUnit::Day);
        CursorPolicy::Windowed(Windowed {
            field,
            start: None,
            horizon_days: 89,
            step_days: 30,
            lookback_days: 7,
            unit,
        })
    }

    fn date() -> impl Strategy<Value = String> {
        (1_u32..=12, 1_u32..=28).prop_map(|(month, day)| format!("2026-{month:02}-{day:02}"))
    }

    fn window() -> impl Strategy<Value = (String, String, String)> {
        (date(), date(), date())
            .prop_map(|(one, other, on)| (one.clone().min(other.clone()), one.max(other), on))
    }

    /// A partition under no, one or two parents, or one whose parents are not told.
    fn partition() -> impl Strategy<Value = Value> {
        let level = prop_oneof![
            (0..20_u32).prop_map(|id| json!({ "id": id })),
            "[a-c]{1,2}".prop_map(|id| json!({"id": id, "k": [1]}))
        ];
        prop::collection::vec(level, 1..4)
            .prop_map(|levels| {
                levels.into_iter().reduce(|parent, mut level| {
                    level["parent_slice"] = parent;
                    level
                })
            })
            .prop_map(Value::from)
    }

    /// What stands beside a cursor.
    fn extras() -> impl Strategy<Value = Value> {
        let value =
            prop_oneof![Just(json!("token")), Just(json!({"token": "t", "page": 3})), Just(json!(null))];
        let kept = (window(), value).prop_map(
            |((start, end, on), value)| json!({"start": start, "end": end, "on": on, "value": value}),
        );
        let closed = (window(), prop::option::of(date())).prop_map(
            |((start, end, on), newest)| json!({"start": start, "end": end, "on": on, "newest": newest}),
        );
        let (kept, closed) = (prop::collection::vec(kept, 0..3), prop::collection::vec(closed, 0..3));
        (prop::option::of(date()), kept, closed)
            .prop_map(|(settled, kept, closed)| json!({"settled": settled, "kept": kept, "closed": closed}))
    }

    /// A cursor in one of the forms that versions have written.
    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            date().prop_map(Value::from),
            (0..2_000_000_000_i64).prop_map(Value::from),
            (0..2_000_000_000_i64).prop_map(|seconds| json!(seconds.to_string())),
            (0..20_000_i64).prop_map(|day| json!(day as f64 * 86_400.0)),
        ]
    }

    fn with(mut object: Value, more: &Value) -> Value {
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    }

    fn entry() -> impl Strategy<Value = Value> {
        (partition(), value(), extras()).prop_map(|(partition, value, extras)| {
            with(json!({"partition": partition, "cursor": {FIELD: value}}), &extras)
        })
    }

    /// The states that versions have written of a stream that has partitions.
    fn divided() -> impl Strategy<Value = Value> {
        let entries = prop::collection::vec(entry(), 0..6);
        let shared = (prop::option::of(value()), 0..100_000_i64, any::<bool>(), any::<bool>());
        prop_oneof![
            3 => (entries, shared).prop_map(|(entries, (shared, lookback, global, for_all))| json!({
                "states": entries, "state": shared.map(|value| json!({FIELD: value})), "lookback_window": lookback,
                "use_global_cursor": global, "state_is_for_all": for_all, "parent_state": {}})),
            1 => value().prop_map(|value| json!({FIELD: value})),
            1 => Just(json!({})),
        ]
    }

    fn parse(division: Option<&Division>, state: &RawJson) -> SavedState {
        SavedState::parse(Some(FIELD), division, state).unwrap()
    }

    fn rewritten(policy: CursorPolicy, division: Option<&Division>, state: &RawJson) -> RawJson {
        let now = "2026-11-24T00:00:00Z".parse().unwrap();
        StreamState::new(policy, division, Some(state), now).unwrap().rewritten()
    }

    /// Cut to what the format holds, each partition once, whatever the form.
    fn plain(mut state: SavedState, format: CursorFormat) -> SavedState {
        let cut = |value: CursorValue| CursorValue::parse(&json!(value.render(format))).unwrap();
        state.form = Form::default();
        state.shared = match state.shared {
            Shared::ForAll(value) => Shared::ForAll(cut(value)),
            Shared::Beside(value) => Shared::Beside(cut(value)),
            Shared::Nothing => Shared::Nothing,
        };
        for entry in &mut state.entries {
            entry.cursor = entry.cursor.map(cut);
        }
        state
    }

    /// Two spellings of one partition are one, which is another law.
    fn once(mut state: Value) -> Value {
        if let Some(entries) = state.get_mut("states").and_then(Value::as_array_mut) {
            let mut seen = Vec::new();
            entries.retain(|entry| {
                let partition: Partition = serde_json::from_value(entry["partition"].clone()).unwrap();
                let new = !seen.contains(&partition);
                seen.push(partition);
                new
            });
        }
        state
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_as_the_same_state(state in divided()) {
            let state = RawJson::from(once(state));
            for policy in [seconds(), days()] {
                let format = policy.format();
                let now = rewritten(policy.clone(), None, &state);
                prop_assert_eq!(plain(parse(None, &now), format), plain(parse(None, &state), format));
                prop_assert_eq!(rewritten(policy, None, &now).get().to_owned(), now.get());
            }
        }

        #[test]
        fn the_state_of_a_stream_that_is_read_as_a_whole_is_one_cursor(cursor in value(), extras in extras(), form in 0..3_usize) {
            let whole = Division::default();
            let state = match form {
                0 => with(json!({FIELD: cursor}), &extras),
                1 => json!({"states": [with(json!({"partition": {}, "cursor": {FIELD: cursor}}), &extras)], "state": {FIELD: 0}}),
                _ => with(json!({"use_global_cursor": true, "state": {FIELD: cursor}}), &extras),
            };
            let (state, expected) = (RawJson::from(state), RawJson::from(with(json!({FIELD: cursor}), &extras)));
            let now = rewritten(days(), Some(&whole), &state);
            let expected = plain(parse(Some(&whole), &expected), CursorFormat::Date);
            prop_assert_eq!(parse(Some(&whole), &now), SavedState { form: Form::Flat, ..expected });
            prop_assert_eq!(rewritten(days(), Some(&whole), &now).get().to_owned(), now.get());
        }
    }

    #[test]
    fn a_shared_cursor_of_a_stream_that_is_read_as_a_whole_stands_for_its_lookback() {
        let state =
            json!({"use_global_cursor": true, "state": {FIELD: "2026-11-15"}, "lookback_window": 100_000});
        let now = rewritten(days(), Some(&Division::default()), &state.into());
        assert_eq!(now.get(), r#"{"t":"2026-11-13"}"#);
    }

    #[test]
    fn of_a_full_refresh_only_that_it_was_done_is_written() {
        for (state, expected) in [
            (json!({"__ab_full_refresh_state_message": true}), r#"{"__ab_no_cursor_state_message":true}"#),
            (json!({"__ab_no_cursor_state_message": true}), r#"{"__ab_no_cursor_state_message":true}"#),
            (json!({"next_page_token": "x"}), "{}"),
            (json!({"states": [], "t": 5}), "{}"),
        ] {
            assert_eq!(rewritten(CursorPolicy::FullRefresh, None, &state.into()).get(), expected);
        }
    }
}
