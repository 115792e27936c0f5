//! STATE messages: when they come, what they count, and that they cover nothing that is not written.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use airbyte_protocol::{Message, StateKind};
use connector_core::testing::Run;
use connector_core::{Concurrency, Failure, Page, Pages};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::made::{Made, Table, page};

/// Pages of 170 records, so that ten thousand end in the middle of one.
fn pages(count: u32) -> Pages<'static> {
    stream::iter((0..count).map(|number| Ok(page(number * 170..(number + 1) * 170)))).boxed()
}

/// Pages with these times between them.
fn slow(pages: Vec<Page>, wait: Duration) -> Pages<'static> {
    stream::iter(pages)
        .then(move |page| async move {
            tokio::time::sleep(wait).await;
            Ok(page)
        })
        .boxed()
}

/// Books of one shelf, changed at these times.
fn books(shelf: &str, times: &[i64]) -> Page {
    let book = |time: &i64| json!({"id": format!("{shelf}-{time}"), "shelf": shelf, "updated": time});
    Page::from_values(times.iter().map(book)).unwrap()
}

/// Checks the count of every STATE of every stream, and gives the longest way without one, in records.
fn checked_counts(run: &Run) -> u64 {
    let mut since = HashMap::<String, u64>::new();
    let mut longest = 0;
    for message in &run.messages {
        match message {
            Message::Record(record) => {
                let records = since.entry(record.stream.to_string()).or_default();
                *records += 1;
                longest = longest.max(*records);
            }
            Message::State(state) => {
                let StateKind::Stream(body) = &state.kind else { unreachable!("one stream at a time") };
                let counted = state.source_stats.as_ref().unwrap().record_count.unwrap();
                let records = since.insert(body.stream_descriptor.name.clone(), 0).unwrap_or(0);
                assert_eq!(format!("{counted}"), records.to_string(), "{body:?}");
            }
            _ => {}
        }
    }
    assert!(since.values().all(|records| *records == 0), "records behind the last state: {since:?}");
    longest
}

/// Checks that no state covers a book that is not written: one at or before its shelf's cursor stands before it.
fn check_coverage(run: &Run, all: &BTreeMap<&str, Vec<i64>>) {
    let mut written = BTreeMap::<String, Vec<i64>>::new();
    for message in &run.messages {
        match message {
            Message::Record(record) => {
                let book: Value = record.data.parse().unwrap();
                let shelf = book["shelf"].as_str().unwrap().to_owned();
                written.entry(shelf).or_default().push(book["updated"].as_i64().unwrap());
            }
            Message::State(state) => {
                let StateKind::Stream(body) = &state.kind else { unreachable!("one stream at a time") };
                let state: Value = body.stream_state.as_ref().unwrap().parse().unwrap();
                for entry in state["states"].as_array().unwrap() {
                    let shelf = entry["partition"]["id"].as_str().unwrap();
                    let cursor: i64 = entry["cursor"]["updated"].as_str().unwrap().parse().unwrap();
                    let covered = all[shelf].iter().filter(|time| **time <= cursor);
                    let missing: Vec<_> = covered
                        .filter(|time| !written.get(shelf).is_some_and(|w| w.contains(time)))
                        .collect();
                    assert!(missing.is_empty(), "shelf {shelf} at {cursor} lacks {missing:?}");
                }
            }
            _ => {}
        }
    }
}

async fn whole_sync(source: &Made) -> Run {
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    assert!(run.success, "{:?}", run.errors());
    run
}

