//! A stream's state: what earlier syncs saved, each partition's cursor, and how checkpoints are written.
//!
//! The JSON forms are the ones existing Airbyte connections hold: one flat cursor (`{"updated_time": …}`), or one
//! for each partition (`{"states": [{"partition": …, "cursor": …}], "state": …, "lookback_window": …}`). Beside a cursor
//! may stand `closed` (windows that were read although an earlier one is open), `settled` (the days from `settled_from` to this
//! one were final when they were read) and `kept` (what a slice that is not read yet wants to find again, with its window and the day it
//! was kept). Beside `states` may stand `state_is_for_all`: partitions that are not listed yet go on at `state`.

mod saved;
mod words;
mod written;

use std::collections::HashMap;
use std::time::Duration;

use airbyte_protocol::RawJson;
use chrono::{DateTime, NaiveDate, Utc};
use indexmap::IndexMap;
use serde_json::Value;

use crate::cursor::{
    ClientFilteredCursor, Cursor, CursorPolicy, CursorValue, Known, Saved, Window, WindowedCursor,
};
use crate::failure::Failure;
use crate::partition::{Division, Partition};

use saved::{Closed, Extras, Form, Kept, SavedEntry, SavedState, Shared};

/// The cursors of one stream.
#[derive(Debug)]
pub(crate) struct StreamState {
    policy: CursorPolicy,
    /// Whether the stream is read as a whole and its state is one flat cursor.
    single: bool,
    now: DateTime<Utc>,
    /// The form of the saved state.
    form: Form,
    /// The cursor that is not a partition's own.
    shared: Shared,
    lookback_seconds: i64,
    /// Those of the saved state first, in their order.
    known: IndexMap<Partition, Entry>,
    /// Whether the saved state names partitions without their parents.
    parentless: bool,
    /// Of the few partitions that have any.
    extras: HashMap<Partition, Extras>,
    /// Days up to this one are final at the source now.
    final_now: Option<NaiveDate>,
    newest: Option<CursorValue>,
    complete: bool,
}

/// What is known of a partition.
#[derive(Debug)]
enum Entry {
    /// What an earlier sync saved.
    Saved(CursorValue),
    /// It was saved without its parent, and goes on under the name with it.
    Moved(CursorValue),
    /// It is read in this sync.
    Open(Box<dyn Cursor>),
    /// It was read to its end in this sync.
    Read { value: Option<CursorValue>, settled: Option<Window> },
}

impl Entry {
    fn value(&self) -> Option<CursorValue> {
        match self {
            Self::Saved(value) => Some(*value),
            Self::Moved(_) => None,
            Self::Open(cursor) => cursor.value(),
            Self::Read { value, .. } => *value,
        }
    }

    fn settled(&self) -> Option<Window> {
        match self {
            Self::Saved(_) | Self::Moved(_) => None,
            Self::Open(cursor) => cursor.settled(),
            Self::Read { settled, .. } => *settled,
        }
    }
}

impl StreamState {
    /// Reads the state that an earlier sync saved; `now` is the moment this sync started. `division` says which partitions
    /// the stream can have; `None`: any.
    ///
    /// # Errors
    /// A config failure when the state belongs to something else or holds values that name no moment.
    pub(crate) fn new(
        policy: CursorPolicy,
        division: Option<&Division>,
        saved: Option<&RawJson>,
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let saved = saved.map(|saved| SavedState::parse(policy.field(), division, saved)).transpose()?;
        let SavedState { form, shared, lookback_seconds, extras, entries } = saved.unwrap_or_default();
        let mut state = Self {
            policy,
            single: division.is_some_and(Division::is_whole),
            now,
            form,
            shared,
            lookback_seconds,
            known: IndexMap::with_capacity(entries.len()),
            parentless: false,
            extras: HashMap::new(),
            final_now: None,
            newest: None,
            complete: false,
        };
        state.add_extras(Partition::root(), extras);
        for entry in entries {
            state.add(entry);
        }
        Ok(state)
    }

    fn add(&mut self, entry: SavedEntry) {
        let SavedEntry { partition, cursor, extras } = entry;
        let Some(value) = cursor else { return };
        self.parentless |= !partition.has_parent();
        self.add_extras(partition.clone(), extras);
        let known = self.known.get(&partition).and_then(Entry::value);
        let value = known.map_or(value, |known| self.older(&partition, known, value));
        self.known.insert(partition, Entry::Saved(value));
    }

