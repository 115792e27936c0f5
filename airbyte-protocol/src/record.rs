//! RECORD: one row of a stream.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;
use crate::{Extra, RawJson};

/// One row of a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The namespace of the stream, where the source has namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The stream's name.
    pub stream: Arc<str>,
    /// The row, a JSON object, as it came.
    pub data: RawJson,
    /// When the source wrote it: milliseconds since 1970-01-01T00:00:00Z.
    pub emitted_at: i64,
    /// What was changed in the row on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<RecordMeta>,
    /// The file that the row describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_reference: Option<FileReference>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Record {
    /// A row of a stream.
    pub fn new(stream: impl Into<Arc<str>>, data: RawJson, emitted_at: i64) -> Self {
        Self { stream: stream.into(), data, emitted_at, ..Self::default() }
    }
}

/// What was changed in a row on its way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordMeta {
    /// One entry for each field that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<RecordChange>>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What happened to a field on its way.
    ChangeType {
        /// Its value was replaced by null.
        Nulled = "NULLED",
        /// Its value was cut short.
        Truncated = "TRUNCATED",
    }
}

open_enum! {
    /// Why a field was changed on its way.
    ChangeReason {
        /// The row as a whole is too large for the source.
        SourceRecordSizeLimitation = "SOURCE_RECORD_SIZE_LIMITATION",
        /// The row as a whole is too large for the destination.
        DestinationRecordSizeLimitation = "DESTINATION_RECORD_SIZE_LIMITATION",
        /// The row as a whole is too large for the platform.
        PlatformRecordSizeLimitation = "PLATFORM_RECORD_SIZE_LIMITATION",
        /// The field is too large for the source.
        SourceFieldSizeLimitation = "SOURCE_FIELD_SIZE_LIMITATION",
        /// The field is too large for the destination.
        DestinationFieldSizeLimitation = "DESTINATION_FIELD_SIZE_LIMITATION",
        /// The field is too large for the platform.
        PlatformFieldSizeLimitation = "PLATFORM_FIELD_SIZE_LIMITATION",
        /// The source could not read or write the value.
        SourceSerializationError = "SOURCE_SERIALIZATION_ERROR",
        /// The destination could not read or write the value.
        DestinationSerializationError = "DESTINATION_SERIALIZATION_ERROR",
        /// The platform could not read or write the value.
        PlatformSerializationError = "PLATFORM_SERIALIZATION_ERROR",
        /// The source could not get the value.
        SourceRetrievalError = "SOURCE_RETRIEVAL_ERROR",
        /// The destination could not turn the value into the column's type.
        DestinationTypecastError = "DESTINATION_TYPECAST_ERROR",
    }
}

/// A field that was changed on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordChange {
    /// The field.
    pub field: String,
    /// What happened to it.
    pub change: ChangeType,
    /// Why.
    pub reason: ChangeReason,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RecordChange {
    /// What happened to a field, and why.
    pub fn new(field: impl Into<String>, change: ChangeType, reason: ChangeReason) -> Self {
        Self { field: field.into(), change, reason, extra: Extra::new() }
    }
}

/// The file that a row describes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileReference {
    /// Where the file lies in the staging area: an absolute path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging_file_url: Option<String>,
    /// Where the file lies in the source: a relative path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_file_relative_path: Option<String>,
    /// The size of the file in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_size_bytes: Option<i64>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
