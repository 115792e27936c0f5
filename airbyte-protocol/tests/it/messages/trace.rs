//! TRACE: its four kinds.

use airbyte_protocol::{
    AnalyticsTrace, ErrorTrace, EstimateTrace, EstimateType, Extra, FailureType, RateLimited, StreamStatus,
    StreamStatusReason, StreamStatusReasonType, StreamStatusTrace, Trace,
};
use proptest::prelude::*;

use super::json::{maybe, moment, some, text};
use super::state::stream_descriptor;

pub(super) fn trace() -> impl Strategy<Value = Trace> {
    prop_oneof![
        (error(), moment()).prop_map(|(body, at)| Trace::error(body, at)),
        (estimate(), moment()).prop_map(|(body, at)| Trace::estimate(body, at)),
        (stream_status(), moment()).prop_map(|(body, at)| Trace::stream_status(body, at)),
        (analytics(), moment()).prop_map(|(body, at)| Trace::analytics(body, at)),
    ]
}

fn error() -> impl Strategy<Value = ErrorTrace> {
    let failure_type = prop_oneof![
        Just(FailureType::SystemError),
        Just(FailureType::ConfigError),
        Just(FailureType::TransientError),
    ];
    (text(), maybe(text()), maybe(text()), maybe(failure_type), maybe(stream_descriptor())).prop_map(
        |(message, internal_message, stack_trace, failure_type, stream_descriptor)| ErrorTrace {
            message,
            internal_message,
            stack_trace,
            failure_type,
            stream_descriptor,
            extra: Extra::new(),
        },
    )
}

fn estimate() -> impl Strategy<Value = EstimateTrace> {
    let kind = prop_oneof![Just(EstimateType::Stream), Just(EstimateType::Sync)];
    (text(), kind, maybe(text()), maybe(any::<i64>()), maybe(any::<i64>())).prop_map(
        |(name, kind, namespace, row_estimate, byte_estimate)| EstimateTrace {
            name,
            kind,
            namespace,
            row_estimate,
            byte_estimate,
            extra: Extra::new(),
        },
    )
}

fn stream_status() -> impl Strategy<Value = StreamStatusTrace> {
    let status = prop_oneof![
        Just(StreamStatus::Started),
        Just(StreamStatus::Running),
        Just(StreamStatus::Complete),
        Just(StreamStatus::Incomplete),
    ];
    (stream_descriptor(), status, maybe(some(reason()))).prop_map(|(stream, status, reasons)| {
        StreamStatusTrace { reasons, ..StreamStatusTrace::new(stream, status) }
    })
}

fn reason() -> impl Strategy<Value = StreamStatusReason> {
    let limit = maybe(any::<i64>()).prop_map(|quota_reset| RateLimited { quota_reset, extra: Extra::new() });
    maybe(limit).prop_map(|rate_limited| StreamStatusReason {
        kind: StreamStatusReasonType::RateLimited,
        rate_limited,
        extra: Extra::new(),
    })
}

fn analytics() -> impl Strategy<Value = AnalyticsTrace> {
    (text(), maybe(text())).prop_map(|(kind, value)| AnalyticsTrace { kind, value, extra: Extra::new() })
}
