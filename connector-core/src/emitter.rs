//! [`Emitter`]: the only way to the output. A bounded queue and one writer.
//!
//! Whoever emits waits while the queue is full, so a slow reader makes the sync wait instead of grow. Everything
//! goes through the one queue, so a checkpoint cannot overtake the records it covers; the writer counts the records
//! of each checkpoint itself, and writes the last one again at least every 10,000 records or 15 seconds, or less often
//! where it is large (see [`Pace`]).

mod writer;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use airbyte_protocol::{
    ErrorTrace, Log, Message, RawJson, RecordTemplate, StreamDescriptor, StreamStatus, StreamStatusReason,
    StreamStatusTrace, Trace,
};
use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use crate::failure::Failure;
use writer::Writer;

/// Bytes of rendered records that may wait for the writer.
const QUEUE_KIB: u32 = 8 * 1024;
/// Commands that may wait for the writer.
const QUEUE_LENGTH: usize = 256;

/// How often a state is worth writing. It lists every partition, so a large one that came as often as a small one would
/// cost far more than all records. Light ones come with every few records, for what comes behind the last one is read
/// again when a sync is stopped; of others there are no more bytes than of records. So the cost of all states of a sync
/// grows with its records and its time, and not with the square of its partitions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    bytes: u64,
}

impl Pace {
    /// A state is written at the latest so long after the one before, and longer for each further [`MORE`](Self::MORE)
    /// bytes of it.
    const TIME: Duration = Duration::from_secs(15);
    const MORE: u64 = 1024 * 1024;
    /// Below this many bytes a state is light …
    const LIGHT: u64 = 256 * 1024;
    /// … and may be so many times as large as the records before it.
    const TIMES: u64 = 20;

    /// The pace of states like this one.
    pub(crate) fn of(state: &RawJson) -> Self {
        Self { bytes: u64::try_from(state.get().len()).unwrap_or(u64::MAX) }
    }

    /// Whether records of so many bytes are worth a state.
    pub(crate) fn is_worth(self, record_bytes: u64) -> bool {
        let times = if self.is_light() { Self::TIMES } else { 1 };
        record_bytes.saturating_mul(times) >= self.bytes
    }

    /// How long the next state may be away.
    pub(crate) fn time(self) -> Duration {
        let more = u32::try_from(self.bytes / Self::MORE).unwrap_or(u32::MAX);
        Self::TIME.saturating_mul(more.saturating_add(1))
    }

    /// Whether a state may be written for every little thing.
    pub(crate) fn is_light(self) -> bool {
        self.bytes < Self::LIGHT
    }
}

/// Tells the time for what is written; records carry it as `emitted_at`.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The output cannot be written to any more: its reader is gone, or a disk is full. Nothing more can be said there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the output was closed")]
pub struct OutputClosed;

/// What the writer is told, in order.
enum Command {
    Register(StreamDescriptor),
    Message(Box<Message>),
    Records { stream: usize, count: u64, lines: Buffer, at: Instant, _room: OwnedSemaphorePermit },
    Checkpoint { stream: usize, state: RawJson, silent: bool, at: Instant },
    Tick(Instant),
}

/// Buffers that are written and can be filled again: memory that is given back to the system and asked for anew costs more
/// than the copy into it.
#[derive(Clone, Debug, Default)]
struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spare {
    /// So many are kept.
    const MOST: usize = 8;

    fn buffers(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Buffer {
        let bytes = self.buffers().pop().unwrap_or_default();
        Buffer { bytes, spare: self.clone() }
    }
}

/// Rendered lines. When it is dropped, its memory is used again.
#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    spare: Spare,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        let mut spare = self.spare.buffers();
        // One that a huge record has blown up is not kept.
        if spare.len() < Spare::MOST && (Lines::ENOUGH..=4 * Lines::ENOUGH).contains(&bytes.capacity()) {
            bytes.clear();
            spare.push(bytes);
        }
    }
}

/// The way to the output. Clones share it.
#[derive(Clone)]
pub struct Emitter {
    commands: mpsc::Sender<Command>,
    room: Arc<Semaphore>,
    spare: Spare,
    streams: Arc<AtomicU64>,
    clock: Clock,
}

