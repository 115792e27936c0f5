//! A stream's state: reads what earlier syncs saved, keeps each partition's cursor, renders checkpoints.
//!
//! The JSON shapes are the ones existing Airbyte connections hold: one flat cursor (`{"updated_time": …}`), or one
//! for each partition (`{"states": [{"partition": …, "cursor": …}], "state": …, "lookback_window": …}`). Beside a cursor
//! may stand `closed` (windows that were read although an earlier one is open), `settled` (days up to this one were final when they were read) and `kept` (what a slice that is not read
//! yet wants to find again, with its window and the day it was kept).

use std::collections::HashMap;
use std::time::Duration;

use airbyte_protocol::RawJson;
use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cursor::{
    ClientFilteredCursor, ClosedWindow, Cursor, CursorPolicy, CursorValue, Known, Saved, Window,
    WindowedCursor,
};
use crate::failure::Failure;
use crate::partition::Partition;

/// Said of a full-refresh stream that was read to its end; other readers take it for "no state".
const DONE_WITHOUT_CURSOR: &str = "__ab_no_cursor_state_message";
/// Any of these makes a state one that is kept for each partition.
const PER_PARTITION: [&str; 5] = ["states", "state", "use_global_cursor", "lookback_window", "parent_state"];

/// The cursors of one stream.
#[derive(Debug)]
pub(crate) struct StreamState {
    policy: CursorPolicy,
    /// Whether the stream is read as a whole and its state is one flat cursor.
    single: bool,
    now: DateTime<Utc>,
    /// The cursor for partitions without one of their own.
    shared: Shared,
    lookback_seconds: i64,
    known: Vec<(Partition, Entry)>,
    index: HashMap<Partition, usize>,
    /// Of the few partitions that have any.
    extras: HashMap<Partition, Extras>,
    /// Days up to this one are final at the source now.
    final_now: Option<NaiveDate>,
    newest: Option<CursorValue>,
    complete: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shared {
    Nothing,
    /// One cursor stood for all partitions.
    ForAll(CursorValue),
    /// Partitions have cursors; this one stands beside them.
    Beside(CursorValue),
}

/// What a saved entry holds beside its cursor.
#[derive(Debug, Default)]
struct Extras {
    settled: Option<NaiveDate>,
    kept: Vec<Kept>,
    closed: Vec<Closed>,
}

/// A window that was read although an earlier one is open.
#[derive(Debug, Serialize, Deserialize)]
struct Closed {
    #[serde(flatten)]
    window: Window,
    /// The day on which it was read, UTC. Later its numbers may be others.
    on: NaiveDate,
    /// The newest day that it had rows of.
    newest: Option<NaiveDate>,
}

impl Closed {
    fn on(day: NaiveDate, closed: ClosedWindow) -> Self {
        Self { window: closed.window, on: day, newest: closed.newest.map(CursorValue::date) }
    }

    fn known(&self) -> ClosedWindow {
        ClosedWindow { window: self.window, newest: self.newest.map(CursorValue::from_date) }
    }
}

/// What a slice that is not read yet wants to find again.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    window: Window,
    /// The day on which it was kept, UTC.
    on: NaiveDate,
    value: Value,
}

impl Kept {
    /// Whether it still stands for the whole window: the last day of one that was not over may have grown since.
    fn is_whole(&self, today: NaiveDate) -> bool {
        self.window.end < self.on || self.on == today
    }
}

#[derive(Debug)]
enum Entry {
    Saved(CursorValue),
    Open(Box<dyn Cursor>),
}

impl Entry {
    fn value(&self) -> Option<CursorValue> {
        match self {
            Self::Saved(value) => Some(*value),
            Self::Open(cursor) => cursor.value(),
        }
    }

    fn settled(&self) -> Option<NaiveDate> {
        match self {
            Self::Saved(_) => None,
            Self::Open(cursor) => cursor.settled(),
        }
    }

    fn closed_ahead(&self) -> Vec<ClosedWindow> {
        match self {
            Self::Saved(_) => Vec::new(),
            Self::Open(cursor) => cursor.closed_ahead(),
        }
    }
}

