//! Custom reports: what each entry of the config asks Pinterest for, and what it makes of the catalog.

use std::collections::{BTreeMap, BTreeSet};

use airbyte_protocol::StreamStatus;
use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};
use fake_pinterest::{Builder, FakePinterest, ReportStep};
use serde_json::{Map, Value, json};

use crate::connection::{Connection, as_numbers, assert_complete, in_order};
use crate::program::{Files, Output, run_against};
use crate::reports::{ago, day};

const LEVELS: [&str; 13] = [
    "ADVERTISER",
    "ADVERTISER_TARGETING",
    "CAMPAIGN",
    "CAMPAIGN_TARGETING",
    "AD_GROUP",
    "AD_GROUP_TARGETING",
    "PIN_PROMOTION",
    "PIN_PROMOTION_TARGETING",
    "KEYWORD",
    "PRODUCT_GROUP",
    "PRODUCT_GROUP_TARGETING",
    "PRODUCT_ITEM",
    "PRODUCT_ITEM_TARGETING",
];
const GRANULARITIES: [&str; 5] = ["TOTAL", "DAY", "HOUR", "WEEK", "MONTH"];

/// All that the fake fills at any level, but what product items do not have.
const COLUMNS: [&str; 21] = [
    "ADVERTISER_ID",
    "AD_ACCOUNT_ID",
    "CAMPAIGN_ID",
    "AD_GROUP_ID",
    "PIN_ID",
    "CAMPAIGN_NAME",
    "CAMPAIGN_ENTITY_STATUS",
    "AD_GROUP_ENTITY_STATUS",
    "SPEND_IN_MICRO_DOLLAR",
    "SPEND_IN_DOLLAR",
    "IMPRESSION_1",
    "IMPRESSION_2",
    "CLICKTHROUGH_1",
    "CTR",
    "ENGAGEMENT_1",
    "TOTAL_ENGAGEMENT",
    "PAID_IMPRESSION",
    "TOTAL_CONVERSIONS",
    "TOTAL_CHECKOUT",
    "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR",
    "TOTAL_PAGE_VISIT",
];

/// How many days back a report reaches, and how many it has at most.
fn reach(level: &str, granularity: &str) -> (u64, u64) {
    match (level, granularity) {
        (_, "HOUR") => (8, 3),
        ("PRODUCT_ITEM" | "PRODUCT_ITEM_TARGETING", _) => (92, 31),
        _ => (914, 186),
    }
}

fn columns(level: &str) -> Vec<&'static str> {
    let of_ads: &[&str] =
        if level.starts_with("PRODUCT_ITEM") { &[] } else { &["AD_ID", "PIN_PROMOTION_ID"] };
    [&COLUMNS, of_ads].concat()
}