    /// Of two spellings of one partition the older cursor loses nothing; what stands beside the newer one is not true of it.
    fn older(&mut self, partition: &Partition, one: CursorValue, other: CursorValue) -> CursorValue {
        self.extras.remove(partition);
        one.min(other)
    }

    fn add_extras(&mut self, partition: Partition, extras: Extras) {
        if !extras.is_empty() {
            self.extras.insert(partition, extras);
        }
    }

    /// Starts a partition: says which windows to ask for; `None` when it was started before.
    pub(crate) fn open(&mut self, partition: &Partition) -> Option<Vec<Option<Window>>> {
        let own = match self.known.get(partition) {
            Some(Entry::Open(_) | Entry::Read { .. }) => return None,
            Some(Entry::Saved(value) | Entry::Moved(value)) => Some(*value),
            None => None,
        };
        let own = match (own, self.take_parentless(partition)) {
            (Some(own), Some(parentless)) => Some(self.older(partition, own, parentless)),
            (own, parentless) => own.or(parentless),
        };
        let saved = match (own, self.shared) {
            (Some(value), _) => Saved::Own(value),
            (None, Shared::ForAll(value)) => Saved::Shared(value.minus_seconds(self.lookback_seconds)),
            // What the others have read says nothing of a partition that nobody has read yet: filtered or begun with their
            // progress, its older records would be lost for good.
            (None, Shared::Beside(_) | Shared::Nothing) => Saved::Nothing,
        };
        let today = self.now.date_naive();
        let cursor: Box<dyn Cursor> = match &self.policy {
            CursorPolicy::FullRefresh => {
                self.known.insert(partition.clone(), Entry::Read { value: None, settled: None });
                return Some(vec![None]);
            }
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
        let windows = cursor.windows();
        if let Some(extras) = self.extras.get_mut(partition) {
            extras.kept.retain(|kept| kept.is_whole(today) && windows.contains(&Some(kept.window)));
        }
        let entry = if windows.is_empty() { read(&*cursor) } else { Entry::Open(cursor) };
        self.known.insert(partition.clone(), entry);
        Some(windows)
    }

    /// What was saved of a partition whose parent the saved state does not name.
    fn take_parentless(&mut self, partition: &Partition) -> Option<CursorValue> {
        if !self.parentless || !partition.has_parent() {
            return None;
        }
        let named = partition.without_parent();
        let entry = self.known.get_mut(&named)?;
        let (Entry::Saved(value) | Entry::Moved(value)) = *entry else { return None };
        *entry = Entry::Moved(value);
        if let Some(extras) = self.extras.remove(&named) {
            self.extras.entry(partition.clone()).or_insert(extras);
        }
        Some(value)
    }

    /// Says that an open partition is asked for in these windows, which begin earlier than its own: what is older than
    /// its own start is not wanted.
    pub(crate) fn ask_for(&mut self, partition: &Partition, windows: &[Option<Window>]) {
        if let Some(Entry::Open(cursor)) = self.known.get_mut(partition) {
            cursor.ask_for(windows);
        }
        if let Some(extras) = self.extras.get_mut(partition) {
            extras.kept.retain(|kept| windows.contains(&Some(kept.window)));
        }
    }

    /// The partitions that have a cursor.
    pub(crate) fn listed_partitions(&self) -> impl Iterator<Item = &Partition> {
        self.listed().map(|(partition, ..)| partition)
    }

    /// Whether the saved state says of some days that they were final when they were read.
    pub(crate) fn has_settled_days(&self) -> bool {
        self.extras.values().any(|extras| extras.settled.is_some())
    }

    /// Records of this partition before this value were read by an earlier sync.
    pub(crate) fn lower_bound(&self, partition: &Partition) -> Option<CursorValue> {
        match self.known.get(partition)? {
            Entry::Open(cursor) => cursor.lower_bound(),
            Entry::Saved(_) | Entry::Moved(_) | Entry::Read { .. } => None,
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
        let saved = self.known.values().filter_map(Entry::value);
        let newest = saved.chain(self.shared.value()).max()?.date();
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
        let Some(entry) = self.known.get_mut(partition) else { return };
        if let Entry::Open(cursor) = entry {
            cursor.close(window, newest);
            if cursor.is_read() {
                *entry = read(&**cursor);
            }
        }
    }

    /// Says that every partition that there is was opened: each has a cursor of its own now, whether it can be read or not.
    /// What comes later has nothing to do with the cursor that stood for all.
    pub(crate) fn all_known(&mut self) {
        let is_listed = self.listed().next().is_some();
        if let (Shared::ForAll(value), true) = (self.shared, is_listed) {
            self.shared = Shared::Beside(value);
        }
    }

    /// Says that every partition was read to its end, in a sync that took this long.
    pub(crate) fn complete(&mut self, took: Duration) {
        self.complete = true;
        self.all_known();
        let Some(newest) = self.newest else { return };
        self.shared = Shared::Beside(self.shared.value().map_or(newest, |value| value.max(newest)));
        let whole = took.as_secs() + u64::from(took.subsec_nanos() > 0);
        self.lookback_seconds = i64::try_from(whole).unwrap_or(i64::MAX);
    }

    /// Whether the state says more with each slice that is closed, and not only at the end.
    pub(crate) fn moves(&self) -> bool {
        self.policy != CursorPolicy::FullRefresh
    }

    /// The state as it is written.
    pub(crate) fn checkpoint(&self) -> RawJson {
        written::render(self)
    }

    /// The state as it was saved, in the form of today.
    pub(crate) fn rewritten(mut self) -> RawJson {
        self.complete = self.form == Form::Mark { done: true };
        self.checkpoint()
    }
}

/// What stays of a partition that was read to its end.
fn read(cursor: &dyn Cursor) -> Entry {
    Entry::Read { value: cursor.value(), settled: cursor.settled() }
}

impl Shared {
    fn value(self) -> Option<CursorValue> {
        match self {
            Self::ForAll(value) | Self::Beside(value) => Some(value),
            Self::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::saved::DONE_WITHOUT_CURSOR;
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
            reread_shared: false,
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

    /// A stream that is read as a whole, or one that is divided by `id`.
    fn load(policy: CursorPolicy, single: bool, saved: Value) -> Result<StreamState, Failure> {
        let division = if single { Division::default() } else { Division::of(&account("A")) };
        StreamState::new(policy, Some(&division), Some(&RawJson::from(saved)), now())
    }

    fn written(state: &StreamState) -> Value {
        state.checkpoint().parse().unwrap()
    }

    fn account(id: &str) -> Partition {
        Partition::root().child([("id", id)])
    }

    fn bound(state: &mut StreamState, id: &str) -> Option<String> {
        state.open(&account(id));
        state.lower_bound(&account(id)).map(|value| value.render(CursorFormat::EpochSeconds))
    }

    fn first_day(state: &mut StreamState, id: &str) -> String {
        state.open(&account(id)).unwrap()[0].unwrap().start.to_string()
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
        let known = json!([{"partition": {"id": "A"}, "cursor": {"DATE": "2026-11-15"}}]);
        let saved = json!({"states": known, "state": {"DATE": "2026-11-15"}, "lookback_window": 1});
        assert_eq!(first_day(&mut load(daily(), false, saved).unwrap(), "new"), "2026-08-27");
    }

    #[test]
    fn a_cursor_without_partitions_stands_for_all_of_them() {
        for none in [json!([]), json!(null)] {
            let saved = json!({"use_global_cursor": false, "states": none, "state": {FIELD: "20"}, "lookback_window": 5});
            let mut state = load(policy(None), false, saved).unwrap();
            assert_eq!(bound(&mut state, "A").as_deref(), Some("15"));
        }
    }

    #[test]
    fn one_cursor_for_all_stays_until_every_partition_has_its_own() {
        let mut state = load(policy(Some(1)), false, json!({FIELD: 20})).unwrap();
        assert_eq!(
            state.checkpoint().get(),
            r#"{"use_global_cursor":false,"states":[],"state":{"updated_time":"20"},"lookback_window":0,"parent_state":{}}"#
        );
        state.open(&account("A"));
        state.close(&account("A"), None, CursorValue::from_epoch_seconds(30));
        let interrupted = written(&state);
        assert_eq!(interrupted["state_is_for_all"], true);
        let mut state = load(policy(Some(1)), false, interrupted).unwrap();
        assert_eq!(bound(&mut state, "A").as_deref(), Some("30"));
        assert_eq!(bound(&mut state, "B").as_deref(), Some("20"));
        state.all_known();
        let completed = written(&state);
        assert_eq!(completed.get("state_is_for_all"), None, "whether it could be read or not");
        let mut state = load(policy(Some(1)), false, completed).unwrap();
        assert_eq!(bound(&mut state, "B").as_deref(), Some("20"));
        assert_eq!(bound(&mut state, "C").as_deref(), Some("1"), "nobody has read it yet");
    }

    #[test]
    fn a_cursor_for_all_outlives_a_sync_that_meets_no_partition_and_one_for_none_is_not_written() {
        let mut state = load(policy(Some(1)), false, json!({FIELD: 20})).unwrap();
        state.complete(Duration::from_secs(1));
        let mut state = load(policy(Some(1)), false, written(&state)).unwrap();
        assert_eq!(bound(&mut state, "A").as_deref(), Some("20"));
        let beside = json!({"states": [{"partition": {"id": "A"}, "cursor": {}}], "state": {FIELD: 20}});
        let mut state = load(policy(Some(1)), false, beside).unwrap();
        assert_eq!(written(&state).get("state"), None);
        assert_eq!(bound(&mut state, "B").as_deref(), Some("1"));
    }

    #[test]
    fn a_partition_that_was_saved_without_its_parent_goes_on_with_it() {
        let saved =
            json!({"states": [{"partition": {"id": 7}, "cursor": {FIELD: "9"}, "settled": "2026-11-20"}]});
        let child = |parent: &str| account(parent).child([("id", "7")]);
        let division = Division::of(&child("A"));
        let mut state =
            StreamState::new(policy(None), Some(&division), Some(&RawJson::from(saved)), now()).unwrap();
        for parent in ["A", "B"] {
            state.open(&child(parent));
            let bound =
                state.lower_bound(&child(parent)).map(|value| value.render(CursorFormat::EpochSeconds));
            assert_eq!(bound.as_deref(), Some("9"), "{parent}");
        }
        let entries = written(&state)["states"].clone();
        assert_eq!(
            entries[0]["partition"],
            json!({"id": "7", "parent_slice": {"id": "A", "parent_slice": {}}})
        );
        assert_eq!((&entries[0]["settled"], entries.as_array().unwrap().len()), (&json!("2026-11-20"), 2));
    }

    #[test]
    fn beside_so_many_partitions_that_others_forget_them_stands_the_oldest_cursor() {
        for (count, expected) in [(9_000, "20000"), (9_001, "11000")] {
            let entry =
                |id: i32| json!({"partition": {"id": id.to_string()}, "cursor": {FIELD: 20_000 - id}});
            let saved =
                json!({"states": (0..count).map(entry).collect::<Vec<_>>(), "state": {FIELD: 20_000}});
            let state = load(policy(None), false, saved).unwrap();
            assert_eq!(written(&state)["state"][FIELD], expected, "{count}");
        }
    }

    #[test]
    fn of_two_spellings_with_and_without_the_parent_the_older_counts() {
        let child = account("A").child([("id", "7")]);
        for (with, without) in [("9", "4"), ("4", "9")] {
            let saved = json!({"states": [
                {"partition": {"id": "7"}, "cursor": {FIELD: without}, "settled": "2026-11-20"},
                {"partition": &child, "cursor": {FIELD: with}, "settled": "2026-11-20"}]});
            let division = Division::of(&child);
            let mut state =
                StreamState::new(policy(None), Some(&division), Some(&RawJson::from(saved)), now()).unwrap();
            state.open(&child);
            let expected = json!([{"partition": &child, "cursor": {FIELD: "4"}}]);
            assert_eq!(written(&state)["states"], expected, "{with} {without}");
        }
    }

    #[test]
    fn a_partition_is_started_once() {
        for policy in [policy(None), daily(), CursorPolicy::FullRefresh] {
            let mut state = load(policy, false, json!({})).unwrap();
            let windows = state.open(&account("A")).unwrap();
            assert_eq!(state.open(&account("A")), None);
            state.close(&account("A"), windows[0], None);
            assert_eq!(state.open(&account("A")), None);
        }
    }

    #[test]
    fn what_a_slice_keeps_comes_back_with_the_next_sync_until_the_slice_is_closed() {
        let mut state = load(daily(), false, json!({})).unwrap();
        let window = state.open(&account("A")).unwrap()[0].unwrap();
        state.keep(&account("A"), window, Some(json!({"token": "t1"})));
        state.keep(&account("A"), window, Some(json!({"token": "t2"})));
        let saved = written(&state);
        assert_eq!(
            saved["states"][0].to_string(),
            r#"{"partition":{"id":"A","parent_slice":{}},"cursor":{"DATE":"2026-08-27"},"kept":[{"start":"2026-08-27","end":"2026-11-24","on":"2026-11-24","value":{"token":"t2"}}]}"#
        );
        let mut state = load(daily(), false, saved).unwrap();
        assert_eq!(state.open(&account("A")).unwrap(), [Some(window)]);
        assert_eq!(state.kept(&account("A"), window), Some(&json!({"token": "t2"})));
        assert_eq!(state.kept(&account("B"), window), None);
        state.close(&account("A"), Some(window), None);
        assert_eq!(written(&state)["states"][0].get("kept"), None);
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
            let windows = state.open(&account("A")).unwrap();
            let window = Window { start: start.parse().unwrap(), end: end.parse().unwrap() };
            assert_eq!(windows.contains(&Some(window)), stands, "{start} {end} {on}");
            assert_eq!(written(&state)["states"][0]["kept"].is_array(), stands, "{start} {end} {on}");
        }
    }

    #[test]
    fn windows_that_were_read_before_an_earlier_one_are_known_to_the_next_sync_of_the_day() {
        let three = || CursorPolicy::Windowed(Windowed { step_days: 30, ..windowed() });
        let mut state = load(three(), false, json!({})).unwrap();
        let windows = state.open(&account("A")).unwrap();
        state.close(&account("A"), windows[1], Some(CursorValue::from_date("2026-10-20".parse().unwrap())));
        let saved = written(&state);
        assert_eq!(
            saved["states"][0]["closed"].to_string(),
            r#"[{"start":"2026-09-26","end":"2026-10-25","on":"2026-11-24","newest":"2026-10-20"}]"#
        );
        let mut state = load(three(), false, saved.clone()).unwrap();
        assert_eq!(written(&state), saved, "a sync that is stopped before it begins forgets nothing");
        assert_eq!(state.open(&account("A")).unwrap(), [windows[0], windows[2]]);
        assert_eq!(written(&state)["states"][0]["closed"], saved["states"][0]["closed"]);
        state.close(&account("A"), windows[0], None);
        let written = written(&state);
        assert_eq!(written["states"][0]["cursor"]["DATE"], "2026-10-20");
        assert_eq!(written["states"][0].get("closed"), None);

        let tomorrow = "2026-11-25T00:00:00Z".parse().unwrap();
        let division = Division::of(&account("A"));
        let mut state =
            StreamState::new(three(), Some(&division), Some(&RawJson::from(saved)), tomorrow).unwrap();
        assert_eq!(state.open(&account("A")).unwrap().len(), 3, "its numbers may be others now");
    }

    #[test]
    fn days_that_were_final_when_they_were_read_stay_known() {
        let mut state = load(daily(), false, json!({})).unwrap();
        state.final_up_to("2026-11-20".parse().unwrap());
        let window = state.open(&account("A")).unwrap()[0];
        state.close(&account("A"), window, None);
        state.open(&account("B"));
        let saved = written(&state);
        assert_eq!(
            (&saved["states"][0]["settled"], saved["states"][1].get("settled")),
            (&json!("2026-11-20"), None)
        );
        // A partition that is gone keeps what was known of it.
        let mut state = load(daily(), false, saved).unwrap();
        assert_eq!(written(&state)["states"][0]["settled"], "2026-11-20");
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
    fn what_cannot_be_used_is_refused_with_its_path() {
        let entry =
            |entry: Value| json!({"states": [{"partition": {"id": "A"}, "cursor": {FIELD: 1}}, entry]});
        let beside = |key: &str, value: Value| {
            entry(json!({"partition": {"id": "B"}, "cursor": {FIELD: 1}, key: value}))
        };
        let whole = "`.`";
        for (saved, path, reason) in [
            (json!({"position": 7}), whole, "neither `updated_time` nor `states`, but `position`"),
            (json!([]), whole, "sequence"),
            (json!({FIELD: 1, "states": []}), whole, "one for all and one for each"),
            (json!({FIELD: "garbage"}), "`updated_time`", "\"garbage\" is neither a time nor a date"),
            (json!({"states": 5}), "`states`", "a list of partitions"),
            (entry(json!({"cursor": {}})), "`states[1]`", "missing field `partition`"),
            (entry(json!({"partition": {"id": "B"}})), "`states[1]`", "missing field `cursor`"),
            (entry(json!({"partition": {"id": true}, "cursor": {}})), "`states[1].partition`", "`id`"),
            (entry(json!({"partition": {}, "cursor": {}})), "`states[1].partition`", "`id` is missing"),
            (
                entry(json!({"partition": {"id": "B"}, "cursor": {"other": 1}})),
                "`states[1].cursor`",
                "no `updated_time`, but `other`",
            ),
            (beside("settled", json!("soon")), "`states[1].settled`", "input"),
            (beside("kept", json!([{"start": 1}])), "`states[1].kept[0].start`", "invalid type"),
            (
                beside("closed", json!([{"start": "2026-11-02", "end": "2026-11-01", "on": "2026-11-01"}])),
                "`states[1].closed[0]`",
                "ends before it begins",
            ),
            (
                json!({"states": [], "lookback_window": "soon"}),
                "`lookback_window`",
                "no whole number of seconds",
            ),
            (json!({"states": [], "lookback_window": -5}), "`lookback_window`", "no whole number of seconds"),
            (json!({"state": {FIELD: []}}), "`state.updated_time`", "neither a time nor a date"),
            (json!({"use_global_cursor": "yes"}), "`use_global_cursor`", "a boolean"),
        ] {
            let told = load(policy(None), false, saved.clone()).unwrap_err().to_string();
            assert!(told.contains(path) && told.contains(reason), "{saved}: {told}");
        }
        let twice =
            r#"{"states": [], "states": [{"partition": {"id": "A"}, "cursor": {"updated_time": 1}}]}"#;
        let told = StreamState::new(policy(None), None, Some(&twice.parse().unwrap()), now()).unwrap_err();
        assert!(told.to_string().contains("`states` stands there twice"), "{told}");
    }

    #[test]
    fn writes_the_shape_existing_connections_hold() {
        let mut state = load(policy(Some(5)), false, json!({})).unwrap();
        for id in ["A", "B"] {
            state.open(&account(id));
        }
        state.close(&account("B"), None, CursorValue::from_epoch_seconds(9));
        assert_eq!(
            state.checkpoint().get(),
            r#"{"use_global_cursor":false,"states":[{"partition":{"id":"A","parent_slice":{}},"cursor":{"updated_time":"5"}},{"partition":{"id":"B","parent_slice":{}},"cursor":{"updated_time":"9"}}],"lookback_window":0,"parent_state":{}}"#
        );
        state.close(&account("A"), None, None);
        state.complete(Duration::from_millis(1500));
        let written = written(&state);
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
        let written = written(&state);
        assert_eq!((&written["state"], &written["lookback_window"]), (&json!({FIELD: "9"}), &json!(3)));
    }

    #[test]
    fn partitions_that_are_gone_stay_in_the_state() {
        let saved =
            json!({"states": [{"partition": {"id": "gone", "parent_slice": {}}, "cursor": {FIELD: "9"}}]});
        let mut state = load(policy(None), false, saved).unwrap();
        state.open(&account("A"));
        assert_eq!(written(&state)["states"][0]["partition"]["id"], "gone");
    }

    #[test]
    fn two_spellings_of_a_partition_become_one_that_loses_nothing() {
        let saved = json!({"states": [{"partition": {"id": 1}, "cursor": {FIELD: "9"}},
                                      {"partition": {"id": "1", "parent_slice": {}}, "cursor": {FIELD: "4"}}]});
        let mut state = load(policy(None), false, saved).unwrap();
        assert_eq!(bound(&mut state, "1").as_deref(), Some("4"));
        assert_eq!(written(&state)["states"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_stream_read_as_a_whole_has_one_flat_cursor() {
        let mut state = load(policy(None), true, json!({FIELD: 5})).unwrap();
        assert_eq!(written(&state), json!({FIELD: "5"}));
        state.open(&Partition::root());
        state.close(&Partition::root(), None, CursorValue::from_epoch_seconds(9));
        assert_eq!(written(&state), json!({FIELD: "9"}));
    }

    #[test]
    fn a_full_refresh_stream_says_done_only_when_it_is() {
        let mut state =
            StreamState::new(CursorPolicy::FullRefresh, Some(&Division::default()), None, now()).unwrap();
        state.open(&Partition::root());
        assert_eq!(written(&state), json!({}));
        state.complete(Duration::ZERO);
        assert_eq!(written(&state), json!({DONE_WITHOUT_CURSOR: true}));
    }
}