/// What to read of a partition.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) windows: Vec<Option<Window>>,
}

impl StreamState {
    /// Reads the state that an earlier sync saved; `now` is the moment this sync started.
    ///
    /// # Errors
    /// A config failure when the state belongs to something else or holds values that name no moment.
    pub(crate) fn new(
        policy: CursorPolicy,
        single: bool,
        saved: Option<&RawJson>,
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let mut state = Self {
            policy,
            single,
            now,
            shared: Shared::Nothing,
            lookback_seconds: 0,
            known: Vec::new(),
            index: HashMap::new(),
            extras: HashMap::new(),
            final_now: None,
            newest: None,
            complete: false,
        };
        if let (Some(saved), Some(field)) = (saved, state.policy.field().map(str::to_owned)) {
            let value: Value = saved.parse().map_err(|error| foreign(&error.to_string()))?;
            state.load(&field, value)?;
        }
        Ok(state)
    }

    fn load(&mut self, field: &str, value: Value) -> Result<(), Failure> {
        let map = match value {
            Value::Null => return Ok(()),
            Value::Object(map) => map,
            _ => return Err(foreign("it is not a JSON object")),
        };
        if let Some(cursor) = map.get(field) {
            self.shared = parse(field, cursor)?.map_or(Shared::Nothing, Shared::ForAll);
            return self.load_extras(Partition::root(), &map);
        }
        if PER_PARTITION.iter().any(|key| map.contains_key(*key)) {
            return self.load_partitions(field, &map);
        }
        // Marks of full-refresh syncs say nothing about progress.
        let only_marks = map.keys().all(|key| key.starts_with("__ab_") || key == "next_page_token");
        if only_marks { Ok(()) } else { Err(foreign(&format!("it has neither `{field}` nor `states`"))) }
    }

    fn load_partitions(&mut self, field: &str, map: &Map<String, Value>) -> Result<(), Failure> {
        let entries = match map.get("states") {
            None | Some(Value::Null) => &[],
            Some(Value::Array(entries)) => entries.as_slice(),
            Some(_) => return Err(foreign("`states` is not a list")),
        };
        for entry in entries {
            self.load_entry(field, entry)?;
        }
        self.lookback_seconds = match map.get("lookback_window") {
            None | Some(Value::Null) => 0,
            Some(seconds) => {
                let whole = seconds.as_i64().filter(|seconds| *seconds >= 0);
                whole.ok_or_else(|| foreign("`lookback_window` is not a whole number of seconds"))?
            }
        };
        let shared = match map.get("state") {
            None | Some(Value::Null) => None,
            Some(cursor) => cursor_of(field, cursor)?,
        };
        if let Some(value) = shared {
            let for_all = map.get("use_global_cursor").and_then(Value::as_bool).unwrap_or(false);
            self.shared = if for_all { Shared::ForAll(value) } else { Shared::Beside(value) };
        }
        Ok(())
    }

    fn load_entry(&mut self, field: &str, entry: &Value) -> Result<(), Failure> {
        let partition =
            entry.get("partition").ok_or_else(|| foreign("an entry of `states` has no `partition`"))?;
        let partition: Partition = serde_json::from_value(partition.clone())
            .map_err(|error| foreign(&format!("a partition cannot be read: {error}")))?;
        let value = match entry.get("cursor") {
            None | Some(Value::Null) => None,
            Some(cursor) => cursor_of(field, cursor)
                .map_err(|failure| Failure::config(format!("{failure} (partition {partition})")))?,
        };
        let Some(value) = value else { return Ok(()) };
        if let Some(entry) = entry.as_object() {
            self.load_extras(partition.clone(), entry)
                .map_err(|failure| Failure::config(format!("{failure} (partition {partition})")))?;
        }
        match self.index.get(&partition) {
            // Two spellings of one partition: the older cursor loses nothing.
            Some(index) => {
                let entry = &mut self.known[*index].1;
                *entry = Entry::Saved(entry.value().map_or(value, |known| known.min(value)));
            }
            None => self.insert(partition, Entry::Saved(value)),
        }
        Ok(())
    }

