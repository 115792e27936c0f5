//! The engine: runs the wanted streams side by side, a parent once for itself and all its children.
//!
//! Each stream has a task that owns its state: it takes partitions from its parent, plans slices, lets them be read
//! under the bound that all streams share, and closes them in the state. Parents never wait for their children, so
//! nothing can deadlock; what waits for the writer waits on its bounded queue.

mod batches;
pub(crate) mod plan;
mod read;
mod run;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use airbyte_protocol::{
    ConfiguredCatalog, ErrorTrace, FailureType, StreamDescriptor, StreamStatus, SyncMode, Trace,
};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cursor::CursorPolicy;
use crate::emitter::{Emitter, OutputClosed, StreamOutput};
use crate::failure::Failure;
use crate::fault;
use crate::partition::Partition;
use crate::state::StreamState;
use crate::stream::Partitions;
use crate::stream_set::{Found, SavedStates, StreamSet};
use crate::workers::{Concurrency, Workers};

use run::{Child, StreamRun};

/// How often the writer looks for checkpoints that are due.
const TICK: Duration = Duration::from_secs(1);

/// How a sync is run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How much is read at once, over all streams.
    pub(crate) concurrency: Concurrency,
    /// The moment the sync started.
    pub(crate) now: DateTime<Utc>,
}

/// What a parent tells a child.
#[derive(Debug)]
enum FromParent {
    Partitions(Vec<Partition>),
    /// A slice of the parent is read; no more partitions come from under it.
    SliceRead(Vec<Partition>),
    /// Partitions are missing because the parent failed.
    Incomplete(FailureType, String),
    /// The parent has ended: no more partitions come at all. A parent that stops without this has lost some.
    End,
}

/// Says of every configured stream that it could not be read, and why.
pub(crate) async fn read_nothing(
    catalog: &ConfiguredCatalog,
    failures: &[Failure],
    emitter: &Emitter,
) -> Result<(), OutputClosed> {
    let mut outputs = Vec::with_capacity(catalog.streams.len());
    for configured in &catalog.streams {
        let output = emitter.stream(&configured.stream.name).await?;
        output.status(StreamStatus::Started).await?;
        outputs.push(output);
    }
    for failure in failures {
        emitter.failure(failure).await?;
    }
    for output in outputs {
        output.status(StreamStatus::Incomplete).await?;
    }
    Ok(())
}

/// Reads the configured streams and writes everything to the emitter. `Ok(true)` when all were read to their end.
pub(crate) async fn read(
    streams: &StreamSet,
    catalog: &ConfiguredCatalog,
    saved: SavedStates,
    emitter: &Emitter,
    options: &Options,
) -> Result<bool, OutputClosed> {
    // Read on beside a state that cannot be used, the others would hide that one stream starts anew.
    let (states, unusable) = understand(streams, catalog, &saved, options.now);
    if !unusable.is_empty() {
        return read_nothing(catalog, &unusable, emitter).await.map(|()| false);
    }
    // They can be large, and all that counts of them is understood.
    drop(saved);
    let mut sync = Sync { streams, emitter, failed: Vec::new(), runs: HashMap::new(), states };
    for configured in &catalog.streams {
        sync.configure(&configured.stream.name, &configured.sync_mode, options).await?;
    }
    sync.add_parents(options);
    let failed = sync.run(options).await?;
    if failed.is_empty() {
        return Ok(true);
    }
    // Word for word what platforms look for at the end of a sync that failed.
    let mut error = ErrorTrace {
        message: format!(
            "During the sync, the following streams did not sync successfully: {}",
            failed.join("; ")
        ),
        failure_type: Some(FailureType::ConfigError),
        ..ErrorTrace::default()
    };
    error.internal_message = Some("see the error of each stream".to_owned());
    emitter.message(Trace::error(error, emitter.now_ms())).await?;
    Ok(false)
}