impl std::fmt::Debug for Emitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emitter").finish_non_exhaustive()
    }
}

/// The writer's end: tells how writing went once every [`Emitter`] is gone.
#[derive(Debug)]
pub(crate) struct Written(oneshot::Receiver<io::Result<()>>);

impl Written {
    /// Waits until all is written.
    pub(crate) async fn wait(self) -> io::Result<()> {
        self.0.await.unwrap_or_else(|_| Err(io::Error::other("the writer stopped before its end")))
    }
}

impl Emitter {
    /// Starts a writer on `output`. Writing blocks, so it has a thread of its own.
    pub(crate) fn start<W: Write + Send + 'static>(output: W, clock: Clock) -> (Self, Written) {
        let (commands, queue) = mpsc::channel(QUEUE_LENGTH);
        let (report, written) = oneshot::channel();
        let writer_clock = clock.clone();
        std::thread::spawn(move || {
            // Nobody waits any more when the run was given up.
            let _ = report.send(Writer::new(output, writer_clock).run(queue));
        });
        let room = Arc::new(Semaphore::new(QUEUE_KIB as usize));
        (Self { commands, room, spare: Spare::default(), streams: Arc::default(), clock }, Written(written))
    }

    /// The time, as it is written to messages.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Milliseconds since the epoch, as traces and control messages carry them.
    pub(crate) fn now_ms(&self) -> f64 {
        milliseconds(&self.clock)
    }

    /// Writes one message.
    ///
    /// # Errors
    /// When the output is closed.
    pub async fn message(&self, message: impl Into<Message>) -> Result<(), OutputClosed> {
        self.send(Command::Message(Box::new(message.into()))).await
    }

    /// Writes a failure that belongs to no stream.
    pub(crate) async fn failure(&self, failure: &Failure) -> Result<(), OutputClosed> {
        let error = ErrorTrace {
            message: failure.to_string(),
            internal_message: Some(failure.with_causes()),
            failure_type: Some(failure.failure_type()),
            ..ErrorTrace::default()
        };
        self.message(Trace::error(error, self.now_ms())).await
    }

    /// Opens the output of one stream.
    pub(crate) async fn stream(&self, name: &str) -> Result<StreamOutput, OutputClosed> {
        let descriptor = StreamDescriptor::new(name);
        // The permit keeps the number and the order of registration the same.
        let permit = self.commands.reserve().await.map_err(|_| OutputClosed)?;
        let index = self.streams.fetch_add(1, Ordering::Relaxed);
        permit.send(Command::Register(descriptor.clone()));
        Ok(StreamOutput {
            emitter: self.clone(),
            index: usize::try_from(index).unwrap_or(usize::MAX),
            template: Arc::new(RecordTemplate::new(name, None)),
            descriptor,
            limited_until_ms: Arc::default(),
        })
    }

    /// Lets the writer look at the time: it writes checkpoints that are due.
    ///
    /// # Errors
    /// When the output is closed, so that a sync that waits for something else learns of it.
    pub(crate) fn tick(&self) -> Result<(), OutputClosed> {
        match self.commands.try_send(Command::Tick(Instant::now())) {
            Err(mpsc::error::TrySendError::Closed(_)) => Err(OutputClosed),
            // A full queue means the writer is busy and will look at the time anyway.
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
        }
    }

    /// A way for log lines that does not keep the writer alive.
    pub(crate) fn log_output(&self) -> LogOutput {
        LogOutput(self.commands.downgrade())
    }

    async fn send(&self, command: Command) -> Result<(), OutputClosed> {
        self.commands.send(command).await.map_err(|_| OutputClosed)
    }
}

/// Where log lines go. A line never waits: when the queue is full it is left out.
pub(crate) struct LogOutput(mpsc::WeakSender<Command>);

impl LogOutput {
    pub(crate) fn write(&self, log: Log) {
        if let Some(commands) = self.0.upgrade() {
            let _ = commands.try_send(Command::Message(Box::new(log.into())));
        }
    }
}

