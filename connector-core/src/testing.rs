//! Runs a source in memory and collects what it writes: for the tests of connectors.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use airbyte_protocol::{
    ConfiguredCatalog, ConnectorSpecification, Message, RawJson, Reader, StateKind, StreamStatus,
};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli;
use crate::cli::plan;
use crate::emitter::{Clock, Emitter};
use crate::failure::Failure;
use crate::migrate::{self, Section};
use crate::source::{Context, Source};
use crate::stream::Stream;
use crate::stream_set::SavedStates;

/// A source of these streams, without a config: for tests and measurements of streams alone.
#[derive(Clone)]
pub struct Streams(pub Vec<Arc<dyn Stream>>);

#[async_trait]
impl Source for Streams {
    type Config = Map<String, Value>;

    fn spec(&self) -> ConnectorSpecification {
        ConnectorSpecification::default()
    }

    async fn check(&self, _: Self::Config, _: Context) -> Result<(), Failure> {
        Ok(())
    }

    fn streams(&self, _: Self::Config, _: Context) -> Result<Vec<Arc<dyn Stream>>, Failure> {
        Ok(self.0.clone())
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|stream| stream.descriptor().name)).finish()
    }
}

/// What a run wrote, in order.
#[derive(Clone, Debug)]
pub struct Run {
    /// Whether every stream was read to its end, and every line that was written is a message.
    pub success: bool,
    /// The messages.
    pub messages: Vec<Message>,
}

/// An output that several owners can look at.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    /// What a run that ended so has written.
    fn run(&self, success: bool) -> Run {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let (messages, broken): (Vec<_>, Vec<_>) = Reader::new(bytes.as_slice()).partition(Result::is_ok);
        let messages = messages.into_iter().flatten().map(|line| line.message).collect();
        Run { success: success && broken.is_empty(), messages }
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Reads the configured streams as the command `read` does, with a clock of the caller's.
pub async fn read<S: Source>(
    source: &S,
    config: Map<String, Value>,
    catalog: &ConfiguredCatalog,
    saved: &HashMap<String, RawJson>,
    clock: Clock,
) -> Run {
    let output = Shared::default();
    let (emitter, written) = Emitter::start(output.clone(), clock);
    let work = cli::read(source, config, catalog, saved.clone().into_iter().collect(), &emitter);
    let success = cli::telling_faults(&emitter, work).await;
    drop(emitter);
    let written = written.wait().await;
    output.run(success == Ok(true) && written.is_ok())
}

/// Reads the configured streams as [`read`] does, to an output of the caller's, for example one that fails or waits.
/// The outcome is that of the program: exit code 0 for `Ok(true)` alone.
///
/// # Errors
/// When the output fails.
pub async fn read_to<S: Source, W: Write + Send + 'static>(
    source: &S,
    config: Map<String, Value>,
    catalog: &ConfiguredCatalog,
    saved: HashMap<String, RawJson>,
    clock: Clock,
    output: W,
) -> std::io::Result<bool> {
    let (emitter, written) = Emitter::start(output, clock);
    let work = cli::read(source, config, catalog, saved.into_iter().collect(), &emitter);
    let success = cli::telling_faults(&emitter, work).await;
    drop(emitter);
    written.wait().await?;
    Ok(success == Ok(true))
}

/// A connection as the command `migrate` writes it.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// The config.
    pub config: Map<String, Value>,
    /// The configured catalog.
    pub catalog: ConfiguredCatalog,
    /// The state of each stream.
    pub saved: HashMap<String, RawJson>,
    /// What is told of the config, the catalog and the states.
    pub report: String,
}

/// Makes a config, a catalog and states of any version today's, as the command `migrate` does with files.
///
/// # Errors
/// When the source refuses the config, or a catalog or a state cannot be understood.
pub async fn migrate<S: Source>(
    source: &S,
    config: Map<String, Value>,
    catalog: &ConfiguredCatalog,
    saved: &HashMap<String, RawJson>,
    clock: Clock,
) -> Result<Migrated, Failure> {
    let (emitter, _) = Emitter::start(std::io::sink(), clock);
    let (config, mut today) = migrate::config(source, config, &emitter)?;
    let catalog = today.catalog(as_object(catalog)?)?;
    let mut states: SavedStates = saved.clone().into_iter().collect();
    states.sort_keys();
    let states = today.states(&states)?;
    let sections = [config.section, catalog.section, states.section];
    Ok(Migrated {
        config: config.now,
        catalog: cli::parse(catalog.now, "catalog")?,
        saved: states.now.into_iter().collect(),
        report: sections.iter().map(Section::render).collect::<Vec<_>>().join("\n"),
    })
}

/// What the command `plan` tells.
#[derive(Clone, Debug)]
pub struct Planned {
    /// For people: a table and lines below it.
    pub report: String,
    /// For programs: what `--json` writes.
    pub json: Value,
    /// The config of the next run, where the source asks for a changed one to be stored.
    pub config: Option<Map<String, Value>>,
}