    fn load_extras(&mut self, partition: Partition, entry: &Map<String, Value>) -> Result<(), Failure> {
        let extras = Extras {
            settled: extra(entry, "settled")?,
            kept: extra(entry, "kept")?.unwrap_or_default(),
            closed: extra(entry, "closed")?.unwrap_or_default(),
        };
        if extras.settled.is_some() || !extras.kept.is_empty() || !extras.closed.is_empty() {
            self.extras.insert(partition, extras);
        }
        Ok(())
    }

    fn insert(&mut self, partition: Partition, entry: Entry) {
        self.index.insert(partition.clone(), self.known.len());
        self.known.push((partition, entry));
    }

    /// Starts a partition: says which windows to ask for and which records are too old.
    pub(crate) fn open(&mut self, partition: &Partition) -> Opened {
        let index = self.index.get(partition).copied();
        let saved = match (index.and_then(|index| self.known[index].1.value()), self.shared) {
            (Some(value), _) => Saved::Own(value),
            (None, Shared::ForAll(value)) => Saved::Shared(value.minus_seconds(self.lookback_seconds)),
            // What the others have read says nothing of a partition that nobody has read yet: filtered or begun with their
            // progress, its older records would be lost for good.
            (None, Shared::Beside(_) | Shared::Nothing) => Saved::Nothing,
        };
        let today = self.now.date_naive();
        let cursor: Box<dyn Cursor> = match &self.policy {
            CursorPolicy::FullRefresh => return Opened { windows: vec![None] },
            CursorPolicy::ClientFiltered(policy) => Box::new(ClientFilteredCursor::new(policy, saved)),
            CursorPolicy::Windowed(policy) => {
                let extras = self.extras.get(partition);
                let kept = extras.into_iter().flat_map(|extras| &extras.kept);
                let closed = extras.into_iter().flat_map(|extras| &extras.closed);
                let known = Known {
                    saved,
                    settled: extras.and_then(|extras| extras.settled),
                    kept: kept.filter(|kept| kept.is_whole(today)).map(|kept| kept.window).collect(),
                    closed: closed.filter(|closed| closed.on == today).map(Closed::known).collect(),
                };
                Box::new(WindowedCursor::new(policy, known, today, self.final_now))
            }
        };
        let opened = Opened { windows: cursor.windows() };
        if let Some(extras) = self.extras.get_mut(partition) {
            extras.kept.retain(|kept| kept.is_whole(today) && opened.windows.contains(&Some(kept.window)));
        }
        match index {
            Some(index) => self.known[index].1 = Entry::Open(cursor),
            None => self.insert(partition.clone(), Entry::Open(cursor)),
        }
        opened
    }

    /// Says that an open partition is asked for in these windows, which begin earlier than its own: what is older than
    /// its own start is not wanted.
    pub(crate) fn ask_for(&mut self, partition: &Partition, windows: &[Option<Window>]) {
        if let Some(index) = self.index.get(partition)
            && let Entry::Open(cursor) = &mut self.known[*index].1
        {
            cursor.ask_for(windows);
        }
    }

    /// Records of this partition before this value were read by an earlier sync.
    pub(crate) fn lower_bound(&self, partition: &Partition) -> Option<CursorValue> {
        match &self.known[*self.index.get(partition)?].1 {
            Entry::Open(cursor) => cursor.lower_bound(),
            Entry::Saved(_) => None,
        }
    }

    /// Whether the stream is read in windows.
    pub(crate) fn is_windowed(&self) -> bool {
        matches!(self.policy, CursorPolicy::Windowed(_))
    }

    /// The newest saved day and the first that can still be asked for, when all that is saved is older: what lies between
    /// is not served any more.
    pub(crate) fn gap(&self) -> Option<(NaiveDate, NaiveDate)> {
        let CursorPolicy::Windowed(policy) = &self.policy else { return None };
        let saved = self.known.iter().filter_map(|(_, entry)| entry.value());
        let newest = saved.chain(self.flat_fallback()).max()?.date();
        let oldest = policy.oldest(self.now.date_naive());
        (newest < oldest).then_some((newest, oldest))
    }

