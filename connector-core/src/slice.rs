//! [`Slice`]: what is read at once, and what its reader may ask of the engine meanwhile.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::cursor::Window;
use crate::emitter::StreamOutput;
use crate::partition::Partition;
use crate::workers::{Worker, Workers};

/// One partition, or a batch of them that one request can serve, and the window to ask for: the unit that is
/// scheduled, read and closed. Each partition of a batch keeps its own state.
#[derive(Clone, Debug)]
pub struct Slice {
    partitions: Arc<[Partition]>,
    window: Option<Window>,
    /// The batch it is a part of.
    whole: Option<Arc<Whole>>,
    desk: Option<Arc<Desk>>,
}

/// A batch that is read in parts.
#[derive(Debug)]
pub(crate) struct Whole {
    /// How many partitions could not be served at once; `None` when nobody asked for all of them.
    pub(crate) refused: Option<usize>,
    /// Parts that are not served yet.
    open: AtomicUsize,
}

/// Where a slice that is being read turns to.
#[derive(Debug)]
pub(crate) struct Desk {
    output: Option<StreamOutput>,
    kept: Option<Value>,
    notes: mpsc::UnboundedSender<Note>,
    workers: Arc<Workers>,
    /// The worker of the slice's own; none where it waits, or where a request has taken it along.
    worker: Mutex<Option<Worker>>,
    /// The number of its last request.
    request: AtomicU64,
}

/// What a slice tells the stream it belongs to.
#[derive(Debug)]
pub(crate) enum Note {
    /// Its state is to hold this until the slice is closed, or to hold nothing of it any more.
    Keep(Slice, Option<Value>),
    /// It waits without a worker, for long perhaps.
    Idle,
    /// It has one again.
    Busy,
}

impl Desk {
    pub(crate) fn new(
        output: Option<StreamOutput>,
        kept: Option<Value>,
        notes: mpsc::UnboundedSender<Note>,
        workers: Arc<Workers>,
    ) -> Self {
        Self { output, kept, notes, workers, worker: Mutex::new(None), request: AtomicU64::new(0) }
    }

    /// Waits for a worker.
    pub(crate) async fn begin(&self) {
        let worker = self.workers.next().await;
        *self.worker() = Some(worker);
    }

    fn worker(&self) -> MutexGuard<'_, Option<Worker>> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, note: Note) {
        // A stream that has ended, because the output is closed, listens no more.
        let _ = self.notes.send(note);
    }
}

impl Slice {
    /// A slice as the engine would build it: for testing a stream's `read` alone.
    pub fn new(partitions: impl Into<Arc<[Partition]>>, window: Option<Window>) -> Self {
        Self { partitions: partitions.into(), window, whole: None, desk: None }
    }

    pub(crate) fn at(mut self, desk: Arc<Desk>) -> Self {
        self.desk = Some(desk);
        self
    }

    /// The slice when nobody reads it any more; its worker is free, whoever still holds a clone.
    pub(crate) fn left(mut self) -> Self {
        if let Some(desk) = self.desk.take() {
            desk.worker().take();
        }
        self
    }

    /// The partitions to read; more than one only where the stream's [`Batch`](crate::Batch) allows it.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The first partition: the only one unless the stream reads batches.
    pub fn partition(&self) -> Partition {
        self.partitions.first().cloned().unwrap_or_default()
    }

    /// The dates to ask for, where the stream's cursor is windowed.
    pub fn window(&self) -> Option<&Window> {
        self.window.as_ref()
    }

    /// Tells the platform that this stream waits for a rate limit. Never blocks.
    ///
    /// Said once for a wait, however many slices of the stream wait for it.
    pub fn rate_limited(&self, wait: Duration) {
        if let Some(output) = self.desk.as_ref().and_then(|desk| desk.output.as_ref()) {
            output.rate_limited(wait);
        }
    }

    /// Waits for something that needs nobody, for example for a report that the API makes: other slices are read
    /// meanwhile. It returns when `waiting` has ended and a worker is free again.
    pub async fn idle<F: Future>(&self, waiting: F) -> F::Output {
        let Some(desk) = &self.desk else { return waiting.await };
        desk.worker().take();
        desk.tell(Note::Idle);
        let outcome = waiting.await;
        desk.begin().await;
        desk.tell(Note::Busy);
        outcome
    }

    /// Says that the slice waits for its turn to send a request and holds nothing in memory: its worker reads slices of other
    /// streams. [`worker`](Self::worker) follows. For what takes long, use [`idle`](Self::idle): then other slices of the
    /// stream are begun, too.
    pub fn waits(&self) {
        if let Some(desk) = &self.desk {
            desk.worker().take();
        }
    }

    /// A worker for one request, which is sent now: the slice's own, or the next one that is free. None where nobody reads the
    /// slice.
    ///
    /// It works until it is dropped. Let it go with what the request brings into memory, so that as much is in memory at once
    /// as there are workers: a slice can then wait for its turn, or work on one answer while the next is under way, and
    /// others are read meanwhile. Do not collect answers that hold their workers: there may be no more workers than those.
    pub async fn worker(&self) -> Option<Worker> {
        let desk = self.desk.as_ref()?;
        let own = desk.worker().take();
        let mut worker = match own {
            Some(worker) => worker,
            None => desk.workers.next().await,
        };
        desk.request.store(desk.workers.sends(&mut worker), Ordering::Relaxed);
        Some(worker)
    }

