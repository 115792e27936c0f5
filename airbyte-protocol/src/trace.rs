//! TRACE: errors, stream statuses, estimates and usage.

use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;
use crate::{Extra, StreamDescriptor};

open_enum! {
    /// What a trace tells.
    TraceType {
        /// Something failed.
        Error = "ERROR",
        /// How much will come.
        Estimate = "ESTIMATE",
        /// What a stream is doing.
        StreamStatus = "STREAM_STATUS",
        /// How the connector is used.
        Analytics = "ANALYTICS",
    }
}

open_enum! {
    /// Who must act on an error.
    FailureType {
        /// The connector's authors.
        SystemError = "system_error",
        /// The user.
        ConfigError = "config_error",
        /// Nobody: it may work later.
        TransientError = "transient_error",
    }
}

open_enum! {
    /// What a stream is doing.
    StreamStatus {
        /// It began; nothing was read yet.
        Started = "STARTED",
        /// Records are coming.
        Running = "RUNNING",
        /// All was read.
        Complete = "COMPLETE",
        /// It stopped before all was read.
        Incomplete = "INCOMPLETE",
    }
}

open_enum! {
    /// What an estimate counts.
    EstimateType {
        /// One stream.
        Stream = "STREAM",
        /// The whole sync.
        Sync = "SYNC",
    }
}

/// Something a connector tells about its own work. The field that goes with the type is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// What it tells.
    #[serde(rename = "type")]
    pub kind: TraceType,
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    pub emitted_at: f64,
    /// The error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorTrace>,
    /// The estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<EstimateTrace>,
    /// The status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_status: Option<StreamStatusTrace>,
    /// The usage event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analytics: Option<AnalyticsTrace>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Trace {
    /// An error.
    pub fn error(error: ErrorTrace, emitted_at: f64) -> Self {
        Self { error: Some(error), ..Self::empty(TraceType::Error, emitted_at) }
    }

    /// What a stream is doing.
    pub fn stream_status(status: StreamStatusTrace, emitted_at: f64) -> Self {
        Self { stream_status: Some(status), ..Self::empty(TraceType::StreamStatus, emitted_at) }
    }

    /// How much will come.
    pub fn estimate(estimate: EstimateTrace, emitted_at: f64) -> Self {
        Self { estimate: Some(estimate), ..Self::empty(TraceType::Estimate, emitted_at) }
    }

    /// How the connector is used.
    pub fn analytics(event: AnalyticsTrace, emitted_at: f64) -> Self {
        Self { analytics: Some(event), ..Self::empty(TraceType::Analytics, emitted_at) }
    }

    fn empty(kind: TraceType, emitted_at: f64) -> Self {
        Self {
            kind,
            emitted_at,
            error: None,
            estimate: None,
            stream_status: None,
            analytics: None,
            extra: Extra::new(),
        }
    }
}

/// Something failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorTrace {
    /// What failed and what to do, for the user.
    pub message: String,
    /// What failed, for the connector's authors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_message: Option<String>,
    /// Where in the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<String>,
    /// Who must act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_type: Option<FailureType>,
    /// The stream that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_descriptor: Option<StreamDescriptor>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How much will come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimateTrace {
    /// The stream's name.
    pub name: String,
    /// What is counted.
    #[serde(rename = "type")]
    pub kind: EstimateType,
    /// The stream's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_estimate: Option<i64>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_estimate: Option<i64>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a stream is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamStatusTrace {
    /// Which stream.
    pub stream_descriptor: StreamDescriptor,
    /// What it is doing.
    pub status: StreamStatus,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Vec<StreamStatusReason>>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl StreamStatusTrace {
    /// A status without reasons.
    pub fn new(stream: StreamDescriptor, status: StreamStatus) -> Self {
        Self { stream_descriptor: stream, status, reasons: None, extra: Extra::new() }
    }
}

open_enum! {
    /// Why a stream has its status.
    StreamStatusReasonType {
        /// It waits for a rate limit.
        RateLimited = "RATE_LIMITED",
    }
}

/// Why a stream has its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamStatusReason {
    /// The kind of reason.
    #[serde(rename = "type")]
    pub kind: StreamStatusReasonType,
    /// More about a rate limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limited: Option<RateLimited>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl StreamStatusReason {
    /// The stream waits for a rate limit until `quota_reset`, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn rate_limited(quota_reset: Option<i64>) -> Self {
        let rate_limited =
            quota_reset.map(|reset| RateLimited { quota_reset: Some(reset), extra: Extra::new() });
        Self { kind: StreamStatusReasonType::RateLimited, rate_limited, extra: Extra::new() }
    }
}

/// More about a rate limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RateLimited {
    /// When the quota is whole again: milliseconds since 1970-01-01T00:00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_reset: Option<i64>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the connector is used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AnalyticsTrace {
    /// The name of the event.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