/// The states of the configured streams by their names in the catalog, and what is wrong with those that cannot be used.
pub(crate) fn understand(
    streams: &StreamSet,
    catalog: &ConfiguredCatalog,
    saved: &SavedStates,
    now: DateTime<Utc>,
) -> (HashMap<String, StreamState>, Vec<Failure>) {
    let (mut states, mut unusable) = (HashMap::new(), Vec::new());
    for configured in &catalog.streams {
        let name = &configured.stream.name;
        let Some(found) = streams.find(name).filter(|_| !states.contains_key(name)) else { continue };
        match streams.understand(found.stream, streams.saved(name, saved), now) {
            Ok(understood) => drop(states.insert(name.clone(), understood.state)),
            Err(failure) => unusable.push(failure.in_stream(name)),
        }
    }
    (states, unusable)
}

/// The stream that an entry of the catalog means.
///
/// # Errors
/// A config failure when there is none, or none that can be read so.
pub(crate) fn wanted<'a>(streams: &'a StreamSet, name: &str, mode: &SyncMode) -> Result<Found<'a>, Failure> {
    let found = streams.find(name).ok_or_else(|| not_there(name))?;
    if let Some(rename) = found.renamed {
        tracing::warn!(
            "stream {name} is called {} since version {}: refresh the schema; until then it is read as {name}",
            found.name,
            rename.since
        );
    }
    let incremental = found.stream.cursor().field().is_some();
    match mode {
        SyncMode::FullRefresh => {}
        SyncMode::Incremental if incremental => {}
        // Some clients, PyAirbyte among them, ask for every stream so.
        SyncMode::Incremental => tracing::info!("stream {name} has no cursor: it is read in full"),
        other => {
            let modes = if incremental { "full_refresh and incremental" } else { "full_refresh only" };
            return Err(Failure::config(format!(
                "stream {name} cannot be read with sync mode {other}: it supports {modes}"
            )));
        }
    }
    Ok(found)
}

fn not_there(name: &str) -> Failure {
    Failure::config(format!("stream {name} is in the catalog but not in this source: refresh the schema"))
}

struct Sync<'a> {
    streams: &'a StreamSet,
    emitter: &'a Emitter,
    failed: Vec<String>,
    /// By the names that the catalog has.
    runs: HashMap<String, StreamRun>,
    /// The states that are not read on yet, by the same names.
    states: HashMap<String, StreamState>,
}