    /// Says up to which day the source calls its numbers final. To be said before partitions are opened.
    pub(crate) fn final_up_to(&mut self, day: NaiveDate) {
        self.final_now = Some(day);
    }

    /// What was kept of a slice, by an earlier sync or by this one.
    pub(crate) fn kept(&self, partition: &Partition, window: Window) -> Option<&Value> {
        let kept = &self.extras.get(partition)?.kept;
        kept.iter().find(|kept| kept.window == window).map(|kept| &kept.value)
    }

    /// Keeps something of a slice until it is closed, or forgets it.
    pub(crate) fn keep(&mut self, partition: &Partition, window: Window, value: Option<Value>) {
        let on = self.now.date_naive();
        let kept = &mut self.extras.entry(partition.clone()).or_default().kept;
        kept.retain(|kept| kept.window != window);
        kept.extend(value.map(|value| Kept { window, on, value }));
    }

    /// Says that a slice of a partition was read to its end and written, and what its newest value was. Values in
    /// the future do not count: they would hide everything until then.
    pub(crate) fn close(
        &mut self,
        partition: &Partition,
        window: Option<Window>,
        newest: Option<CursorValue>,
    ) {
        self.newest = self.newest.max(newest);
        if let (Some(window), Some(extras)) = (window, self.extras.get_mut(partition)) {
            extras.kept.retain(|kept| kept.window != window);
        }
        if let Some(index) = self.index.get(partition)
            && let Entry::Open(cursor) = &mut self.known[*index].1
        {
            cursor.close(window, newest);
        }
    }

    /// Says that every partition was read to its end, in a sync that took this long.
    pub(crate) fn complete(&mut self, took: Duration) {
        self.complete = true;
        let Some(newest) = self.newest else { return };
        let before = match self.shared {
            Shared::Nothing => None,
            Shared::ForAll(value) | Shared::Beside(value) => Some(value),
        };
        self.shared = Shared::Beside(before.map_or(newest, |before| before.max(newest)));
        let whole = took.as_secs() + u64::from(took.subsec_nanos() > 0);
        self.lookback_seconds = i64::try_from(whole).unwrap_or(i64::MAX);
    }

    /// Whether the state says more with each slice that is closed, and not only at the end.
    pub(crate) fn moves(&self) -> bool {
        self.policy != CursorPolicy::FullRefresh
    }

    /// How many partitions a checkpoint lists.
    pub(crate) fn partitions(&self) -> usize {
        self.known.len()
    }

    /// The state as it is written.
    pub(crate) fn checkpoint(&self) -> Value {
        let Some(field) = self.policy.field() else {
            return if self.complete { json!({ DONE_WITHOUT_CURSOR: true }) } else { json!({}) };
        };
        let cursor = |value: CursorValue| json!({ field: value.render(self.policy.format()) });
        if self.single {
            let value = self.known.first().and_then(|(_, entry)| entry.value());
            let mut state = value.or(self.flat_fallback()).map_or_else(|| json!({}), cursor);
            self.add_extras(&mut state, &Partition::root());
            return state;
        }
        let states = self.known.iter().filter_map(|(partition, entry)| {
            let value = entry.value()?;
            let mut written = json!({"partition": partition, "cursor": cursor(value)});
            self.add_extras(&mut written, partition);
            Some(written)
        });
        let mut map = Map::new();
        map.insert("use_global_cursor".into(), false.into());
        map.insert("states".into(), states.collect());
        if let Shared::ForAll(value) | Shared::Beside(value) = self.shared {
            map.insert("state".into(), cursor(value));
        }
        map.insert("lookback_window".into(), self.lookback_seconds.into());
        map.insert("parent_state".into(), json!({}));
        Value::Object(map)
    }

