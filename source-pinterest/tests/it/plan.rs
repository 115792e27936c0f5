//! The command `plan`: what it says a sync costs is what the fake is then asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use airbyte_protocol::{ConfiguredCatalog, ConfiguredStream, Stream as CatalogStream, SyncMode};
use assert_cmd::Command;
use connector_core::testing::{self, Planned};
use fake_pinterest::{Counts, FakePinterest, Size};
use serde_json::{Map, Value, json};

use crate::connection::{Connection, report_names, stream_names};
use crate::program::{Files, run_against};

/// The operation that brings the records of a stream.
fn operation(stream: &str) -> &str {
    match stream {
        "catalogs_feeds" => "feeds/list",
        "board_pins" => "boards/list_pins",
        "board_section_pins" => "board_sections/list_pins",
        "keywords" => "keywords/get",
        "user_account_analytics" => "user_account/analytics",
        "ad_account_analytics" => "ad_account/analytics",
        "campaign_analytics" => "campaigns/analytics",
        "ad_group_analytics" => "ad_groups/analytics",
        "ad_analytics" => "ads/analytics",
        "boards" => "boards/list",
        "catalogs" => "catalogs/list",
        "catalogs_product_groups" => "catalogs_product_groups/list",
        "ad_accounts" => "ad_accounts/list",
        "board_sections" => "board_sections/list",
        "audiences" => "audiences/list",
        "conversion_tags" => "conversion_tags/list",
        "customer_lists" => "customer_lists/list",
        "campaigns" => "campaigns/list",
        "ad_groups" => "ad_groups/list",
        "ads" => "ads/list",
        report if report.ends_with("_report") => "analytics/create_report",
        other => panic!("which operation reads {other}?"),
    }
}

/// How often the fake was asked for each operation of a stream.
fn asked(connection: &Connection) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for request in connection.fake.requests() {
        let operation = request.operation.unwrap();
        if !["oauth/token", "analytics/get_report", "report/download"].contains(&operation) {
            *counts.entry(operation.to_owned()).or_default() += 1;
        }
    }
    connection.fake.clear_requests();
    counts
}

/// How often a plan says that each operation is asked for; a report is one of four requests.
fn foreseen(planned: &Planned) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for stream in planned.json["streams"].as_array().unwrap() {
        let name = stream["stream"].as_str().unwrap();
        let requests = stream["requests"].as_array().unwrap().iter();
        let requests: u64 = requests.map(|amount| amount["number"].as_u64().unwrap()).sum();
        let share = if name.ends_with("_report") { 4 } else { 1 };
        assert_eq!(requests % share, 0, "{name}");
        if requests > 0 {
            *counts.entry(operation(name).to_owned()).or_default() += requests / share;
        }
    }
    counts
}

async fn plan(connection: &mut Connection, streams: &[&str], count: bool) -> Planned {
    let configured = streams.iter().map(|name| {
        let mode = SyncMode::FullRefresh;
        ConfiguredStream::new(CatalogStream::new(*name, Map::new(), vec![mode.clone()]), mode)
    });
    let catalog = ConfiguredCatalog { streams: configured.collect(), ..Default::default() };
    let (now, config) = (connection.now, connection.config.clone());
    let (source, clock) = (connection.source(), Arc::new(move || now));
    let planned = testing::plan(&source, config, &catalog, &connection.state, clock, count).await.unwrap();
    connection.config = planned.config.clone().unwrap_or(std::mem::take(&mut connection.config));
    planned
}

/// Whether any number is marked so.
fn has(planned: &Planned, mark: &str) -> bool {
    planned.json["streams"].to_string().contains(&format!("\"{mark}\":true"))
}

#[tokio::test]
async fn what_was_counted_is_what_the_fake_is_asked_stream_by_stream() {
    let counts = Counts { ads: 520, campaigns: 300, ad_groups: 310, ..Counts::SMALL };
    let mut connection = Connection::to(FakePinterest::builder().size(Size::Custom(counts))).await;
    // Two windows of reports.
    connection.config.insert("start_date".to_owned(), json!("2026-03-01"));
    let names = stream_names();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    for day in ["2026-11-20", "2026-11-24"] {
        connection.at(day);
        let planned = plan(&mut connection, &names, true).await;
        let by_the_plan: u64 = asked(&connection).values().sum();
        assert_eq!(planned.json["asked"], json!(by_the_plan));
        let run = connection.sync_all().await;
        assert!(run.success, "{:?}", run.errors());
        assert_eq!(foreseen(&planned), asked(&connection), "{day}: {}", planned.report);

        // A sync has left behind what the parents have.
        let planned = plan(&mut connection, &names, false).await;
        assert!(has(&planned, "estimate"));
        assert_eq!(asked(&connection).keys().collect::<Vec<_>>(), ["ad_accounts/list", "boards/list"]);
        let run = connection.sync_all().await;
        assert!(run.success, "{:?}", run.errors());
        let (mut foreseen, mut asked) = (foreseen(&planned), asked(&connection));
        // No state tells which sections there are.
        let of_sections = "board_sections/list_pins";
        assert!(foreseen.remove(of_sections) <= asked.remove(of_sections));
        assert_eq!(foreseen, asked, "{day}: {}", planned.report);
    }
}

