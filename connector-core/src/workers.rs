//! [`Concurrency`]: how much is read at once, and the workers that keep to it.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// How much is read at once, over all streams.
///
/// A slice holds a worker from its beginning to its end, unless it hands it on: see [`Slice::worker`](crate::Slice::worker).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    least: usize,
    most: usize,
    /// Requests a second that are to be kept going; none where the number of workers is fixed.
    rate: Option<u32>,
}

impl Concurrency {
    /// So many workers are enough while nothing is known of the API …
    const LEAST: usize = 4;
    /// … and more would hold too much in memory: each may hold one answer.
    const MOST: usize = 32;

    /// So many workers, at least one.
    #[must_use]
    pub const fn fixed(workers: usize) -> Self {
        let workers = if workers == 0 { 1 } else { workers };
        Self { least: workers, most: workers, rate: None }
    }

    /// As many workers as it takes to keep so many requests a second going, by the time that answers take: twice as many where
    /// they take twice as long. Between 4 and 32.
    ///
    /// The times come from [`Slice::answered`](crate::Slice::answered), and from requests that have been under way for longer
    /// without an answer; until then there are 4.
    #[must_use]
    pub const fn for_rate(requests_a_second: u32) -> Self {
        Self { least: Self::LEAST, most: Self::MOST, rate: Some(requests_a_second) }
    }

    /// No more than so many workers, at least one.
    #[must_use]
    pub const fn at_most(self, workers: usize) -> Self {
        let workers = if workers == 0 { 1 } else { workers };
        let most = if workers < self.most { workers } else { self.most };
        let least = if most < self.least { most } else { self.least };
        Self { least, most, rate: self.rate }
    }

    /// The workers for answers that take so long: those that are under way on average, and half as many again, because
    /// some take longer.
    fn workers(self, answer: Duration) -> usize {
        let Some(rate) = self.rate else { return self.most };
        let under_way_in_thousandths = u64::from(rate).saturating_mul(millis(answer));
        let wanted = under_way_in_thousandths.saturating_mul(3).div_ceil(2 * 1000);
        usize::try_from(wanted).unwrap_or(usize::MAX).clamp(self.least, self.most)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The workers that all streams of a sync share.
#[derive(Debug)]
pub(crate) struct Workers {
    concurrency: Concurrency,
    free: Arc<Semaphore>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug)]
struct Known {
    /// How many workers there are, busy ones included.
    size: usize,
    /// What an answer takes, on average of the last ones.
    answer: Option<Duration>,
    /// The requests that have no answer yet, and when they were sent, in that order.
    under_way: BTreeMap<u64, Instant>,
    /// How many requests there were.
    requests: u64,
}

/// One worker; free again when it is dropped.
#[derive(Debug)]
pub struct Worker {
    _place: Option<OwnedSemaphorePermit>,
    /// The request that it works on.
    request: Option<Request>,
}

/// A request that is under way until it is answered or given up.
#[derive(Debug)]
pub(crate) struct Request {
    number: u64,
    known: Arc<Mutex<Known>>,
}

impl Drop for Request {
    fn drop(&mut self) {
        locked(&self.known).under_way.remove(&self.number);
    }
}

impl Workers {
    /// Of the last average and a new answer, the answer counts for so much.
    const NEW: u32 = 8;
    /// Whoever waits for a worker looks so often how long requests have been under way.
    const LOOK: Duration = Duration::from_millis(50);

