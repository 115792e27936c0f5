//! SPEC: what a connector's config looks like; and CONNECTION_STATUS: whether a config works.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::open_enum::open_enum;
use crate::{AdvancedAuth, AuthSpecification, DestinationSyncMode, Extra};

open_enum! {
    /// Whether a config works.
    ConnectionState {
        /// It does.
        Succeeded = "SUCCEEDED",
        /// It does not.
        Failed = "FAILED",
    }
}

/// Whether a config works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionStatus {
    /// Whether it works.
    pub status: ConnectionState,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ConnectionStatus {
    /// The config works.
    pub fn succeeded() -> Self {
        Self { status: ConnectionState::Succeeded, message: None, extra: Extra::new() }
    }

    /// The config does not work, and why.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { status: ConnectionState::Failed, message: Some(message.into()), extra: Extra::new() }
    }
}

/// What a connector's config looks like, and what it can do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectorSpecification {
    /// Where the documentation is.
    #[serde(rename = "documentationUrl", default, skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// Where the list of changes is.
    #[serde(rename = "changelogUrl", default, skip_serializing_if = "Option::is_none")]
    pub changelog_url: Option<String>,
    /// The JSON Schema of the config.
    #[serde(rename = "connectionSpecification")]
    pub connection_specification: Map<String, Value>,
    /// Deprecated: whether it can sync incrementally.
    #[serde(rename = "supportsIncremental", default, skip_serializing_if = "Option::is_none")]
    pub supports_incremental: Option<bool>,
    /// Destinations: whether normalization can follow.
    #[serde(rename = "supportsNormalization", default, skip_serializing_if = "Option::is_none")]
    pub supports_normalization: Option<bool>,
    /// Destinations: whether dbt can follow.
    #[serde(rename = "supportsDBT", default, skip_serializing_if = "Option::is_none")]
    pub supports_dbt: Option<bool>,
    /// Destinations: how they can store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_destination_sync_modes: Option<Vec<DestinationSyncMode>>,
    /// Deprecated: see `advanced_auth`.
    #[serde(rename = "authSpecification", default, skip_serializing_if = "Option::is_none")]
    pub auth_specification: Option<AuthSpecification>,
    /// How a platform can sign the user in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advanced_auth: Option<AdvancedAuth>,
    /// The version of the protocol that the connector speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<String>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