#[tokio::test]
async fn what_is_not_counted_is_less_than_what_the_fake_is_asked() {
    let counts = Counts { ads: 600, keywords: 900, ..Counts::SMALL };
    let mut connection = Connection::to(FakePinterest::builder().size(Size::Custom(counts))).await;
    let names = ["ads", "keywords", "campaign_analytics", "ad_analytics", "board_section_pins"];
    let planned = plan(&mut connection, &names, false).await;
    asked(&connection);
    connection.sync(&names).await;
    let (foreseen, asked) = (foreseen(&planned), asked(&connection));
    assert_eq!(foreseen.keys().collect::<Vec<_>>(), asked.keys().collect::<Vec<_>>());
    for (operation, number) in &foreseen {
        assert!(number <= &asked[operation], "{operation}: {number}");
    }
    assert!(has(&planned, "at_least"));
}

#[tokio::test]
async fn named_ad_accounts_cost_a_request_each_and_reports_one_for_each_filter() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    let accounts = connection.fake.truth("ad_accounts");
    let ids: Vec<_> = accounts.iter().take(2).map(|account| account["id"].clone()).collect();
    connection.config.insert("account_ids".to_owned(), json!(ids));
    connection.config.insert("start_date".to_owned(), json!("2026-11-01"));
    let report = json!({"name": "mine", "level": "AD_GROUP", "granularity": "DAY", "columns": ["AD_GROUP_ID"],
        "start_date": "2026-11-01",
        "ad_group_statuses": ["RUNNING", "PAUSED", "NOT_STARTED", "COMPLETED", "ADVERTISER_DISABLED", "ARCHIVED",
            "DRAFT", "DELETED_DRAFT"]});
    connection.config.insert("custom_reports".to_owned(), json!([report]));
    let planned = plan(&mut connection, &["ad_accounts", "custom_mine", "advertiser_report"], false).await;
    let number = |index: usize| planned.json["streams"][index]["requests"][0]["number"].clone();
    assert_eq!([0, 1, 2].map(number), [json!(2), json!(2 * 2 * 4), json!(2 * 4)]);
    assert!(!has(&planned, "at_least"));
}

#[tokio::test]
async fn what_a_day_allows_is_told() {
    let counts = Counts { boards: 1200, pins: 0, board_sections: 0, ..Counts::SMALL };
    let mut connection = Connection::to(FakePinterest::builder().size(Size::Custom(counts))).await;
    connection.options.limits = None;
    let planned = plan(&mut connection, &["board_pins"], false).await;
    assert!(
        planned
            .report
            .contains("org_read: 1,205+ requests, and 1,000 a minute are allowed: at least 13 seconds")
    );
    connection.config.insert("access_tier".to_owned(), json!("trial"));
    let planned = plan(&mut connection, &["board_pins"], false).await;
    let lines = [
        "org_read: 1,205+ requests, and 1,000 a day are allowed: not enough, it needs 2 days",
        "all together: 1,205+ requests, and 1,000 a day are allowed: not enough, it needs 2 days",
        "The sync is spread over 2 days, for the limit of all together.",
    ];
    assert!(lines.iter().all(|line| planned.report.contains(line)), "{}", planned.report);
}

