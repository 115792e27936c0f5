//! The bound on what is read at once: kept, and reached.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};

use connector_core::Concurrency;

use crate::made::{Made, Table, page};

/// Counts what is in flight, and the most there ever was.
#[derive(Clone, Default)]
struct Flights(Arc<(AtomicUsize, AtomicUsize)>);

impl Flights {
    /// A table whose slices take two requests of one second each.
    fn table(&self, name: &'static str) -> Table {
        let flights = self.clone();
        Table::new(name, move |_| {
            let flights = flights.clone();
            let request = move |number| {
                let flights = flights.clone();
                async move {
                    let now = flights.0.0.fetch_add(1, Ordering::SeqCst) + 1;
                    flights.0.1.fetch_max(now, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    flights.0.0.fetch_sub(1, Ordering::SeqCst);
                    Ok(page(number..number + 1))
                }
            };
            stream::iter(0..2).then(request).boxed()
        })
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_slices_are_read_at_once_as_the_source_allows_over_all_streams() {
    for bound in [1, 2, 7, 30] {
        let flights = Flights::default();
        let (wide, other) = (flights.table("wide").each(0..20), flights.table("other").each(0..20));
        let mut source = Made::of([&wide, &other]);
        source.concurrency = Concurrency::fixed(bound);
        let run = source.sync(&source.catalog(), &HashMap::new()).await;
        assert!(run.success);
        assert_eq!(flights.most(), bound);
        assert_eq!(run.records("wide").len() + run.records("other").len(), 80);
    }
}

#[tokio::test(start_paused = true)]
async fn one_stream_alone_may_use_the_whole_bound() {
    let flights = Flights::default();
    let mut source = Made::of([&flights.table("wide").each(0..40)]);
    source.concurrency = Concurrency::fixed(16);
    source.sync(&source.catalog(), &HashMap::new()).await;
    assert_eq!(flights.most(), 16);
}

#[tokio::test(start_paused = true)]
async fn a_bound_of_nothing_still_reads() {
    let flights = Flights::default();
    let mut source = Made::of([&flights.table("wide").each(0..3)]);
    source.concurrency = Concurrency::fixed(0);
    assert!(source.sync(&source.catalog(), &HashMap::new()).await.success);
    assert_eq!(flights.most(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_does_not_hold_up_the_others() {
    let slow = Table::new("slow", |_| {
        stream::once(async {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(page(0..1))
        })
        .boxed()
    });
    let quick = Table::new("quick", |_| stream::iter([Ok(page(0..1))]).boxed()).each(0..50);
    let mut source = Made::of([&slow, &quick]);
    source.concurrency = Concurrency::fixed(2);
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    let order: Vec<_> = run
        .messages
        .iter()
        .filter_map(|message| match message {
            airbyte_protocol::Message::Record(record) => Some(record.stream.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!((order.len(), order.last().map(String::as_str)), (51, Some("slow")));
}

/// A table whose slices take along a worker for each of two requests, which takes `time` and says so; what the answer
/// brings is worked on for as long again.
fn asking(flights: &Flights, time: Duration) -> Table {
    let flights = flights.clone();
    Table::new("wide", move |slice| {
        let flights = flights.clone();
        let request = move |number| {
            let (flights, slice) = (flights.clone(), slice.clone());
            async move {
                slice.waits();
                let worker = slice.worker().await;
                let now = flights.0.0.fetch_add(1, Ordering::SeqCst) + 1;
                flights.0.1.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(time).await;
                slice.answered(time);
                tokio::time::sleep(time).await;
                flights.0.0.fetch_sub(1, Ordering::SeqCst);
                drop(worker);
                Ok(page(number..number + 1))
            }
        };
        stream::iter(0..2).then(request).boxed()
    })
}

#[tokio::test(start_paused = true)]
async fn requests_that_take_a_worker_along_keep_the_bound_too() {
    for bound in [1, 3, 10] {
        let flights = Flights::default();
        let mut source = Made::of([&asking(&flights, Duration::from_secs(1)).each(0..50)]);
        source.concurrency = Concurrency::fixed(bound);
        let run = source.sync(&source.catalog(), &HashMap::new()).await;
        assert!(run.success, "{:?}", run.errors());
        assert_eq!((flights.most(), run.records("wide").len()), (bound, 100));
    }
}

#[tokio::test(start_paused = true)]
async fn slow_answers_get_more_workers_and_quick_ones_few() {
    for (millis, workers) in [(1, 4), (100, 15), (200, 30)] {
        let flights = Flights::default();
        let mut source = Made::of([&asking(&flights, Duration::from_millis(millis)).each(0..200)]);
        source.concurrency = Concurrency::for_rate(100);
        source.sync(&source.catalog(), &HashMap::new()).await;
        assert_eq!(flights.most(), workers, "answers in {millis} ms");
        source.concurrency = source.concurrency.at_most(2);
        let flights = Flights::default();
        source.streams = Made::of([&asking(&flights, Duration::from_millis(millis)).each(0..20)]).streams;
        source.sync(&source.catalog(), &HashMap::new()).await;
        assert_eq!(flights.most(), 2);
    }
}
