//! What is done otherwise than by the official connector: one test for each row of `docs/differences.md` that no other
//! file tests.

use airbyte_protocol::{Message, StateKind, StreamStatus};
use connector_core::testing::Run;
use fake_pinterest::{FakePinterest, Fault};
use serde_json::{Value, json};

use crate::connection::{Connection, assert_incomplete, ids, in_order};
use crate::program::{Files, run_against};

/// 2026-11-24T00:00:00Z, the moment of all tests.
const NOW: i64 = 1_795_478_400;

async fn account() -> Connection {
    Connection::to(FakePinterest::builder()).await
}

fn state(run: &Run, stream: &str) -> Value {
    run.saved()[stream].parse().unwrap()
}

#[tokio::test]
async fn a_conflict_on_any_other_list_than_product_groups_is_a_failure() {
    let mut connection = account().await;
    let body = json!({"code": 4182, "message": "no catalog"});
    connection.fake.add_fault(Fault::on("campaigns/list").for_ever().status_with_body(409, body));
    assert_incomplete(&connection.sync(&["campaigns"]).await, "campaigns");
}

#[tokio::test]
async fn a_full_refresh_stream_that_failed_does_not_say_that_it_was_read() {
    let mut connection = account().await;
    connection.fake.add_fault(Fault::on("boards/list").for_ever().status(403));
    let failed = connection.sync(&["boards", "catalogs"]).await;
    assert_eq!(state(&failed, "boards"), json!({}));
    assert_eq!(state(&failed, "catalogs"), json!({"__ab_no_cursor_state_message": true}));
}

#[tokio::test]
async fn keywords_of_ad_groups_edited_before_the_start_date_are_read() {
    let mut connection = account().await;
    connection.config.insert("start_date".into(), json!("2026-11-20"));
    let run = connection.sync(&["ad_groups", "keywords"]).await;
    assert!(run.records("ad_groups").len() < connection.truth("ad_groups").len());
    assert_eq!(in_order(run.records("keywords")), connection.truth("keywords"));
}

#[tokio::test]
async fn a_record_of_the_future_is_kept_and_does_not_move_the_cursor_past_now() {
    let mut connection = account().await;
    let future = connection.truth("campaigns")[0]["id"].as_str().unwrap().to_owned();
    connection.fake.edit(|data| data.touch("campaigns", &future, NOW + 86_400));
    let first = connection.sync(&["campaigns"]).await;
    assert_eq!(in_order(first.records("campaigns")), connection.truth("campaigns"));
    // What changes between now and that day is not lost.
    let soon = connection.truth("campaigns")[1]["id"].as_str().unwrap().to_owned();
    connection.fake.edit(|data| data.touch("campaigns", &soon, NOW + 60));
    let second = connection.sync(&["campaigns"]).await;
    let records = second.records("campaigns");
    assert!(
        ids(&records).contains(&soon.as_str()) && ids(&records).contains(&future.as_str()),
        "{records:?}"
    );
}

#[tokio::test]
async fn an_ad_account_that_the_state_does_not_know_is_read_from_the_start() {
    let mut connection = account().await;
    let accounts = connection.fake.edit(|data| data.ad_account_ids());
    let known = json!({"use_global_cursor": false, "lookback_window": 1, "parent_state": {},
        "state": {"updated_time": "1795478400"},
        "states": [{"partition": {"id": accounts[0], "parent_slice": {}}, "cursor": {"updated_time": "1795478400"}}]});
    connection.state.insert("ads".into(), known.into());
    let run = connection.sync(&["ads"]).await;
    let of_others = |record: &Value| record["ad_account_id"] != accounts[0];
    let expected = connection.truth("ads").into_iter().filter(of_others).collect::<Vec<_>>();
    assert!(!expected.is_empty());
    assert_eq!(in_order(run.records("ads")), in_order(expected));
}

#[tokio::test]
async fn dates_integer_ids_and_a_missing_parent_slice_in_the_state_are_understood() {
    let accounts = account().await.fake.edit(|data| data.ad_account_ids());
    let number: u64 = accounts[0].parse().unwrap();
    for cursor in ["1795392000", "2026-11-23", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00"] {
        let mut connection = account().await;
        let states: Vec<_> = [json!(number), json!(accounts[1])]
            .into_iter()
            .map(|id| json!({"cursor": {"updated_time": cursor}, "partition": {"id": id}}))
            .collect();
        let saved = json!({"states": states});
        connection.state.insert("ads".into(), saved.into());
        let run = connection.sync(&["ads"]).await;
        assert!(run.success, "{cursor}: {:?}", run.errors());
        let expected = connection
            .truth("ads")
            .into_iter()
            .filter(|ad| ad["updated_time"].as_i64() >= Some(1_795_392_000));
        assert_eq!(in_order(run.records("ads")), in_order(expected.collect()), "{cursor}");
        let after = state(&run, "ads");
        let partitions: Vec<_> =
            after["states"].as_array().unwrap().iter().map(|state| &state["partition"]).collect();
        assert_eq!(partitions.len(), 3, "each account once: {after}");
        assert!(partitions.iter().all(|partition| partition["id"].is_string()), "{after}");
    }
}

#[tokio::test]
async fn the_last_state_of_a_stream_comes_before_its_end() {
    let mut connection = account().await;
    connection.fake.add_fault(Fault::on("boards/list").for_ever().status(403));
    let run = connection.sync(&["boards", "campaigns", "catalogs"]).await;
    for stream in ["boards", "campaigns", "catalogs"] {
        let state = run.messages.iter().rposition(|message| match message {
            Message::State(state) => {
                matches!(&state.kind, StateKind::Stream(body) if body.stream_descriptor.name == stream)
            }
            _ => false,
        });
        let end = run.messages.iter().rposition(|message| match message {
            Message::Trace(trace) => trace.stream_status.as_ref().is_some_and(|status| {
                status.stream_descriptor.name == stream
                    && matches!(status.status, StreamStatus::Complete | StreamStatus::Incomplete)
            }),
            _ => false,
        });
        assert!(state.unwrap() < end.unwrap(), "{stream}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_state_map_is_read() {
    let fake = FakePinterest::builder().start().await.unwrap();
    let files = Files::new();
    let catalog = files.catalog("campaigns", "incremental");
    // All records of the account are older than the first cursor and newer than the second.
    for (cursor, count) in [(NOW.to_string(), 0), ("1000".to_owned(), fake.truth("campaigns").len())] {
        let state = files.write("state.json", json!({"campaigns": {"updated_time": cursor}}).to_string());
        let config = files.write("config.json", fake.config().to_string());
        let (url, catalog) = (fake.url(), catalog.clone());
        let output = tokio::task::spawn_blocking(move || {
            run_against(&url, "read", &[("--config", &config), ("--catalog", &catalog), ("--state", &state)])
        });
        let output = output.await.unwrap();
        assert_eq!(output.code, Some(0), "{:?}", output.errors());
        assert_eq!(output.lines.iter().filter(|line| line["type"] == "RECORD").count(), count);
    }
}
