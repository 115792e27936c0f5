//! STATE: what the next sync starts from.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Extra, RawJson};

/// What the next sync starts from, once everything before it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The state itself.
    pub kind: StateKind,
    /// What the source counted for this message.
    pub source_stats: Option<StateStats>,
    /// What the destination counted for this message.
    pub destination_stats: Option<StateStats>,
    /// Fields that this crate does not know.
    pub extra: Extra,
}

/// The forms of a state.
#[derive(Clone, Debug, PartialEq)]
pub enum StateKind {
    /// The state of one stream.
    Stream(StreamState),
    /// A state that all streams share, beside the state of each.
    Global(GlobalState),
    /// The state of the whole source in the source's own form; also what a message without a type means.
    Legacy(RawJson),
}

/// The state of one stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreamState {
    /// Which stream.
    pub stream_descriptor: StreamDescriptor,
    /// Its state, in the source's own form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_state: Option<RawJson>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A state that all streams share, beside the state of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GlobalState {
    /// The part that all streams share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_state: Option<RawJson>,
    /// The state of each stream.
    pub stream_states: Vec<StreamState>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Names a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreamDescriptor {
    /// The stream's name.
    pub name: String,
    /// Its namespace, where the source has namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl StreamDescriptor {
    /// A stream without namespace.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// Counts of records. Whole numbers, written with a decimal point as the protocol wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateStats {
    /// Records since the state message before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_count: Option<f64>,
    /// Records that were rejected since the state message before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_record_count: Option<f64>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl State {
    /// The state of one stream.
    pub fn stream(descriptor: StreamDescriptor, state: RawJson) -> Self {
        let body =
            StreamState { stream_descriptor: descriptor, stream_state: Some(state), extra: Extra::new() };
        Self::from(StateKind::Stream(body))
    }
}

impl From<StateKind> for State {
    fn from(kind: StateKind) -> Self {
        Self { kind, source_stats: None, destination_stats: None, extra: Extra::new() }
    }
}

/// The form on the wire: a type, and a field for each form of state. States can be large, so writing borrows them.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<&'a StreamState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global: Option<&'a GlobalState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawJson>,
    #[serde(rename = "sourceStats", skip_serializing_if = "Option::is_none")]
    source_stats: Option<&'a StateStats>,
    #[serde(rename = "destinationStats", skip_serializing_if = "Option::is_none")]
    destination_stats: Option<&'a StateStats>,
    #[serde(flatten)]
    extra: &'a Extra,
}

#[derive(Deserialize)]
struct Read {
    #[serde(rename = "type")]
    kind: Option<String>,
    stream: Option<StreamState>,
    global: Option<GlobalState>,
    data: Option<RawJson>,
    #[serde(rename = "sourceStats")]
    source_stats: Option<StateStats>,
    #[serde(rename = "destinationStats")]
    destination_stats: Option<StateStats>,
    #[serde(flatten)]
    extra: Extra,
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, stream, global, data) = match &self.kind {
            StateKind::Stream(body) => ("STREAM", Some(body), None, None),
            StateKind::Global(body) => ("GLOBAL", None, Some(body), None),
            StateKind::Legacy(body) => ("LEGACY", None, None, Some(body)),
        };
        let source_stats = self.source_stats.as_ref();
        let destination_stats = self.destination_stats.as_ref();
        Written { kind, stream, global, data, source_stats, destination_stats, extra: &self.extra }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Read::deserialize(deserializer)?;
        let kind = match wire.kind.as_deref() {
            Some("STREAM") => {
                wire.stream.map(StateKind::Stream).ok_or_else(|| D::Error::missing_field("stream"))?
            }
            Some("GLOBAL") => {
                wire.global.map(StateKind::Global).ok_or_else(|| D::Error::missing_field("global"))?
            }
            Some("LEGACY") | None => {
                wire.data.map(StateKind::Legacy).ok_or_else(|| D::Error::missing_field("data"))?
            }
            Some(other) => return Err(D::Error::unknown_variant(other, &["STREAM", "GLOBAL", "LEGACY"])),
        };
        let Read { source_stats, destination_stats, extra, .. } = wire;
        Ok(Self { kind, source_stats, destination_stats, extra })
    }
}
