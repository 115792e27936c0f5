//! The writer: takes commands in order, counts records, and writes checkpoints that are due.

use std::io::{self, BufWriter, Write};

use airbyte_protocol::{Message, RawJson, State, StateKind, StateStats, StreamDescriptor, StreamStatus};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Clock, Command, Pace, status_message};
use crate::emitter::milliseconds;

/// A stream's last checkpoint is written again before more than this many records, or when its [`Pace`] says so and
/// records came since.
const RECORDS_BETWEEN_CHECKPOINTS: u64 = 10_000;

pub(super) struct Writer<W: Write> {
    output: BufWriter<W>,
    clock: Clock,
    streams: Vec<StreamProgress>,
}

struct StreamProgress {
    descriptor: StreamDescriptor,
    running: bool,
    /// Records written since the last checkpoint.
    records: u64,
    /// Their bytes.
    bytes: u64,
    last: Option<Last>,
}

/// The last checkpoint that the writer was told.
struct Last {
    state: RawJson,
    pace: Pace,
    /// When it was told, or written again.
    at: Instant,
}

impl StreamProgress {
    fn is_worth_a_state(&self) -> bool {
        self.last.as_ref().is_none_or(|last| last.pace.is_worth(self.bytes))
    }
}

impl<W: Write> Writer<W> {
    pub(super) fn new(output: W, clock: Clock) -> Self {
        Self { output: BufWriter::with_capacity(64 * 1024, output), clock, streams: Vec::new() }
    }

    /// Writes until every sender is gone. After an error nothing more is written, not even what is buffered.
    pub(super) fn run(mut self, queue: mpsc::Receiver<Command>) -> io::Result<()> {
        let ended = self.obey_all(queue);
        if ended.is_err() {
            // Dropping the buffer would write it once more, behind a hole.
            let _ = self.output.into_parts();
        }
        ended
    }

    /// Flushes whenever there is nothing more to write.
    fn obey_all(&mut self, mut queue: mpsc::Receiver<Command>) -> io::Result<()> {
        loop {
            let command = match queue.try_recv() {
                Ok(command) => command,
                Err(_) => {
                    self.output.flush()?;
                    let Some(command) = queue.blocking_recv() else { return Ok(()) };
                    command
                }
            };
            self.obey(command)?;
        }
    }

    fn obey(&mut self, command: Command) -> io::Result<()> {
        match command {
            Command::Register(descriptor) => {
                self.streams.push(StreamProgress {
                    descriptor,
                    running: false,
                    records: 0,
                    bytes: 0,
                    last: None,
                });
            }
            Command::Message(message) => self.message(&message)?,
            Command::Records { stream, count, lines, at, .. } => {
                self.running(stream)?;
                let progress = &self.streams[stream];
                if progress.records + count > RECORDS_BETWEEN_CHECKPOINTS && progress.is_worth_a_state() {
                    self.checkpoint(stream, at)?;
                }
                self.output.write_all(&lines.bytes)?;
                self.streams[stream].records += count;
                self.streams[stream].bytes += u64::try_from(lines.bytes.len()).unwrap_or(u64::MAX);
                self.checkpoint_if_due(stream, at)?;
            }
            Command::Checkpoint { stream, state, silent, at } => {
                self.streams[stream].last = Some(Last { pace: Pace::of(&state), state, at });
                if !silent {
                    self.checkpoint(stream, at)?;
                }
            }
            Command::Tick(at) => {
                for stream in 0..self.streams.len() {
                    self.checkpoint_if_due(stream, at)?;
                }
            }
        }
        Ok(())
    }

    /// RUNNING stands right before a stream's first record.
    fn running(&mut self, stream: usize) -> io::Result<()> {
        if std::mem::replace(&mut self.streams[stream].running, true) {
            return Ok(());
        }
        let descriptor = &self.streams[stream].descriptor;
        self.message(&status_message(descriptor, StreamStatus::Running, None, milliseconds(&self.clock)))
    }

    fn checkpoint_if_due(&mut self, stream: usize, now: Instant) -> io::Result<()> {
        let progress = &self.streams[stream];
        let Some(last) = &progress.last else { return Ok(()) };
        let waited = now.saturating_duration_since(last.at) >= last.pace.time();
        let many = progress.records >= RECORDS_BETWEEN_CHECKPOINTS && progress.is_worth_a_state();
        if many || (waited && progress.records > 0) {
            self.checkpoint(stream, now)?;
        }
        Ok(())
    }

    fn checkpoint(&mut self, stream: usize, now: Instant) -> io::Result<()> {
        let progress = &mut self.streams[stream];
        let Some(Last { state, pace, .. }) = progress.last.take() else { return Ok(()) };
        let mut message = State::stream(progress.descriptor.clone(), state);
        let mut stats = StateStats::default();
        #[expect(clippy::cast_precision_loss, reason = "the protocol counts in doubles; exact up to 2^53")]
        let count = std::mem::take(&mut progress.records) as f64;
        progress.bytes = 0;
        stats.record_count = Some(count);
        message.source_stats = Some(stats);
        let message = Message::State(message);
        self.message(&message)?;
        // It may be large and may be written again, so it is lent to the message, not copied.
        if let Message::State(State { kind: StateKind::Stream(body), .. }) = message {
            self.streams[stream].last = body.stream_state.map(|state| Last { state, pace, at: now });
        }
        self.output.flush()
    }

    fn message(&mut self, message: &Message) -> io::Result<()> {
        serde_json::to_writer(&mut self.output, message)?;
        self.output.write_all(b"\n")
    }
}
