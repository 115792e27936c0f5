//! What the keys of the config choose.

use connector_core::{Concurrency, Source};
use fake_pinterest::{FakePinterest, operation_of};
use serde_json::{Value, json};
use source_pinterest::Pinterest;

use crate::connection::{Connection, assert_incomplete, ids, in_order};

async fn with(key: &str, value: Value) -> Connection {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    connection.config.insert(key.into(), value);
    connection
}

#[tokio::test]
async fn a_status_is_sent_for_campaigns_ad_groups_and_ads_also_as_parents() {
    let mut connection = with("status", json!(["ACTIVE", "ARCHIVED"])).await;
    let run = connection.sync(&["campaigns", "ads", "keywords"]).await;
    for stream in ["campaigns", "ads", "keywords"] {
        let truth = connection.fake.truth_with_statuses(stream, &["ACTIVE", "ARCHIVED"]);
        assert_eq!(in_order(run.records(stream)), in_order(truth), "{stream}");
    }
    let requests = connection.fake.requests();
    let sent = requests.iter().filter(|seen| seen.query.contains("entity_statuses=ACTIVE,ARCHIVED")).count();
    let lists = ["campaigns/list", "ad_groups/list", "ads/list"];
    let expected = requests.iter().filter(|seen| lists.contains(&seen.operation.unwrap_or_default())).count();
    assert!(sent > 0 && sent == expected, "{sent} of {expected}");
}

#[tokio::test]
async fn an_empty_status_or_account_is_as_none() {
    for (key, value) in [("status", json!([])), ("status", json!(null)), ("account_id", json!(""))] {
        let mut connection = with(key, value).await;
        let run = connection.sync(&["ad_accounts", "campaigns"]).await;
        assert_eq!(in_order(run.records("campaigns")), connection.truth("campaigns"), "{key}");
        assert!(connection.fake.requests().iter().all(|seen| !seen.query.contains("entity_statuses")));
    }
}

#[tokio::test]
async fn one_account_is_asked_for_instead_of_the_list_and_is_the_only_partition() {
    let accounts = with("status", json!(null)).await.fake.edit(|data| data.ad_account_ids());
    let mut connection = with("account_id", json!(accounts[1])).await;
    let organic = ["boards", "board_pins", "board_sections", "board_section_pins"];
    let catalogs = ["catalogs", "catalogs_feeds", "catalogs_product_groups"];
    let run = connection.sync(&[&["ad_accounts", "ads"][..], &organic, &catalogs].concat()).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(ids(&run.records("ad_accounts")), [accounts[1].as_str()]);
    let of_account = |record: &Value| record["ad_account_id"] == accounts[1];
    let expected = connection.truth("ads").into_iter().filter(of_account).collect();
    assert_eq!(in_order(run.records("ads")), in_order(expected));
    let requests = connection.fake.requests();
    assert!(requests.iter().all(|seen| seen.operation != Some("ad_accounts/list")));
    for stream in organic.into_iter().chain(catalogs) {
        let mut of_stream =
            requests.iter().filter(|seen| seen.operation == Some(operation_of(stream))).peekable();
        assert!(of_stream.peek().is_some(), "{stream}");
        let asked = format!("ad_account_id={}", accounts[1]);
        assert!(of_stream.all(|seen| seen.query.contains(&asked)), "{stream}");
    }
}

#[tokio::test]
async fn an_account_that_does_not_exist_fails_and_leaves_a_state_without_partitions() {
    let mut connection = with("account_id", json!("999")).await;
    let run = connection.sync(&["campaigns"]).await;
    assert_incomplete(&run, "campaigns");
    let state: Value = run.saved()["campaigns"].parse().unwrap();
    assert_eq!(state["states"], json!([]), "{state}");
}

#[tokio::test]
async fn a_start_date_begins_at_midnight_utc() {
    let mut connection = with("start_date", json!("2026-11-01")).await;
    let campaigns = connection.truth("campaigns");
    let (in_time, too_early) = (campaigns[0]["id"].as_str().unwrap(), campaigns[1]["id"].as_str().unwrap());
    connection.fake.edit(|data| {
        data.touch("campaigns", in_time, 1_793_491_200);
        data.touch("campaigns", too_early, 1_793_491_199);
    });
    let run = connection.sync(&["campaigns"]).await;
    let records = run.records("campaigns");
    assert!(ids(&records).contains(&in_time) && !ids(&records).contains(&too_early));
    let expected = connection.truth("campaigns").into_iter();
    let expected = expected.filter(|record| record["updated_time"].as_i64() >= Some(1_793_491_200)).collect();
    assert_eq!(in_order(records), in_order(expected));
}

#[tokio::test]
async fn an_updated_time_that_cannot_be_read_keeps_its_record_and_leaves_the_cursor() {
    let mut connection = with("status", json!(null)).await;
    let odd = [json!(null), json!("garbage"), json!("1795000000"), json!(1_795_000_001.5)];
    connection.fake.edit(|data| {
        let mut campaigns = data.records_mut("campaigns");
        for (campaign, time) in campaigns.iter_mut().zip(&odd) {
            campaign["updated_time"] = time.clone();
            campaign["status"] = json!("ACTIVE");
        }
        campaigns[4].as_object_mut().unwrap().remove("updated_time");
    });
    let run = connection.sync(&["campaigns"]).await;
    assert_eq!(in_order(run.records("campaigns")), connection.truth("campaigns"));
    let state: Value = run.saved()["campaigns"].parse().unwrap();
    let cursors: Vec<_> = state["states"].as_array().unwrap().iter().map(|state| &state["cursor"]).collect();
    assert!(cursors.contains(&&json!({"updated_time": "1795000001"})), "{state}");
}

#[tokio::test]
async fn a_parent_twice_is_read_once_and_a_parent_without_an_id_is_skipped() {
    let mut connection = with("status", json!(null)).await;
    connection.fake.edit(|data| {
        let mut accounts = data.records_mut("ad_accounts");
        let first = accounts[0].clone();
        accounts.extend([first, json!({"id": null, "name": "nobody"})]);
    });
    let run = connection.sync(&["ad_accounts", "campaigns"]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(run.records("ad_accounts").len(), 5, "the stream itself passes what was sent");
    let records = run.records("campaigns");
    let mut distinct = ids(&records);
    distinct.dedup();
    assert_eq!(distinct.len(), records.len());
    assert_eq!(distinct, ids(&connection.truth("campaigns")));
}

#[test]
fn num_threads_bounds_what_is_read_at_once() {
    let concurrency =
        |config: Value| Pinterest::default().concurrency(&serde_json::from_value(config).unwrap());
    assert_eq!(concurrency(json!({})), Concurrency::for_rate(100));
    assert_eq!(concurrency(json!({"num_threads": 3})), Concurrency::for_rate(100).at_most(3));
}