    /// Says how long the answer to the last request took: the number of workers follows, see
    /// [`Concurrency::for_rate`](crate::Concurrency::for_rate).
    pub fn answered(&self, took: Duration) {
        if let Some(desk) = &self.desk {
            desk.workers.answered(desk.request.load(Ordering::Relaxed), took);
        }
    }

    /// What an earlier sync kept of this slice and could not bring to its end.
    pub fn kept(&self) -> Option<&Value> {
        self.desk.as_ref()?.kept.as_ref()
    }

    /// Keeps something in the stream's state until the slice is read to its end, for example the token of a report
    /// that the API makes; `None` forgets it. Only for slices with a window and one partition.
    ///
    /// The state is written at once, or when its time has come where it is large, so a sync that is stopped later finds it
    /// again as [`kept`](Self::kept).
    pub fn keep(&self, value: Option<Value>) {
        if let Some(desk) = &self.desk {
            desk.tell(Note::Keep(Self { desk: None, ..self.clone() }, value));
        }
    }

    /// The batch that this slice is a part of.
    pub(crate) fn whole(&self) -> Option<&Whole> {
        self.whole.as_deref()
    }

    /// The two halves of a slice that could not be served at once, or `None` for a single partition.
    pub(crate) fn halves(&self) -> Option<Vec<Slice>> {
        let size = self.partitions.len();
        (size > 1).then(|| self.parts(size.div_ceil(2), Some(size)))
    }

    /// Parts of at most so many partitions.
    pub(crate) fn parts_of(&self, most: usize) -> Vec<Slice> {
        let most = most.max(1);
        let parts = self.partitions.len().div_ceil(most).max(1);
        self.parts(self.partitions.len().div_ceil(parts), None)
    }

    fn parts(&self, size: usize, refused: Option<usize>) -> Vec<Slice> {
        let parts = self.partitions.chunks(size);
        let whole = Arc::new(Whole { refused, open: AtomicUsize::new(parts.len()) });
        let part = |partitions: &[Partition]| Slice {
            partitions: partitions.into(),
            window: self.window,
            whole: Some(Arc::clone(&whole)),
            desk: None,
        };
        parts.map(part).collect()
    }
}

impl Whole {
    /// Counts a part that was served; true when it was the last.
    pub(crate) fn part_served(&self) -> bool {
        self.open.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

impl std::fmt::Display for Slice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.partition())?;
        if self.partitions.len() > 1 {
            write!(f, " and {} more", self.partitions.len() - 1)?;
        }
        if let Some(window) = &self.window {
            write!(f, " from {} to {}", window.start, window.end)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::workers::Concurrency;

    #[test]
    fn splitting_keeps_every_partition_once_and_ends_at_one() {
        let partitions: Vec<_> = (0..5).map(|id| Partition::root().child([("id", id.to_string())])).collect();
        let slice = Slice::new(partitions.clone(), None);
        let together = |parts: Vec<Slice>| -> Vec<_> {
            parts.iter().flat_map(|part| part.partitions().to_vec()).collect()
        };
        for parts in [slice.halves().unwrap(), slice.parts_of(2), slice.parts_of(1), slice.parts_of(9)] {
            assert_eq!(together(parts), partitions);
        }
        assert_eq!((slice.halves().unwrap().len(), slice.parts_of(2).len()), (2, 3));
        assert!(Slice::new(vec![Partition::root()], None).halves().is_none());
    }

    async fn read_with(workers: &Arc<Workers>) -> (Slice, mpsc::UnboundedReceiver<Note>) {
        let (notes, heard) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk::new(None, None, notes, Arc::clone(workers)));
        desk.begin().await;
        (Slice::new(vec![Partition::root()], None).at(desk), heard)
    }

    #[tokio::test]
    async fn an_idle_slice_lends_its_worker() {
        let workers = Arc::new(Workers::new(Concurrency::fixed(1)));
        let (slice, mut heard) = read_with(&workers).await;
        assert!(workers.next().now_or_never().is_none());
        slice.idle(async { assert!(workers.next().now_or_never().is_some()) }).await;
        assert!(workers.next().now_or_never().is_none());
        assert!(matches!((heard.try_recv(), heard.try_recv()), (Ok(Note::Idle), Ok(Note::Busy))));
        slice.left();
        assert!(workers.next().now_or_never().is_some());
        assert!(heard.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_request_takes_the_worker_of_its_slice_along_and_the_next_one_another() {
        let workers = Arc::new(Workers::new(Concurrency::fixed(2)));
        let (slice, mut heard) = read_with(&workers).await;
        let (first, second) = (slice.worker().await, slice.worker().await);
        assert!(first.is_some() && second.is_some());
        assert!(slice.worker().now_or_never().is_none(), "both are at work");
        drop(first);
        assert!(slice.worker().now_or_never().is_some());
        drop(second);
        slice.idle(async {}).await;
        let both = [workers.next().now_or_never(), workers.next().now_or_never()];
        assert_eq!(both.iter().flatten().count(), 1, "it has one of its own again");
        drop(both);
        slice.waits();
        let both = [workers.next().now_or_never(), workers.next().now_or_never()];
        assert_eq!(both.iter().flatten().count(), 2);
        slice.left();
        assert!(matches!((heard.try_recv(), heard.try_recv()), (Ok(Note::Idle), Ok(Note::Busy))));
        assert!(heard.try_recv().is_err());
    }
}