    pub(crate) fn new(concurrency: Concurrency) -> Self {
        let size = concurrency.least;
        let known = Known { size, answer: None, under_way: BTreeMap::new(), requests: 0 };
        Self { concurrency, free: Arc::new(Semaphore::new(size)), known: Arc::new(Mutex::new(known)) }
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> usize {
        self.concurrency.most
    }

    /// Waits for one that is free. Who came first is served first.
    pub(crate) async fn next(&self) -> Worker {
        let mut place = pin!(Arc::clone(&self.free).acquire_owned());
        let place = loop {
            if locked(&self.known).size >= self.concurrency.most {
                break place.await;
            }
            match timeout(Self::LOOK, &mut place).await {
                Ok(place) => break place,
                Err(_) => self.look(),
            }
        };
        // The semaphore is never closed; without a permit the bound would only be looser.
        Worker { _place: place.ok(), request: None }
    }

    /// The worker sends a request.
    pub(crate) fn sends(&self, worker: &mut Worker) -> u64 {
        let mut known = locked(&self.known);
        known.requests += 1;
        let number = known.requests;
        known.under_way.insert(number, Instant::now());
        drop(known);
        worker.request = Some(Request { number, known: Arc::clone(&self.known) });
        number
    }

    /// The answer to a request took so long: there are more or fewer workers from now on. Busy ones end what they do.
    pub(crate) fn answered(&self, request: u64, took: Duration) {
        let mut known = locked(&self.known);
        known.under_way.remove(&request);
        let answer = known.answer.map_or(took, |mean| (mean * (Self::NEW - 1) + took) / Self::NEW);
        known.answer = Some(answer);
        let wanted = self.concurrency.workers(answer);
        if wanted < known.size {
            known.size -= self.free.forget_permits(known.size - wanted);
        }
        self.grow(&mut known, wanted);
    }

    /// All are busy: an answer takes at least as long as the oldest request has been without one.
    fn look(&self) {
        let mut known = locked(&self.known);
        if let Some(oldest) = known.under_way.values().next().map(Instant::elapsed) {
            let wanted = self.concurrency.workers(oldest);
            self.grow(&mut known, wanted);
        }
    }

    fn grow(&self, known: &mut Known, wanted: usize) {
        if wanted > known.size {
            self.free.add_permits(wanted - known.size);
            known.size = wanted;
        }
    }
}

fn locked(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(workers: &Workers) -> usize {
        locked(&workers.known).size
    }

    #[test]
    fn as_many_as_are_under_way_at_a_rate_and_half_as_many_again() {
        let concurrency = Concurrency::for_rate(100);
        let workers = |millis| concurrency.workers(Duration::from_millis(millis));
        assert_eq!([1, 20, 100, 200, 60_000].map(workers), [4, 4, 15, 30, 32]);
        let few = concurrency.at_most(10);
        assert_eq!([1, 100].map(|millis| few.workers(Duration::from_millis(millis))), [4, 10]);
        assert_eq!(concurrency.at_most(0).workers(Duration::MAX), 1);
        assert_eq!(Concurrency::fixed(7).workers(Duration::MAX), 7);
        assert_eq!(Concurrency::fixed(0), Concurrency::fixed(1));
    }

    #[tokio::test]
    async fn their_number_follows_the_time_that_answers_take() {
        let workers = Workers::new(Concurrency::for_rate(100));
        assert_eq!(size(&workers), 4);
        workers.answered(0, Duration::from_millis(200));
        assert_eq!((size(&workers), workers.free.available_permits()), (30, 30));
        let busy = [workers.next().await, workers.next().await];
        for _ in 0..100 {
            workers.answered(0, Duration::from_millis(1));
        }
        assert_eq!((size(&workers), workers.free.available_permits()), (4, 2));
        drop(busy);
        assert_eq!(workers.free.available_permits(), 4);
    }

    #[tokio::test]
    async fn busy_workers_are_fewer_when_they_are_done() {
        let workers = Workers::new(Concurrency::for_rate(100));
        workers.answered(0, Duration::from_millis(40));
        assert_eq!(size(&workers), 6);
        let mut busy = Vec::new();
        for _ in 0..6 {
            busy.push(workers.next().await);
        }
        (0..100).for_each(|_| workers.answered(0, Duration::ZERO));
        assert_eq!(size(&workers), 6, "all are busy");
        busy.clear();
        workers.answered(0, Duration::ZERO);
        assert_eq!((size(&workers), workers.free.available_permits()), (4, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_has_no_answer_yet_tells_that_answers_take_long() {
        let workers = Workers::new(Concurrency::for_rate(100));
        let mut busy = Vec::new();
        for _ in 0..4 {
            let mut worker = workers.next().await;
            workers.sends(&mut worker);
            busy.push(worker);
        }
        let start = Instant::now();
        busy.push(workers.next().await);
        assert_eq!((size(&workers), start.elapsed()), (8, Workers::LOOK));
        // Those that have been answered, or were given up, tell nothing.
        let workers = Workers::new(Concurrency::for_rate(100));
        for given_up in [false, true, true, true] {
            let mut worker = workers.next().await;
            let request = workers.sends(&mut worker);
            match given_up {
                true => worker.request = None,
                false => workers.answered(request, Duration::ZERO),
            }
            busy.push(worker);
        }
        assert!(timeout(Duration::from_secs(60), workers.next()).await.is_err());
        assert_eq!(size(&workers), 4);
    }
}
