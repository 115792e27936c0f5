//! What an earlier sync saved of one stream, read in one pass without a tree of values, so that a state of a million
//! partitions takes what its cursors take. What is wrong is told with its path.

use std::borrow::Cow;
use std::fmt;

use airbyte_protocol::RawJson;
use chrono::{Datelike, NaiveDate};
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::cursor::{ClosedWindow, CursorValue, Window};
use crate::failure::{Failure, shortened, without_place};
use crate::partition::{Division, OrNone, Partition, PartitionSeed, Shelf};

/// Says beside `states` that `state` is the cursor of all partitions that are not listed.
pub(super) const FOR_ALL: &str = "state_is_for_all";
/// Said of a full-refresh stream that was read to its end: today's mark, and those of earlier versions.
pub(super) const DONE_WITHOUT_CURSOR: &str = "__ab_no_cursor_state_message";
const DONE: [&str; 3] =
    [DONE_WITHOUT_CURSOR, "__ab_full_refresh_sync_complete", "__ab_full_refresh_state_message"];

/// The state of one stream as it was saved.
#[derive(Debug, Default, PartialEq)]
pub(super) struct SavedState {
    pub(super) form: Form,
    pub(super) shared: Shared,
    pub(super) lookback_seconds: i64,
    /// Beside a flat cursor.
    pub(super) extras: Extras,
    pub(super) entries: Vec<SavedEntry>,
}

/// The forms in which states are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing was read yet.
    #[default]
    Empty,
    /// A full-refresh stream was read to its end, or a page of it was read.
    Mark { done: bool },
    /// One cursor for the whole stream.
    Flat,
    /// One cursor for each partition.
    PerPartition,
    /// One cursor for all partitions, because there were many.
    Global,
}

/// A cursor that is not a partition's own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Shared {
    #[default]
    Nothing,
    /// It stands for all partitions that have none of their own.
    ForAll(CursorValue),
    /// It stands beside the cursors of partitions and says nothing of others.
    Beside(CursorValue),
}

/// What was saved of one partition.
#[derive(Debug, PartialEq)]
pub(super) struct SavedEntry {
    pub(super) partition: Partition,
    /// None for a mark of a full-refresh sync.
    pub(super) cursor: Option<CursorValue>,
    pub(super) extras: Extras,
}

/// What is saved beside a cursor.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Extras {
    /// All of these days were final when they were read.
    pub(super) settled: Option<Window>,
    /// What slices that are not read yet want to find again.
    pub(super) kept: Vec<Kept>,
    /// Windows that were read although an earlier one is open.
    pub(super) closed: Vec<Closed>,
}

impl Extras {
    pub(super) fn is_empty(&self) -> bool {
        self.settled.is_none() && self.kept.is_empty() && self.closed.is_empty()
    }
}

/// A window that was read although an earlier one is open.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WrittenClosed")]
pub(super) struct Closed {
    #[serde(flatten)]
    pub(super) window: Window,
    /// The day on which it was read, UTC. Later its numbers may be others.
    pub(super) on: NaiveDate,
    /// The newest day that it had rows of.
    newest: Option<NaiveDate>,
}

impl Closed {
    pub(super) fn on(day: NaiveDate, closed: ClosedWindow) -> Self {
        Self { window: closed.window, on: day, newest: closed.newest.map(CursorValue::date) }
    }

    pub(super) fn known(&self) -> ClosedWindow {
        ClosedWindow { window: self.window, newest: self.newest.map(CursorValue::from_date) }
    }
}

/// Without `flatten`, whose errors do not name the key.
#[derive(Deserialize)]
struct WrittenClosed {
    start: NaiveDate,
    end: NaiveDate,
    on: NaiveDate,
    newest: Option<NaiveDate>,
}

impl TryFrom<WrittenClosed> for Closed {
    type Error = String;

    fn try_from(closed: WrittenClosed) -> Result<Self, String> {
        let window = window(closed.start, closed.end)?;
        Ok(Self { window, on: closed.on, newest: closed.newest })
    }
}

