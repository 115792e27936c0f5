//! SPEC and CONNECTION_STATUS.

use airbyte_protocol::{ConnectionState, ConnectionStatus, ConnectorSpecification, Extra};
use proptest::prelude::*;

use super::auth::{advanced_auth, auth_specification};
use super::catalog::destination_sync_mode;
use super::json::{maybe, object, some, text};

pub(super) fn specification() -> impl Strategy<Value = ConnectorSpecification> {
    let links = (maybe(link()), maybe(link()), maybe(text()));
    let flags = (maybe(any::<bool>()), maybe(any::<bool>()), maybe(any::<bool>()));
    let auth = (maybe(auth_specification()), maybe(advanced_auth()));
    (object(), links, flags, maybe(some(destination_sync_mode())), auth).prop_map(
        |(config, (docs, changes, version), (incremental, normalization, dbt), modes, (old_auth, auth))| {
            ConnectorSpecification {
                documentation_url: docs,
                changelog_url: changes,
                connection_specification: config,
                supports_incremental: incremental,
                supports_normalization: normalization,
                supports_dbt: dbt,
                supported_destination_sync_modes: modes,
                auth_specification: old_auth,
                advanced_auth: auth,
                protocol_version: version,
                extra: Extra::new(),
            }
        },
    )
}

pub(super) fn connection_status() -> impl Strategy<Value = ConnectionStatus> {
    let status = prop_oneof![Just(ConnectionState::Succeeded), Just(ConnectionState::Failed)];
    (status, maybe(text())).prop_map(|(status, message)| ConnectionStatus {
        status,
        message,
        extra: Extra::new(),
    })
}

fn link() -> impl Strategy<Value = String> {
    "https://[a-z]{1,8}\\.example/[a-z0-9/]{0,8}"
}