    fn add_extras(&self, entry: &mut Value, partition: &Partition) {
        let known = self.index.get(partition).map(|index| &self.known[*index].1);
        let settled = known.and_then(Entry::settled);
        let extras = self.extras.get(partition);
        if let Some(settled) = settled.max(extras.and_then(|extras| extras.settled)) {
            entry["settled"] = json!(settled);
        }
        if let Some(extras) = extras.filter(|extras| !extras.kept.is_empty()) {
            entry["kept"] = json!(extras.kept);
        }
        match known {
            Some(known @ Entry::Open(_)) => {
                let on = self.now.date_naive();
                let closed = known.closed_ahead().into_iter().map(|closed| Closed::on(on, closed));
                let closed: Vec<_> = closed.collect();
                if !closed.is_empty() {
                    entry["closed"] = json!(closed);
                }
            }
            // Not begun in this sync: as it was.
            _ => {
                if let Some(extras) = extras.filter(|extras| !extras.closed.is_empty()) {
                    entry["closed"] = json!(extras.closed);
                }
            }
        }
    }

    fn flat_fallback(&self) -> Option<CursorValue> {
        match self.shared {
            Shared::ForAll(value) | Shared::Beside(value) => Some(value),
            Shared::Nothing => None,
        }
    }
}

/// What stands beside a cursor under this key.
fn extra<T: DeserializeOwned>(entry: &Map<String, Value>, key: &str) -> Result<Option<T>, Failure> {
    let value = entry.get(key).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| foreign(&format!("`{key}` cannot be read: {error}")))
}

/// The cursor in an object such as `{"updated_time": "1794268800"}`; `None` for a mark of a full-refresh sync.
fn cursor_of(field: &str, cursor: &Value) -> Result<Option<CursorValue>, Failure> {
    let map = cursor.as_object().ok_or_else(|| foreign("a cursor is not an object"))?;
    match map.get(field) {
        Some(value) => parse(field, value),
        None if map.keys().all(|key| key.starts_with("__ab_") || key == "next_page_token") => Ok(None),
        None => Err(foreign(&format!("a cursor has no `{field}`"))),
    }
}

fn parse(field: &str, value: &Value) -> Result<Option<CursorValue>, Failure> {
    if value.is_null() {
        return Ok(None);
    }
    let parsed = CursorValue::parse(value);
    parsed
        .map(Some)
        .ok_or_else(|| foreign(&format!("the value {value} of `{field}` is neither a time nor a date")))
}