/// What a slice that is not read yet wants to find again.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WrittenKept")]
pub(super) struct Kept {
    #[serde(flatten)]
    pub(super) window: Window,
    /// The day on which it was kept, UTC.
    pub(super) on: NaiveDate,
    pub(super) value: Value,
}

impl Kept {
    /// Whether it still stands for the whole window: the last day of one that was not over may have grown since.
    pub(super) fn is_whole(&self, today: NaiveDate) -> bool {
        self.window.end < self.on || self.on == today
    }
}

#[derive(Deserialize)]
struct WrittenKept {
    start: NaiveDate,
    end: NaiveDate,
    on: NaiveDate,
    value: Value,
}

impl TryFrom<WrittenKept> for Kept {
    type Error = String;

    fn try_from(kept: WrittenKept) -> Result<Self, String> {
        Ok(Self { window: window(kept.start, kept.end)?, on: kept.on, value: kept.value })
    }
}

fn window(start: NaiveDate, end: NaiveDate) -> Result<Window, String> {
    if start > end {
        return Err(format!("the window from {start} to {end} ends before it begins"));
    }
    Ok(Window { start, end })
}

impl SavedState {
    /// Reads the state of a stream whose cursor field is this one; of a stream without one only whether it was done.
    ///
    /// # Errors
    /// A config failure with the path of what is wrong.
    pub(super) fn parse(
        field: Option<&str>,
        division: Option<&Division>,
        saved: &RawJson,
    ) -> Result<Self, Failure> {
        let mut deserializer = serde_json::Deserializer::from_str(saved.get());
        let mut track = serde_path_to_error::Track::new();
        let state = StateSeed { field, division, shelf: &mut Shelf::default() };
        state
            .deserialize(serde_path_to_error::Deserializer::new(&mut deserializer, &mut track))
            .map_err(|error| {
                Failure::config(format!(
                    "the saved state cannot be used: `{}`: {}; pass the state of this stream, or reset the stream to read it anew",
                    track.path(),
                    without_place(&error)
                ))
            })
    }
}

/// Reads the state of a stream.
struct StateSeed<'a> {
    field: Option<&'a str>,
    division: Option<&'a Division>,
    shelf: &'a mut Shelf,
}