/// The output of one stream. Clones share it.
#[derive(Clone, Debug)]
pub struct StreamOutput {
    emitter: Emitter,
    index: usize,
    template: Arc<RecordTemplate>,
    descriptor: StreamDescriptor,
    limited_until_ms: Arc<AtomicU64>,
}

/// Record lines that are ready to be written.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: Buffer,
    count: u64,
}

impl Lines {
    /// From this size on, lines are handed to the writer.
    const ENOUGH: usize = 128 * 1024;

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= Self::ENOUGH
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bytes of the lines.
    pub(crate) fn len(&self) -> usize {
        self.buffer.bytes.len()
    }
}

impl StreamOutput {
    /// The stream's name.
    pub(crate) fn name(&self) -> &str {
        &self.descriptor.name
    }

    /// Milliseconds since the epoch, as records carry them.
    pub(crate) fn now_ms(&self) -> i64 {
        self.emitter.now().timestamp_millis()
    }

    /// No lines yet.
    pub(crate) fn lines(&self) -> Lines {
        Lines { buffer: self.emitter.spare.take(), count: 0 }
    }

    /// Renders one record; nothing is written yet.
    pub(crate) fn render(&self, lines: &mut Lines, data: &[u8], emitted_at: i64) {
        self.template.push(&mut lines.buffer.bytes, data, emitted_at);
        lines.count += 1;
    }

    /// Hands rendered records to the writer; waits while it is behind.
    pub(crate) async fn records(&self, lines: Lines) -> Result<(), OutputClosed> {
        let kib = u32::try_from(lines.len() / 1024 + 1).unwrap_or(u32::MAX).min(QUEUE_KIB);
        let room = self.emitter.room.clone().acquire_many_owned(kib).await.map_err(|_| OutputClosed)?;
        let Lines { buffer, count } = lines;
        let at = Instant::now();
        self.emitter
            .send(Command::Records { stream: self.index, count, lines: buffer, at, _room: room })
            .await
    }

    /// Writes the state, behind everything that was handed over before.
    pub(crate) async fn checkpoint(&self, state: RawJson) -> Result<(), OutputClosed> {
        self.send_checkpoint(state, false).await
    }

    /// Says which state stands while the first records come: written only when a checkpoint is due.
    pub(crate) async fn starts_from(&self, state: RawJson) -> Result<(), OutputClosed> {
        self.send_checkpoint(state, true).await
    }

    async fn send_checkpoint(&self, state: RawJson, silent: bool) -> Result<(), OutputClosed> {
        let at = Instant::now();
        self.emitter.send(Command::Checkpoint { stream: self.index, state, silent, at }).await
    }

    /// Writes a status. RUNNING is written by the writer before the first record.
    pub(crate) async fn status(&self, status: StreamStatus) -> Result<(), OutputClosed> {
        self.emitter.message(status_message(&self.descriptor, status, None, self.emitter.now_ms())).await
    }

    /// See [`Slice::rate_limited`](crate::Slice::rate_limited).
    pub(crate) fn rate_limited(&self, wait: Duration) {
        let now = u64::try_from(self.emitter.now().timestamp_millis()).unwrap_or(0);
        let until = now.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let before = self.limited_until_ms.fetch_max(until, Ordering::Relaxed);
        if before > now {
            return;
        }
        let reason = StreamStatusReason::rate_limited(Some(i64::try_from(until).unwrap_or(i64::MAX)));
        let message =
            status_message(&self.descriptor, StreamStatus::Running, Some(reason), self.emitter.now_ms());
        // A notice, not data: when the queue is full it is left out.
        let _ = self.emitter.commands.try_send(Command::Message(Box::new(message)));
    }
}

fn milliseconds(clock: &Clock) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double for 285,000 years")]
    let now = clock().timestamp_millis() as f64;
    now
}

fn status_message(
    stream: &StreamDescriptor,
    status: StreamStatus,
    reason: Option<StreamStatusReason>,
    emitted_at: f64,
) -> Message {
    let mut body = StreamStatusTrace::new(stream.clone(), status);
    body.reasons = reason.map(|reason| vec![reason]);
    Trace::stream_status(body, emitted_at).into()
}
