//! [`Message`]: the envelope of every line.

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Catalog, ConnectionStatus, ConnectorSpecification, Control, DestinationCatalog, Extra, Log, Record,
    State, Trace,
};

/// One line of the protocol, for example `{"type":"RECORD","record":{…}}`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Message {
    /// One row of a stream.
    Record(Record),
    /// What the next sync starts from.
    State(State),
    /// A line for the sync's log.
    Log(Log),
    /// What a connector's config looks like.
    Spec(Box<ConnectorSpecification>),
    /// Whether a config works.
    ConnectionStatus(ConnectionStatus),
    /// What a source offers.
    Catalog(Catalog),
    /// An error, a status, an estimate.
    Trace(Box<Trace>),
    /// What the platform shall store.
    Control(Control),
    /// What a destination offers.
    DestinationCatalog(DestinationCatalog),
    /// A type that this crate does not know.
    Unknown(UnknownMessage),
}

/// A message of a type that this crate does not know; everything in it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownMessage {
    /// The type as it stands on the wire.
    pub kind: String,
    /// All other fields.
    pub fields: Extra,
}

/// A message and the fields beside its body that nobody knows: what a reader of lines gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The message.
    pub message: Message,
    /// Fields that this crate does not know.
    pub extra: Extra,
}

macro_rules! from_body {
    ($($body:ident),+) => {
        $(impl From<$body> for Message {
            fn from(body: $body) -> Self {
                Self::$body(body)
            }
        })+
    };
}

from_body!(Record, State, Log, ConnectionStatus, Catalog, Control, DestinationCatalog);

impl From<ConnectorSpecification> for Message {
    fn from(body: ConnectorSpecification) -> Self {
        Self::Spec(Box::new(body))
    }
}

impl From<Trace> for Message {
    fn from(body: Trace) -> Self {
        Self::Trace(Box::new(body))
    }
}

impl From<Message> for Envelope {
    fn from(message: Message) -> Self {
        Self { message, extra: Extra::new() }
    }
}

impl Message {
    fn serialize_into<M: SerializeMap>(&self, line: &mut M) -> Result<(), M::Error> {
        macro_rules! body {
            ($kind:literal, $field:literal, $body:expr) => {{
                line.serialize_entry("type", $kind)?;
                line.serialize_entry($field, $body)
            }};
        }
        match self {
            Self::Record(body) => body!("RECORD", "record", body),
            Self::State(body) => body!("STATE", "state", body),
            Self::Log(body) => body!("LOG", "log", body),
            Self::Spec(body) => body!("SPEC", "spec", body),
            Self::ConnectionStatus(body) => body!("CONNECTION_STATUS", "connectionStatus", body),
            Self::Catalog(body) => body!("CATALOG", "catalog", body),
            Self::Trace(body) => body!("TRACE", "trace", body),
            Self::Control(body) => body!("CONTROL", "control", body),
            Self::DestinationCatalog(body) => body!("DESTINATION_CATALOG", "destination_catalog", body),
            Self::Unknown(unknown) => {
                line.serialize_entry("type", &unknown.kind)?;
                unknown.fields.iter().try_for_each(|(key, value)| line.serialize_entry(key, value))
            }
        }
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        self.serialize_into(&mut line)?;
        line.end()
    }
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        self.message.serialize_into(&mut line)?;
        for (key, value) in &self.extra {
            line.serialize_entry(key, value)?;
        }
        line.end()
    }
}

/// An optional field for each body: the one that goes with the type is taken.
#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    record: Option<Record>,
    state: Option<State>,
    log: Option<Log>,
    spec: Option<Box<ConnectorSpecification>>,
    #[serde(rename = "connectionStatus")]
    connection_status: Option<ConnectionStatus>,
    catalog: Option<Catalog>,
    trace: Option<Box<Trace>>,
    control: Option<Control>,
    destination_catalog: Option<DestinationCatalog>,
    #[serde(flatten)]
    extra: Extra,
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        macro_rules! body {
            ($field:ident, $variant:ident, $name:literal) => {
                wire.$field.map(Message::$variant).ok_or_else(|| D::Error::missing_field($name))?
            };
        }
        let message = match wire.kind.as_str() {
            "RECORD" => body!(record, Record, "record"),
            "STATE" => body!(state, State, "state"),
            "LOG" => body!(log, Log, "log"),
            "SPEC" => body!(spec, Spec, "spec"),
            "CONNECTION_STATUS" => body!(connection_status, ConnectionStatus, "connectionStatus"),
            "CATALOG" => body!(catalog, Catalog, "catalog"),
            "TRACE" => body!(trace, Trace, "trace"),
            "CONTROL" => body!(control, Control, "control"),
            "DESTINATION_CATALOG" => body!(destination_catalog, DestinationCatalog, "destination_catalog"),
            _ => {
                let message = Message::Unknown(UnknownMessage { kind: wire.kind, fields: wire.extra });
                return Ok(Self { message, extra: Extra::new() });
            }
        };
        Ok(Self { message, extra: wire.extra })
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Envelope::deserialize(deserializer).map(|envelope| envelope.message)
    }
}