impl<'de> DeserializeSeed<'de> for StateSeed<'_> {
    type Value = SavedState;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<SavedState, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StateSeed<'_> {
    type Value = SavedState;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the state of a stream, which is an object")
    }

    fn visit_unit<E>(self) -> Result<SavedState, E> {
        Ok(SavedState::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SavedState, A::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if is_mark(&key) {
                let said = map.next_value::<Value>()?;
                parts.mark |= DONE.contains(&&*key) && said == true;
                parts.marked = true;
                continue;
            }
            let Some(field) = self.field else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            match &*key {
                key if key == field => once(&mut parts.flat, key, map.next_value_seed(ValueSeed)?)?,
                "states" => {
                    let entries = EntriesSeed { field, division: self.division, shelf: &mut *self.shelf };
                    once(&mut parts.entries, "states", map.next_value_seed(OrNone(entries))?)?;
                }
                "state" => once(&mut parts.state, "state", map.next_value_seed(OrNone(CursorSeed(field)))?)?,
                key @ "use_global_cursor" => once(&mut parts.global, key, map.next_value()?)?,
                key @ "lookback_window" => once(&mut parts.lookback, key, map.next_value::<Seconds>()?)?,
                key @ "parent_state" => once(&mut parts.parents, key, map.next_value()?)?,
                key @ FOR_ALL => once(&mut parts.for_all, key, map.next_value()?)?,
                _ if parts.extras.take(&key, &mut map)? => {}
                _ => {
                    parts.unknown.get_or_insert_with(|| key.into_owned());
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        parts.whole(self.field)
    }
}

/// A state key by key.
#[derive(Default)]
struct Parts {
    mark: bool,
    marked: bool,
    flat: Option<Option<CursorValue>>,
    entries: Option<Option<Vec<SavedEntry>>>,
    state: Option<Option<Option<CursorValue>>>,
    global: Option<Option<bool>>,
    lookback: Option<Seconds>,
    /// What the parents of other connectors keep; parents of this core keep their own.
    parents: Option<Option<Map<String, Value>>>,
    for_all: Option<bool>,
    extras: WrittenExtras,
    unknown: Option<String>,
}

impl Parts {
    fn whole<E: Error>(self, field: Option<&str>) -> Result<SavedState, E> {
        let per_partition = self.entries.is_some()
            || self.state.is_some()
            || self.global.is_some()
            || self.lookback.is_some()
            || self.parents.is_some();
        let Some(field) = field.filter(|_| per_partition || self.flat.is_some()) else {
            return match (field, self.unknown) {
                (Some(field), Some(unknown)) => Err(E::custom(format!(
                    "it has neither `{field}` nor `states`, but `{}`: it was saved for something else",
                    shortened(&unknown)
                ))),
                _ => {
                    let form = if self.marked { Form::Mark { done: self.mark } } else { Form::Empty };
                    Ok(SavedState { form, ..SavedState::default() })
                }
            };
        };
        let extras = self.extras.whole()?;
        if let Some(flat) = self.flat {
            if self.entries.flatten().is_some() || self.state.flatten().flatten().is_some() {
                return Err(E::custom(format!(
                    "it has `{field}` and `states`: it is one for all and one for each"
                )));
            }
            let shared = flat.map_or(Shared::Nothing, Shared::ForAll);
            return Ok(SavedState { form: Form::Flat, shared, extras, ..SavedState::default() });
        }
        let entries = self.entries.flatten().unwrap_or_default();
        let global = self.global.flatten().unwrap_or(false);
        let for_all = global || self.for_all.unwrap_or(false) || entries.is_empty();
        let shared = match self.state.flatten().flatten() {
            None => Shared::Nothing,
            Some(value) if for_all => Shared::ForAll(value),
            Some(value) => Shared::Beside(value),
        };
        let lookback_seconds = self.lookback.unwrap_or_default().0;
        let form = if global { Form::Global } else { Form::PerPartition };
        Ok(SavedState { form, shared, lookback_seconds, extras, entries })
    }
}

/// Refuses what stands there twice: which of the two was meant would be a guess.
fn once<T, E: Error>(place: &mut Option<T>, key: &str, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom(format!("`{key}` stands there twice"))),
    }
}

/// Marks of full-refresh syncs say nothing about progress.
fn is_mark(key: &str) -> bool {
    key.starts_with("__ab_") || key == "next_page_token"
}

/// Whole seconds; null is none.
#[derive(Default)]
struct Seconds(i64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let text = value.to_string();
        let whole = text.strip_suffix(".0").unwrap_or(&text).parse().ok().filter(|seconds| *seconds >= 0);
        match (value, whole) {
            (Value::Null, _) => Ok(Self(0)),
            (_, Some(seconds)) => Ok(Self(seconds)),
            (value, None) => Err(D::Error::custom(format!(
                "{} is no whole number of seconds",
                shortened(&value.to_string())
            ))),
        }
    }
}

/// A later year is no year: the value is in milliseconds, and would hide every record for ever.
const LAST_YEAR: i32 = 9999;

/// Reads the value of a cursor field in any of its forms; null is none.
struct ValueSeed;

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Option<CursorValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(None);
        }
        let moment = CursorValue::parse(&value);
        if moment.is_some_and(|moment| moment.date().year() > LAST_YEAR) {
            let why = "is after the year 9999: a state has seconds, not milliseconds";
            return Err(D::Error::custom(format!("{} {why}", shortened(&value.to_string()))));
        }
        moment.map(Some).ok_or_else(|| {
            D::Error::custom(format!("{} is neither a time nor a date", shortened(&value.to_string())))
        })
    }
}

