//! Whole syncs: what is written, in which order, and what the next sync makes of it.

use std::collections::{BTreeSet, HashMap};

use airbyte_protocol::{Message, StateKind, StreamStatus, SyncMode};
use serde_json::{Value, json};

use crate::shop::Shop;

const BOOKS: (&str, SyncMode) = ("books", SyncMode::Incremental);
const SHELVES: (&str, SyncMode) = ("shelves", SyncMode::FullRefresh);

fn ids(records: &[Value]) -> Vec<String> {
    let mut ids: Vec<_> = records.iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn shop() -> Shop {
    Shop::with_books(&[("A", &[10, 20, 30]), ("B", &[15]), ("C", &[]), ("D", &[5, 6, 7, 8])])
}

#[tokio::test]
async fn every_record_comes_once_and_a_parent_is_read_once_for_all() {
    let shop = shop();
    let run = shop.sync(&[SHELVES, BOOKS], &HashMap::new()).await;
    assert!(run.success);
    assert_eq!(ids(&run.records("shelves")), ["A", "B", "C", "D"]);
    assert_eq!(ids(&run.records("books")), ["A-10", "A-20", "A-30", "B-15", "D-5", "D-6", "D-7", "D-8"]);
    assert_eq!(shop.reads_of("shelves"), [1]);
}

#[tokio::test]
async fn a_parent_that_nobody_configured_writes_nothing() {
    let run = shop().sync(&[BOOKS], &HashMap::new()).await;
    assert_eq!(run.records("books").len(), 8);
    assert_eq!((run.records("shelves").len(), run.statuses("shelves").len()), (0, 0));
}

#[tokio::test]
async fn statuses_frame_the_records_and_the_last_state_stands_before_the_end() {
    let run = shop().sync(&[BOOKS], &HashMap::new()).await;
    let told: Vec<_> = run
        .messages
        .iter()
        .map(|message| match message {
            Message::Trace(trace) => trace.stream_status.as_ref().unwrap().status.to_string(),
            Message::Record(_) => "record".to_owned(),
            Message::State(_) => "state".to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(told[..3], ["STARTED", "RUNNING", "record"]);
    assert_eq!(told[told.len() - 2..], ["state", "COMPLETE"]);
}

#[tokio::test]
async fn a_stream_without_records_never_says_running() {
    let run = Shop::with_books(&[("A", &[])]).sync(&[BOOKS], &HashMap::new()).await;
    assert_eq!(run.statuses("books"), [StreamStatus::Started, StreamStatus::Complete]);
}

#[tokio::test]
async fn the_second_sync_reads_what_changed_and_what_equals_the_saved_value() {
    let first = shop().sync(&[BOOKS], &HashMap::new()).await;
    let later = Shop::with_books(&[("A", &[20, 30, 40]), ("B", &[14, 15]), ("C", &[1]), ("D", &[7])]);
    let second = later.sync(&[BOOKS], &first.saved()).await;
    assert_eq!(ids(&second.records("books")), ["A-30", "A-40", "B-15", "C-1"]);
}

#[tokio::test]
async fn a_new_partition_is_read_from_its_beginning() {
    let first = shop().sync(&[BOOKS], &HashMap::new()).await;
    let second = Shop::with_books(&[("new", &[1, 2])]).sync(&[BOOKS], &first.saved()).await;
    assert_eq!(ids(&second.records("books")), ["new-1", "new-2"]);
}

#[tokio::test]
async fn states_count_the_records_before_them() {
    let run = shop().sync(&[SHELVES, BOOKS], &HashMap::new()).await;
    for (stream, records) in [("shelves", 4.0), ("books", 8.0)] {
        let counted: f64 = run.states(stream).iter().map(|(_, count)| count).sum();
        assert!((counted - records).abs() < f64::EPSILON, "{stream}: {counted}");
    }
}

#[tokio::test]
async fn a_failed_partition_keeps_its_start_and_the_others_go_on() {
    let shop = Shop { failing_shelf: Some("A".into()), ..shop() };
    let run = shop.sync(&[SHELVES, BOOKS], &HashMap::new()).await;
    assert!(!run.success);
    assert_eq!(run.statuses("shelves").last(), Some(&StreamStatus::Complete));
    assert_eq!(run.statuses("books").last(), Some(&StreamStatus::Incomplete));
    let errors = run.errors();
    assert!(
        errors[0].contains("books") && errors[0].contains("id=A") && errors[0].contains("locked"),
        "{errors:?}"
    );
    assert!(
        errors.last().unwrap().starts_with("During the sync, the following streams did not sync"),
        "{errors:?}"
    );
    let again = Shop { failing_shelf: None, ..shop }.sync(&[BOOKS], &run.saved()).await;
    assert_eq!(ids(&again.records("books")), ["A-10", "A-20", "A-30", "B-15", "D-8"]);
}

#[tokio::test]
async fn a_parent_that_fails_makes_its_children_incomplete() {
    let run = Shop { shelves_fail: true, ..shop() }.sync(&[BOOKS], &HashMap::new()).await;
    assert!(!run.success);
    assert_eq!(run.records("books").len(), 8);
    assert_eq!(run.statuses("books").last(), Some(&StreamStatus::Incomplete));
    assert!(run.errors()[0].contains("the shop is closed"), "{:?}", run.errors());
}

#[tokio::test]
async fn a_full_refresh_stream_that_failed_does_not_say_it_is_done() {
    let run = Shop { shelves_fail: true, ..shop() }.sync(&[SHELVES], &HashMap::new()).await;
    assert_eq!(run.states("shelves").last().unwrap().0.get(), "{}");
}

#[tokio::test]
async fn a_batch_serves_many_partitions_and_each_keeps_its_own_state() {
    let batched = Shop { batch_size: 250, ..shop() };
    let run = batched.sync(&[BOOKS], &HashMap::new()).await;
    assert_eq!(batched.reads_of("books"), [4]);
    let one_by_one = shop().sync(&[BOOKS], &HashMap::new()).await;
    assert_eq!(ids(&run.records("books")), ids(&one_by_one.records("books")));
    assert_eq!(cursors(&run), cursors(&one_by_one));
}

#[tokio::test]
async fn a_batch_that_cannot_be_served_is_split_down_to_one() {
    let shop = Shop { batch_size: 250, served_at_once: 1, ..shop() };
    let run = shop.sync(&[BOOKS], &HashMap::new()).await;
    assert!(run.success);
    assert_eq!(run.records("books").len(), 8);
    let mut sizes = shop.reads_of("books");
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 1, 1, 2, 2, 4]);
}

#[tokio::test]
async fn a_parent_named_twice_is_read_once() {
    let mut shop = shop();
    shop.shelves.push(json!({"id": "A"}));
    shop.shelves.push(json!({"id": null}));
    shop.shelves.push(json!({}));
    let run = shop.sync(&[BOOKS], &HashMap::new()).await;
    assert_eq!(run.records("books").len(), 8);
}

#[tokio::test]
async fn a_value_in_the_future_is_kept_and_does_not_move_the_cursor() {
    let far = 32_503_680_000;
    let shop = Shop::with_books(&[("A", &[10, far])]);
    let first = shop.sync(&[BOOKS], &HashMap::new()).await;
    assert_eq!(first.records("books").len(), 2);
    assert_eq!(cursors(&first), [("A".to_owned(), "10".to_owned())].into());
}

#[tokio::test]
async fn a_record_without_a_cursor_value_is_kept() {
    let mut shop = Shop::with_books(&[("A", &[10])]);
    shop.books.get_mut("A").unwrap().push(json!({"id": "x", "shelf": "A", "updated": "soon"}));
    let first = shop.sync(&[BOOKS], &HashMap::new()).await;
    let second = shop.sync(&[BOOKS], &first.saved()).await;
    assert_eq!(ids(&second.records("books")), ["A-10", "x"]);
}

#[tokio::test]
async fn a_stream_that_is_not_there_or_cannot_be_read_so_is_told_and_the_others_go_on() {
    let streams = [("ghosts", SyncMode::FullRefresh), ("shelves", SyncMode::Other("weekly".into())), BOOKS];
    let run = shop().sync(&streams, &HashMap::new()).await;
    assert!(!run.success);
    assert_eq!(run.statuses("books").last(), Some(&StreamStatus::Complete));
    for (stream, word) in [("ghosts", "refresh the schema"), ("shelves", "full_refresh only")] {
        assert_eq!(run.statuses(stream), [StreamStatus::Started, StreamStatus::Incomplete]);
        assert!(
            run.errors().iter().any(|error| error.contains(stream) && error.contains(word)),
            "{:?}",
            run.errors()
        );
    }
}

/// PyAirbyte asks for every stream so.
#[tokio::test]
async fn a_stream_without_a_cursor_is_read_in_full_when_it_is_asked_for_incrementally() {
    let streams = [("shelves", SyncMode::Incremental)];
    let first = shop().sync(&streams, &HashMap::new()).await;
    let second = shop().sync(&streams, &first.saved()).await;
    for run in [first, second] {
        assert!(run.success, "{:?}", run.errors());
        assert_eq!(ids(&run.records("shelves")).len(), 4);
    }
}

/// A sync that stops anywhere: the records written so far and the records of a sync from the last state written so
/// far are together all records, and both ways end in the same cursors.
#[tokio::test]
async fn stopping_after_any_line_loses_nothing() {
    let shop = Shop::with_books(&[("A", &[10, 20, 30]), ("B", &[15, 16, 17]), ("D", &[5, 6, 7, 8])]);
    let whole = shop.sync(&[BOOKS], &HashMap::new()).await;
    let all: BTreeSet<_> = ids(&whole.records("books")).into_iter().collect();
    for stop in 0..whole.messages.len() {
        let mut written = BTreeSet::new();
        let mut saved = HashMap::new();
        for message in &whole.messages[..stop] {
            match message {
                Message::Record(record) => {
                    let record: Value = record.data.parse().unwrap();
                    written.insert(record["id"].as_str().unwrap().to_owned());
                }
                Message::State(state) => {
                    if let StateKind::Stream(body) = &state.kind {
                        saved.insert("books".to_owned(), body.stream_state.clone().unwrap());
                    }
                }
                _ => {}
            }
        }
        let rest = shop.sync(&[BOOKS], &saved).await;
        written.extend(ids(&rest.records("books")));
        assert_eq!(written, all, "stopped after {stop} messages");
        assert_eq!(cursors(&rest), cursors(&whole), "stopped after {stop} messages");
    }
}

/// The cursor of each partition in the last state.
fn cursors(run: &connector_core::testing::Run) -> BTreeSet<(String, String)> {
    let state: Value = run.saved()["books"].parse().unwrap();
    let entries = state["states"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries.iter().map(|entry| (text(&entry["partition"]["id"]), text(&entry["cursor"]["updated"]))).collect()
}

#[tokio::test]
async fn a_shelf_that_comes_later_has_nothing_to_do_with_the_cursor_that_stood_for_all() {
    let mut shop = Shop::with_books(&[("A", &[10, 100, 110]), ("locked", &[10, 100, 120])]);
    shop.failing_shelf = Some("locked".into());
    let of_all = HashMap::from([("books".to_owned(), json!({"updated": 100}).into())]);
    let first = shop.sync(&[BOOKS], &of_all).await;
    assert!(!first.success);
    assert_eq!(ids(&first.records("books")), ["A-100", "A-110", "locked-100", "locked-120"]);
    // The locked shelf never opens; the new one is read from its start all the same.
    let mut later = Shop::with_books(&[("A", &[10, 100, 110]), ("locked", &[]), ("new", &[10, 50, 130])]);
    later.failing_shelf = Some("locked".into());
    let second = later.sync(&[BOOKS], &first.saved()).await;
    assert_eq!(ids(&second.records("books")), ["A-110", "new-10", "new-130", "new-50"]);
}
