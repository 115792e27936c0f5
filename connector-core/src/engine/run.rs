//! One stream of a sync: takes partitions, plans slices, has them read, and closes them in its state.

use std::sync::{Arc, Mutex};

use airbyte_protocol::{FailureType, RawJson, StreamStatus};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::cast::Cast;
use crate::cursor::CursorValue;
use crate::emitter::{Emitter, OutputClosed, Pace, StreamOutput};
use crate::failure::Failure;
use crate::partition::Partition;
use crate::peek::Peek;
use crate::slice::{Desk, Note, Slice};
use crate::state::StreamState;
use crate::stream::{Batch, Partitions, Stream};
use crate::workers::Workers;

use super::batches::{Batches, Verdict};
use super::plan::{Plan, Shared};
use super::read::{Ended, Reading, Stopped, read_slice};
use super::{FromParent, report};

/// So many slices of a stream may have begun; those that are idle count, too.
const MOST_BEGUN: usize = 64;
/// Failures that are told one by one; the rest is counted.
const FAILURES_TOLD: usize = 10;

/// A child stream: the parent's field that names its partitions, and the way to it.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) key: Arc<str>,
    pub(super) partitions: mpsc::UnboundedSender<FromParent>,
}

impl Child {
    pub(super) fn tell(&self, message: FromParent) {
        // A child that has stopped, because the output is closed, needs no partitions any more.
        let _ = self.partitions.send(message);
    }
}

pub(super) struct StreamRun {
    stream: Arc<dyn Stream>,
    name: String,
    partitions: Partitions,
    output: Option<StreamOutput>,
    state: StreamState,
    children: Vec<Child>,
    incoming: Option<mpsc::UnboundedReceiver<FromParent>>,
    plan: Plan,
    batches: Batches,
    /// Whether the parent names all partitions that there are.
    parent_is_whole: bool,
    failures: Vec<Failure>,
    failed_partitions: usize,
    now: DateTime<Utc>,
    started: Instant,
    since_checkpoint: SinceCheckpoint,
}

/// What came after the last checkpoint.
struct SinceCheckpoint {
    /// Bytes of records.
    bytes: u64,
    /// Whether the state has changed.
    changed: bool,
    at: Instant,
    /// The pace of the last one.
    pace: Pace,
}

impl SinceCheckpoint {
    fn new(state: &RawJson) -> Self {
        Self { bytes: 0, changed: false, at: Instant::now(), pace: Pace::of(state) }
    }

    /// When the next one is due at the latest.
    fn due(&self) -> Instant {
        self.at + self.pace.time()
    }
}

impl StreamRun {
    pub(super) fn new(
        stream: Arc<dyn Stream>,
        output: Option<StreamOutput>,
        state: StreamState,
        now: DateTime<Utc>,
    ) -> Self {
        let batch_size = match stream.batch() {
            Batch::One => 1,
            Batch::UpTo { size, .. } => size,
        };
        let started = Instant::now();
        Self {
            name: output.as_ref().map_or_else(|| stream.descriptor().name, |output| output.name().to_owned()),
            partitions: stream.partitions(),
            stream,
            output,
            state,
            children: Vec::new(),
            incoming: None,
            plan: Plan::new(batch_size),
            batches: Batches::default(),
            parent_is_whole: true,
            failures: Vec::new(),
            failed_partitions: 0,
            now,
            started,
            since_checkpoint: SinceCheckpoint::new(&RawJson::default()),
        }
    }

    /// The stream's name of today; its output may have the one of before.
    pub(super) fn own_name(&self) -> String {
        self.stream.descriptor().name
    }

    pub(super) fn partitions(&self) -> Partitions {
        self.partitions.clone()
    }

    pub(super) fn output(&self) -> Option<&StreamOutput> {
        self.output.as_ref()
    }

    pub(super) fn checkpoint(&self) -> RawJson {
        self.state.checkpoint()
    }

    pub(super) fn add_child(&mut self, child: Child) {
        self.children.push(child);
    }

