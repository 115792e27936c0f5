//! Every message that this crate can write, as strategies: each optional field there or not, each list empty or not,
//! each enum value the protocol names. Fields and values that the crate does not know are left out: they are the
//! peer's, and the fixtures hold them.

mod auth;
mod catalog;
mod json;
mod record;
mod spec;
mod state;
mod trace;

use airbyte_protocol::{ConnectorConfig, Control, ControlType, Extra, Level, Log, Message};
use proptest::prelude::*;

pub(crate) use catalog::configured_catalog;
use json::{maybe, moment, object, text};

/// A message of any type the protocol names.
pub(crate) fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        record::record().prop_map(Message::from).boxed(),
        state::state().prop_map(Message::from).boxed(),
        log().prop_map(Message::from).boxed(),
        spec::specification().prop_map(Message::from).boxed(),
        spec::connection_status().prop_map(Message::from).boxed(),
        catalog::catalog().prop_map(Message::from).boxed(),
        trace::trace().prop_map(Message::from).boxed(),
        control().prop_map(Message::from).boxed(),
        catalog::destination_catalog().prop_map(Message::from).boxed(),
    ]
}

fn log() -> impl Strategy<Value = Log> {
    let level = prop_oneof![
        Just(Level::Fatal),
        Just(Level::Error),
        Just(Level::Warn),
        Just(Level::Info),
        Just(Level::Debug),
        Just(Level::Trace),
    ];
    (level, text(), maybe(text()))
        .prop_map(|(level, message, stack_trace)| Log { stack_trace, ..Log::new(level, message) })
}

fn control() -> impl Strategy<Value = Control> {
    let config = object().prop_map(|config| ConnectorConfig { config, extra: Extra::new() });
    (moment(), maybe(config)).prop_map(|(emitted_at, connector_config)| Control {
        kind: ControlType::ConnectorConfig,
        emitted_at,
        connector_config,
        extra: Extra::new(),
    })
}