/// Reads a cursor such as `{"updated_time": "1794268800"}`; none for a mark of a full-refresh sync.
struct CursorSeed<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for CursorSeed<'_> {
    type Value = Option<CursorValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for CursorSeed<'_> {
    type Value = Option<CursorValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a cursor, which is an object with `{}`", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut value, mut unknown) = (None, None);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == self.0 {
                once(&mut value, self.0, map.next_value_seed(ValueSeed)?)?;
            } else {
                unknown = unknown.or_else(|| (!is_mark(&key)).then(|| key.into_owned()));
                map.next_value::<IgnoredAny>()?;
            }
        }
        match (value, unknown) {
            (Some(value), _) => Ok(value),
            (None, None) => Ok(None),
            (None, Some(unknown)) => {
                let unknown = shortened(&unknown);
                Err(A::Error::custom(format!("the cursor has no `{}`, but `{unknown}`", self.0)))
            }
        }
    }
}

/// What stands beside a cursor, key by key.
#[derive(Default)]
struct WrittenExtras {
    settled: Option<Option<NaiveDate>>,
    settled_from: Option<Option<NaiveDate>>,
    kept: Option<Option<Vec<Kept>>>,
    closed: Option<Option<Vec<Closed>>>,
}

impl WrittenExtras {
    /// Takes the value of a key that is one of these.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "settled" => once(&mut self.settled, key, map.next_value()?)?,
            "kept" => once(&mut self.kept, key, map.next_value()?)?,
            "closed" => once(&mut self.closed, key, map.next_value()?)?,
            "settled_from" => once(&mut self.settled_from, key, map.next_value()?)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn whole<E: Error>(self) -> Result<Extras, E> {
        let settled = self.settled.flatten();
        // Without its first day no more is known than of the last.
        let settled = settled.map(|end| window(self.settled_from.flatten().unwrap_or(end), end));
        Ok(Extras {
            settled: settled.transpose().map_err(E::custom)?,
            kept: self.kept.flatten().unwrap_or_default(),
            closed: self.closed.flatten().unwrap_or_default(),
        })
    }
}

/// Reads the list of partitions.
struct EntriesSeed<'a> {
    field: &'a str,
    division: Option<&'a Division>,
    shelf: &'a mut Shelf,
}

impl<'de> DeserializeSeed<'de> for EntriesSeed<'_> {
    type Value = Vec<SavedEntry>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EntriesSeed<'_> {
    type Value = Vec<SavedEntry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of partitions with their cursors")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(EntrySeed {
            field: self.field,
            division: self.division,
            shelf: &mut *self.shelf,
        })? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

/// Reads one partition with its cursor.
struct EntrySeed<'a> {
    field: &'a str,
    division: Option<&'a Division>,
    shelf: &'a mut Shelf,
}

impl<'de> DeserializeSeed<'de> for EntrySeed<'_> {
    type Value = SavedEntry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_> {
    type Value = SavedEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `partition` and `cursor`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut partition, mut cursor, mut extras) = (None, None, WrittenExtras::default());
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "partition" => {
                    let read = OfStream { division: self.division, shelf: &mut *self.shelf };
                    once(&mut partition, "partition", map.next_value_seed(read)?)?;
                }
                "cursor" => once(&mut cursor, "cursor", map.next_value_seed(CursorSeed(self.field))?)?,
                key if extras.take(key, &mut map)? => {}
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(SavedEntry {
            partition: partition.ok_or_else(|| A::Error::missing_field("partition"))?,
            cursor: cursor.ok_or_else(|| A::Error::missing_field("cursor"))?,
            extras: extras.whole()?,
        })
    }
}

/// Reads a partition that the stream can have.
struct OfStream<'a> {
    division: Option<&'a Division>,
    shelf: &'a mut Shelf,
}

impl<'de> DeserializeSeed<'de> for OfStream<'_> {
    type Value = Partition;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Partition, D::Error> {
        let partition = PartitionSeed(self.shelf).deserialize(deserializer)?;
        let held = self.division.map_or(Ok(()), |division| division.holds(&partition));
        held.map(|()| partition).map_err(D::Error::custom)
    }
}
