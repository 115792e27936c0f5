//! STATE, and the names of streams.

use airbyte_protocol::{Extra, GlobalState, State, StateKind, StateStats, StreamDescriptor, StreamState};
use proptest::prelude::*;

use super::json::{maybe, raw_object, some, text};

pub(super) fn state() -> impl Strategy<Value = State> {
    let kind = prop_oneof![
        stream_state().prop_map(StateKind::Stream),
        global_state().prop_map(StateKind::Global),
        raw_object().prop_map(StateKind::Legacy),
    ];
    (kind, maybe(stats()), maybe(stats())).prop_map(|(kind, source_stats, destination_stats)| State {
        kind,
        source_stats,
        destination_stats,
        extra: Extra::new(),
    })
}

pub(super) fn stream_descriptor() -> impl Strategy<Value = StreamDescriptor> {
    (text(), maybe(text()))
        .prop_map(|(name, namespace)| StreamDescriptor { namespace, ..StreamDescriptor::new(name) })
}

fn stream_state() -> impl Strategy<Value = StreamState> {
    (stream_descriptor(), maybe(raw_object())).prop_map(|(stream_descriptor, stream_state)| StreamState {
        stream_descriptor,
        stream_state,
        extra: Extra::new(),
    })
}

fn global_state() -> impl Strategy<Value = GlobalState> {
    (maybe(raw_object()), some(stream_state())).prop_map(|(shared_state, stream_states)| GlobalState {
        shared_state,
        stream_states,
        extra: Extra::new(),
    })
}

fn stats() -> impl Strategy<Value = StateStats> {
    let count = || maybe(any::<u32>().prop_map(f64::from));
    (count(), count()).prop_map(|(record_count, rejected_record_count)| StateStats {
        record_count,
        rejected_record_count,
        extra: Extra::new(),
    })
}
