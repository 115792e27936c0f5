//! [`Source`]: what a connector is.

use std::sync::Arc;

use airbyte_protocol::{ConnectorSpecification, Control};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::emitter::Emitter;
use crate::failure::Failure;
use crate::forecast::Budget;
use crate::migration::Migrations;
use crate::stream::Stream;
use crate::workers::Concurrency;

/// A connector: its config, whether the config works, and its streams. [`run`](crate::run) makes a program of it.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// The config, as the user wrote it.
    type Config: DeserializeOwned + Send + Sync;

    /// The program's name and version, for `--version` and `--help`: usually
    /// `(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))`.
    fn name_and_version(&self) -> (&'static str, &'static str) {
        ("source", "unknown")
    }

    /// What the config looks like, for the platform's form.
    fn spec(&self) -> ConnectorSpecification;

    /// Whether the config works. The failure's message is shown to the user.
    async fn check(&self, config: Self::Config, context: Context) -> Result<(), Failure>;

    /// The streams that this config offers. Makes no request: `discover` follows from it.
    ///
    /// # Errors
    /// When the config does not make sense.
    fn streams(&self, config: Self::Config, context: Context) -> Result<Vec<Arc<dyn Stream>>, Failure>;

    /// Whether the config holds what a read needs beyond what `discover` needs, for example a sign-in. Called once,
    /// before any stream is read, so that what stops all streams is said once.
    ///
    /// # Errors
    /// When no stream could be read.
    async fn prepare(&self, _config: &Self::Config, _context: Context) -> Result<(), Failure> {
        Ok(())
    }

    /// What earlier versions of this connector called or wrote otherwise. Nothing, unless said otherwise.
    fn migrations(&self) -> Migrations {
        Migrations::new()
    }

    /// How many requests the API allows with this config, told by the command `plan`. Nothing is known, unless said otherwise.
    fn budgets(&self, _config: &Self::Config) -> Vec<Budget> {
        Vec::new()
    }

    /// How much is read at once: 16 slices, unless said otherwise.
    fn concurrency(&self, _config: &Self::Config) -> Concurrency {
        Concurrency::fixed(16)
    }
}

/// What a source may know and say beside its records.
#[derive(Clone)]
pub struct Context {
    config: Map<String, Value>,
    emitter: Emitter,
    now: DateTime<Utc>,
}

impl Context {
    pub(crate) fn new(config: Map<String, Value>, emitter: Emitter) -> Self {
        let now = emitter.now();
        Self { config, emitter, now }
    }

    /// The config as it was given, with every key. It holds secrets.
    pub fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    /// The moment the command started.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Asks the platform to store a changed config, for example with a rotated token, for the next run.
    ///
    /// # Errors
    /// When the output is closed: nobody will store it.
    pub async fn store_config(&self, config: Map<String, Value>) -> Result<(), Failure> {
        let control = Control::connector_config(config, self.emitter.now_ms());
        let closed = |error| Failure::system("a changed config could not be handed over").with_source(error);
        self.emitter.message(control).await.map_err(closed)
    }
}

/// Shows nothing of the config, which holds secrets.
impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("now", &self.now).finish_non_exhaustive()
    }
}
