//! Batches that the source cannot serve at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use airbyte_protocol::Message;
use connector_core::{Concurrency, Failure, Page, Pages, Slice};
use futures::{FutureExt, StreamExt, future, stream};
use serde_json::json;

use crate::made::{Made, Table};

/// A stream of one record for each partition, read in batches of 100; `refuse` may refuse a slice. Says how large the
/// batches were that were asked for.
fn table(
    partitions: u32,
    refuse: impl Fn(&Slice) -> Option<Failure> + Send + Sync + 'static,
) -> (Table, Arc<Mutex<Vec<usize>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let read = move |slice: Slice| -> Pages<'static> {
        seen.lock().unwrap().push(slice.partitions().len());
        let record = |id: &str| json!({"of": id, "day": "2026-11-24"});
        let ids = slice.partitions().iter().filter_map(|partition| partition.get("id"));
        let page = match refuse(&slice) {
            Some(failure) => Err(failure),
            None => Page::from_values(ids.map(record)),
        };
        stream::once(future::ready(page).boxed()).boxed()
    };
    (Table::new("rows", read).each(0..partitions).batched(100), asked)
}

fn holds(slice: &Slice, id: &str) -> bool {
    slice.partitions().iter().any(|partition| partition.get("id") == Some(id))
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_halved_and_later_ones_are_not_asked_for_at_that_size() {
    let too_many =
        |slice: &Slice| (slice.partitions().len() > 30).then(|| Failure::system("too many").divisible());
    let (table, asked) = table(1000, too_many);
    let source = Made { concurrency: Concurrency::fixed(1), ..Made::of([&table]) };
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(run.records("rows").len(), 1000);
    let asked = asked.lock().unwrap();
    assert_eq!(asked[..2], [100, 50], "{asked:?}");
    assert_eq!(asked[2..], [25; 40], "{asked:?}");
}

#[tokio::test]
async fn one_partition_that_fails_costs_no_other() {
    let bad = |slice: &Slice| holds(slice, "42").then(|| Failure::system("a broken row").divisible());
    let (table, asked) = table(300, bad);
    let source = Made::of([&table]);
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    assert!(!run.success);
    let records = run.records("rows");
    assert_eq!(records.len(), 299);
    assert!(records.iter().all(|record| record["of"] != "42"));
    assert!(run.errors()[0].contains("id=42"), "{:?}", run.errors());
    assert!(
        asked.lock().unwrap().iter().filter(|size| **size == 100).count() == 3,
        "later batches stay large"
    );
}

#[tokio::test]
async fn an_outage_is_not_asked_about_for_each_partition() {
    let down = |_: &Slice| Some(Failure::transient("down").divisible());
    let (table, asked) = table(1000, down);
    let source = Made::of([&table]);
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    assert!(!run.success && run.records("rows").is_empty());
    assert!(run.errors()[0].contains("1000 partitions failed"), "{:?}", run.errors());
    let asked = asked.lock().unwrap().len();
    assert!(asked < 50, "{asked}");
}

#[tokio::test]
async fn many_partitions_that_fail_cost_no_other() {
    for concurrency in [1, 16] {
        let is_bad = |id: &str| id.parse::<u32>().is_ok_and(|id| (40..80).contains(&id) || id % 50 == 0);
        let bad = move |slice: &Slice| {
            let holds = slice.partitions().iter().filter_map(|partition| partition.get("id")).any(is_bad);
            holds.then(|| Failure::system("a broken row").divisible())
        };
        let (table, _) = table(500, bad);
        let source = Made { concurrency: Concurrency::fixed(concurrency), ..Made::of([&table]) };
        let run = source.sync(&source.catalog(), &HashMap::new()).await;
        assert_eq!(run.records("rows").len(), 500 - 40 - 9, "{concurrency}");
    }
}

#[tokio::test]
async fn a_sync_that_is_stopped_reads_one_batch_again_at_most() {
    let (table, _) = table(2000, |_| None);
    let source = Made { concurrency: Concurrency::fixed(1), ..Made::of([&table.daily(0)]) };
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    let (mut since, mut longest) = (0, 0);
    for message in &run.messages {
        match message {
            Message::Record(_) => since += 1,
            Message::State(_) => since = 0,
            _ => {}
        }
        longest = longest.max(since);
    }
    assert_eq!(run.records("rows").len(), 4000, "two windows of each partition");
    assert_eq!(longest, 100);
}