#[tokio::test(start_paused = true)]
async fn a_long_stream_has_a_state_at_least_every_ten_thousand_records() {
    let rows = Table::new("rows", |_| pages(206));
    let parts = Table::new("parts", |_| pages(45)).each(0..4);
    let run = whole_sync(&Made::of([&rows, &parts])).await;
    let longest = checked_counts(&run);
    assert!((9_000..=10_000).contains(&longest), "{longest}");
    assert_eq!(run.records("rows").len(), 35_020);
    assert_eq!(run.records("parts").len(), 30_600);
    for (stream, records) in [("rows", 35_020.), ("parts", 30_600.)] {
        let counted: f64 = run.states(stream).iter().map(|(_, count)| count).sum();
        assert_eq!(counted.to_string(), f64::to_string(&records));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_has_a_state_every_fifteen_seconds_in_which_records_came() {
    let rows =
        Table::new("rows", |_| slow((0..10).map(|n| page(n..n + 1)).collect(), Duration::from_secs(6)));
    let run = whole_sync(&Made::of([&rows])).await;
    checked_counts(&run);
    let counts: Vec<_> = run.states("rows").iter().map(|(_, count)| count.to_string()).collect();
    // Records at 6, 12, 18, …, 60 s; states at 15, 30, 45 and 60 s at the latest, and one at the end.
    assert!((5..=6).contains(&counts.len()), "{counts:?}");
    assert!(counts[..4].iter().all(|count| ["2", "3"].contains(&count.as_str())), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn what_states_take_grows_with_the_records_and_not_with_the_square_of_the_partitions() {
    let mut bytes_of_a_record = Vec::new();
    for partitions in [3_000, 30_000] {
        let rows = Table::new("rows", |slice| {
            let id = slice.partition().get("id").unwrap().to_owned();
            stream::iter([Page::from_values([json!({"id": id, "updated": 1_700_000_000})])]).boxed()
        });
        let mut source = Made::of([&rows.each(0..partitions).incremental()]);
        source.concurrency = Concurrency::fixed(1);
        let run = whole_sync(&source).await;
        assert_eq!(run.records("rows").len(), usize::try_from(partitions).unwrap());
        let states = run.states("rows");
        let last: Value = states.last().unwrap().0.parse().unwrap();
        assert_eq!(last["states"].as_array().unwrap().len(), usize::try_from(partitions).unwrap());
        let bytes: usize = states.iter().map(|(state, _)| state.get().len()).sum();
        bytes_of_a_record.push(bytes / run.records("rows").len());
    }
    // Ten times as many partitions would take ten times as many for each record, if every so many records had a state.
    assert!(bytes_of_a_record[1] < bytes_of_a_record[0] * 3 / 2, "{bytes_of_a_record:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_read_beside_a_slice_that_takes_hours_stands_in_a_state_long_before_its_end() {
    for partitions in [3, 3_000, 30_000] {
        let rows = Table::new("rows", move |slice| {
            let id = slice.partition().get("id").unwrap().to_owned();
            let hours = if id == "0" { 6 } else { 0 };
            slow(vec![books(&id, &[1_700_000_000])], Duration::from_secs(hours * 3600))
        });
        let run = whole_sync(&Made::of([&rows.each(0..partitions).incremental()])).await;
        let slow_one = run.messages.iter().position(|message| match message {
            Message::Record(record) => record.data.get().contains("\"shelf\":\"0\""),
            _ => false,
        });
        let mut before = Run { success: true, messages: run.messages };
        before.messages.truncate(slow_one.unwrap());
        let (state, _) = before.states("rows").pop().unwrap();
        let read = state.get().matches("\"updated\":\"1700000000\"").count();
        assert_eq!(read, usize::try_from(partitions).unwrap() - 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_only_waits_writes_no_states() {
    let rows = Table::new("rows", |_| slow(vec![page(0..1)], Duration::from_secs(3600)));
    let run = whole_sync(&Made::of([&rows])).await;
    assert!(run.states("rows").len() <= 2, "{:?}", run.states("rows"));
}

/// The newest book of a shelf comes first: a cursor that moved before the shelf's end would cover the others.
#[tokio::test(start_paused = true)]
async fn a_state_in_the_middle_covers_only_records_before_it_and_moves_with_each_finished_partition() {
    let times = |shelf: u32| vec![i64::from(shelf) + 300, 100, 200];
    let shelves = ["0", "1", "2", "3"];
    let all: BTreeMap<_, _> = shelves.iter().zip((0..4).map(times)).map(|(id, times)| (*id, times)).collect();
    let table = Table::new("books", move |slice| {
        let shelf = slice.partition().get("id").unwrap().to_owned();
        let times = times(shelf.parse().unwrap());
        slow(times.iter().map(|time| books(&shelf, &[*time])).collect(), Duration::from_secs(7))
    });
    let mut source = Made::of([&table.each(0..4).incremental()]);
    source.concurrency = Concurrency::fixed(1);
    let run = whole_sync(&source).await;
    check_coverage(&run, &all);
    checked_counts(&run);
    let known: Vec<_> = run
        .states("books")
        .iter()
        .map(|(state, _)| state.parse::<Value>().unwrap()["states"].as_array().unwrap().len())
        .collect();
    assert!(known.is_sorted() && (0..=4).all(|count| known.contains(&count)), "{known:?}");
}

/// Rows of a partition stand in the middle of a stream, more than ten thousand of them; it stops anywhere.
#[tokio::test(start_paused = true)]
async fn going_on_from_any_state_in_the_middle_loses_nothing() {
    let table = Table::new("books", |slice| {
        let shelf = slice.partition().get("id").unwrap().to_owned();
        let page = move |number: i64| {
            books(&shelf, &(0..500).map(|n| 90_000 - number * 500 - n).collect::<Vec<_>>())
        };
        stream::iter((0..25).map(move |number| Ok::<_, Failure>(page(number)))).boxed()
    });
    let source = Made::of([&table.each(0..3).incremental()]);
    let whole = whole_sync(&source).await;
    assert_eq!(whole.records("books").len(), 37_500);
    assert!(checked_counts(&whole) <= 10_000);
    let (mut written, mut tried) = (0, 0);
    for message in &whole.messages {
        match message {
            Message::Record(_) => written += 1,
            Message::State(state) => {
                let StateKind::Stream(body) = &state.kind else { unreachable!("one stream at a time") };
                let saved = [("books".to_owned(), body.stream_state.clone().unwrap())].into();
                let rest = source.sync(&source.catalog(), &saved).await;
                assert!(written + rest.records("books").len() >= 37_500, "lost behind {written}");
                tried += 1;
            }
            _ => {}
        }
    }
    assert!(tried >= 3, "{tried}");
}