impl Sync<'_> {
    /// Prepares one configured stream, or says why it cannot be read.
    async fn configure(
        &mut self,
        name: &str,
        mode: &SyncMode,
        options: &Options,
    ) -> Result<(), OutputClosed> {
        if self.runs.contains_key(name) {
            tracing::warn!("stream {name} is in the catalog twice; it is read once, as its first entry says");
            return Ok(());
        }
        let output = self.emitter.stream(name).await?;
        output.status(StreamStatus::Started).await?;
        match self.prepare(name, mode, output.clone(), options) {
            Ok(run) => {
                output.starts_from(run.checkpoint()).await?;
                self.runs.insert(name.to_owned(), run);
            }
            Err(failure) => {
                report(&output, self.emitter, &failure).await?;
                output.status(StreamStatus::Incomplete).await?;
                self.failed.push(failure.to_string());
            }
        }
        Ok(())
    }

    fn prepare(
        &mut self,
        name: &str,
        mode: &SyncMode,
        output: StreamOutput,
        options: &Options,
    ) -> Result<StreamRun, Failure> {
        let stream = wanted(self.streams, name, mode)?.stream;
        let Some(state) = self.states.remove(name) else { return Err(not_there(name)) };
        if let CursorPolicy::Windowed(policy) = stream.cursor()
            && let Some((wanted, earliest)) = policy.moved_start(options.now.date_naive())
        {
            tracing::warn!(
                "stream {name}: the API does not reach back to {wanted}; it is read from {earliest} on"
            );
        }
        if let Some((newest, oldest)) = state.gap() {
            tracing::warn!(
                "stream {name}: the newest day in its state is {newest}, and the API serves nothing before {oldest} any more: \
                 the days between are missing"
            );
        }
        Ok(StreamRun::new(stream.clone(), Some(output), state, options.now))
    }

    /// Parents that nobody configured are read for their children's partitions alone; then each child is connected.
    fn add_parents(&mut self, options: &Options) {
        let mut open: Vec<String> = self.runs.keys().cloned().collect();
        while let Some(name) = open.pop() {
            let Some(Partitions::ChildrenOf { parent, key }) =
                self.runs.get(&name).map(StreamRun::partitions)
            else {
                continue;
            };
            let Some(parent) = self.run_of_parent(&parent, options, &mut open) else {
                if let Some(run) = self.runs.get_mut(&name) {
                    run.fail(Failure::system(format!("its parent stream {parent} does not exist")));
                }
                continue;
            };
            let (partitions, incoming) = mpsc::unbounded_channel();
            if let Some(run) = self.runs.get_mut(&parent) {
                run.add_child(Child { key: key.into(), partitions });
            }
            if let Some(run) = self.runs.get_mut(&name) {
                run.take_partitions_from(incoming);
            }
        }
    }

    /// The name under which a parent is read: the one that the catalog has, or its own where it is not configured.
    fn run_of_parent(&mut self, parent: &str, options: &Options, open: &mut Vec<String>) -> Option<String> {
        let configured = self.runs.iter().find(|(_, run)| run.own_name() == parent);
        if let Some((name, _)) = configured {
            return Some(name.clone());
        }
        let stream = self.streams.find(parent)?.stream;
        let state = self.streams.understand(stream, None, options.now).ok()?.state;
        self.runs.insert(parent.to_owned(), StreamRun::new(stream.clone(), None, state, options.now));
        open.push(parent.to_owned());
        Some(parent.to_owned())
    }

    /// Runs all streams to their end; returns what failed, in words.
    async fn run(self, options: &Options) -> Result<Vec<String>, OutputClosed> {
        let Self { emitter, mut failed, runs, .. } = self;
        let workers = Arc::new(Workers::new(options.concurrency));
        let mut tasks = JoinSet::new();
        for (_, run) in runs {
            tasks.spawn(run_to_end(run, workers.clone(), emitter.clone()));
        }
        let mut ticks = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                _ = ticks.tick() => emitter.tick()?,
                ended = tasks.join_next() => match ended {
                    None => return Ok(failed),
                    Some(Ok(outcome)) => failed.extend(outcome?),
                    Some(Err(error)) => failed.push(format!("a stream stopped by a fault of the connector: {error}")),
                },
            }
        }
    }
}

/// Runs one stream to its end; returns what failed, in words. A panic in it fails this stream alone.
async fn run_to_end(
    run: StreamRun,
    workers: Arc<Workers>,
    emitter: Emitter,
) -> Result<Option<String>, OutputClosed> {
    let output = run.output().cloned();
    match (fault::catch(run.run(workers, emitter.clone())).await, output) {
        (Ok(ended), _) => ended,
        // Nobody asked for this stream; its children say what they miss.
        (Err(_), None) => Ok(None),
        (Err(failure), Some(output)) => {
            let failure = failure.in_stream(output.name());
            report(&output, &emitter, &failure).await?;
            output.status(StreamStatus::Incomplete).await?;
            Ok(Some(failure.to_string()))
        }
    }
}

/// Writes the error of one stream.
async fn report(output: &StreamOutput, emitter: &Emitter, failure: &Failure) -> Result<(), OutputClosed> {
    let error = ErrorTrace {
        message: failure.to_string(),
        internal_message: Some(failure.with_causes()),
        failure_type: Some(failure.failure_type()),
        stream_descriptor: Some(StreamDescriptor::new(output.name())),
        ..ErrorTrace::default()
    };
    emitter.message(Trace::error(error, emitter.now_ms())).await
}
