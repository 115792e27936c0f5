//! CATALOG and DESTINATION_CATALOG; and the configured catalog, which is a file and no message.

use airbyte_protocol::{
    Catalog, ConfiguredCatalog, ConfiguredStream, DestinationCatalog, DestinationOperation,
    DestinationSyncMode, Extra, Stream, SyncMode,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::json::{maybe, object, path, some, text};

pub(super) fn catalog() -> impl Strategy<Value = Catalog> {
    some(stream()).prop_map(|streams| Catalog { streams, extra: Extra::new() })
}

pub(super) fn destination_catalog() -> impl Strategy<Value = DestinationCatalog> {
    some(operation()).prop_map(|operations| DestinationCatalog { operations, extra: Extra::new() })
}

/// What the user chose to sync.
pub(crate) fn configured_catalog() -> impl Strategy<Value = ConfiguredCatalog> {
    some(configured_stream()).prop_map(|streams| ConfiguredCatalog { streams, extra: Extra::new() })
}

pub(super) fn destination_sync_mode() -> impl Strategy<Value = DestinationSyncMode> {
    prop_oneof![
        Just(DestinationSyncMode::Append),
        Just(DestinationSyncMode::Overwrite),
        Just(DestinationSyncMode::AppendDedup),
        Just(DestinationSyncMode::Update),
        Just(DestinationSyncMode::SoftDelete),
    ]
}

fn sync_mode() -> impl Strategy<Value = SyncMode> {
    prop_oneof![Just(SyncMode::FullRefresh), Just(SyncMode::Incremental)]
}

fn stream() -> impl Strategy<Value = Stream> {
    let keys = (maybe(any::<bool>()), maybe(path()), maybe(some(path())), maybe(text()));
    let marks = (maybe(any::<bool>()), maybe(any::<bool>()));
    (text(), object(), vec(sync_mode(), 1..3), keys, marks).prop_map(
        |(name, json_schema, modes, (cursor, cursor_field, primary_key, namespace), (resumable, files))| {
            Stream {
                source_defined_cursor: cursor,
                default_cursor_field: cursor_field,
                source_defined_primary_key: primary_key,
                namespace,
                is_resumable: resumable,
                is_file_based: files,
                ..Stream::new(name, json_schema, modes)
            }
        },
    )
}

fn configured_stream() -> impl Strategy<Value = ConfiguredStream> {
    let number = || maybe(any::<i64>());
    let fields = (maybe(path()), maybe(some(path())), maybe(text()), maybe(any::<bool>()));
    let numbers = (number(), number(), number());
    (stream(), sync_mode(), destination_sync_mode(), fields, numbers).prop_map(
        |(stream, sync_mode, destination, (cursor, key, object, files), (generation, minimum, sync))| {
            ConfiguredStream {
                destination_sync_mode: destination,
                cursor_field: cursor,
                primary_key: key,
                destination_object_name: object,
                generation_id: generation,
                minimum_generation_id: minimum,
                sync_id: sync,
                include_files: files,
                ..ConfiguredStream::new(stream, sync_mode)
            }
        },
    )
}

fn operation() -> impl Strategy<Value = DestinationOperation> {
    (text(), destination_sync_mode(), object(), maybe(some(path()))).prop_map(
        |(object_name, sync_mode, json_schema, matching_keys)| DestinationOperation {
            object_name,
            sync_mode,
            json_schema,
            matching_keys,
            extra: Extra::new(),
        },
    )
}
