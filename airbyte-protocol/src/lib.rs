//! The messages of the Airbyte protocol (0.18), and reading and writing them as JSON lines.
//!
//! A connector and its platform exchange [`Message`]s, one a line. [`Reader`] and [`Writer`] turn lines into
//! messages and back; [`RecordTemplate`] writes records whose JSON is passed on as it came. Fields and values that
//! this crate does not know survive a round trip: every body has an `extra`, enums have an `Other`, and a message
//! of an unknown type is a [`Message::Unknown`].
//!
//! What a source says: a [`ConnectorSpecification`] and a [`ConnectionStatus`] before a sync, a [`Catalog`] of
//! [`Stream`]s, of which the user makes a [`ConfiguredCatalog`]; then [`Record`]s, [`State`]s, [`Trace`]s, [`Log`]s,
//! and a [`Control`] when its config changed.
//!
//! ```
//! use airbyte_protocol::{Message, RawJson, Record, Writer};
//! let record = Record::new("boards", r#"{"id":"549755885175"}"#.parse::<RawJson>()?, 1795478400000);
//! let mut lines = Vec::new();
//! Writer::new(&mut lines).write(&Message::from(record))?;
//! assert_eq!(
//!     String::from_utf8(lines)?,
//!     "{\"type\":\"RECORD\",\"record\":{\"stream\":\"boards\",\"data\":{\"id\":\"549755885175\"},\"emitted_at\":1795478400000}}\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source of all names and types: the protocol's schema, version 0.18, in the repository
//! `airbytehq/airbyte-protocol`.

mod auth;
mod catalog;
mod control;
mod lines;
mod log;
mod message;
mod open_enum;
mod raw_json;
mod record;
mod spec;
mod state;
mod trace;

pub use auth::{
    AdvancedAuth, AuthFlowType, AuthSpecification, OAuth2Specification, OAuthConfigSpecification,
    OAuthConnectorInput, OAuthStateParameter, PathStep,
};
pub use catalog::{
    Catalog, ConfiguredCatalog, ConfiguredStream, DestinationCatalog, DestinationOperation,
    DestinationSyncMode, Stream, SyncMode,
};
pub use control::{ConnectorConfig, Control, ControlType};
pub use lines::{ReadError, Reader, RecordTemplate, Writer};
pub use log::{Level, Log};
pub use message::{Envelope, Message, UnknownMessage};
pub use raw_json::RawJson;
pub use record::{ChangeReason, ChangeType, FileReference, Record, RecordChange, RecordMeta};
pub use spec::{ConnectionState, ConnectionStatus, ConnectorSpecification};
pub use state::{GlobalState, State, StateKind, StateStats, StreamDescriptor, StreamState};
pub use trace::{
    AnalyticsTrace, ErrorTrace, EstimateTrace, EstimateType, FailureType, RateLimited, StreamStatus,
    StreamStatusReason, StreamStatusReasonType, StreamStatusTrace, Trace, TraceType,
};

/// Fields that this crate does not know, kept for the way out.
pub type Extra = serde_json::Map<String, serde_json::Value>;
