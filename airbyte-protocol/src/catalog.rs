//! CATALOG: what a source offers; and the configured catalog: what the user chose of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Extra;
use crate::open_enum::open_enum;

open_enum! {
    /// How a stream is read.
    SyncMode {
        /// Everything, each time.
        FullRefresh = "full_refresh",
        /// What is new since the state.
        Incremental = "incremental",
    }
}

open_enum! {
    /// How a destination stores what it gets.
    DestinationSyncMode {
        /// Behind what is there.
        Append = "append",
        /// Instead of what is there.
        Overwrite = "overwrite",
        /// Behind what is there, then one row for each primary key.
        AppendDedup = "append_dedup",
        /// Into the rows that match.
        Update = "update",
        /// By marking the rows that match as deleted.
        SoftDelete = "soft_delete",
    }
}

/// What a source offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The streams.
    pub streams: Vec<Stream>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One stream that a source offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// The stream's name.
    pub name: String,
    /// The JSON Schema of its records.
    pub json_schema: Map<String, Value>,
    /// How it can be read.
    pub supported_sync_modes: Vec<SyncMode>,
    /// Whether the source itself says which field is the cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_defined_cursor: Option<bool>,
    /// The path of the cursor field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_cursor_field: Option<Vec<String>>,
    /// The paths of the fields that together name a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_defined_primary_key: Option<Vec<Vec<String>>>,
    /// The namespace, where the source has namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Whether a sync that was interrupted can go on where it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_resumable: Option<bool>,
    /// Whether the records describe files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_file_based: Option<bool>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Stream {
    /// A stream without cursor and keys.
    pub fn new(name: impl Into<String>, json_schema: Map<String, Value>, modes: Vec<SyncMode>) -> Self {
        Self { name: name.into(), json_schema, supported_sync_modes: modes, ..Self::default() }
    }
}

/// What the user chose to sync.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfiguredCatalog {
    /// The chosen streams.
    pub streams: Vec<ConfiguredStream>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One chosen stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfiguredStream {
    /// The stream, as it was discovered.
    pub stream: Stream,
    /// How to read it; `full_refresh` when the catalog does not say.
    #[serde(default = "full_refresh")]
    pub sync_mode: SyncMode,
    /// How to store it; `append` when the catalog does not say.
    #[serde(default = "append")]
    pub destination_sync_mode: DestinationSyncMode,
    /// The path of the cursor field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_field: Option<Vec<String>>,
    /// The paths of the fields that together name a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<Vec<Vec<String>>>,
    /// The name of the object in the destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_object_name: Option<String>,
    /// The number of the stream's current generation; grows with each refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation_id: Option<i64>,
    /// The oldest generation to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_generation_id: Option<i64>,
    /// The number of this sync; grows with each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_id: Option<i64>,
    /// Whether files go along with their records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_files: Option<bool>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ConfiguredStream {
    /// A stream to be read in this mode and appended.
    pub fn new(stream: Stream, sync_mode: SyncMode) -> Self {
        Self {
            stream,
            sync_mode,
            destination_sync_mode: DestinationSyncMode::Append,
            cursor_field: None,
            primary_key: None,
            destination_object_name: None,
            generation_id: None,
            minimum_generation_id: None,
            sync_id: None,
            include_files: None,
            extra: Extra::new(),
        }
    }
}

fn full_refresh() -> SyncMode {
    SyncMode::FullRefresh
}

fn append() -> DestinationSyncMode {
    DestinationSyncMode::Append
}

/// What a destination offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DestinationCatalog {
    /// What can be done with its objects.
    pub operations: Vec<DestinationOperation>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What can be done with one object of a destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DestinationOperation {
    /// The object's name.
    pub object_name: String,
    /// How it is written.
    pub sync_mode: DestinationSyncMode,
    /// The JSON Schema of its rows.
    pub json_schema: Map<String, Value>,
    /// The lists of field paths that can match a record to a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching_keys: Option<Vec<Vec<String>>>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
