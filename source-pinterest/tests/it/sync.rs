//! Whole syncs of every stream against the fake's data.

use fake_pinterest::{Counts, FakePinterest, Size};
use serde_json::{Value, json};

use crate::connection::{Connection, assert_complete, ids, in_order, listing_names};

#[tokio::test]
async fn every_stream_equals_the_account_over_many_pages_with_empty_ones_and_empty_accounts() {
    let mut connection = Connection::with_small_pages().await;
    let run = connection.sync_all().await;
    assert!(run.success, "{:?}", run.errors());
    for stream in listing_names() {
        let (records, truth) = (in_order(run.records(&stream)), connection.truth(&stream));
        assert_eq!(ids(&records), ids(&truth), "{stream}");
        assert_eq!(records, truth, "{stream}");
        assert!(truth.len() > 2, "{stream} fits on one page, so this shows nothing of paging");
        assert_complete(&run, &stream);
    }
    assert!(
        connection.fake.requests().iter().all(|request| request.planned),
        "a request the API does not have"
    );
}

#[tokio::test]
async fn records_pass_byte_for_byte_whatever_the_api_puts_between_tokens() {
    let plain = Connection::to(FakePinterest::builder()).await.sync_all().await;
    let pretty = Connection::to(FakePinterest::builder().pretty()).await.sync_all().await;
    for stream in listing_names() {
        assert_eq!(in_order(plain.records(&stream)), in_order(pretty.records(&stream)), "{stream}");
    }
    let large = plain.records("ad_accounts")[0]["credit_limit_in_micro_currency"].clone();
    assert_eq!(large.to_string(), "9007199254740993", "an integer that a double cannot hold");
}

#[tokio::test]
async fn an_account_with_nothing_in_it_is_complete_and_empty() {
    let nothing =
        Counts { ad_accounts: 0, boards: 0, catalogs: 0, feeds: 0, product_groups: 0, ..Counts::SMALL };
    let mut connection = Connection::to(FakePinterest::builder().size(Size::Custom(nothing))).await;
    let run = connection.sync_all().await;
    assert!(run.success, "{:?}", run.errors());
    for stream in listing_names() {
        assert!(run.records(&stream).is_empty(), "{stream}");
        assert_complete(&run, &stream);
    }
}

#[tokio::test]
async fn the_second_sync_emits_only_what_changed_and_keeps_state_for_each_ad_account() {
    for stream in ["campaigns", "ad_groups", "ads"] {
        let mut connection = Connection::with_small_pages().await;
        connection.sync(&[stream]).await;
        let truth = connection.truth(stream);
        let account = |record: &Value| record["ad_account_id"].as_str().unwrap().to_owned();
        let time = |record: &Value| record["updated_time"].as_i64().unwrap();
        let newest_of =
            |id: &str, records: &[Value]| records.iter().filter(|r| account(r) == id).map(time).max();

        // One record of the first account changes after all others of that account, none of the second account.
        let changed = truth[0].clone();
        let later = newest_of(&account(&changed), &truth).unwrap() + 5;
        let id = changed["id"].as_str().unwrap();
        connection.fake.edit(|data| assert!(data.touch(stream, id, later)));

        let run = connection.sync(&[stream]).await;
        assert!(run.success, "{:?}", run.errors());
        // What is as new as the newest record of its account comes again, nothing older does.
        let expected = connection
            .truth(stream)
            .into_iter()
            .filter(|record| time(record) >= newest_of(&account(record), &truth).unwrap());
        let expected = in_order(expected.collect());
        let records = in_order(run.records(stream));
        assert_eq!(records, expected, "{stream}");
        assert!(records.iter().any(|record| record["id"] == id), "{stream}: the change is missing");
        assert!(records.len() < truth.len() / 2, "{stream}: {} of {}", records.len(), truth.len());

        let state: Value = connection.state[stream].parse().unwrap();
        let kept: Vec<_> = state["states"]
            .as_array()
            .unwrap()
            .iter()
            .map(|state| {
                let id = state["partition"]["id"].as_str().unwrap().to_owned();
                (newest_of(&id, &connection.truth(stream)), state["cursor"]["updated_time"].clone())
            })
            .collect();
        let accounts = connection.fake.truth("ad_accounts").len();
        assert_eq!(kept.len(), accounts, "{stream}: {state}");
        for (newest, cursor) in kept {
            // Epoch seconds as text; an account without records stays where it started.
            assert_eq!(cursor, json!(newest.unwrap_or(0).to_string()), "{stream}: {state}");
        }
    }
}

#[tokio::test]
async fn one_parent_listing_serves_all_streams_and_pages_are_full() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    connection.sync(&listing_names().iter().map(String::as_str).collect::<Vec<_>>()).await;
    let requests = connection.fake.requests();
    let count = |operation: &str| requests.iter().filter(|r| r.operation == Some(operation)).count();
    let accounts = connection.fake.truth("ad_accounts").len();
    assert_eq!(count("ad_accounts/list"), 1);
    assert_eq!(count("boards/list"), 1);
    for operation in ["campaigns/list", "ad_groups/list", "ads/list", "audiences/list"] {
        assert_eq!(count(operation), accounts, "{operation}");
    }
    // The keywords of all ad groups of an account come with one request.
    assert!(count("keywords/get") < accounts, "{}", count("keywords/get"));
    // Conversion tags are not paged.
    let paged = |operation| operation != Some("conversion_tags/list") && operation != Some("oauth/token");
    for request in requests.iter().filter(|request| paged(request.operation)) {
        assert!(request.query.contains("page_size=250"), "{} {}", request.path, request.query);
    }
}

#[tokio::test]
async fn a_full_page_arrives_whole() {
    let counts = Counts { audiences: 600, ..Counts::SMALL };
    let mut connection = Connection::to(FakePinterest::builder().size(Size::Custom(counts))).await;
    let run = connection.sync(&["audiences"]).await;
    assert_eq!(in_order(run.records("audiences")), connection.truth("audiences"));
}
