//! RECORD.

use airbyte_protocol::{ChangeReason, ChangeType, Extra, FileReference, Record, RecordChange, RecordMeta};
use proptest::prelude::*;

use super::json::{maybe, raw_object, some, text};

pub(super) fn record() -> impl Strategy<Value = Record> {
    (maybe(text()), text(), raw_object(), any::<i64>(), maybe(meta()), maybe(file_reference())).prop_map(
        |(namespace, stream, data, emitted_at, meta, file_reference)| Record {
            namespace,
            stream: stream.into(),
            data,
            emitted_at,
            meta,
            file_reference,
            extra: Extra::new(),
        },
    )
}

fn meta() -> impl Strategy<Value = RecordMeta> {
    maybe(some(change())).prop_map(|changes| RecordMeta { changes, extra: Extra::new() })
}

fn change() -> impl Strategy<Value = RecordChange> {
    let kind = prop_oneof![Just(ChangeType::Nulled), Just(ChangeType::Truncated)];
    (text(), kind, reason()).prop_map(|(field, change, reason)| RecordChange::new(field, change, reason))
}

fn reason() -> impl Strategy<Value = ChangeReason> {
    prop_oneof![
        Just(ChangeReason::SourceRecordSizeLimitation),
        Just(ChangeReason::DestinationRecordSizeLimitation),
        Just(ChangeReason::PlatformRecordSizeLimitation),
        Just(ChangeReason::SourceFieldSizeLimitation),
        Just(ChangeReason::DestinationFieldSizeLimitation),
        Just(ChangeReason::PlatformFieldSizeLimitation),
        Just(ChangeReason::SourceSerializationError),
        Just(ChangeReason::DestinationSerializationError),
        Just(ChangeReason::PlatformSerializationError),
        Just(ChangeReason::SourceRetrievalError),
        Just(ChangeReason::DestinationTypecastError),
    ]
}

fn file_reference() -> impl Strategy<Value = FileReference> {
    (maybe(text()), maybe(text()), maybe(any::<i64>())).prop_map(
        |(staging_file_url, source_file_relative_path, file_size_bytes)| FileReference {
            staging_file_url,
            source_file_relative_path,
            file_size_bytes,
            extra: Extra::new(),
        },
    )
}