/// What the program told.
struct Told {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs `plan` against this base URL.
fn program(url: &str, files: &[(&str, &Path)], more: &[&str]) -> Told {
    let mut program = Command::cargo_bin("source-pinterest").unwrap();
    program.env("PINTEREST_API_URL", url).env_remove("RUST_LOG").arg("plan").args(more);
    for (flag, path) in files {
        program.arg(flag).arg(path);
    }
    let output = program.output().unwrap();
    let told = Told {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!told.stderr.contains("hush"), "{}", told.stderr);
    told
}

const NOBODY: &str = "http://127.0.0.1:1/v5";

#[test]
fn bad_input_is_told_as_read_tells_it() {
    let files = Files::new();
    let (config, catalog) = (files.config(), files.catalog("campaigns", "incremental"));
    let nowhere = files.path("nowhere.json");
    let broken = files.write("broken.json", "{\"streams\": [");
    let odd = files.write("odd.json", json!({"streams": [{"sync_mode": 5}]}).to_string());
    let foreign = files.write("foreign.json", json!({"orders": {"cursor": "2020"}}).to_string());
    let soon = files.write("soon.json", json!({"campaigns": {"updated_time": "soon"}}).to_string());
    let wrong = files.write("wrong.json", json!({"credentials": {"client_id": 5}}).to_string());
    let nobody = files.write("nobody.json", json!({"credentials": {"client_id": "hush"}}).to_string());
    let ghosts = {
        let ghosts = json!({"name": "ghosts", "json_schema": {}, "supported_sync_modes": ["full_refresh"]});
        let ghosts =
            json!({"stream": ghosts, "sync_mode": "full_refresh", "destination_sync_mode": "append"});
        files.write("ghosts.json", json!({"streams": [ghosts]}).to_string())
    };
    for (config, catalog, state) in [
        (&nowhere, &catalog, None),
        (&config, &nowhere, None),
        (&config, &catalog, Some(&nowhere)),
        (&broken, &catalog, None),
        (&config, &broken, None),
        (&config, &catalog, Some(&broken)),
        (&config, &odd, None),
        (&config, &catalog, Some(&foreign)),
        (&config, &catalog, Some(&soon)),
        (&wrong, &catalog, None),
        (&nobody, &catalog, None),
        (&config, &ghosts, None),
    ] {
        let mut flags = vec![("--config", config.as_path()), ("--catalog", catalog.as_path())];
        flags.extend(state.map(|state| ("--state", state.as_path())));
        let read = run_against(NOBODY, "read", &flags);
        let told = program(NOBODY, &flags, &[]);
        assert_eq!((told.code, read.code, told.stdout.as_str()), (Some(1), Some(1), ""), "{}", told.stderr);
        assert!(
            told.stderr.lines().any(|line| line == format!("error: {}", read.errors()[0])),
            "{}",
            told.stderr
        );
    }
}

#[test]
fn a_request_that_fails_is_told() {
    let files = Files::new();
    let config = files.write("config.json", json!({"credentials": {"access_token": "hush"}}).to_string());
    let catalog = files.catalog("campaigns", "incremental");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fake = runtime.block_on(FakePinterest::builder().start()).unwrap();
    let told = program(&fake.url(), &[("--config", &config), ("--catalog", &catalog)], &[]);
    assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""));
    assert!(told.stderr.starts_with("error: stream ad_accounts: "), "{}", told.stderr);
    assert!(told.stderr.contains("sign in again"), "{}", told.stderr);
}

#[test]
fn arguments_that_are_missing_are_told_with_the_usage() {
    let told = program(NOBODY, &[], &["--count"]);
    assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""));
    assert!(told.stderr.contains("--catalog"), "{}", told.stderr);
}

#[test]
fn the_tokens_of_the_next_run_come_in_a_message_before_the_rest() {
    let files = Files::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fake = runtime.block_on(FakePinterest::builder().start()).unwrap();
    let config = files.write("config.json", fake.config().to_string());
    let catalog = files.catalog("campaigns", "incremental");
    let told = program(&fake.url(), &[("--config", &config), ("--catalog", &catalog)], &["--json"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let lines: Vec<Value> = told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [control, plan] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(plan["streams"][0]["stream"], "campaigns");
    assert!(told.stderr.starts_with("warning: the config has changed"), "{}", told.stderr);

    // The tokens in it work for the next run; the refresh token that the program was started with does not.
    let next = files.write("next.json", control["control"]["connectorConfig"]["config"].to_string());
    let people = program(&fake.url(), &[("--config", &next), ("--catalog", &catalog)], &[]);
    assert_eq!((people.code, people.stderr.as_str()), (Some(0), ""));
    assert!(people.stdout.starts_with("| stream"), "{}", people.stdout);
    let again = program(&fake.url(), &[("--config", &config), ("--catalog", &catalog)], &[]);
    assert_eq!(again.code, Some(1));
}

#[tokio::test]
async fn what_costs_nothing_to_foresee_is_not_asked() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    let names = report_names();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let planned = plan(&mut connection, &names, true).await;
    assert_eq!(asked(&connection), BTreeMap::from([("ad_accounts/list".to_owned(), 1)]));
    assert_eq!(planned.json["asked"], 1);
    plan(&mut connection, &["user_account_analytics", "catalogs"], true).await;
    assert_eq!(asked(&connection), BTreeMap::new());
}
