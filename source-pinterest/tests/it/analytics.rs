//! Analytics: every row, in as few requests as Pinterest allows, and again while its numbers settle.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use airbyte_protocol::{Message, RawJson};
use chrono::{DateTime, Days, NaiveDate, Utc};
use connector_core::testing::Run;
use fake_pinterest::{Builder, Counts, FakePinterest, Fault, OddBody, Size, operation_of};
use pinterest_client::{ANALYTICS_COLUMNS, RetryPolicy};
use serde_json::{Value, json};

use crate::connection::{
    Connection, analytics_names, assert_complete, assert_incomplete, impatient, in_order,
};
use crate::program::{Files, discovered, run, run_against};

const ENTITIES: [&str; 3] = ["campaigns", "ad_groups", "ads"];
/// The streams that ask about many entities at once, with the column that names one.
const OF_ENTITIES: [(&str, &str); 3] =
    [("campaign_analytics", "CAMPAIGN_ID"), ("ad_group_analytics", "AD_GROUP_ID"), ("ad_analytics", "AD_ID")];
/// The streams that Pinterest counts conversions in.
const OF_ADS: [&str; 4] =
    ["ad_account_analytics", "campaign_analytics", "ad_group_analytics", "ad_analytics"];
const EVERY_STATUS: [&str; 5] = ["ACTIVE", "PAUSED", "ARCHIVED", "DRAFT", "DELETED_DRAFT"];
/// An ad account and its campaigns in the tests that say themselves what there is.
const ACCOUNTS: [&str; 2] = ["549755885175", "549755885176"];
const CAMPAIGNS: [&str; 3] = ["626735565811", "626735565812", "626735565821"];

/// What a request for analytics asked.
struct Asked {
    query: String,
    status: Option<u16>,
}