    pub(super) fn take_partitions_from(&mut self, incoming: mpsc::UnboundedReceiver<FromParent>) {
        self.incoming = Some(incoming);
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    /// Reads the stream to its end; returns what failed, in words.
    pub(super) async fn run(
        mut self,
        workers: Arc<Workers>,
        emitter: Emitter,
    ) -> Result<Option<String>, OutputClosed> {
        let reading = Arc::new(self.reading());
        if self.output.is_some()
            && self.state.is_windowed()
            && let Some(day) = self.stream.final_up_to().await
        {
            self.state.final_up_to(day);
        }
        let fixed = match &self.partitions {
            Partitions::Single => vec![Partition::root()],
            Partitions::Each(list) => list.clone(),
            Partitions::ChildrenOf { .. } => Vec::new(),
        };
        self.open(fixed);
        let mut incoming = self.incoming.take();
        if incoming.is_none() {
            self.all_known();
        }
        let (notes, mut heard) = mpsc::unbounded_channel();
        let mut running = JoinSet::new();
        let mut idle = 0;
        loop {
            let most = match self.batches.one_at_a_time() {
                true => 1,
                false => (workers.most() + idle).min(MOST_BEGUN.max(workers.most())),
            };
            while running.len() < most
                && let Some(slice) = self.next_slice()
            {
                let bounds =
                    slice.partitions().iter().map(|partition| self.state.lower_bound(partition)).collect();
                let desk = self.desk(&slice, notes.clone(), workers.clone());
                running.spawn(read_at(desk, self.stream.clone(), reading.clone(), slice, bounds));
            }
            if running.is_empty() && incoming.is_none() {
                if self.batches.look_again() && self.plan.try_smallest() {
                    continue;
                }
                for (slice, failure) in self.plan.given_up() {
                    self.slice_failed(&slice, failure);
                    tell_children(&reading, &slice);
                }
                break;
            }
            tokio::select! {
                // Notes first: one that a slice has left behind must not reach its state after it was closed.
                biased;
                Some(note) = heard.recv() => match note {
                    Note::Idle => idle += 1,
                    Note::Busy => idle -= 1,
                    Note::Keep(slice, value) => self.keep(&slice, value).await?,
                },
                message = next_from(&mut incoming), if incoming.is_some() => match message {
                    Some(FromParent::End) => {
                        incoming = None;
                        self.all_known();
                    }
                    Some(message) => self.hear(message),
                    None => {
                        incoming = None;
                        self.parent_is_whole = false;
                        self.all_known();
                        self.fail(Failure::system("its parent stream stopped before its end"));
                    }
                },
                () = sleep_until(self.since_checkpoint.due()), if self.since_checkpoint.changed => {
                    self.write_checkpoint().await?;
                }
                Some(ended) = running.join_next() => match ended {
                    Ok(ended) => self.slice_ended(ended, &reading).await?,
                    Err(error) => self.fail(Failure::system("a slice was lost by a fault of the connector").with_source(error)),
                },
            }
        }
        self.finish(&reading, &emitter).await
    }

    /// The next slice of a size that is worth asking for.
    fn next_slice(&mut self) -> Option<Slice> {
        loop {
            let slice = self.plan.next()?;
            match self.batches.too_large(&slice) {
                Some(parts) => self.plan.in_parts(parts),
                None => return Some(slice),
            }
        }
    }

    fn desk(&self, slice: &Slice, notes: mpsc::UnboundedSender<Note>, workers: Arc<Workers>) -> Desk {
        // What one partition has kept is nothing to the others of a batch.
        let alone = slice.window().filter(|_| slice.partitions().len() == 1);
        let kept = alone.and_then(|window| self.state.kept(&slice.partition(), *window));
        Desk::new(self.output.clone(), kept.cloned(), notes, workers)
    }

    async fn keep(&mut self, slice: &Slice, value: Option<Value>) -> Result<(), OutputClosed> {
        let (Some(window), Some(_)) = (slice.window(), &self.output) else { return Ok(()) };
        self.state.keep(&slice.partition(), *window, value);
        self.since_checkpoint.changed = true;
        // It spares work and no rows depend on it, so in a large state it waits for the next one.
        if self.since_checkpoint.pace.is_light() { self.write_checkpoint().await } else { Ok(()) }
    }

    fn reading(&mut self) -> Reading {
        let mut peek = Peek::default();
        let descriptor = self.stream.descriptor();
        // A parent that nobody asked for is read for its keys alone: nothing of it is filtered or written.
        let field = self.stream.cursor().field().filter(|_| self.output.is_some()).map(str::to_owned);
        let cursor = field.map(|field| peek.want(&field));
        let partition_of = match self.stream.batch() {
            Batch::One => None,
            Batch::UpTo { partition_of, .. } => Some(peek.want(&partition_of)),
        };
        let children = std::mem::take(&mut self.children);
        let children = children.into_iter().map(|child| (peek.want(&child.key), child)).collect();
        let cast = Cast::of_schema(&descriptor.json_schema, descriptor.cast);
        let dropped_fields = descriptor.dropped_fields;
        Reading {
            name: self.name.clone(),
            cast,
            not_cast: Mutex::default(),
            peek,
            cursor,
            partition_of,
            children,
            dropped_fields,
            output: self.output.clone(),
            now: self.now,
        }
    }

    /// No more partitions come.
    fn all_known(&mut self) {
        if self.parent_is_whole {
            self.state.all_known();
        }
        let shared = self.plan.all_known();
        self.share(shared);
    }

    fn share(&mut self, shared: Vec<Shared>) {
        for (partition, windows) in shared {
            self.state.ask_for(&partition, &windows);
        }
    }

    fn hear(&mut self, message: FromParent) {
        match message {
            FromParent::Partitions(partitions) => self.open(partitions),
            FromParent::SliceRead(parents) => {
                for parent in &parents {
                    let shared = self.plan.parent_is_read(parent);
                    self.share(shared);
                }
            }
            FromParent::Incomplete(failure_type, why) => {
                self.parent_is_whole = false;
                self.fail(Failure::new(
                    failure_type,
                    format!("its parent stream could not be read in full: {why}"),
                ));
            }
            // The loop that listens ends with it.
            FromParent::End => {}
        }
    }

    fn open(&mut self, partitions: Vec<Partition>) {
        for partition in partitions {
            match self.state.open(&partition) {
                None => tracing::warn!(
                    "stream {}: the parent names {partition} twice; it is read once",
                    self.name
                ),
                Some(windows) if windows.is_empty() => {}
                Some(windows) => self.plan.add(partition, windows),
            }
        }
    }

    async fn slice_ended(&mut self, ended: Ended, reading: &Reading) -> Result<(), OutputClosed> {
        let Ended { slice, bytes, newest, outcome } = ended;
        self.since_checkpoint.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        match outcome {
            Ok(()) => {
                self.batches.served(&slice);
                self.plan.try_again();
                for (partition, newest) in slice.partitions().iter().zip(newest) {
                    self.state.close(partition, slice.window().copied(), newest);
                }
                self.since_checkpoint.changed = true;
                self.checkpoint_if_worth_it().await?;
            }
            Err(Stopped::OutputClosed) => return Err(OutputClosed),
            Err(Stopped::Failed(failure)) => {
                match self.batches.failed(&slice, &failure) {
                    Verdict::Halves(halves) => {
                        tracing::info!(
                            "stream {}: {slice} could not be served at once, it is split: {failure}",
                            self.name
                        );
                        self.plan.in_parts(halves);
                        return Ok(());
                    }
                    Verdict::Later => {
                        self.plan.later(slice, failure);
                        return Ok(());
                    }
                    Verdict::Failed => {}
                }
                self.slice_failed(&slice, failure);
            }
        }
        tell_children(reading, &slice);
        Ok(())
    }

    fn slice_failed(&mut self, slice: &Slice, failure: Failure) {
        self.failed_partitions += slice.partitions().len();
        if self.failures.len() < FAILURES_TOLD {
            let where_ = if slice.partition().is_root() && slice.window().is_none() {
                String::new()
            } else {
                format!("{slice}: ")
            };
            let told =
                Failure::new(failure.failure_type(), format!("{where_}{failure}")).with_source(failure);
            tracing::error!("stream {}: {told}", self.name);
            self.failures.push(told);
        }
    }

    /// A state lists every partition, so it is written when as many bytes of records came since the last one, or when it has
    /// been away for long.
    async fn checkpoint_if_worth_it(&mut self) -> Result<(), OutputClosed> {
        let SinceCheckpoint { bytes, pace, .. } = self.since_checkpoint;
        if (bytes > 0 && pace.is_worth(bytes)) || self.since_checkpoint.due() <= Instant::now() {
            return self.write_checkpoint().await;
        }
        Ok(())
    }

    async fn write_checkpoint(&mut self) -> Result<(), OutputClosed> {
        self.since_checkpoint.changed = false;
        let Some(output) = self.output.as_ref().filter(|_| self.state.moves()) else { return Ok(()) };
        let state = self.state.checkpoint();
        self.since_checkpoint = SinceCheckpoint::new(&state);
        output.checkpoint(state).await
    }

    async fn finish(mut self, reading: &Reading, emitter: &Emitter) -> Result<Option<String>, OutputClosed> {
        let failure = self.whole_failure();
        if failure.is_none() {
            self.state.complete(self.started.elapsed());
        }
        for (_, child) in &reading.children {
            if let Some(failure) = &failure {
                child.tell(FromParent::Incomplete(failure.failure_type(), failure.to_string()));
            }
            child.tell(FromParent::End);
        }
        let Some(output) = &self.output else { return Ok(None) };
        if let Some(failure) = &failure {
            report(output, emitter, failure).await?;
        }
        output.checkpoint(self.state.checkpoint()).await?;
        let status = if failure.is_some() { StreamStatus::Incomplete } else { StreamStatus::Complete };
        output.status(status).await?;
        Ok(failure.map(|failure| failure.to_string()))
    }

    /// All failures of the stream in one: the first in full, the others counted and kept as the cause.
    fn whole_failure(&mut self) -> Option<Failure> {
        let failures = std::mem::take(&mut self.failures);
        let types = [FailureType::ConfigError, FailureType::SystemError, FailureType::TransientError];
        let worst =
            types.into_iter().find(|kind| failures.iter().any(|failure| failure.failure_type() == *kind));
        let first = failures.first()?;
        let more = match self.failed_partitions {
            0 | 1 => String::new(),
            count => format!(" ({count} partitions failed; the others were read)"),
        };
        let causes: Vec<_> = failures.iter().map(Failure::with_causes).collect();
        let whole = Failure::new(worst?, format!("{first}{more}")).in_stream(&self.name);
        Some(whole.with_source(causes.join("; ")))
    }
}

/// Says to the children that no more partitions come from this slice.
fn tell_children(reading: &Reading, slice: &Slice) {
    for (_, child) in &reading.children {
        child.tell(FromParent::SliceRead(slice.partitions().to_vec()));
    }
}

/// Reads a slice when a worker is free.
async fn read_at(
    desk: Desk,
    stream: Arc<dyn Stream>,
    reading: Arc<Reading>,
    slice: Slice,
    bounds: Vec<Option<CursorValue>>,
) -> Ended {
    let desk = Arc::new(desk);
    desk.begin().await;
    let ended = read_slice(stream, reading, slice.at(desk), bounds).await;
    Ended { slice: ended.slice.left(), ..ended }
}

async fn next_from(incoming: &mut Option<mpsc::UnboundedReceiver<FromParent>>) -> Option<FromParent> {
    incoming.as_mut()?.recv().await
}
