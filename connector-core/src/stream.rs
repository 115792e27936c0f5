//! [`Stream`]: what a connector says of one stream, and how it reads one slice of it.

use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use chrono::NaiveDate;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::cursor::CursorPolicy;
use crate::failure::Failure;
use crate::forecast::Cost;
use crate::migration::StateMigration;
use crate::partition::Partition;
use crate::slice::Slice;

/// The pages of one slice, in order. A failure ends the slice.
pub type Pages<'a> = BoxStream<'a, Result<Page, Failure>>;

/// One stream of a source: what it is, how it is divided, how its progress is kept, and how to read a slice.
///
/// The engine does everything else: it reads parents once, schedules slices, filters, writes and keeps state.
pub trait Stream: Send + Sync + 'static {
    /// Name, schema and keys.
    fn descriptor(&self) -> Descriptor;

    /// The parts the stream is read in. One, unless said otherwise.
    fn partitions(&self) -> Partitions {
        Partitions::Single
    }

    /// How progress is kept. Everything is read each time, unless said otherwise.
    fn cursor(&self) -> CursorPolicy {
        CursorPolicy::FullRefresh
    }

    /// How many partitions one request can serve. One, unless said otherwise.
    fn batch(&self) -> Batch {
        Batch::One
    }

    /// The last day whose numbers the source calls final, together with all days before it. Asked once before a stream
    /// with a windowed cursor is read; days that were final when they were read are not read again. `None`: nobody
    /// knows, so days are read again as the lookback says.
    fn final_up_to(&self) -> BoxFuture<'_, Option<NaiveDate>> {
        ready(None).boxed()
    }

    /// How states that earlier versions of the connector wrote become ones of today, oldest first. The forms that
    /// Airbyte's own frameworks have given to state need none.
    fn state_migrations(&self) -> Vec<StateMigration> {
        Vec::new()
    }

    /// What the user has to know, and may do, where the saved state is one cursor that all partitions share, because an
    /// earlier version wrote it so. Told by the command `migrate`. Nothing, unless said otherwise.
    fn advice_on_shared_cursor(&self) -> Option<String> {
        None
    }

    /// What reading a slice costs, as far as that is known before it is read; `records` is how many it has, where that is
    /// known. Told by the command `plan`, which may ask about a slice whose keys stand for some that nobody knows yet.
    /// One request or more, unless said otherwise.
    fn cost(&self, _slice: &Slice, _records: Option<u64>) -> Cost {
        Cost::at_least(1)
    }

    /// Reads one slice: the only I/O of a stream. Retries belong here, or below; the engine only splits batches.
    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a>;
}

/// What the catalog says of a stream.
#[derive(Clone, Debug)]
pub struct Descriptor {
    /// The stream's name.
    pub name: String,
    /// The JSON Schema of its records. Shared, because a descriptor is asked for often and a schema is large.
    pub json_schema: Arc<Map<String, Value>>,
    /// The fields whose values together name a record; empty when there are none.
    pub primary_key: Vec<String>,
    /// Top-level fields that are taken out of every record, for example because they hold secrets.
    pub dropped_fields: Vec<String>,
    /// Which values are made to fit the schema.
    pub cast: SchemaCast,
}

impl Descriptor {
    /// A stream without primary key.
    pub fn new(name: impl Into<String>, json_schema: impl Into<Arc<Map<String, Value>>>) -> Self {
        Self {
            name: name.into(),
            json_schema: json_schema.into(),
            primary_key: Vec::new(),
            dropped_fields: Vec::new(),
            cast: SchemaCast::None,
        }
    }

    /// Says which fields together name a record.
    #[must_use]
    pub fn primary_key<F: Into<String>>(mut self, fields: impl IntoIterator<Item = F>) -> Self {
        self.primary_key = fields.into_iter().map(Into::into).collect();
        self
    }

    /// Takes these top-level fields out of every record.
    #[must_use]
    pub fn without_fields<F: Into<String>>(mut self, fields: impl IntoIterator<Item = F>) -> Self {
        self.dropped_fields = fields.into_iter().map(Into::into).collect();
        self
    }

    /// Makes the values of every record fit the schema.
    #[must_use]
    pub fn cast_to_schema(mut self) -> Self {
        self.cast = SchemaCast::All;
        self
    }

    /// Makes the local times of every record fit the schema.
    #[must_use]
    pub fn cast_local_times(mut self) -> Self {
        self.cast = SchemaCast::LocalTimes;
        self
    }
}

/// Which values of records are made to fit the schema. Only top-level fields are; what cannot be converted stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaCast {
    /// None: records pass as they came.
    #[default]
    None,
    /// Times that the schema calls `timestamp_without_timezone`: one with an offset becomes the same moment in UTC without.
    LocalTimes,
    /// These times, and numbers and texts: `"12"` becomes 12 in a field of numbers, 12 becomes `"12"` in one of text.
    /// Numbers stay exact.
    All,
}

/// The parts a stream is read in.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Partitions {
    /// The stream is read as a whole.
    #[default]
    Single,
    /// A fixed list, for example from the config.
    Each(Vec<Partition>),
    /// One for each record of a parent stream, which is read once for all its children, wanted itself or not.
    ChildrenOf {
        /// The parent stream's name.
        parent: String,
        /// The parent's record field that names the partition, and the partition's key.
        key: String,
    },
}

/// How many partitions one request can serve.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Batch {
    /// One.
    #[default]
    One,
    /// Up to `size` partitions that share a parent and a window.
    UpTo {
        /// The most that a request takes.
        size: usize,
        /// The record field that holds the last key of the partition the record belongs to.
        partition_of: String,
    },
}

/// The records of one response.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The records, in the order of the response.
    pub records: Vec<RawRecord>,
}

impl Page {
    /// A page of these records.
    pub fn new<R: Into<RawRecord>>(records: impl IntoIterator<Item = R>) -> Self {
        Self { records: records.into_iter().map(Into::into).collect() }
    }

    /// A page of records made in the program.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    pub fn from_values<T: serde::Serialize>(records: impl IntoIterator<Item = T>) -> Result<Self, Failure> {
        let records = records.into_iter().map(|record| RawRecord::from_value(&record));
        Ok(Self { records: records.collect::<Result<_, _>>()? })
    }
}

/// One record as the API sent it: JSON text that is passed on unparsed.
#[derive(Clone, Debug)]
pub struct RawRecord(Bytes);

impl RawRecord {
    /// Takes bytes that a JSON parser has already accepted as one complete object, without reading them again.
    ///
    /// Bytes that are no JSON object would break the output line, so use this only behind such a parser.
    pub fn already_checked(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// A record made in the program.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn from_value<T: serde::Serialize>(value: &T) -> Result<Self, Failure> {
        let bytes = serde_json::to_vec(value)
            .map_err(|error| Failure::system("a record cannot be written as JSON").with_source(error))?;
        Ok(Self(bytes.into()))
    }

    /// The JSON text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Box<RawValue>> for RawRecord {
    fn from(raw: Box<RawValue>) -> Self {
        Self(Box::<str>::from(raw).into_boxed_bytes().into())
    }
}
