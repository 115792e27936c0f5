//! CONTROL: what the platform shall store for the connector.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Extra;
use crate::open_enum::open_enum;

open_enum! {
    /// What the platform shall do.
    ControlType {
        /// Store the config for the next run.
        ConnectorConfig = "CONNECTOR_CONFIG",
    }
}

/// What the platform shall store for the connector, for example a config with a new refresh token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Control {
    /// What the platform shall do.
    #[serde(rename = "type")]
    pub kind: ControlType,
    /// When: milliseconds since 1970-01-01T00:00:00Z.
    #[serde(rename = "emitted_at")]
    pub emitted_at: f64,
    /// The config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_config: Option<ConnectorConfig>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Control {
    /// Asks the platform to store this config for the next run.
    pub fn connector_config(config: Map<String, Value>, emitted_at: f64) -> Self {
        let connector_config = Some(ConnectorConfig { config, extra: Extra::new() });
        Self { kind: ControlType::ConnectorConfig, emitted_at, connector_config, extra: Extra::new() }
    }
}

/// A whole config. It carries secrets, so its `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectorConfig {
    /// The config as the connector reads it.
    pub config: Map<String, Value>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl fmt::Debug for ConnectorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectorConfig { .. }")
    }
}