/// An entry of the config, named like its level.
fn entry(level: &str, granularity: &str, more: Value) -> Value {
    let name = format!("{level} {granularity}").to_lowercase();
    let mut entry =
        json!({"name": name, "level": level, "granularity": granularity, "columns": columns(level)});
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn stream(entry: &Value) -> String {
    format!("custom_{}", entry["name"].as_str().unwrap())
}

async fn with(entries: &[Value]) -> Connection {
    to(FakePinterest::builder().daily_rows(), entries).await
}

/// One ad account that has few rows, for reports over years.
async fn with_few_rows(entries: &[Value]) -> (Connection, String) {
    let mut connection = to(FakePinterest::builder(), entries).await;
    let account = connection.fake.edit(|data| data.ad_account_ids()).remove(0);
    connection.config.insert("account_id".into(), json!(account));
    (connection, account)
}

async fn to(fake: Builder, entries: &[Value]) -> Connection {
    let mut connection = Connection::to(fake).await;
    connection.config.insert("custom_reports".into(), json!(entries));
    connection.fake.script_every_report([ReportStep::Finished]);
    connection
}

async fn sync(connection: &mut Connection, entries: &[Value]) -> connector_core::testing::Run {
    let streams: Vec<_> = entries.iter().map(stream).collect();
    let run = connection.sync(&streams.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(
        connection.fake.requests().iter().find(|seen| !seen.planned || seen.status != Some(200)),
        None
    );
    run
}

/// One entry, read of all ad accounts for a few days.
async fn one(more: Value) -> (Connection, connector_core::testing::Run) {
    let entry = entry("CAMPAIGN", "DAY", json!({"start_date": "2026-11-22"}));
    let mut entry = [entry];
    entry[0].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut connection = with(&entry).await;
    let run = sync(&mut connection, &entry).await;
    (connection, run)
}

/// The windows that were asked for of one ad account, in order, by level and granularity.
fn windows(connection: &Connection) -> BTreeMap<(String, String), Vec<(NaiveDate, NaiveDate)>> {
    let mut windows = BTreeMap::<_, Vec<_>>::new();
    for (_, body) in connection.asked() {
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        let window = (day(&text("start_date")), day(&text("end_date")));
        windows.entry((text("level"), text("granularity"))).or_default().push(window);
    }
    windows.values_mut().for_each(|windows| windows.sort_unstable());
    windows
}

/// Whether a row may begin on this day.
fn begins_a_row(day: NaiveDate, granularity: &str) -> bool {
    match granularity {
        "MONTH" => day.day() == 1,
        "WEEK" => day.weekday() == Weekday::Mon,
        _ => true,
    }
}

/// How few reports can have all days up to today, when none is longer than `long` days or parts a row.
fn fewest(first: NaiveDate, long: u64, granularity: &str) -> usize {
    let mut reports = 1;
    let mut start = first;
    while start + Days::new(long) <= ago(0) {
        let mut next = (1..=long).rev().map(|days| start + Days::new(days));
        start = next.find(|day| begins_a_row(*day, granularity)).unwrap();
        reports += 1;
    }
    reports
}

/// The columns that are sums of days.
const SUMS: [&str; 4] = ["SPEND_IN_MICRO_DOLLAR", "IMPRESSION_1", "CLICKTHROUGH_1", "TOTAL_CHECKOUT"];

/// The rows with their sums put together by week or month, without other numbers.
fn put_together(rows: Vec<Value>, granularity: &str) -> Vec<Value> {
    let mut sums = BTreeMap::<String, (Map<String, Value>, [u64; SUMS.len()])>::new();
    for row in rows {
        let Value::Object(mut row) = row else { panic!("{row}") };
        let date = day(row["DATE"].as_str().unwrap());
        let mut before = (0..31).map(|days| date - Days::new(days));
        let begin = before.find(|day| begins_a_row(*day, granularity)).unwrap();
        row["DATE"] = json!(begin);
        let numbers = SUMS.map(|column| row[column].as_u64().unwrap());
        row.retain(|column, _| {
            column.ends_with("_ID") || column.starts_with("TARGETING") || column == "DATE"
        });
        let of_period = sums.entry(Value::from(row.clone()).to_string()).or_insert((row, [0; SUMS.len()]));
        of_period.1.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
    }
    let row = |(mut row, numbers): (Map<String, Value>, [u64; SUMS.len()])| {
        row.extend(SUMS.iter().zip(numbers).map(|(column, sum)| ((*column).to_owned(), json!(sum))));
        Value::from(row)
    };
    sums.into_values().map(row).collect()
}

fn assert_windows(windows: &[(NaiveDate, NaiveDate)], first: NaiveDate, level: &str, granularity: &str) {
    let what = format!("{level} {granularity}: {windows:?}");
    let (_, long) = reach(level, granularity);
    assert_eq!((windows[0].0, windows.last().unwrap().1), (first, ago(0)), "{what}");
    let length = |window: &(NaiveDate, NaiveDate)| (window.1 - window.0).num_days().unsigned_abs() + 1;
    assert!(windows.iter().all(|window| length(window) <= long), "{what}");
    for pair in windows.windows(2) {
        assert_eq!(pair[0].1 + TimeDelta::days(1), pair[1].0, "a gap, or a day twice: {what}");
        assert!(begins_a_row(pair[1].0, granularity), "a week or month is parted: {what}");
    }
    assert_eq!(windows.len(), fewest(first, long, granularity), "windows could be longer: {what}");
}

/// Reads all 65 combinations of one ad account from the day that `start` chooses, and checks their windows and rows.
/// As many reports are expected of each, and as many where they end with a week or a month.
async fn assert_all_windows(start: impl Fn(u64) -> u64, reports: usize, of_whole_units: usize) {
    let entries: Vec<_> = LEVELS
        .iter()
        .flat_map(|level| GRANULARITIES.map(|granularity| (*level, granularity)))
        .map(|(level, granularity)| {
            let (_, long) = reach(level, granularity);
            let mut columns = columns(level);
            if ["TOTAL", "HOUR"].contains(&granularity) {
                columns.truncate(1);
            }
            entry(level, granularity, json!({"start_date": ago(start(long)), "columns": columns}))
        })
        .collect();
    let (mut connection, account) = with_few_rows(&entries).await;
    let mut with_rows = 0;
    let run = sync(&mut connection, &entries).await;
    let windows = windows(&connection);
    assert_eq!(windows.len(), LEVELS.len() * GRANULARITIES.len());
    for entry in &entries {
        let (level, granularity) = (entry["level"].as_str().unwrap(), entry["granularity"].as_str().unwrap());
        let (_, long) = reach(level, granularity);
        let first = ago(start(long));
        let windows = &windows[&(level.to_owned(), granularity.to_owned())];
        assert_windows(windows, first, level, granularity);
        let expected = if ["WEEK", "MONTH"].contains(&granularity) { of_whole_units } else { reports };
        assert_eq!(windows.len(), expected, "{level} {granularity}");
        assert_eq!(run.statuses(&stream(entry)).last(), Some(&StreamStatus::Complete));
        if ["TOTAL", "HOUR"].contains(&granularity) {
            continue;
        }
        let rows = in_order(run.records(&stream(entry)));
        with_rows += usize::from(!rows.is_empty());
        let mut truth = as_numbers(connection.fake.rows_of_level(level, first, ago(0)));
        truth.retain(|row| row["AD_ACCOUNT_ID"] == account);
        if granularity == "DAY" {
            assert_eq!(rows, in_order(truth), "{level}");
        } else {
            let many = rows.len();
            let rows = put_together(rows, granularity);
            assert_eq!(rows.len(), many, "{level}: a {granularity} comes twice");
            assert_eq!(rows, put_together(truth, granularity), "{level} {granularity}");
        }
    }
    assert!(with_rows > 3 * 8, "{with_rows} reports have rows");
}

#[tokio::test]
async fn one_full_window_is_one_report() {
    assert_all_windows(|long| long - 1, 1, 1).await;
}

#[tokio::test]
async fn a_day_more_than_a_window_is_a_second_report() {
    assert_all_windows(|long| long, 2, 2).await;
}

#[tokio::test]
async fn two_full_windows_are_two_reports_or_three_of_whole_weeks_or_months() {
    assert_all_windows(|long| 2 * long - 1, 2, 3).await;
}

#[tokio::test]
async fn a_start_that_is_not_served_any_more_or_missing_begins_at_the_oldest_day() {
    let levels = ["PRODUCT_ITEM", "ADVERTISER"];
    for start in [None, Some(0), Some(1), Some(400)] {
        let entries: Vec<_> = levels
            .iter()
            .flat_map(|level| GRANULARITIES.map(|granularity| (*level, granularity)))
            .map(|(level, granularity)| {
                let back = reach(level, granularity).0;
                let start = start.map(|more| ago(back - 1 + more));
                entry(level, granularity, json!({"columns": ["CTR", "AD_ACCOUNT_ID"], "start_date": start}))
            })
            .collect();
        let (mut connection, _) = with_few_rows(&entries).await;
        // That of the config is not that of custom reports.
        connection.config.insert("start_date".into(), json!("2026-11-20"));
        sync(&mut connection, &entries).await;
        let windows = windows(&connection);
        assert_eq!(windows.len(), entries.len());
        for ((level, granularity), windows) in windows {
            assert_windows(&windows, ago(reach(&level, &granularity).0 - 1), &level, &granularity);
        }
    }
}

#[tokio::test]
async fn all_ad_accounts_have_their_rows_at_every_level() {
    let entries = LEVELS.map(|level| entry(level, "DAY", json!({"start_date": "2026-11-21"})));
    let mut connection = with(&entries).await;
    let run = sync(&mut connection, &entries).await;
    for (level, entry) in LEVELS.iter().zip(&entries) {
        let truth = as_numbers(connection.fake.rows_of_level(level, day("2026-11-21"), ago(0)));
        let accounts: BTreeSet<_> = truth.iter().map(|row| row["AD_ACCOUNT_ID"].to_string()).collect();
        assert!(accounts.len() >= 2, "{level}");
        assert_eq!(in_order(run.records(&stream(entry))), in_order(truth), "{level}");
    }
}

#[tokio::test]
async fn what_an_entry_leaves_out_is_asked_for_as_pinterest_documents_it() {
    let nothing = json!({});
    let nulls = json!({"click_window_days": null, "attribution_types": [], "campaign_statuses": []});
    for more in [nothing, nulls, json!({"click_window_days": [30], "view_window_days": [1]})] {
        let (mut connection, _) = one(more.clone()).await;
        // What the config says of built-in reports does not count.
        connection.config.insert("click_window_days".into(), json!(7));
        connection.config.insert("start_date".into(), json!("2026-11-01"));
        connection.state.clear();
        sync(&mut connection, &[entry("CAMPAIGN", "DAY", json!({}))]).await;
        let asked = connection.asked();
        assert_eq!(asked.len(), 6, "two syncs of three ad accounts");
        for (_, body) in asked {
            assert_eq!(
                body,
                json!({
                    "start_date": "2026-11-22", "end_date": "2026-11-24", "granularity": "DAY", "level": "CAMPAIGN",
                    "columns": columns("CAMPAIGN"), "click_window_days": 30, "engagement_window_days": 30,
                    "view_window_days": 1, "conversion_report_time": "TIME_OF_AD_ACTION",
                    "attribution_types": ["INDIVIDUAL", "HOUSEHOLD"]
                }),
                "{more}"
            );
        }
    }
}

#[tokio::test]
async fn a_column_that_is_listed_twice_is_asked_for_once() {
    let (connection, run) = one(json!({"columns": ["CTR", "CAMPAIGN_ID", "CTR"]})).await;
    assert!(!run.records("custom_campaign day").is_empty());
    for (_, body) in connection.asked() {
        assert_eq!(body["columns"], json!(["CTR", "CAMPAIGN_ID"]));
    }
}

#[tokio::test]
async fn what_an_entry_says_is_asked_for_as_it_says_it() {
    let said = json!({"click_window_days": 0, "engagement_window_days": 0, "view_window_days": 0,
        "conversion_report_time": "TIME_OF_CONVERSION", "attribution_types": ["HOUSEHOLD"],
        "campaign_statuses": ["RUNNING", "PAUSED"], "ad_group_statuses": ["ARCHIVED"],
        "ad_statuses": ["APPROVED", "REJECTED"], "columns": ["CTR", "VIDEO_LENGTH"]});
    let (connection, _) = one(said.clone()).await;
    for (_, body) in connection.asked() {
        for (key, value) in said.as_object().unwrap() {
            assert_eq!(&body[key], value, "{key}");
        }
    }
    let (connection, _) = one(json!({"click_window_days": [0], "engagement_window_days": [60]})).await;
    let body = &connection.asked()[0].1;
    assert_eq!((&body["click_window_days"], &body["engagement_window_days"]), (&json!(0), &json!(60)));
}

#[tokio::test]
async fn a_name_becomes_the_stream_as_in_the_official_connector() {
    for (name, stream) in [("My Campaigns2X", "custom__my _campaigns2_x"), ("daily", "custom_daily")] {
        let entry = entry("CAMPAIGN", "DAY", json!({"name": name, "start_date": "2026-11-22"}));
        let mut connection = with(&[entry]).await;
        let run = connection.sync(&[stream]).await;
        assert_complete(&run, stream);
        let truth = as_numbers(connection.fake.rows_of_level("CAMPAIGN", day("2026-11-22"), ago(0)));
        assert_eq!(in_order(run.records(stream)), in_order(truth));
    }
}

const DELIVERY: [&str; 8] = [
    "RUNNING",
    "PAUSED",
    "NOT_STARTED",
    "COMPLETED",
    "ADVERTISER_DISABLED",
    "ARCHIVED",
    "DRAFT",
    "DELETED_DRAFT",
];

#[tokio::test]
async fn more_statuses_than_a_report_takes_are_several_reports_with_every_row_once() {
    let statuses =
        json!({"start_date": "2026-11-22", "campaign_statuses": DELIVERY, "ad_group_statuses": DELIVERY});
    let entries = ["PIN_PROMOTION", "PIN_PROMOTION_TARGETING", "AD_GROUP"]
        .map(|level| entry(level, "DAY", statuses.clone()));
    let mut connection = with(&entries).await;
    // Some of both parts, whatever the seed made.
    connection.fake.edit(|data| {
        for stream in ["campaigns", "ad_groups"] {
            for (at, record) in data.records_mut(stream).iter_mut().enumerate() {
                record["summary_status"] = json!(DELIVERY[at % DELIVERY.len()]);
            }
        }
    });
    let run = sync(&mut connection, &entries).await;
    for entry in &entries {
        let level = entry["level"].as_str().unwrap();
        let truth = as_numbers(connection.fake.rows_of_level(level, day("2026-11-22"), ago(0)));
        assert_eq!(in_order(run.records(&stream(entry))), in_order(truth), "{level}");
        let asked = connection.asked();
        let asked: Vec<_> = asked.iter().filter(|(_, body)| body["level"] == level).collect();
        assert_eq!(asked.len(), 3 * 4, "{level}: of each ad account every pair of parts");
        let mut pairs = BTreeSet::new();
        for (path, body) in asked {
            let list = |key: &str| serde_json::from_value::<Vec<String>>(body[key].clone()).unwrap();
            for campaign in list("campaign_statuses") {
                for ad_group in list("ad_group_statuses") {
                    assert!(pairs.insert((path, campaign.clone(), ad_group)), "{level}: asked for twice");
                }
            }
        }
        assert_eq!(pairs.len(), 3 * 64, "{level}");
    }
}

#[tokio::test]
async fn a_part_of_the_statuses_that_fails_fails_its_ad_account() {
    let entries =
        [entry("CAMPAIGN", "DAY", json!({"start_date": "2026-11-22", "campaign_statuses": DELIVERY}))];
    let mut connection = with(&entries).await;
    let account = connection.fake.edit(|data| data.ad_account_ids()).remove(0);
    connection.config.insert("account_id".into(), json!(account));
    connection.fake.script_report([ReportStep::Finished]);
    connection.fake.script_every_report([ReportStep::status("FAILED")]);
    let stream = stream(&entries[0]);
    let run = connection.sync(&[&stream]).await;
    crate::connection::assert_incomplete(&run, &stream);
    assert_eq!(connection.asked().len(), 1 + 3);
    let state = connection.state_of(&stream);
    assert_eq!(state["states"][0]["cursor"], json!({"DATE": "2026-11-22"}), "{state}");
    connection.fake.script_every_report([ReportStep::Finished]);
    let run = connection.sync(&[&stream]).await;
    let mut truth = as_numbers(connection.fake.rows_of_level("CAMPAIGN", day("2026-11-22"), ago(0)));
    truth.retain(|row| row["AD_ACCOUNT_ID"] == account);
    assert_eq!(in_order(run.records(&stream)), in_order(truth));
}

#[tokio::test]
async fn a_report_of_the_whole_range_leaves_the_cursor_and_is_read_again() {
    let entries = [entry("CAMPAIGN", "TOTAL", json!({"start_date": "2026-11-20"}))];
    let mut connection = with(&entries).await;
    let stream = stream(&entries[0]);
    let campaigns = connection.fake.edit(|data| data.records("campaigns")).len();
    for today in ["2026-11-24", "2026-11-25"] {
        connection.at(today);
        connection.fake.clear_requests();
        let run = sync(&mut connection, &entries).await;
        assert_complete(&run, &stream);
        let rows = run.records(&stream);
        assert_eq!(rows.len(), campaigns, "one row of each campaign");
        assert!(rows.iter().all(|row| row.get("DATE").is_none()));
        for (_, body) in connection.asked() {
            assert_eq!((&body["start_date"], &body["end_date"]), (&json!("2026-11-20"), &json!(today)));
        }
        let state = connection.state_of(&stream);
        let stays = |state: &Value| state["cursor"] == json!({"DATE": "2026-11-20"});
        assert!(state["states"].as_array().unwrap().iter().all(stays), "{state}");
    }
}

#[tokio::test]
async fn the_next_sync_goes_on_at_the_last_period() {
    for (granularity, first) in
        [("DAY", "2026-11-24"), ("WEEK", "2026-11-23"), ("MONTH", "2026-11-01"), ("HOUR", "2026-11-24")]
    {
        let entries = [entry("ADVERTISER", granularity, json!({"start_date": "2026-10-05"}))];
        let mut connection = with(&entries).await;
        sync(&mut connection, &entries).await;
        connection.at("2026-11-25");
        connection.fake.clear_requests();
        let run = sync(&mut connection, &entries).await;
        assert!(!run.records(&stream(&entries[0])).is_empty());
        for (path, body) in connection.asked() {
            assert_eq!(
                (&body["start_date"], &body["end_date"]),
                (&json!(first), &json!("2026-11-25")),
                "{granularity} {path}"
            );
        }
    }
}

/// Runs the program against a fake with these custom reports, and says how many requests it sent.
async fn program(command: &'static str, reports: Value, more: Value) -> (Output, usize) {
    let fake = FakePinterest::builder().start().await.unwrap();
    let mut config = fake.config();
    config["custom_reports"] = reports;
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let url = fake.url();
    let output = tokio::task::spawn_blocking(move || {
        let files = Files::new();
        let config = files.write("config.json", config.to_string());
        let catalog = files.catalog("boards", "full_refresh");
        match command {
            "read" => run_against(&url, command, &[("--config", &config), ("--catalog", &catalog)]),
            _ => run_against(&url, command, &[("--config", &config)]),
        }
    });
    (output.await.unwrap(), fake.requests().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_no_schema_has_appear_in_that_of_their_stream() {
    let columns =
        ["CTR", "PIN_PROMOTION_NAME", "TOTAL_REACH_AUDIENCE_AGE_RANGE", "PRODUCT_GROUP_ID", "VIDEO_LENGTH"];
    let known: Vec<_> =
        columns.into_iter().filter(|column| pinterest_client::REPORT_COLUMNS.contains(column)).collect();
    let plain = entry("CAMPAIGN", "DAY", json!({"columns": ["CTR"]}));
    let more = entry("PIN_PROMOTION", "DAY", json!({ "columns": known }));
    let (output, requests) = program("discover", json!([plain, more]), json!({})).await;
    assert_eq!((output.code, requests), (Some(0), 0));
    let streams = output.lines[0]["catalog"]["streams"].as_array().unwrap();
    let properties = |name: &str| {
        let stream = streams.iter().find(|stream| stream["name"] == name).unwrap();
        assert_eq!(stream["supported_sync_modes"], json!(["full_refresh", "incremental"]), "{name}");
        assert_eq!(stream["default_cursor_field"], json!(["DATE"]), "{name}");
        assert!(stream.get("source_defined_primary_key").is_none_or(|key| key == &json!([])), "{name}");
        stream["json_schema"]["properties"].as_object().unwrap().clone()
    };
    let (plain, more) = (properties("custom_campaign day"), properties("custom_pin_promotion day"));
    let added: Vec<_> = more.keys().filter(|name| !plain.contains_key(*name)).collect();
    assert!(added.len() >= 2 && added.iter().all(|name| known.contains(&name.as_str())), "{added:?}");
    for (column, kind) in
        [("PIN_PROMOTION_NAME", "string"), ("PRODUCT_GROUP_ID", "string"), ("CTR", "number")]
    {
        assert_eq!(more[column]["type"], json!(["null", kind]), "{column}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_offered_on_request_where_a_row_has_one() {
    let entries: Vec<_> = LEVELS
        .iter()
        .flat_map(|level| {
            GRANULARITIES.map(|granularity| entry(level, granularity, json!({"columns": ["CTR"]})))
        })
        .collect();
    let (output, _) = program("discover", json!(entries), json!({"primary_keys": true})).await;
    let streams = output.lines[0]["catalog"]["streams"].as_array().unwrap();
    for entry in &entries {
        let (level, granularity) = (entry["level"].as_str().unwrap(), entry["granularity"].as_str().unwrap());
        let id = match level.trim_end_matches("_TARGETING") {
            "ADVERTISER" => "ADVERTISER_ID",
            "CAMPAIGN" => "CAMPAIGN_ID",
            "AD_GROUP" => "AD_GROUP_ID",
            "PIN_PROMOTION" => "PIN_PROMOTION_ID",
            "PRODUCT_GROUP" => "PRODUCT_GROUP_ID",
            _ => "",
        };
        let mut key = vec![id, "DATE"];
        if level.ends_with("_TARGETING") {
            key.extend(["TARGETING_TYPE", "TARGETING_VALUE"]);
        }
        if id.is_empty() || ["TOTAL", "HOUR"].contains(&granularity) {
            key.clear();
        }
        let key: Vec<_> = key.into_iter().map(|field| json!([field])).collect();
        let offered = streams.iter().find(|offered| offered["name"] == stream(entry)).unwrap();
        let found = offered.get("source_defined_primary_key").cloned().unwrap_or(json!([]));
        assert_eq!(found, json!(key), "{level} {granularity}");
        for field in key {
            let name = field[0].as_str().unwrap();
            assert!(offered["json_schema"]["properties"].get(name).is_some(), "{level}: {name}");
        }
    }
}

#[tokio::test]
async fn rows_hold_their_key_and_no_two_have_the_same() {
    let entries: Vec<_> = LEVELS
        .iter()
        .filter(|level| **level != "KEYWORD" && !level.starts_with("PRODUCT_ITEM"))
        .map(|level| entry(level, "DAY", json!({"start_date": "2026-11-22", "columns": ["CTR"]})))
        .collect();
    let mut connection = with(&entries).await;
    connection.config.insert("primary_keys".into(), json!(true));
    let run = sync(&mut connection, &entries).await;
    for entry in &entries {
        let level = entry["level"].as_str().unwrap().trim_end_matches("_TARGETING");
        let id = format!("{level}_ID");
        let rows = run.records(&stream(entry));
        let key = |row: &Value| {
            assert!(!row[&id].is_null() && !row["DATE"].is_null(), "{row}");
            [&id, "DATE", "TARGETING_TYPE", "TARGETING_VALUE"].map(|name| row[name].to_string())
        };
        let keys: BTreeSet<_> = rows.iter().map(key).collect();
        assert!(!rows.is_empty() && keys.len() == rows.len(), "{id}: {} of {}", keys.len(), rows.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_read_ends_every_command_before_any_request() {
    let good = entry("CAMPAIGN", "DAY", json!({}));
    let bad = |level: &str, more: Value| json!([good, entry(level, "DAY", more)]);
    for (reports, told) in [
        (bad("PLANET", json!({})), "custom_reports[1].level"),
        (bad("CAMPAIGN", json!({"granularity": "YEAR"})), "custom_reports[1].granularity"),
        (bad("KEYWORD", json!({"columns": ["CTR", "SPEND"]})), "custom_reports[1].columns"),
        (bad("KEYWORD", json!({"columns": []})), "at least one column"),
        (bad("KEYWORD", json!({"name": "  "})), "custom_reports[1].name"),
        (bad("KEYWORD", json!({"click_window_days": 2})), "custom_reports[1].click_window_days"),
        (bad("KEYWORD", json!({"start_date": "soon"})), "custom_reports[1].start_date"),
        (bad("PRODUCT_ITEM", json!({"columns": ["AD_ID"]})), "AD_ID cannot be asked of product items"),
        (bad("ADVERTISER", json!({"campaign_statuses": DELIVERY})), "it may have at most 6"),
        (bad("CAMPAIGN", json!({})), "would both be the stream"),
        (json!([{"name": "mine"}]), "custom_reports[0]"),
        (json!({"name": "mine"}), "custom_reports"),
    ] {
        for command in ["discover", "read"] {
            let (output, requests) = program(command, reports.clone(), json!({})).await;
            let errors = output.errors();
            assert_eq!((output.code, requests), (Some(1), 0), "{command} {told}: {errors:?}");
            assert!(errors[0].contains(told), "{command}: {told:?} is not in {errors:?}");
            assert!(output.lines.iter().all(|line| line["type"] != "CATALOG" && line["type"] != "RECORD"));
        }
        let (output, requests) = program("check", reports, json!({})).await;
        let status = &output.lines[0]["connectionStatus"];
        assert_eq!((status["status"].as_str(), requests), (Some("FAILED"), 0), "{told}");
        assert!(status["message"].as_str().unwrap().contains(told), "{status}");
    }
}