impl Asked {
    fn get(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    fn list(&self, name: &str) -> Vec<&str> {
        self.get(name).map(|list| list.split(',').collect()).unwrap_or_default()
    }

    fn ids(&self) -> Vec<&str> {
        ["campaign_ids", "ad_group_ids", "ad_ids"].iter().flat_map(|name| self.list(name)).collect()
    }

    fn window(&self) -> (NaiveDate, NaiveDate) {
        (day(self.get("start_date").unwrap()), day(self.get("end_date").unwrap()))
    }
}

fn asked(connection: &Connection, stream: &str) -> Vec<Asked> {
    let operation = operation_of(stream);
    let requests = connection.fake.requests().into_iter();
    let requests = requests.filter(|seen| seen.operation == Some(operation));
    requests.map(|seen| Asked { query: seen.query, status: seen.status }).collect()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn ago(connection: &Connection, days: u64) -> NaiveDate {
    connection.now.date_naive() - Days::new(days)
}

/// What a stream must deliver for the last days.
fn rows(connection: &Connection, stream: &str, days: u64) -> Vec<Value> {
    in_order(connection.fake.rows(stream, ago(connection, days), ago(connection, 0)))
}

/// As the stream must deliver it when it asks for these statuses.
fn rows_of(connection: &Connection, stream: &str, days: u64, statuses: &[&str]) -> Vec<Value> {
    let (from, to) = (ago(connection, days), ago(connection, 0));
    in_order(connection.fake.rows_with_statuses(stream, from, to, statuses))
}

/// Which rows these are: of whom, and of which day.
fn keys(rows: &[Value], column: &str) -> Vec<(String, String)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let mut keys: Vec<_> = rows.iter().map(|row| (text(row, column), text(row, "DATE"))).collect();
    keys.sort();
    keys
}

fn of_size(counts: Counts) -> Builder {
    FakePinterest::builder().size(Size::Custom(counts))
}

/// So many campaigns in one ad account.
fn campaigns(campaigns: usize) -> Builder {
    of_size(Counts { ad_accounts: 1, campaigns, ad_groups: 0, ads: 0, keywords: 0, ..Counts::SMALL })
}

/// A connection that reads entities of every status since a day.
async fn since(start_date: &str, fake: Builder) -> Connection {
    let mut connection = Connection::to(fake).await;
    connection.config.insert("start_date".into(), json!(start_date));
    connection.config.insert("status".into(), json!(EVERY_STATUS));
    connection
}

#[tokio::test]
async fn every_stream_brings_all_rows_since_the_start_date_or_since_pinterest_keeps_them() {
    for (start_date, days) in [(None, 89), (Some("2020-01-01"), 89), (Some("2026-10-20"), 35)] {
        let mut connection = Connection::to(FakePinterest::builder()).await;
        if let Some(start_date) = start_date {
            connection.config.insert("start_date".into(), json!(start_date));
        }
        let names = analytics_names();
        let streams: Vec<_> = names.iter().map(String::as_str).chain(ENTITIES).collect();
        let run = connection.sync(&streams).await;
        assert!(run.success, "{:?}", run.errors());
        for stream in &names {
            assert_complete(&run, stream);
            let expected = rows(&connection, stream, days);
            assert_eq!(in_order(run.records(stream)), expected, "{stream} from {start_date:?}");
            assert!(expected.len() > 10, "{stream}: {}", expected.len());
        }
        assert_eq!(names.len(), 5);

        // A campaign that was not edited since is no record of its stream, and has rows all the same.
        let edited = run.records("campaigns");
        let is_edited = |row: &Value| edited.iter().any(|campaign| campaign["id"] == row["CAMPAIGN_ID"]);
        let rows = run.records("campaign_analytics");
        let unedited = rows.iter().filter(|row| !is_edited(row)).count();
        assert_eq!(unedited > 0, start_date == Some("2026-10-20"), "{start_date:?}: {unedited}");
    }
}

#[tokio::test]
async fn archived_entities_have_rows_when_their_status_is_asked_for() {
    for status in [None, Some("ARCHIVED")] {
        let mut connection = Connection::to(FakePinterest::builder().daily_rows()).await;
        connection.config.insert("start_date".into(), json!("2026-11-22"));
        connection.config.insert("status".into(), status.map_or(json!(null), |status| json!([status])));
        let run = connection.sync(&OF_ENTITIES.map(|(stream, _)| stream)).await;
        for (stream, _) in OF_ENTITIES {
            let archived = rows_of(&connection, stream, 2, &["ARCHIVED"]);
            assert!(!archived.is_empty(), "{stream}");
            let expected = if status.is_some() { archived } else { rows(&connection, stream, 2) };
            assert_eq!(in_order(run.records(stream)), expected, "{stream}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_date_before_what_pinterest_keeps_is_moved_and_told() {
    let now = Utc::now();
    let fake = FakePinterest::builder().now(now.timestamp()).start().await.unwrap();
    for (start_date, moved) in
        [("2020-01-01".to_owned(), true), ((now - Days::new(10)).date_naive().to_string(), false)]
    {
        let (url, mut config) = (fake.url(), fake.config());
        config["start_date"] = json!(start_date);
        let output = tokio::task::spawn_blocking(move || {
            let files = Files::new();
            let config = files.write("config.json", config.to_string());
            let catalog = files.catalog("user_account_analytics", "incremental");
            run_against(&url, "read", &[("--config", &config), ("--catalog", &catalog)])
        });
        let output = output.await.unwrap();
        assert_eq!(output.code, Some(0), "{:?}", output.errors());
        assert!(output.lines.iter().any(|line| line["type"] == "RECORD"));
        let is_told = |line: &Value| {
            let text = line["log"]["message"].as_str().unwrap_or_default();
            text.contains(&start_date) && text.contains("user_account_analytics")
        };
        assert_eq!(output.lines.iter().any(is_told), moved, "{start_date}");
    }
}

#[tokio::test]
async fn ten_thousand_ads_take_forty_requests() {
    let counts = Counts { ad_accounts: 1, campaigns: 100, ad_groups: 1_000, ads: 10_000, ..Counts::SMALL };
    let mut connection = since("2020-01-01", of_size(counts)).await;
    // The requests are looked at, so no rows are made.
    connection.fake.add_fault(Fault::on("ads/analytics").for_ever().status_with_body(200, json!([])));
    let run = connection.sync(&["ad_analytics"]).await;
    assert!(run.success, "{:?}", run.errors());

    let asked = asked(&connection, "ad_analytics");
    assert_eq!(asked.len(), 40);
    let schema = discovered().into_iter().find(|stream| stream["name"] == "ad_analytics").unwrap();
    let columns: BTreeSet<_> =
        schema["json_schema"]["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    for request in &asked {
        assert!(request.ids().len() <= 250, "{}", request.ids().len());
        assert_eq!(request.window(), (ago(&connection, 89), ago(&connection, 0)));
        assert_eq!(request.get("granularity"), Some("DAY"));
        let sent = request.list("columns");
        assert_eq!(sent.len(), 112);
        assert_eq!(sent.into_iter().chain(["DATE"]).collect::<BTreeSet<_>>(), columns);
    }
    let mut ids: Vec<_> = asked.iter().flat_map(Asked::ids).map(str::to_owned).collect();
    ids.sort();
    let ads = connection.fake.truth_with_statuses("ads", &EVERY_STATUS);
    assert_eq!(ids, crate::connection::ids(&ads));
}

#[tokio::test]
async fn batches_that_are_refused_become_smaller_and_no_row_is_lost_or_doubled() {
    const STREAM: &str = "campaign_analytics";
    const START: &str = "2026-10-25";
    let mut connection = since(START, campaigns(520)).await;
    let whole = in_order(connection.sync(&[STREAM]).await.records(STREAM));
    assert_eq!(whole, rows_of(&connection, STREAM, 30, &EVERY_STATUS));
    // The sizes that were refused, and how many requests a server that takes so many needs afterwards.
    let halves: [&[usize]; 2] = [&[250, 125, 63], &[250, 125, 63, 32, 16, 8, 4, 2]];
    for (most, status, attempts, sizes, served) in [
        (50, 400, 1, halves[0], 17),
        (50, 413, 1, halves[0], 17),
        (50, 414, 1, halves[0], 17),
        (50, 500, 6, halves[0], 17),
        (50, 504, 6, halves[0], 17),
        (1, 400, 1, halves[1], 520),
    ] {
        let mut connection = since(START, campaigns(520).refuse_batches_over(most, status)).await;
        connection.config.insert("num_threads".into(), json!(1));
        let run = connection.sync(&[STREAM]).await;
        assert!(run.success, "over {most} is {status}: {:?}", run.errors());
        assert_eq!(in_order(run.records(STREAM)), whole, "over {most} is {status}");

        let asked = asked(&connection, STREAM);
        let (refused, read): (Vec<_>, Vec<_>) =
            asked.iter().partition(|request| request.status == Some(status));
        // Each size is refused once, before it is known, and never tried again.
        let mut refused: Vec<_> = refused.iter().map(|request| request.ids().len()).collect();
        assert_eq!(refused.len(), sizes.len() * attempts, "over {most} is {status}: {refused:?}");
        refused.dedup();
        assert_eq!(refused, sizes, "over {most} is {status}");
        assert!(read.len() <= served, "over {most} is {status}: {} requests", read.len());
    }
}

#[tokio::test]
async fn a_size_that_is_refused_is_learned_by_batches_that_are_read_side_by_side() {
    const STREAM: &str = "campaign_analytics";
    let mut connection = since("2026-10-25", campaigns(2_000).refuse_batches_over(50, 400)).await;
    let run = connection.sync(&[STREAM]).await;
    assert_eq!(in_order(run.records(STREAM)), rows_of(&connection, STREAM, 30, &EVERY_STATUS));
    let asked = asked(&connection, STREAM);
    let refused = asked.iter().filter(|request| request.status == Some(400)).count();
    // Each of eight batches is refused as a whole, in halves and in quarters, unless one has shown already what is served.
    assert!(refused <= 8 * (1 + 2 + 4), "{refused} refusals");
    assert!(asked.len() - refused <= 8 * 10, "{} requests", asked.len());
}

#[tokio::test]
async fn an_answer_larger_than_a_body_may_be_is_read_whole() {
    const STREAM: &str = "campaign_analytics";
    let mut connection = since("2026-11-15", campaigns(500).daily_rows()).await;
    let truth = rows_of(&connection, STREAM, 9, &EVERY_STATUS);
    // More than a page of campaigns has, and less than the rows of 250 of them.
    connection.options.max_body = Some(json!(truth).to_string().len() / 4);
    let run = connection.sync(&[STREAM]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(in_order(run.records(STREAM)), truth);
    assert_eq!(asked(&connection, STREAM).len(), 2);
}

#[tokio::test]
async fn an_answer_that_breaks_in_the_middle_loses_and_doubles_no_row() {
    const STREAM: &str = "campaign_analytics";
    for body in [OddBody::Truncated, OddBody::WrongJson] {
        let mut connection = since("2026-11-15", campaigns(250).daily_rows()).await;
        let truth = rows_of(&connection, STREAM, 9, &EVERY_STATUS);
        assert!(json!(truth).to_string().len() > 10 * 64 * 1024, "it comes in one piece");
        connection.fake.add_fault(Fault::on("campaigns/analytics").times(3).body(body));
        let run = connection.sync(&[STREAM]).await;
        assert_complete(&run, STREAM);
        assert_eq!(in_order(run.records(STREAM)), truth, "{body:?}");
        assert_eq!(asked(&connection, STREAM).len(), 4, "{body:?}");
    }
}

#[tokio::test]
async fn a_batch_whose_answer_always_breaks_in_the_middle_is_halved_and_no_row_is_lost() {
    const STREAM: &str = "campaign_analytics";
    let mut connection = since("2026-11-15", campaigns(250).daily_rows()).await;
    let truth = rows_of(&connection, STREAM, 9, &EVERY_STATUS);
    let attempts = usize::try_from(impatient().attempts).unwrap();
    connection.fake.add_fault(Fault::on("campaigns/analytics").times(attempts).body(OddBody::Truncated));
    let run = connection.sync(&[STREAM]).await;
    assert_complete(&run, STREAM);
    let came = in_order(run.records(STREAM));
    let mut distinct = came.clone();
    distinct.dedup();
    assert_eq!(distinct, truth);
    // Those of the first half had been handed on.
    assert!(came.len() > truth.len(), "{} of {}", came.len(), truth.len());
    let sizes: Vec<_> = asked(&connection, STREAM).iter().map(|request| request.ids().len()).collect();
    assert_eq!(sizes, [vec![250; attempts], vec![125; 2]].concat());
}

#[tokio::test]
async fn a_batch_that_is_answered_too_slowly_is_halved_and_no_row_is_lost_or_doubled() {
    const STREAM: &str = "campaign_analytics";
    let fake = campaigns(60).daily_rows().slow_batches_over(50, Duration::from_secs(5));
    let mut connection = since("2026-11-22", fake).await;
    connection.options.timeout = Some(Duration::from_millis(500));
    connection.options.retry = Some(RetryPolicy { attempts: 2, ..impatient() });
    let run = connection.sync(&[STREAM]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(in_order(run.records(STREAM)), rows_of(&connection, STREAM, 2, &EVERY_STATUS));
    let sizes: Vec<_> = asked(&connection, STREAM).iter().map(|request| request.ids().len()).collect();
    assert_eq!(sizes, [60, 60, 30, 30]);
}

#[tokio::test]
async fn a_batch_whose_connection_is_reset_is_halved_and_no_row_is_lost_or_doubled() {
    const STREAM: &str = "campaign_analytics";
    let mut connection = shop().await;
    let together = CAMPAIGNS[..2].join(",");
    let fault = Fault::on("campaigns/analytics").path_contains(together).for_ever();
    connection.fake.add_fault(fault.reset_connection());
    let run = connection.sync(&[STREAM]).await;
    assert!(run.success, "{:?}", run.errors());
    let truth = rows(&connection, STREAM, 23);
    assert!(!truth.is_empty());
    assert_eq!(in_order(run.records(STREAM)), truth);
    let alone = asked(&connection, STREAM).iter().filter(|request| request.ids().len() == 1).count();
    assert_eq!(alone, 3);
}

#[tokio::test]
async fn an_entity_that_always_fails_is_lost_alone_is_named_and_comes_with_the_next_sync() {
    for (stream, column) in OF_ENTITIES {
        for status in [400, 500] {
            let fake = FakePinterest::builder().daily_rows();
            let mut connection = Connection::to(fake).await;
            connection.config.insert("start_date".into(), json!("2026-11-20"));
            let truth = rows(&connection, stream, 4);
            let id = truth[truth.len() / 2][column].as_str().unwrap().to_owned();
            let fault = Fault::on(operation_of(stream)).path_contains(&id).for_ever().status(status);
            connection.fake.add_fault(fault);
            let run = connection.sync(&[stream]).await;
            assert_incomplete(&run, stream);
            let named = run.errors().iter().any(|error| error.contains(&id));
            assert!(named, "{stream}, {status}: {id} is not in {:?}", run.errors());
            let of_others: Vec<_> = truth.iter().filter(|row| row[column] != *id).cloned().collect();
            assert_eq!(in_order(run.records(stream)), of_others, "{stream}, {status}");

            connection.fake.clear_faults();
            let rest = connection.sync(&[stream]).await;
            assert!(rest.success, "{:?}", rest.errors());
            let of_it = |row: &&Value| row[column] == *id;
            let (came, expected) = (rest.records(stream), truth.iter().filter(of_it).count());
            assert_eq!(came.iter().filter(of_it).count(), expected, "{stream}, {status}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_not_asked_for_every_entity() {
    // Each request is tried six times, and a batch is halved down to one entity before it is seen to be in vain.
    for (threads, most) in [(1, 150), (16, 250)] {
        let mut connection = since("2026-10-25", campaigns(1_000)).await;
        connection.config.insert("num_threads".into(), json!(threads));
        connection.fake.add_fault(Fault::on("campaigns/analytics").for_ever().status(503));
        let run = connection.sync(&["campaign_analytics"]).await;
        assert_incomplete(&run, "campaign_analytics");
        let asked = asked(&connection, "campaign_analytics").len();
        assert!(asked <= most, "{threads} threads: {asked} requests");
        assert!(run.errors()[0].contains("1000 partitions failed"), "{:?}", run.errors());

        connection.fake.clear_faults();
        let rest = connection.sync(&["campaign_analytics"]).await;
        assert!(rest.success, "{:?}", rest.errors());
        let expected = rows_of(&connection, "campaign_analytics", 30, &EVERY_STATUS);
        assert_eq!(in_order(rest.records("campaign_analytics")), expected);
    }
}

/// Two ad accounts with two campaigns and one.
async fn shop() -> Connection {
    let nothing = Counts { ad_accounts: 0, campaigns: 0, ad_groups: 0, ads: 0, keywords: 0, ..Counts::SMALL };
    let mut connection = Connection::to(of_size(nothing)).await;
    connection.config.insert("start_date".into(), json!("2026-11-01"));
    connection.fake.edit(|data| {
        ACCOUNTS.iter().for_each(|account| data.upsert("ad_accounts", json!({ "id": account })));
        for (campaign, account) in CAMPAIGNS.iter().zip([0, 0, 1]) {
            let campaign = json!({"id": campaign, "ad_account_id": ACCOUNTS[account], "status": "ACTIVE"});
            data.upsert("campaigns", campaign);
        }
    });
    connection
}

/// What Pinterest answers about the campaigns of an ad account.
fn answers(connection: &Connection, account: &str, rows: &Value) {
    let fault = Fault::on("campaigns/analytics").path_contains(account).for_ever();
    connection.fake.add_fault(fault.status_with_body(200, rows.clone()));
}

#[tokio::test]
async fn the_state_has_the_shape_of_the_official_connector() {
    let mut connection = shop().await;
    let row = |campaign: &str, day: &str| json!({"CAMPAIGN_ID": campaign, "DATE": day, "CTR": 0.5});
    let [first, _, other] = CAMPAIGNS;
    answers(&connection, ACCOUNTS[0], &json!([row(first, "2026-11-23"), row(first, "2026-11-09")]));
    answers(&connection, ACCOUNTS[1], &json!([row(other, "2026-11-20")]));
    let run = connection.sync(&["campaign_analytics"]).await;
    assert_eq!(run.records("campaign_analytics").len(), 3);
    let mut state = connection.state_of("campaign_analytics");
    // Whole seconds that the sync took.
    assert!(state["lookback_window"].as_u64() >= Some(1), "{state}");
    state["lookback_window"] = json!(1);
    let expected = [
        r#"{"use_global_cursor":false,"states":["#,
        r#"{"partition":{"id":"626735565811","parent_slice":{"id":"549755885175","parent_slice":{}}},"#,
        r#""cursor":{"DATE":"2026-11-23"}},"#,
        r#"{"partition":{"id":"626735565812","parent_slice":{"id":"549755885175","parent_slice":{}}},"#,
        r#""cursor":{"DATE":"2026-11-01"}},"#,
        r#"{"partition":{"id":"626735565821","parent_slice":{"id":"549755885176","parent_slice":{}}},"#,
        r#""cursor":{"DATE":"2026-11-20"}}],"#,
        r#""state":{"DATE":"2026-11-23"},"lookback_window":1,"parent_state":{}}"#,
    ];
    // The accounts are read side by side, so their campaigns may come in either order.
    let states = state["states"].as_array_mut().unwrap();
    states.sort_by_key(|state| state["partition"]["id"].to_string());
    assert_eq!(state.to_string(), expected.concat());
}

#[tokio::test]
async fn a_row_of_the_future_or_of_no_day_or_of_nobody_is_passed_and_moves_nothing() {
    let mut connection = shop().await;
    let [first, second, other] = CAMPAIGNS;
    let odd = json!([
        {"CAMPAIGN_ID": first, "DATE": "2026-11-18"},
        {"CAMPAIGN_ID": first, "DATE": "2026-12-24"},
        {"CAMPAIGN_ID": second.parse::<u64>().unwrap(), "DATE": "2026-11-10"},
        {"CAMPAIGN_ID": second, "DATE": null},
        {"CAMPAIGN_ID": second, "CTR": 0.5},
        {"CAMPAIGN_ID": "1", "DATE": "2026-11-22"},
        {"DATE": "2026-11-22"},
    ]);
    answers(&connection, ACCOUNTS[0], &odd);
    let alone = json!([{"CAMPAIGN_ID": other, "DATE": "2026-12-01"}, {"CAMPAIGN_ID": other}]);
    answers(&connection, ACCOUNTS[1], &alone);
    let run = connection.sync(&["campaign_analytics"]).await;
    assert!(run.success, "{:?}", run.errors());
    let expected = [odd.as_array().unwrap().as_slice(), alone.as_array().unwrap()].concat();
    assert_eq!(in_order(run.records("campaign_analytics")), in_order(expected));
    let state = connection.state_of("campaign_analytics");
    let cursors: BTreeMap<_, _> = state["states"]
        .as_array()
        .unwrap()
        .iter()
        .map(|state| (state["partition"]["id"].as_str().unwrap(), state["cursor"]["DATE"].as_str().unwrap()))
        .collect();
    let expected = [(first, "2026-11-18"), (second, "2026-11-10"), (other, "2026-11-01")];
    assert_eq!(cursors, BTreeMap::from(expected), "{state}");
}

#[tokio::test]
async fn each_entity_brings_rows_from_its_own_day_on_and_all_of_an_account_share_a_request() {
    let counts = Counts { campaigns: 60, ad_groups: 90, ads: 120, ..Counts::SMALL };
    for (stream, column) in OF_ENTITIES {
        let mut connection = Connection::to(of_size(counts)).await;
        let first = connection.sync(&[stream]).await.records(stream);
        let list = stream.replace("_analytics", "s");
        let entities = connection.fake.truth(&list);
        let accounts: BTreeSet<_> =
            entities.iter().map(|entity| entity["ad_account_id"].to_string()).collect();
        // The last day of each; who had none starts as before.
        let id = |entity: &Value| entity["id"].as_str().unwrap().to_owned();
        let mut last_day: BTreeMap<_, _> =
            entities.iter().map(|entity| (id(entity), ago(&connection, 89))).collect();
        for (id, date) in keys(&first, column) {
            last_day.insert(id, day(&date));
        }
        connection.fake.clear_requests();
        let run = connection.sync(&[stream]).await;
        assert!(run.success, "{:?}", run.errors());

        let asked = asked(&connection, stream);
        assert_eq!(asked.len(), accounts.len(), "{stream}: each account has fewer than 250");
        let mut ids: Vec<_> = asked.iter().flat_map(Asked::ids).map(str::to_owned).collect();
        ids.sort();
        assert!(ids.iter().eq(last_day.keys()), "{stream}: each is asked for once");
        for request in &asked {
            let earliest = request.ids().into_iter().map(|id| last_day[id]).min().unwrap();
            assert_eq!(request.window(), (earliest, ago(&connection, 0)), "{stream}");
        }
        let days: BTreeSet<_> = last_day.values().collect();
        assert!(days.len() > 20, "{stream}: all have the same day, so this shows nothing");

        let is_new =
            |row: &Value| row["DATE"].as_str().map(day) >= Some(last_day[row[column].as_str().unwrap()]);
        let expected = first.iter().filter(|row| is_new(row)).cloned().collect();
        assert_eq!(in_order(run.records(stream)), in_order(expected), "{stream}");
    }
}

#[tokio::test]
async fn many_bad_neighbours_do_not_cost_the_others() {
    for (threads, bad, status) in [(1, 8, 400), (1, 8, 500), (16, 40, 400)] {
        let mut connection = since("2026-11-20", campaigns(500).daily_rows()).await;
        connection.config.insert("num_threads".into(), json!(threads));
        let all = connection.fake.edit(|data| data.records("campaigns"));
        for campaign in &all[100..100 + bad] {
            let fault = Fault::on("campaigns/analytics").path_contains(campaign["id"].as_str().unwrap());
            connection.fake.add_fault(fault.for_ever().status(status));
        }
        let run = connection.sync(&["campaign_analytics"]).await;
        assert_incomplete(&run, "campaign_analytics");
        let rows = run.records("campaign_analytics");
        let read: BTreeSet<_> = rows.iter().map(|row| row["CAMPAIGN_ID"].to_string()).collect();
        assert_eq!(read.len(), 500 - bad, "{threads} threads, {bad} times {status}");
    }
}

#[tokio::test]
async fn final_days_are_read_again_when_they_are_no_longer_left_out() {
    let mut connection = small_shop("2026-11-24", 7).await;
    connection.config.insert("lookback_window_days".into(), json!(45));
    connection.config.insert("skip_final_days".into(), json!(true));
    connection.sync(&["campaign_analytics"]).await;
    connection.config.insert("skip_final_days".into(), json!(false));
    let run = connection.sync(&["campaign_analytics"]).await;
    let expected = rows(&connection, "campaign_analytics", 45).len();
    assert_eq!(run.records("campaign_analytics").len(), expected);
}

#[tokio::test]
async fn days_that_were_never_read_are_not_left_out_as_final() {
    for before in [0, 45] {
        let mut connection = small_shop("2026-11-24", 7).await;
        connection.state.insert("campaign_analytics".into(), json!({"DATE": "2026-11-23"}).into());
        connection.config.insert("skip_final_days".into(), json!(true));
        connection.config.insert("lookback_window_days".into(), json!(before));
        connection.sync(&["campaign_analytics"]).await;
        // Older days than the first sync has read.
        connection.config.insert("lookback_window_days".into(), json!(60));
        let run = connection.sync(&["campaign_analytics"]).await;
        let expected = rows(&connection, "campaign_analytics", 60).len();
        assert_eq!(run.records("campaign_analytics").len(), expected, "{before}");
        let again = connection.sync(&["campaign_analytics"]).await.records("campaign_analytics").len();
        assert!(again < expected, "now they were: {again} of {expected}");
    }
}

#[tokio::test]
async fn an_entity_that_appears_later_gets_all_its_rows() {
    let counts = Counts { campaigns: 3, ad_groups: 6, ads: 12, ..Counts::SMALL };
    let mut connection = Connection::to(of_size(counts).daily_rows()).await;
    connection.sync(&["ads", "ad_analytics"]).await;
    let known = connection.fake.truth("ads");
    let mut ad = known[0].clone();
    // Older than what the stream of ads has reached.
    ad["id"] = json!("687199999999999999");
    ad["updated_time"] = json!(1);
    connection.fake.edit(|data| data.upsert("ads", ad.clone()));
    connection.at("2026-11-25");
    let run = connection.sync(&["ads", "ad_analytics"]).await;
    let (of_it, of_others): (Vec<_>, Vec<_>) =
        run.records("ad_analytics").into_iter().partition(|row| row["AD_ID"] == ad["id"]);
    let mut expected = rows(&connection, "ad_analytics", 89);
    expected.retain(|row| row["AD_ID"] == ad["id"]);
    assert_eq!((in_order(of_it), expected.len()), (expected, 90));
    // Yesterday, which was not over, and today.
    assert_eq!(of_others.len(), 2 * known.len());
}

/// What a run that was stopped after so many messages had written: its records, and its last state.
fn cut(run: &Run, messages: usize) -> (Run, Option<RawJson>) {
    let run = Run { success: false, messages: run.messages[..messages].to_vec() };
    let state = run.saved().remove("campaign_analytics");
    (run, state)
}

#[tokio::test]
async fn a_sync_that_is_cut_anywhere_loses_nothing_and_repeats_one_batch_at_most() {
    const STREAM: &str = "campaign_analytics";
    // Three batches of three days, each in an ad account of its own.
    let counts =
        Counts { ad_accounts: 4, campaigns: 750, ad_groups: 0, ads: 0, keywords: 0, ..Counts::SMALL };
    let mut connection = since("2026-11-22", of_size(counts).daily_rows()).await;
    connection.config.insert("num_threads".into(), json!(1));
    let whole = connection.sync(&[STREAM]).await;
    let truth = rows_of(&connection, STREAM, 2, &EVERY_STATUS);
    assert_eq!(in_order(whole.records(STREAM)), truth);
    let is_state = |message: &Message| matches!(message, Message::State(_));
    let mut cuts: Vec<_> =
        (1..=whole.messages.len()).filter(|end| is_state(&whole.messages[end - 1])).collect();
    assert!(cuts.len() >= 3, "{} states for three batches", cuts.len());
    // Also before the first state, and in the middle of batches.
    cuts.extend([100, whole.messages.len() / 3, whole.messages.len() / 2]);

    let batch = 250 * 3;
    for end in cuts {
        let (before, state) = cut(&whole, end);
        connection.state = state.map(|state| (STREAM.to_owned(), state)).into_iter().collect();
        let after = connection.sync(&[STREAM]).await;
        assert!(after.success, "{:?}", after.errors());
        let last_state = before.messages.iter().rposition(is_state).unwrap_or_default();
        let (covered, _) = cut(&before, last_state);
        let (before, covered) = (before.records(STREAM), covered.records(STREAM));
        let after = after.records(STREAM);

        // A destination may keep what came after the last state, or not.
        let arrived = in_order([covered.clone(), after.clone()].concat());
        let distinct: BTreeSet<_> = arrived.iter().map(Value::to_string).collect();
        assert_eq!(distinct, truth.iter().map(Value::to_string).collect(), "cut after {end} messages");

        // The day that a state names is read again; what is older only when no state covers it.
        let today = ago(&connection, 0).to_string();
        let sent: BTreeSet<_> = before.iter().map(Value::to_string).collect();
        let again = after.iter().filter(|row| sent.contains(&row.to_string()) && row["DATE"] != today);
        let again = again.count();
        assert!(again <= batch, "cut after {end} messages: {again} rows come again");
        let uncovered = before.len() - covered.len();
        assert!(again <= uncovered, "cut after {end} messages: {again} of {uncovered}");
    }
}

/// Reads streams on every day from a first to a last one and keeps all rows as a table without a key does.
async fn daily_syncs(
    connection: &mut Connection,
    streams: &[&str],
    (first, last): (&str, &str),
) -> BTreeMap<String, Vec<Value>> {
    let mut table: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for day in day(first).iter_days().take_while(|today| *today <= day(last)) {
        connection.at(&day.to_string());
        let run = connection.sync(streams).await;
        assert!(run.success, "{day}: {:?}", run.errors());
        for stream in streams {
            table.entry((*stream).to_owned()).or_default().extend(run.records(stream));
        }
    }
    table
}

/// What a warehouse has that keeps the last row of each key.
fn last_of_each(table: &[Value], column: &str) -> Vec<Value> {
    let key = |row: &Value| (row[column].to_string(), row["DATE"].to_string());
    let last: BTreeMap<_, _> = table.iter().map(|row| (key(row), row.clone())).collect();
    in_order(last.into_values().collect())
}

/// A small shop that has rows every day, on the morning of a day.
async fn small_shop(morning: &str, restated_days: u32) -> Connection {
    let now: DateTime<Utc> = format!("{morning}T06:00:00Z").parse().unwrap();
    let counts = Counts { ad_accounts: 2, campaigns: 3, ad_groups: 3, ads: 3, ..Counts::SMALL };
    let fake = of_size(counts).now(now.timestamp()).daily_rows().restated_days(restated_days);
    let mut connection = Connection::to(fake).await;
    connection.at(morning);
    connection
}

const DAILY: [(&str, &str); 2] =
    [("ad_account_analytics", "AD_ACCOUNT_ID"), ("campaign_analytics", "CAMPAIGN_ID")];
const FIFTY_DAYS: (&str, &str) = ("2026-10-06", "2026-11-24");

#[tokio::test]
async fn with_a_lookback_window_every_number_is_the_final_one() {
    for lookback in [None, Some(45)] {
        let mut connection = small_shop(FIFTY_DAYS.0, 45).await;
        connection.config.insert("lookback_window_days".into(), json!(lookback));
        let table = daily_syncs(&mut connection, &DAILY.map(|(stream, _)| stream), FIFTY_DAYS).await;
        for (stream, column) in DAILY {
            let truth = rows(&connection, stream, 49 + 89);
            let last = last_of_each(&table[stream], column);
            assert_eq!(last.len(), truth.len(), "{stream}");
            // Without one, days stay as they were when they were read.
            let differ = last.iter().zip(&truth).filter(|(last, truth)| last != truth).count();
            assert_eq!(differ == 0, lookback.is_some(), "{stream}, {lookback:?}: {differ} rows");
        }
    }
}

#[tokio::test]
async fn a_lookback_window_never_reaches_further_than_pinterest_does() {
    let mut connection = small_shop("2026-11-24", 45).await;
    connection.config.insert("lookback_window_days".into(), json!(90));
    connection.sync(&OF_ADS).await;
    connection.fake.clear_requests();
    let run = connection.sync(&OF_ADS).await;
    assert!(run.success, "{:?}", run.errors());
    for stream in OF_ADS {
        let asked = asked(&connection, stream);
        assert!(!asked.is_empty(), "{stream}");
        let whole = (ago(&connection, 89), ago(&connection, 0));
        assert!(asked.iter().all(|request| request.window() == whole), "{stream}");
    }
}

#[tokio::test]
async fn days_that_were_final_are_left_out_of_the_lookback_window_and_nothing_is_missed() {
    let days = ("2026-10-20", "2026-11-24");
    let mut read = Vec::new();
    for skip in [false, true] {
        let mut connection = small_shop(days.0, 7).await;
        connection.config.insert("lookback_window_days".into(), json!(45));
        connection.config.insert("skip_final_days".into(), json!(skip));
        let table = daily_syncs(&mut connection, &DAILY.map(|(stream, _)| stream), days).await;
        for (stream, column) in DAILY {
            let truth = rows(&connection, stream, 35 + 89);
            assert_eq!(last_of_each(&table[stream], column), truth, "{stream}, {skip}");
            let state = connection.state_of(stream);
            let settled = state["states"].as_array().unwrap().iter().map(|state| &state["settled"]);
            // A day is final when it is more than seven days old.
            let expected = if skip { json!("2026-11-16") } else { json!(null) };
            assert!(settled.clone().all(|day| *day == expected), "{stream}: {state}");
            assert!(settled.count() >= 1, "{state}");
        }
        read.push(table.values().map(Vec::len).sum::<usize>());
    }
    assert!(read[1] < read[0] / 2, "{read:?}");
}

#[tokio::test]
async fn all_streams_ask_once_which_days_are_final() {
    let mut connection = small_shop("2026-11-24", 7).await;
    connection.config.insert("skip_final_days".into(), json!(true));
    connection.sync(&OF_ADS).await;
    let asked = connection.fake.requests();
    let asked = asked.iter().filter(|seen| seen.operation == Some("metrics_ready_state/get")).count();
    assert!((1..=7).contains(&asked), "90 days are halved {asked} times");
}

#[tokio::test]
async fn when_pinterest_does_not_say_which_days_are_final_all_are_read_again() {
    for status in [403, 500] {
        let mut connection = small_shop("2026-11-24", 7).await;
        connection.config.insert("lookback_window_days".into(), json!(45));
        connection.config.insert("skip_final_days".into(), json!(true));
        connection.fake.add_fault(Fault::on("metrics_ready_state/get").for_ever().status(status));
        for days in [89, 45] {
            let run = connection.sync(&OF_ADS).await;
            assert!(run.success, "{status}: {:?}", run.errors());
            for stream in OF_ADS {
                let expected = rows(&connection, stream, days);
                assert_eq!(in_order(run.records(stream)), expected, "{stream}, {status}");
            }
        }
    }
}

#[tokio::test]
async fn attribution_is_sent_only_when_it_is_configured_and_nought_is_sent() {
    const NAMES: [&str; 4] =
        ["click_window_days", "engagement_window_days", "view_window_days", "conversion_report_time"];
    let nothing = [json!(null), json!(null), json!(null), json!(null)];
    let some = [json!(0), json!(null), json!(7), json!(null)];
    let all = [json!(30), json!(0), json!(1), json!("TIME_OF_CONVERSION")];
    for values in [nothing, some, all] {
        let mut connection = Connection::to(FakePinterest::builder()).await;
        connection.config.insert("start_date".into(), json!("2026-11-20"));
        connection.config.extend(NAMES.map(str::to_owned).into_iter().zip(values.clone()));
        let run = connection.sync(&[&OF_ADS[..], &["user_account_analytics"]].concat()).await;
        assert!(run.success, "{:?}", run.errors());
        for stream in analytics_names() {
            let asked = asked(&connection, &stream);
            assert!(!asked.is_empty(), "{stream}");
            for (request, (name, value)) in
                asked.iter().flat_map(|request| NAMES.iter().zip(&values).map(move |pair| (request, pair)))
            {
                let value = Some(value.to_string()).filter(|text| text != "null");
                // Pinterest counts no conversions for the user's account.
                let expected = value.filter(|_| stream != "user_account_analytics");
                let expected = expected.as_deref().map(|text| text.trim_matches('"'));
                assert_eq!(request.get(name), expected, "{stream} {name}");
            }
        }
    }
}

/// The streams of the catalog of this config, by name.
fn catalog(config: &Value) -> BTreeMap<String, Value> {
    let files = Files::new();
    let output = run("discover", &[("--config", &files.write("config.json", config.to_string()))]);
    assert_eq!(output.code, Some(0), "{:?}", output.lines);
    let streams = output.lines[0]["catalog"]["streams"].as_array().unwrap().clone();
    streams.into_iter().map(|stream| (stream["name"].as_str().unwrap().to_owned(), stream)).collect()
}

#[tokio::test]
async fn chosen_columns_are_all_that_is_asked_for_and_new_ones_join_the_schema() {
    let fields = |catalog: &BTreeMap<String, Value>, stream: &str| -> BTreeSet<String> {
        catalog[stream]["json_schema"]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let usual = catalog(&json!({}));
    for stream in OF_ADS {
        let known = fields(&usual, stream);
        let new = ANALYTICS_COLUMNS.iter().find(|column| !known.contains(**column)).unwrap();
        let columns = ["CTR", new, "TOTAL_CHECKOUT"];
        let chosen = json!([{"stream": stream, "columns": columns}]);

        let offered = catalog(&json!({"stream_columns": chosen}));
        let expected = known.iter().cloned().chain([(*new).to_owned()]).collect();
        assert_eq!(fields(&offered, stream), expected, "{stream}");
        for other in offered.keys().filter(|name| *name != stream) {
            assert_eq!(offered[other], usual[other], "{stream}");
        }

        let mut connection = Connection::to(FakePinterest::builder()).await;
        connection.config.insert("stream_columns".into(), chosen);
        let run = connection.sync(&OF_ADS).await;
        assert!(run.success, "{:?}", run.errors());
        for sent in OF_ADS {
            let asked = asked(&connection, sent);
            let is_chosen = |request: &Asked| request.list("columns") == columns;
            assert!(!asked.is_empty(), "{sent}");
            assert!(asked.iter().all(|request| is_chosen(request) == (sent == stream)), "{sent} of {stream}");
        }
        let rows = run.records(stream);
        assert_eq!(rows.len(), self::rows(&connection, stream, 89).len(), "{stream}");
        for row in rows {
            let fields = row.as_object().unwrap().keys().map(String::as_str);
            let numbers: Vec<_> = fields.filter(|name| *name != "DATE" && !name.ends_with("_ID")).collect();
            assert_eq!(numbers, ["CTR", "TOTAL_CHECKOUT"], "{stream}: {row}");
        }
    }
}

#[test]
fn analytics_have_keys_when_they_are_asked_for() {
    let expected = [
        ("user_account_analytics", json!([["date"]])),
        ("ad_account_analytics", json!([["AD_ACCOUNT_ID"], ["DATE"]])),
        ("campaign_analytics", json!([["CAMPAIGN_ID"], ["DATE"]])),
        ("ad_group_analytics", json!([["AD_GROUP_ID"], ["DATE"]])),
        ("ad_analytics", json!([["AD_ID"], ["DATE"]])),
    ];
    let (without, with) = (catalog(&json!({})), catalog(&json!({"primary_keys": true})));
    for (stream, keys) in expected {
        assert_eq!(with[stream]["source_defined_primary_key"], keys, "{stream}");
        assert_eq!(without[stream].get("source_defined_primary_key"), None, "{stream}");
    }
}

#[tokio::test]
async fn no_two_rows_of_a_sync_have_the_same_key() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    let names = analytics_names();
    let run = connection.sync(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let catalog = catalog(&json!({"primary_keys": true}));
    for stream in names {
        let keys: Vec<Vec<String>> =
            serde_json::from_value(catalog[&stream]["source_defined_primary_key"].clone()).unwrap();
        let key = |row: &Value| keys.iter().map(|path| row[&path[0]].to_string()).collect::<Vec<_>>();
        let rows = run.records(&stream);
        let distinct: BTreeSet<_> = rows.iter().map(key).collect();
        assert_eq!(distinct.len(), rows.len(), "{stream}");
        assert!(distinct.iter().flatten().all(|value| value != "null"), "{stream}: a key without a value");
    }
}