fn foreign(why: &str) -> Failure {
    Failure::config(format!(
        "the saved state cannot be used: {why}; pass the state of this stream, or reset the stream to read it anew"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::{ClientFiltered, CursorFormat, Windowed};

    const FIELD: &str = "updated_time";

    fn now() -> DateTime<Utc> {
        "2026-11-24T00:00:00Z".parse().unwrap()
    }

    fn policy(start: Option<i64>) -> CursorPolicy {
        CursorPolicy::ClientFiltered(ClientFiltered {
            field: FIELD.into(),
            format: CursorFormat::EpochSeconds,
            start: start.and_then(CursorValue::from_epoch_seconds),
        })
    }

    fn windowed() -> Windowed {
        Windowed {
            field: "DATE".into(),
            start: None,
            horizon_days: 89,
            step_days: 90,
            lookback_days: 0,
            unit: crate::cursor::WindowUnit::Day,
        }
    }

    fn daily() -> CursorPolicy {
        CursorPolicy::Windowed(windowed())
    }

    fn load(policy: CursorPolicy, single: bool, saved: Value) -> Result<StreamState, Failure> {
        StreamState::new(policy, single, Some(&RawJson::from(saved)), now())
    }

    fn account(id: &str) -> Partition {
        Partition::root().child([("id", id)])
    }

    fn bound(state: &mut StreamState, id: &str) -> Option<String> {
        state.open(&account(id));
        state.lower_bound(&account(id)).map(|value| value.render(CursorFormat::EpochSeconds))
    }

    fn first_day(state: &mut StreamState, id: &str) -> String {
        state.open(&account(id)).windows[0].unwrap().start.to_string()
    }

    #[test]
    fn per_partition_state_gives_each_partition_its_own_start() {
        let saved = json!({"states": [
            {"partition": {"id": "A", "parent_slice": {}}, "cursor": {FIELD: "20"}},
            {"partition": {"parent_slice": {}, "id": "B"}, "cursor": {FIELD: 30}}]});
        let mut state = load(policy(Some(1)), false, saved).unwrap();
        assert_eq!(bound(&mut state, "A").as_deref(), Some("20"));
        assert_eq!(bound(&mut state, "B").as_deref(), Some("30"));
        assert_eq!(bound(&mut state, "C").as_deref(), Some("1"));
    }

    #[test]
    fn a_flat_cursor_starts_every_partition() {
        for saved in [
            json!({FIELD: 20}),
            json!({FIELD: 20.0}),
            json!({FIELD: "20"}),
            json!({FIELD: "1970-01-01T00:00:20Z"}),
        ] {
            let mut state = load(policy(None), false, saved).unwrap();
            assert_eq!(bound(&mut state, "A").as_deref(), Some("20"));
        }
    }

    #[test]
    fn a_global_cursor_starts_every_partition_its_lookback_earlier() {
        let saved = json!({"use_global_cursor": true, "state": {FIELD: "20"}, "lookback_window": 5});
        let mut state = load(policy(None), false, saved).unwrap();
        assert_eq!(bound(&mut state, "A").as_deref(), Some("15"));
    }

    #[test]
    fn a_global_cursor_of_a_dated_stream_starts_whole_days_earlier() {
        for (lookback, expected) in [(1, "2026-11-14"), (86_401, "2026-11-13"), (100_000, "2026-11-13")] {
            let saved = json!({"use_global_cursor": true, "state": {"DATE": "2026-11-15"}, "lookback_window": lookback});
            assert_eq!(first_day(&mut load(daily(), false, saved).unwrap(), "new"), expected);
        }
    }

    #[test]
    fn a_new_partition_of_a_dated_stream_starts_at_its_own_start() {
        let saved = json!({"states": [], "state": {"DATE": "2026-11-15"}, "lookback_window": 1});
        assert_eq!(first_day(&mut load(daily(), false, saved).unwrap(), "new"), "2026-08-27");
    }

    #[test]
    fn what_a_slice_keeps_comes_back_with_the_next_sync_until_the_slice_is_closed() {
        let mut state = load(daily(), false, json!({})).unwrap();
        let window = state.open(&account("A")).windows[0].unwrap();
        state.keep(&account("A"), window, Some(json!({"token": "t1"})));
        state.keep(&account("A"), window, Some(json!({"token": "t2"})));
        let saved = state.checkpoint();
        assert_eq!(
            saved["states"][0].to_string(),
            r#"{"partition":{"id":"A","parent_slice":{}},"cursor":{"DATE":"2026-08-27"},"kept":[{"start":"2026-08-27","end":"2026-11-24","on":"2026-11-24","value":{"token":"t2"}}]}"#
        );
        let mut state = load(daily(), false, saved).unwrap();
        assert_eq!(state.open(&account("A")).windows, [Some(window)]);
        assert_eq!(state.kept(&account("A"), window), Some(&json!({"token": "t2"})));
        assert_eq!(state.kept(&account("B"), window), None);
        state.close(&account("A"), Some(window), None);
        assert_eq!(state.checkpoint()["states"][0].get("kept"), None);
    }

    #[test]
    fn what_was_kept_of_a_window_that_is_not_read_any_more_is_forgotten() {
        // The last day was not over when the first was kept; the second is another window now; the third still stands.
        for (start, end, on, stands) in [
            ("2026-11-01", "2026-11-23", "2026-11-23", false),
            ("2026-08-01", "2026-08-30", "2026-11-24", false),
            ("2026-11-01", "2026-11-20", "2026-11-23", true),
            ("2026-11-01", "2026-11-24", "2026-11-24", true),
        ] {
            let kept = json!([{"start": start, "end": end, "on": on, "value": 1}]);
            let saved = json!({"states": [{"partition": {"id": "A"}, "cursor": {"DATE": "2026-11-01"}, "kept": kept}]});
            let mut state = load(daily(), false, saved).unwrap();
            let windows = state.open(&account("A")).windows;
            let window = Window { start: start.parse().unwrap(), end: end.parse().unwrap() };
            assert_eq!(windows.contains(&Some(window)), stands, "{start} {end} {on}");
            assert_eq!(state.checkpoint()["states"][0]["kept"].is_array(), stands, "{start} {end} {on}");
        }
    }

    #[test]
    fn windows_that_were_read_before_an_earlier_one_are_known_to_the_next_sync_of_the_day() {
        let three = || CursorPolicy::Windowed(Windowed { step_days: 30, ..windowed() });
        let mut state = load(three(), false, json!({})).unwrap();
        let windows = state.open(&account("A")).windows;
        state.close(&account("A"), windows[1], Some(CursorValue::from_date("2026-10-20".parse().unwrap())));
        let saved = state.checkpoint();
        assert_eq!(
            saved["states"][0]["closed"].to_string(),
            r#"[{"start":"2026-09-26","end":"2026-10-25","on":"2026-11-24","newest":"2026-10-20"}]"#
        );
        let mut state = load(three(), false, saved.clone()).unwrap();
        assert_eq!(state.checkpoint(), saved, "a sync that is stopped before it begins forgets nothing");
        assert_eq!(state.open(&account("A")).windows, [windows[0], windows[2]]);
        assert_eq!(state.checkpoint()["states"][0]["closed"], saved["states"][0]["closed"]);
        state.close(&account("A"), windows[0], None);
        let written = state.checkpoint();
        assert_eq!(written["states"][0]["cursor"]["DATE"], "2026-10-20");
        assert_eq!(written["states"][0].get("closed"), None);

        let tomorrow = "2026-11-25T00:00:00Z".parse().unwrap();
        let mut state = StreamState::new(three(), false, Some(&RawJson::from(saved)), tomorrow).unwrap();
        assert_eq!(state.open(&account("A")).windows.len(), 3, "its numbers may be others now");
    }

    #[test]
    fn days_that_were_final_when_they_were_read_stay_known() {
        let mut state = load(daily(), false, json!({})).unwrap();
        state.final_up_to("2026-11-20".parse().unwrap());
        let window = state.open(&account("A")).windows[0];
        state.close(&account("A"), window, None);
        state.open(&account("B"));
        let saved = state.checkpoint();
        assert_eq!(
            (&saved["states"][0]["settled"], saved["states"][1].get("settled")),
            (&json!("2026-11-20"), None)
        );
        // A partition that is gone keeps what was known of it.
        let mut state = load(daily(), false, saved).unwrap();
        assert_eq!(state.checkpoint()["states"][0]["settled"], "2026-11-20");
        state.final_up_to("2026-11-20".parse().unwrap());
        assert_eq!(first_day(&mut state, "A"), "2026-11-21");
        assert_eq!(first_day(&mut state, "B"), "2026-08-27");
    }

    #[test]
    fn marks_and_empty_states_are_a_first_sync() {
        for saved in [
            json!({}),
            json!(null),
            json!({"states": []}),
            json!({"__ab_no_cursor_state_message": true}),
            json!({"next_page_token": "x"}),
            json!({"states": [{"partition": {"id": "A"}, "cursor": {"__ab_full_refresh_sync_complete": true}}]}),
        ] {
            let mut state = load(policy(Some(7)), false, saved.clone()).unwrap();
            assert_eq!(bound(&mut state, "A").as_deref(), Some("7"), "{saved}");
        }
    }

    #[test]
    fn a_foreign_state_is_refused_with_the_reason() {
        for (saved, reason) in [
            (json!({"position": 7}), "neither `updated_time` nor `states`"),
            (json!([]), "not a JSON object"),
            (json!({"states": 5}), "`states` is not a list"),
            (json!({"states": [{"cursor": {}}]}), "no `partition`"),
            (json!({FIELD: "garbage"}), "neither a time nor a date"),
            (json!({"states": [{"partition": {"id": "A"}, "cursor": {"other": 1}}]}), "id=A"),
            (
                json!({"states": [{"partition": {"id": "A"}, "cursor": {FIELD: 1}, "settled": "soon"}]}),
                "settled",
            ),
            (
                json!({"states": [{"partition": {"id": "A"}, "cursor": {FIELD: 1}, "kept": [{"start": 1}]}]}),
                "kept",
            ),
            (json!({"states": [], "lookback_window": "soon"}), "lookback_window"),
            (json!({"states": [], "lookback_window": -5}), "lookback_window"),
        ] {
            let failure = load(policy(None), false, saved).unwrap_err();
            assert!(failure.to_string().contains(reason), "{failure}");
        }
    }

    #[test]
    fn writes_the_shape_existing_connections_hold() {
        let mut state = load(policy(Some(5)), false, json!({})).unwrap();
        for id in ["A", "B"] {
            state.open(&account(id));
        }
        state.close(&account("B"), None, CursorValue::from_epoch_seconds(9));
        assert_eq!(
            state.checkpoint().to_string(),
            r#"{"use_global_cursor":false,"states":[{"partition":{"id":"A","parent_slice":{}},"cursor":{"updated_time":"5"}},{"partition":{"id":"B","parent_slice":{}},"cursor":{"updated_time":"9"}}],"lookback_window":0,"parent_state":{}}"#
        );
        state.close(&account("A"), None, None);
        state.complete(Duration::from_millis(1500));
        let written = state.checkpoint();
        assert_eq!((&written["state"], &written["lookback_window"]), (&json!({FIELD: "9"}), &json!(2)));
    }

    #[test]
    fn a_sync_that_read_nothing_leaves_the_shared_cursor_and_lookback() {
        let saved = json!({"states": [{"partition": {"id": "A", "parent_slice": {}}, "cursor": {FIELD: "9"}}],
                           "state": {FIELD: "9"}, "lookback_window": 3});
        let mut state = load(policy(None), false, saved).unwrap();
        state.open(&account("A"));
        state.close(&account("A"), None, None);
        state.complete(Duration::from_secs(60));
        let written = state.checkpoint();
        assert_eq!((&written["state"], &written["lookback_window"]), (&json!({FIELD: "9"}), &json!(3)));
    }

    #[test]
    fn partitions_that_are_gone_stay_in_the_state() {
        let saved =
            json!({"states": [{"partition": {"id": "gone", "parent_slice": {}}, "cursor": {FIELD: "9"}}]});
        let mut state = load(policy(None), false, saved).unwrap();
        state.open(&account("A"));
        assert_eq!(state.checkpoint()["states"][0]["partition"]["id"], "gone");
    }

    #[test]
    fn two_spellings_of_a_partition_become_one_that_loses_nothing() {
        let saved = json!({"states": [{"partition": {"id": 1}, "cursor": {FIELD: "9"}},
                                      {"partition": {"id": "1", "parent_slice": {}}, "cursor": {FIELD: "4"}}]});
        let mut state = load(policy(None), false, saved).unwrap();
        assert_eq!(bound(&mut state, "1").as_deref(), Some("4"));
        assert_eq!(state.checkpoint()["states"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_stream_read_as_a_whole_has_one_flat_cursor() {
        let mut state = load(policy(None), true, json!({FIELD: 5})).unwrap();
        assert_eq!(state.checkpoint(), json!({FIELD: "5"}));
        state.open(&Partition::root());
        state.close(&Partition::root(), None, CursorValue::from_epoch_seconds(9));
        assert_eq!(state.checkpoint(), json!({FIELD: "9"}));
    }

    #[test]
    fn a_full_refresh_stream_says_done_only_when_it_is() {
        let mut state = StreamState::new(CursorPolicy::FullRefresh, true, None, now()).unwrap();
        state.open(&Partition::root());
        assert_eq!(state.checkpoint(), json!({}));
        state.complete(Duration::ZERO);
        assert_eq!(state.checkpoint(), json!({DONE_WITHOUT_CURSOR: true}));
    }
}