/// Says what the sync that [`read`] would do costs, as the command `plan` does; with `count` as with `--count`.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
/// use airbyte_protocol::{ConfiguredCatalog, ConfiguredStream, SyncMode};
/// use connector_core::testing::{self, Streams};
/// use connector_core::{Cost, Descriptor, Pages, Slice, Stream};
/// use futures::StreamExt;
/// use serde_json::Map;
///
/// struct Shelves;
/// impl Stream for Shelves {
///     fn descriptor(&self) -> Descriptor {
///         Descriptor::new("shelves", Map::new())
///     }
///     fn cost(&self, _: &Slice, _: Option<u64>) -> Cost {
///         Cost::exactly(2)
///     }
///     fn read<'a>(&'a self, _: &'a Slice) -> Pages<'a> {
///         futures::stream::empty().boxed()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let shelves = airbyte_protocol::Stream::new("shelves", Map::new(), vec![SyncMode::FullRefresh]);
/// let streams = vec![ConfiguredStream::new(shelves, SyncMode::FullRefresh)];
/// let catalog = ConfiguredCatalog { streams, ..Default::default() };
/// let (source, clock) = (Streams(vec![Arc::new(Shelves)]), Arc::new(chrono::Utc::now));
/// let planned = testing::plan(&source, Map::new(), &catalog, &HashMap::new(), clock, false).await.unwrap();
/// assert_eq!(planned.json["streams"][0]["requests"][0]["number"], 2);
/// # }
/// ```
///
/// # Errors
/// What `read` would tell of the config, the catalog and the states, or a request that failed.
pub async fn plan<S: Source>(
    source: &S,
    config: Map<String, Value>,
    catalog: &ConfiguredCatalog,
    saved: &HashMap<String, RawJson>,
    clock: Clock,
    count: bool,
) -> Result<Planned, Vec<Failure>> {
    let output = Shared::default();
    let (emitter, written) = Emitter::start(output.clone(), clock);
    let saved = saved.clone().into_iter().collect();
    let forecast = plan::plan(source, config, catalog, &saved, &emitter, count).await?;
    drop(emitter);
    let written = written.wait().await;
    let changed = output.run(written.is_ok()).messages.into_iter().filter_map(|message| match message {
        Message::Control(control) => Some(control.connector_config?.config),
        _ => None,
    });
    Ok(Planned { report: forecast.for_people(), json: forecast.for_programs(), config: changed.last() })
}

fn as_object<T: Serialize>(value: &T) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Failure::system("a catalog is no JSON object")),
    }
}

/// Runs a command with its arguments as a platform does, for example `["check", "--config", path]`, with a clock of the
/// caller's. Unusable arguments are no success and write no message.
pub async fn command<S: Source>(source: &S, arguments: &[&str], clock: Clock) -> Run {
    let output = Shared::default();
    let ended = cli::command(source, arguments, output.clone(), clock).await;
    output.run(matches!(ended, Some(Ok(true))))
}

impl Run {
    /// The records of a stream, in order.
    pub fn records(&self, stream: &str) -> Vec<Value> {
        let records = self.messages.iter().filter_map(|message| match message {
            Message::Record(record) if &*record.stream == stream => record.data.parse().ok(),
            _ => None,
        });
        records.collect()
    }

    /// The states of a stream with the number of records each covers, in order.
    pub fn states(&self, stream: &str) -> Vec<(RawJson, f64)> {
        let states = self.messages.iter().filter_map(|message| match message {
            Message::State(state) => match &state.kind {
                StateKind::Stream(body) if body.stream_descriptor.name == stream => {
                    let count = state.source_stats.as_ref().and_then(|stats| stats.record_count);
                    Some((body.stream_state.clone()?, count.unwrap_or_default()))
                }
                _ => None,
            },
            _ => None,
        });
        states.collect()
    }

    /// The last state of each stream: what the next run starts from.
    pub fn saved(&self) -> HashMap<String, RawJson> {
        let states = self.messages.iter().filter_map(|message| match message {
            Message::State(state) => match &state.kind {
                StateKind::Stream(body) => {
                    Some((body.stream_descriptor.name.clone(), body.stream_state.clone()?))
                }
                _ => None,
            },
            _ => None,
        });
        states.collect()
    }

    /// The statuses of a stream, in order.
    pub fn statuses(&self, stream: &str) -> Vec<StreamStatus> {
        let statuses = self.messages.iter().filter_map(|message| match message {
            Message::Trace(trace) => trace.stream_status.as_ref(),
            _ => None,
        });
        statuses
            .filter(|status| status.stream_descriptor.name == stream)
            .map(|status| status.status.clone())
            .collect()
    }

    /// The messages of all errors, in order.
    pub fn errors(&self) -> Vec<String> {
        let errors = self.messages.iter().filter_map(|message| match message {
            Message::Trace(trace) => trace.error.as_ref().map(|error| error.message.clone()),
            _ => None,
        });
        errors.collect()
    }
}
