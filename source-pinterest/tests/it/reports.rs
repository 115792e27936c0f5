//! Reports from the request to the last row: all rows arrive once, or the stream says that they did not.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use airbyte_protocol::{
    ConfiguredCatalog, ConfiguredStream, Message, StateKind, Stream as CatalogStream, SyncMode,
};
use chrono::{Days, NaiveDate, Utc};
use connector_core::testing::{self, Run};
use fake_pinterest::{Bearer, Counts, FakePinterest, Fault, OddBody, RateLimitForm, ReportStep, Size};
use pinterest_client::JobPolicy;
use serde_json::{Map, Value, json};

use crate::connection::{Connection, as_numbers, assert_complete, assert_incomplete, in_order, report_names};
use crate::faults::ODD_BODIES;
use crate::program::Files;

const STREAM: &str = "campaign_analytics_report";
/// A stream that is read beside it.
const OTHER: &str = "audiences";
const START: &str = "2026-11-20";
const TODAY: &str = "2026-11-24";

const LEVELS: [(&str, &str); 12] = [
    ("advertiser_report", "ADVERTISER"),
    ("ad_group_report", "AD_GROUP"),
    ("campaign_analytics_report", "CAMPAIGN"),
    ("pin_promotion_report", "PIN_PROMOTION"),
    ("product_group_report", "PRODUCT_GROUP"),
    ("product_item_report", "PRODUCT_ITEM"),
    ("campaign_targeting_report", "CAMPAIGN_TARGETING"),
    ("advertiser_targeting_report", "ADVERTISER_TARGETING"),
    ("ad_group_targeting_report", "AD_GROUP_TARGETING"),
    ("pin_promotion_targeting_report", "PIN_PROMOTION_TARGETING"),
    ("product_group_targeting_report", "PRODUCT_GROUP_TARGETING"),
    ("keyword_report", "KEYWORD"),
];

const IN_PROGRESS: ReportStep = ReportStep::status("IN_PROGRESS");
const UNKNOWN: ReportStep = ReportStep::status("ON_HOLIDAY");
const ODD_ANSWERS: [OddBody; 5] =
    [OddBody::Html, OddBody::Empty, OddBody::Null, OddBody::Array, OddBody::WrongJson];

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The day so many days before the moment of all tests.
pub(crate) fn ago(days: u64) -> NaiveDate {
    day(TODAY).checked_sub_days(Days::new(days)).unwrap()
}

impl Connection {
    /// An account with rows every day, read from a few days ago.
    async fn of_few_days() -> Self {
        let mut connection = Self::to(FakePinterest::builder().daily_rows()).await;
        connection.config.insert("start_date".into(), json!(START));
        connection
    }

    /// The same, of one ad account, which is told.
    async fn of_one_account() -> (Self, String) {
        let mut connection = Self::of_few_days().await;
        let account = connection.fake.edit(|data| data.ad_account_ids()).remove(0);
        connection.config.insert("account_id".into(), json!(account));
        (connection, account)
    }

    /// What the report of campaigns must deliver.
    fn rows(&self, from: &str, to: &str) -> Vec<Value> {
        in_order(as_numbers(self.fake.rows(STREAM, day(from), day(to))))
    }

    fn rows_of(&self, account: &str) -> Vec<Value> {
        let mut rows = self.rows(START, TODAY);
        rows.retain(|row| row["AD_ACCOUNT_ID"] == account);
        assert!(!rows.is_empty());
        rows
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.fake.requests().iter().filter(|seen| seen.operation == Some(operation)).count()
    }

    /// The body of each report that was asked for, and the path of its ad account.
    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        let requests = self.fake.requests().into_iter();
        let asked = requests.filter(|seen| seen.operation == Some("analytics/create_report"));
        asked.map(|seen| (seen.path, seen.body.unwrap())).collect()
    }

    /// The windows that were asked for by ad account and level, in order.
    fn windows(&self) -> BTreeMap<(String, String), Vec<(NaiveDate, NaiveDate)>> {
        let mut windows = BTreeMap::<_, Vec<_>>::new();
        for (path, body) in self.asked() {
            let text = |key: &str| body[key].as_str().unwrap().to_owned();
            let window = (day(&text("start_date")), day(&text("end_date")));
            windows.entry((path, text("level"))).or_default().push(window);
        }
        windows.values_mut().for_each(|windows| windows.sort_unstable());
        windows
    }

    /// As `sync`, with reports that are given up after this time.
    async fn sync_with_patience(&self, streams: &[&str], time: Duration) -> Run {
        let mut source = self.source();
        source.jobs = source.jobs.map(|jobs| JobPolicy { time, ..jobs });
        let configured = streams.iter().map(|name| {
            let mode = if *name == OTHER { SyncMode::FullRefresh } else { SyncMode::Incremental };
            ConfiguredStream::new(CatalogStream::new(*name, Map::new(), vec![mode.clone()]), mode)
        });
        let catalog = ConfiguredCatalog { streams: configured.collect(), ..Default::default() };
        let now = self.now;
        testing::read(&source, self.config.clone(), &catalog, &self.state, Arc::new(move || now)).await
    }
}

fn cursors(state: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let states = state["states"].as_array().unwrap().iter();
    states.map(|state| (text(&state["partition"]["id"]), text(&state["cursor"]["DATE"]))).collect()
}

#[tokio::test]
async fn every_report_has_exactly_the_rows_of_its_level() {
    let mut connection = Connection::of_few_days().await;
    let names = report_names();
    assert_eq!(names.len(), LEVELS.len());
    let run = connection.sync(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(run.success, "{:?}", run.errors());
    let mut large = 0;
    for stream in &names {
        let truth = as_numbers(connection.fake.rows(stream, day(START), day(TODAY)));
        assert!(!truth.is_empty(), "{stream}");
        large += truth.iter().filter(|row| row["PIN_ID"].as_u64() > Some(1 << 53)).count();
        assert_eq!(in_order(run.records(stream)), in_order(truth), "{stream}");
        assert_complete(&run, stream);
    }
    assert!(large > 0, "no id that a double cannot hold");
    assert!(connection.fake.requests().iter().all(|seen| seen.planned && seen.status == Some(200)));
}

#[tokio::test]
async fn reports_go_back_as_far_as_pinterest_serves_in_the_longest_windows() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    connection.fake.script_every_report([ReportStep::Finished]);
    let names = report_names();
    let run = connection.sync(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(run.success, "{:?}", run.errors());
    for (stream, _) in LEVELS {
        let first = ago(if stream == "product_item_report" { 91 } else { 913 });
        let truth = as_numbers(connection.fake.rows(stream, first, day(TODAY)));
        assert_eq!(in_order(run.records(stream)), in_order(truth), "{stream}");
    }
    let windows = connection.windows();
    assert_eq!(windows.len(), 3 * LEVELS.len(), "each level of each ad account");
    for ((account, level), windows) in windows {
        let (first, long) = if level == "PRODUCT_ITEM" { (91, 31) } else { (913, 186) };
        let starts: Vec<_> = (0..).map(|at| at * long).take_while(|start| *start <= first).collect();
        let expected = starts.iter().map(|start| {
            let end = (start + long - 1).min(first);
            (ago(first - start), ago(first - end))
        });
        assert_eq!(windows, expected.collect::<Vec<_>>(), "{account} {level}");
    }
}

#[tokio::test]
async fn a_report_asks_for_the_columns_its_level_has_and_nothing_that_is_not_configured() {
    const OF_ADS: [&str; 2] = ["AD_ID", "PIN_PROMOTION_ID"];
    const OF_PEOPLE: [&str; 2] = ["TOTAL_IMPRESSION_FREQUENCY", "TOTAL_IMPRESSION_USER"];
    let (mut connection, _) = Connection::of_one_account().await;
    connection.sync(&LEVELS.map(|(stream, _)| stream)).await;
    let asked = connection.asked();
    let levels: BTreeSet<_> = asked.iter().map(|(_, body)| body["level"].as_str().unwrap()).collect();
    assert_eq!(levels, BTreeSet::from(LEVELS.map(|(_, level)| level)));
    let all = asked.iter().find(|(_, body)| body["level"] == "ADVERTISER").unwrap().1["columns"].clone();
    for (_, body) in &asked {
        let level = body["level"].as_str().unwrap();
        let mut expected: Vec<_> =
            all.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(OF_ADS.iter().chain(&OF_PEOPLE).all(|column| expected.contains(column)));
        expected.retain(|column| level != "PRODUCT_ITEM" || !OF_ADS.contains(column));
        let without_people = level.ends_with("_TARGETING") || level == "KEYWORD";
        expected.retain(|column| !without_people || !OF_PEOPLE.contains(column));
        assert_eq!(body["columns"], json!(expected), "{level}");
        assert_eq!((&body["granularity"], body.as_object().unwrap().len()), (&json!("DAY"), 5), "{body}");
    }
}

#[tokio::test]
async fn the_attribution_of_the_config_is_asked_for() {
    let (mut connection, _) = Connection::of_one_account().await;
    for (key, value) in [
        ("click_window_days", json!(0)),
        ("engagement_window_days", json!(7)),
        ("view_window_days", json!(60)),
        ("conversion_report_time", json!("TIME_OF_CONVERSION")),
    ] {
        connection.config.insert(key.into(), value);
    }
    connection.sync(&[STREAM]).await;
    let body = &connection.asked()[0].1;
    for key in ["click_window_days", "engagement_window_days", "view_window_days", "conversion_report_time"] {
        assert_eq!(body[key], connection.config[key], "{key}");
    }
}

#[tokio::test]
async fn the_next_sync_reads_from_the_last_day_that_had_rows() {
    let mut connection = Connection::of_few_days().await;
    assert!(connection.sync(&LEVELS.map(|(stream, _)| stream)).await.success);
    let empty = connection.fake.edit(|data| data.ad_account_ids()).pop().unwrap();
    connection.at("2026-11-25");
    connection.fake.clear_requests();
    let run = connection.sync(&LEVELS.map(|(stream, _)| stream)).await;
    assert!(run.success, "{:?}", run.errors());
    for (stream, _) in LEVELS {
        let truth = as_numbers(connection.fake.rows(stream, day(TODAY), day("2026-11-25")));
        assert_eq!(in_order(run.records(stream)), in_order(truth), "{stream}");
    }
    let mut from_the_start = 0;
    for ((path, level), windows) in connection.windows() {
        // An ad account without a row stays where it started.
        let stays = path.contains(&empty) && !level.starts_with("ADVERTISER");
        from_the_start += usize::from(stays);
        let first = if stays { START } else { TODAY };
        assert_eq!(windows, [(day(first), day("2026-11-25"))], "{path} {level}");
    }
    assert_eq!(from_the_start, LEVELS.len() - 2);
}

#[tokio::test]
async fn a_report_that_takes_its_time_or_is_lost_once_gives_every_row_once() {
    let mut cases = vec![
        (vec![IN_PROGRESS; 9], 0),
        (vec![ReportStep::status("FAILED")], 1),
        (vec![IN_PROGRESS, ReportStep::status("FAILED")], 1),
        (vec![ReportStep::status("EXPIRED")], 1),
        (vec![ReportStep::status("CANCELLED")], 1),
        (vec![ReportStep::status("DOES_NOT_EXIST")], 1),
        (vec![UNKNOWN], 0),
        (vec![UNKNOWN, IN_PROGRESS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN], 0),
        (vec![ReportStep::NoStatus], 0),
        (vec![ReportStep::NotFound], 0),
        (vec![ReportStep::NullLink], 0),
        (vec![ReportStep::ExpiredLink], 0),
        (vec![ReportStep::ExpiredLink, ReportStep::ExpiredLink], 0),
    ];
    cases.extend(ODD_ANSWERS.map(|body| (vec![ReportStep::Odd(body)], 0)));
    cases.push((vec![ReportStep::Odd(OddBody::Truncated)], 0));
    for (mut steps, lost) in cases {
        let mut connection = Connection::of_few_days().await;
        steps.push(ReportStep::Finished);
        connection.fake.script_report(steps.clone());
        let run = connection.sync(&[STREAM, OTHER]).await;
        assert!(run.success, "{steps:?}: {:?}", run.errors());
        assert_complete(&run, STREAM);
        assert_eq!(in_order(run.records(STREAM)), connection.rows(START, TODAY), "{steps:?}");
        assert_eq!(connection.asked().len(), 3 + lost, "{steps:?}");
        let state = connection.state_of(STREAM);
        assert!(!state.to_string().contains("kept"), "{steps:?}: {state}");
    }
}

#[tokio::test]
async fn a_report_that_is_lost_twice_is_made_a_third_time() {
    let (mut connection, account) = Connection::of_one_account().await;
    connection.fake.script_report([IN_PROGRESS, ReportStep::status("FAILED")]);
    connection.fake.script_report([ReportStep::status("EXPIRED")]);
    let run = connection.sync(&[STREAM]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(in_order(run.records(STREAM)), connection.rows_of(&account));
    assert_eq!(connection.asked().len(), 3);
}

/// Nothing of the one ad account was read, and Pinterest was not asked for ever; the other stream is complete.
fn assert_given_up(connection: &Connection, run: &Run, told: &str) {
    assert_incomplete(run, STREAM);
    assert_complete(run, OTHER);
    let mut truth = connection.truth(OTHER);
    truth.retain(|audience| audience["ad_account_id"] == connection.config["account_id"]);
    assert_eq!(in_order(run.records(OTHER)), truth);
    let errors = run.errors();
    assert!(errors.iter().any(|error| error.contains(told)), "{told:?} is not in {errors:?}");
    let state: Value = run.saved()[STREAM].parse().unwrap();
    assert_eq!(cursors(&state).into_values().collect::<Vec<_>>(), [START], "{state}");
    assert!(!state.to_string().contains("kept"), "{state}");
    let requests = connection.fake.requests().len();
    assert!(requests <= 60, "{told}: {requests} requests");
}

#[tokio::test]
async fn a_report_that_is_lost_for_ever_is_made_three_times_and_fails_alone() {
    let mut cases = vec![
        (ReportStep::status("FAILED"), 3, 0, "it answered FAILED, 3 times"),
        (ReportStep::status("EXPIRED"), 3, 0, "it answered EXPIRED, 3 times"),
        (ReportStep::status("CANCELLED"), 3, 0, "it answered CANCELLED, 3 times"),
        (ReportStep::status("DOES_NOT_EXIST"), 3, 0, "it answered DOES_NOT_EXIST, 3 times"),
        (UNKNOWN, 15, 0, "it answered ON_HOLIDAY, which is no known status"),
        (ReportStep::NoStatus, 15, 0, "it answered without a status"),
        (ReportStep::NotFound, 15, 0, "could not be found"),
        (ReportStep::NullLink, 15, 0, "it answered FINISHED without a link"),
        (ReportStep::ExpiredLink, 9, 9, "3 downloads failed"),
    ];
    // A body that is none is asked for twice before it counts.
    cases.extend(ODD_ANSWERS.map(|body| (ReportStep::Odd(body), 30, 0, "5 answers in a row")));
    cases.push((ReportStep::Odd(OddBody::Truncated), 30, 0, "5 answers in a row"));
    for (step, polls, downloads, told) in cases {
        let (mut connection, account) = Connection::of_one_account().await;
        connection.fake.script_every_report([step.clone()]);
        let run = connection.sync(&[STREAM, OTHER]).await;
        assert_given_up(&connection, &run, told);
        assert!(
            run.errors().iter().any(|error| error.contains(&account)),
            "which account: {:?}",
            run.errors()
        );
        assert!(run.records(STREAM).is_empty());
        assert_eq!(connection.asked().len(), 3, "{step:?}");
        assert!(connection.count("analytics/get_report") <= polls, "{step:?}");
        assert!(connection.count("report/download") <= downloads, "{step:?}");
        // The state of what failed makes the next sync bring it.
        connection.fake.script_every_report([ReportStep::Finished]);
        let run = connection.sync(&[STREAM]).await;
        assert!(run.success, "{:?}", run.errors());
        assert_eq!(in_order(run.records(STREAM)), connection.rows_of(&account), "{step:?}");
    }
}

#[tokio::test]
async fn a_report_that_is_never_finished_is_given_up_in_time() {
    let (connection, _) = Connection::of_one_account().await;
    connection.fake.script_every_report([IN_PROGRESS]);
    let run = connection.sync_with_patience(&[STREAM, OTHER], Duration::ZERO).await;
    assert_given_up(&connection, &run, "it was not finished after");
    assert_eq!((connection.asked().len(), connection.count("analytics/get_report")), (3, 3));
}

#[tokio::test]
async fn a_download_that_fails_once_gives_every_row_once_and_makes_no_other_report() {
    let odd = ODD_BODIES.iter().map(|body| (format!("{body:?}"), Fault::on("report/download").body(*body)));
    let refused = [403, 404, 429, 500, 503]
        .map(|status| (status.to_string(), Fault::on("report/download").status(status)));
    let reset = [("reset".to_owned(), Fault::on("report/download").reset_connection())];
    for (what, fault) in odd.into_iter().chain(refused).chain(reset) {
        let mut connection = Connection::of_few_days().await;
        connection.fake.add_fault(fault);
        let run = connection.sync(&[STREAM]).await;
        assert!(run.success, "{what}: {:?}", run.errors());
        assert_eq!(in_order(run.records(STREAM)), connection.rows(START, TODAY), "{what}");
        assert_eq!(connection.asked().len(), 3, "{what}");
        assert_eq!(connection.count("report/download"), 4, "{what}: the fault did not strike");
    }
}

/// So many rows that some are written before half of the file has come.
#[tokio::test]
async fn a_large_download_that_breaks_goes_on_after_the_last_row_that_was_written() {
    const LARGE: &str = "pin_promotion_report";
    for (body, times) in [(OddBody::Truncated, 1), (OddBody::WrongJson, 2), (OddBody::Truncated, 3)] {
        let (mut connection, account) = Connection::of_one_account().await;
        connection.config.insert("start_date".into(), json!("2026-10-20"));
        connection.fake.add_fault(Fault::on("report/download").times(times).body(body));
        let run = connection.sync(&[LARGE]).await;
        assert!(run.success, "{body:?}: {:?}", run.errors());
        let mut truth = as_numbers(connection.fake.rows(LARGE, day("2026-10-20"), day(TODAY)));
        truth.retain(|row| row["AD_ACCOUNT_ID"] == account);
        let mut rows = in_order(run.records(LARGE));
        assert_eq!(connection.count("report/download"), times + 1, "{body:?}: the fault did not strike");
        // The third time the report is lost, and the next one begins at its first row.
        assert_eq!(connection.asked().len(), if times < 3 { 1 } else { 2 });
        if times == 3 {
            assert!(rows.len() > truth.len(), "nothing was written before the file broke");
            rows.dedup();
        }
        assert_eq!(rows, in_order(truth), "{body:?} {times} times");
    }
}

#[tokio::test]
async fn a_download_that_fails_for_ever_is_bounded_and_its_ad_account_fails_alone() {
    let odd = ODD_BODIES.iter().map(|body| (format!("{body:?}"), Fault::on("report/download").body(*body)));
    let refused =
        [403, 404, 429, 500].map(|status| (status.to_string(), Fault::on("report/download").status(status)));
    for (what, fault) in odd.into_iter().chain(refused) {
        let (mut connection, account) = Connection::of_one_account().await;
        connection.fake.add_fault(fault.for_ever());
        let run = connection.sync(&[STREAM, OTHER]).await;
        assert_given_up(&connection, &run, "downloads failed");
        assert_eq!(connection.asked().len(), 3, "{what}");
        assert!(connection.count("report/download") <= 18, "{what}");
        let truth = connection.rows_of(&account);
        // What arrived before a file broke may come again with the next report.
        assert!(run.records(STREAM).iter().all(|row| truth.contains(row)), "{what}: a row of nobody");
        connection.fake.clear_faults();
        let run = connection.sync(&[STREAM]).await;
        assert_eq!(in_order(run.records(STREAM)), truth, "{what}");
    }
}

#[tokio::test]
async fn a_rate_limit_on_any_request_of_a_report_loses_no_row() {
    let forms = [
        RateLimitForm::ResetHeader(0),
        RateLimitForm::RetryAfterHeader(0),
        RateLimitForm::Bare,
        RateLimitForm::Code8,
        RateLimitForm::Code8WithStatus200,
        RateLimitForm::BadRequest(0),
    ];
    for operation in ["analytics/create_report", "analytics/get_report"] {
        for form in forms {
            let mut connection = Connection::of_few_days().await;
            connection.fake.add_fault(Fault::on(operation).times(4).rate_limit(form));
            let run = connection.sync(&[STREAM]).await;
            assert!(run.success, "{operation} {form:?}: {:?}", run.errors());
            assert_eq!(in_order(run.records(STREAM)), connection.rows(START, TODAY), "{operation} {form:?}");
            let made = connection.count("analytics/create_report");
            assert_eq!(made, if operation.contains("create") { 7 } else { 3 }, "{operation} {form:?}");
        }
    }
}

#[tokio::test]
async fn a_rate_limit_for_ever_is_bounded() {
    for (operation, made) in [("analytics/create_report", 6), ("analytics/get_report", 3)] {
        let (connection, _) = Connection::of_one_account().await;
        connection.fake.add_fault(Fault::on(operation).for_ever().rate_limit(RateLimitForm::ResetHeader(0)));
        let run = connection.sync_with_patience(&[STREAM, OTHER], Duration::ZERO).await;
        assert_given_up(
            &connection,
            &run,
            if made == 6 { "rate limit" } else { "it was not finished after" },
        );
        assert_eq!(connection.asked().len(), made, "{operation}");
        assert!(connection.count("analytics/get_report") <= 6, "{operation}");
    }
}

#[tokio::test]
async fn a_report_that_is_refused_is_asked_for_once() {
    for status in [400, 403, 404] {
        let (mut connection, _) = Connection::of_one_account().await;
        connection.fake.add_fault(Fault::on("analytics/create_report").for_ever().status(status));
        let run = connection.sync(&[STREAM, OTHER]).await;
        assert_given_up(&connection, &run, &status.to_string());
        assert_eq!((connection.asked().len(), connection.count("analytics/get_report")), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn an_outage_while_reports_are_asked_for_loses_no_row() {
    for operation in ["analytics/create_report", "analytics/get_report"] {
        for (what, fault) in [
            ("503", Fault::on(operation).status(503)),
            ("a reset connection", Fault::on(operation).reset_connection()),
            ("half an answer", Fault::on(operation).body(OddBody::Truncated)),
            ("HTML", Fault::on(operation).body(OddBody::Html)),
        ] {
            let mut connection = Connection::of_few_days().await;
            connection.fake.add_fault(fault.times(2));
            let run = connection.sync(&[STREAM]).await;
            assert!(run.success, "{what}, {operation}: {:?}", run.errors());
            assert_eq!(in_order(run.records(STREAM)), connection.rows(START, TODAY), "{what}, {operation}");
        }
    }
}

#[tokio::test]
async fn an_ad_account_whose_report_fails_leaves_the_others_and_its_own_cursor_as_they_are() {
    for fault in [
        Fault::on("analytics/create_report").status(500),
        Fault::on("analytics/create_report").status(400),
        Fault::on("analytics/get_report").status(404),
        Fault::on("analytics/get_report").body(OddBody::Html),
        Fault::on("analytics/get_report").status(403),
    ] {
        let mut connection = Connection::of_few_days().await;
        assert!(connection.sync(&[STREAM]).await.success);
        let accounts = connection.fake.edit(|data| data.ad_account_ids());
        connection.at("2026-11-25");
        connection.fake.add_fault(fault.path_contains(&accounts[0]).for_ever());
        let run = connection.sync(&[STREAM, "advertiser_report", OTHER]).await;
        assert_incomplete(&run, STREAM);
        assert_incomplete(&run, "advertiser_report");
        assert_complete(&run, OTHER);
        assert!(run.errors().iter().all(|error| error.contains(&accounts[0])), "{:?}", run.errors());
        let mut expected = connection.rows(TODAY, "2026-11-25");
        expected.retain(|row| row["AD_ACCOUNT_ID"] != accounts[0]);
        assert_eq!(in_order(run.records(STREAM)), expected);
        let cursors = cursors(&connection.state_of(STREAM));
        assert_eq!((cursors[&accounts[0]].as_str(), cursors[&accounts[1]].as_str()), (TODAY, "2026-11-25"));

        connection.at("2026-11-26");
        connection.fake.clear_faults();
        let mut rest = connection.sync(&[STREAM]).await.records(STREAM);
        rest.retain(|row| row["AD_ACCOUNT_ID"] == accounts[0]);
        let mut expected = connection.rows(TODAY, "2026-11-26");
        expected.retain(|row| row["AD_ACCOUNT_ID"] == accounts[0]);
        assert_eq!(in_order(rest), expected, "lost for good");
    }
}

/// The state of a sync of one ad account that was stopped while its report was made, and the token in it.
async fn stopped(connection: &mut Connection, stream: &str, steps: &[ReportStep]) -> String {
    connection.fake.script_report(steps.iter().cloned());
    let run = connection.sync(&[stream]).await;
    let states: Vec<Value> = run.states(stream).iter().map(|(state, _)| state.parse().unwrap()).collect();
    let kept = states.iter().find(|state| state["states"][0]["kept"].is_array()).unwrap();
    let token = kept["states"][0]["kept"][0]["value"]["token"].as_str().unwrap().to_owned();
    connection.state.insert(stream.to_owned(), kept.clone().into());
    connection.fake.clear_requests();
    token
}

#[tokio::test]
async fn a_sync_that_was_stopped_goes_on_with_its_report() {
    let (mut connection, account) = Connection::of_one_account().await;
    let token = stopped(&mut connection, STREAM, &[IN_PROGRESS, ReportStep::Finished]).await;
    let state = connection.state_of(STREAM);
    let partition = json!({"id": account, "parent_slice": {}});
    assert_eq!(state["states"][0]["partition"], partition);
    assert_eq!(state["states"][0]["cursor"], json!({"DATE": START}), "nothing was read yet");
    let kept = &state["states"][0]["kept"][0];
    assert_eq!((&kept["start"], &kept["end"]), (&json!(START), &json!(TODAY)));

    let run = connection.sync(&[STREAM]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(in_order(run.records(STREAM)), connection.rows_of(&account));
    assert_eq!(connection.asked().len(), 0);
    let token: String = token
        .bytes()
        .map(|byte| match byte {
            b'+' | b'/' | b'=' => format!("%{byte:02X}"),
            other => char::from(other).to_string(),
        })
        .collect();
    let polls =
        connection.fake.requests().into_iter().filter(|seen| seen.operation == Some("analytics/get_report"));
    let polled: BTreeSet<_> = polls.map(|seen| seen.query).collect();
    assert_eq!(polled, BTreeSet::from([format!("token={token}")]));
    // What is left has the shape that the official connector writes.
    let mut state = connection.state_of(STREAM);
    assert!(state["lookback_window"].take().is_u64());
    let expected = json!({"use_global_cursor": false, "lookback_window": null, "parent_state": {},
        "states": [{"partition": partition, "cursor": {"DATE": TODAY}}], "state": {"DATE": TODAY}});
    assert_eq!(state, expected);
}

/// Eight statuses, which are two reports.
const STATUSES: [&str; 8] = [
    "RUNNING",
    "PAUSED",
    "NOT_STARTED",
    "COMPLETED",
    "ADVERTISER_DISABLED",
    "ARCHIVED",
    "DRAFT",
    "DELETED_DRAFT",
];

/// A custom report of campaigns.
fn custom(connection: &mut Connection, more: Value) {
    let row = connection.fake.rows(STREAM, day(START), day(TODAY)).remove(0);
    let columns: Vec<_> = row.as_object().unwrap().keys().filter(|name| *name != "DATE").collect();
    let mut entry = json!({"name": "mine", "level": "CAMPAIGN", "granularity": "DAY", "columns": columns});
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    connection.config.insert("custom_reports".into(), json!([entry]));
}

/// What a run had written when its state first said that so many reports of the slice are done.
fn until_done(run: &Run, stream: &str, done: usize) -> (Run, Value) {
    let states = (1..=run.messages.len()).map(|end| {
        let run = Run { success: false, messages: run.messages[..end].to_vec() };
        let state = run.saved().remove(stream).map_or(Value::Null, |state| state.parse().unwrap());
        (run, state)
    });
    let is_meant = |state: &Value| state["states"][0]["kept"][0]["value"]["done"] == done;
    states.into_iter().find(|(_, state)| is_meant(state)).unwrap()
}

#[tokio::test]
async fn a_sync_that_was_stopped_between_the_reports_of_a_slice_makes_none_of_them_again() {
    const CUSTOM: &str = "custom_mine";
    // Other statuses are other reports.
    for (done, statuses, made) in [(0, &STATUSES[..], 1), (1, &STATUSES[..], 0), (1, &STATUSES[1..], 2)] {
        let (mut connection, account) = Connection::of_one_account().await;
        connection.fake.edit(|data| {
            for (at, campaign) in data.records_mut("campaigns").iter_mut().enumerate() {
                campaign["summary_status"] = json!(STATUSES[(at * 3) % STATUSES.len()]);
            }
        });
        custom(&mut connection, json!({"start_date": START, "campaign_statuses": STATUSES}));
        connection.fake.script_every_report([IN_PROGRESS, ReportStep::Finished]);
        let run = connection.sync(&[CUSTOM]).await;
        assert_eq!((run.success, connection.asked().len()), (true, 2));
        let truth = connection.rows_of(&account);
        assert_eq!(in_order(run.records(CUSTOM)), truth);
        let (before, state) = until_done(&run, CUSTOM, done);
        let before = before.records(CUSTOM);
        assert!(before.len() < truth.len() && before.is_empty() == (done == 0), "{}", before.len());

        connection.state.insert(CUSTOM.to_owned(), state.into());
        custom(&mut connection, json!({"start_date": START, "campaign_statuses": statuses}));
        connection.fake.clear_requests();
        let run = connection.sync(&[CUSTOM]).await;
        assert!(run.success, "{:?}", run.errors());
        assert_eq!(connection.asked().len(), made, "{done} done");
        if made < 2 {
            assert_eq!(in_order([before, run.records(CUSTOM)].concat()), truth, "{done} done");
        }
        assert!(!connection.state_of(CUSTOM).to_string().contains("kept"));
    }
}

/// An ad account with numbers that settle for so many days.
async fn settling(days: u32) -> (Connection, String) {
    let fake = FakePinterest::builder().daily_rows().restated_days(days);
    let mut connection = Connection::to(fake).await;
    let account = connection.fake.edit(|data| data.ad_account_ids()).remove(0);
    connection.config.insert("account_id".into(), json!(account));
    connection.config.insert("start_date".into(), json!("2026-10-01"));
    connection.at(TODAY);
    (connection, account)
}

/// The rows by whom and which day they are about.
fn by_key(rows: &[Value]) -> BTreeMap<(String, String), &Value> {
    rows.iter().map(|row| ((row["CAMPAIGN_ID"].to_string(), row["DATE"].to_string()), row)).collect()
}

#[tokio::test]
async fn a_lookback_window_brings_days_again_whose_numbers_have_changed() {
    const STREAMS: [&str; 2] = [STREAM, "custom_mine"];
    for (days, first) in [(0, TODAY), (10, "2026-11-14")] {
        let (mut connection, account) = settling(45).await;
        connection.config.insert("lookback_window_days".into(), json!(days));
        custom(&mut connection, json!({"start_date": "2026-10-01"}));
        let earlier = connection.sync(&STREAMS).await;
        connection.at("2026-11-25");
        connection.fake.clear_requests();
        let run = connection.sync(&STREAMS).await;
        assert!(run.success, "{:?}", run.errors());
        let asked = connection.asked();
        assert_eq!(asked.len(), 2);
        for (_, body) in asked {
            assert_eq!((&body["start_date"], &body["end_date"]), (&json!(first), &json!("2026-11-25")));
        }
        let mut truth = connection.rows(first, "2026-11-25");
        truth.retain(|row| row["AD_ACCOUNT_ID"] == account);
        for stream in STREAMS {
            let (earlier, rows) = (earlier.records(stream), run.records(stream));
            assert_eq!(in_order(rows.clone()), truth, "{stream}, {days} days");
            let (earlier, rows) = (by_key(&earlier), by_key(&rows));
            let restated: BTreeSet<_> = rows
                .iter()
                .filter(|(key, row)| earlier.get(key).is_some_and(|earlier| earlier != *row))
                .map(|((_, date), _)| date)
                .collect();
            assert_eq!(restated.len() > 5, days > 0, "{stream}, {days} days: {restated:?}");
        }
    }
}

#[tokio::test]
async fn days_that_were_final_are_not_reported_again() {
    // Of days that are more than seven days old.
    for (skip, first) in [(false, "2026-10-10"), (true, "2026-11-17")] {
        let (mut connection, account) = settling(7).await;
        connection.config.insert("lookback_window_days".into(), json!(45));
        connection.config.insert("skip_final_days".into(), json!(skip));
        let earlier = connection.sync(&[STREAM]).await.records(STREAM);
        connection.at("2026-11-25");
        connection.fake.clear_requests();
        let run = connection.sync(&[STREAM]).await;
        let asked = connection.asked();
        assert_eq!((asked.len(), &asked[0].1["start_date"]), (1, &json!(first)));
        let mut truth = connection.rows("2026-10-01", "2026-11-25");
        truth.retain(|row| row["AD_ACCOUNT_ID"] == account);
        let later = run.records(STREAM);
        let mut last = by_key(&earlier);
        last.extend(by_key(&later));
        assert_eq!(in_order(last.into_values().cloned().collect()), truth, "{skip}");
    }
}

#[tokio::test]
async fn a_kept_report_that_is_lost_is_made_anew() {
    let steps = [
        ReportStep::status("DOES_NOT_EXIST"),
        ReportStep::status("EXPIRED"),
        ReportStep::status("FAILED"),
        ReportStep::NotFound,
        ReportStep::ExpiredLink,
    ];
    for step in steps {
        let (mut connection, account) = Connection::of_one_account().await;
        // The first sync ends before the report is lost; what it read afterwards is forgotten.
        stopped(&mut connection, STREAM, std::slice::from_ref(&step)).await;
        let run = connection.sync(&[STREAM]).await;
        assert!(run.success, "{step:?}: {:?}", run.errors());
        assert_eq!(in_order(run.records(STREAM)), connection.rows_of(&account), "{step:?}");
        assert_eq!(connection.asked().len(), 1, "{step:?}");
        assert!(!connection.state_of(STREAM).to_string().contains("kept"), "{step:?}");
    }
}

#[tokio::test]
async fn a_kept_report_of_another_request_is_not_taken() {
    let columns = json!([{"stream": STREAM, "columns": ["CAMPAIGN_ID", "CTR"]}]);
    for (key, value) in [("stream_columns", columns), ("click_window_days", json!(7))] {
        let (mut connection, _) = Connection::of_one_account().await;
        stopped(&mut connection, STREAM, &[IN_PROGRESS, ReportStep::Finished]).await;
        connection.config.insert(key.into(), value);
        let run = connection.sync(&[STREAM]).await;
        assert!(run.success, "{:?}", run.errors());
        assert_eq!(connection.asked().len(), 1, "{key}");
        if key == "stream_columns" {
            assert_eq!(connection.asked()[0].1["columns"], json!(["CAMPAIGN_ID", "CTR"]));
            assert!(run.records(STREAM).iter().all(|row| row.as_object().unwrap().len() == 3));
        }
        assert!(!connection.state_of(STREAM).to_string().contains("kept"), "{key}");
    }
}

#[tokio::test]
async fn a_token_that_means_nothing_harms_nothing() {
    for kept in [
        json!([{"start": START, "end": TODAY, "on": TODAY, "value": {"token": "x"}}]),
        json!([{"start": START, "end": TODAY, "on": TODAY, "value": null}]),
        json!([{"start": START, "end": "2026-11-22", "on": TODAY, "value": {"token": "x", "request": "0"}}]),
    ] {
        let (mut connection, account) = Connection::of_one_account().await;
        let states = json!([{"partition": {"id": account, "parent_slice": {}}, "cursor": {"DATE": START}, "kept": kept}]);
        connection.state.insert(STREAM.into(), json!({ "states": states }).into());
        let run = connection.sync(&[STREAM]).await;
        assert!(run.success, "{kept}: {:?}", run.errors());
        assert_eq!(in_order(run.records(STREAM)), connection.rows_of(&account), "{kept}");
        assert!(!connection.state_of(STREAM).to_string().contains("kept"), "{kept}");
    }
}

#[tokio::test]
async fn reports_that_were_read_while_the_first_was_made_are_not_made_again() {
    let (mut connection, _) = Connection::of_one_account().await;
    connection.config.remove("start_date");
    connection.config.insert("num_threads".into(), json!(1));
    // The report of the oldest window takes longer than those of the four others.
    connection.fake.script_report([vec![IN_PROGRESS; 200], vec![ReportStep::Finished]].concat());
    let run = connection.sync(&[STREAM]).await;
    let truth = in_order(run.records(STREAM));
    assert_eq!(connection.asked().len(), 5);

    // Stopped when only that one was open.
    let (mut written, mut stopped_at) = (Vec::new(), None);
    for message in &run.messages {
        match message {
            Message::Record(record) => written.push(record.data.parse::<Value>().unwrap()),
            Message::State(state) => {
                let StateKind::Stream(body) = &state.kind else { panic!("a state of a stream") };
                let state: Value = body.stream_state.as_ref().unwrap().parse().unwrap();
                if state["states"][0]["closed"].as_array().is_some_and(|closed| closed.len() == 4) {
                    stopped_at = Some(state);
                    break;
                }
            }
            _ => {}
        }
    }
    connection.state.insert(STREAM.into(), stopped_at.unwrap().into());
    connection.fake.clear_requests();
    let rest = connection.sync(&[STREAM]).await;
    assert!(rest.success, "{:?}", rest.errors());
    assert_eq!(connection.asked().len(), 0);
    written.extend(rest.records(STREAM));
    assert_eq!(in_order(written), truth);
    assert!(!connection.state_of(STREAM).to_string().contains("closed"));
}

#[tokio::test]
async fn a_day_that_was_not_over_when_its_report_was_made_is_read_again() {
    let (mut connection, _) = Connection::of_one_account().await;
    stopped(&mut connection, STREAM, &[IN_PROGRESS, ReportStep::Finished]).await;
    for day in ["2026-11-25", "2026-11-26"] {
        connection.at(day);
        assert!(connection.sync(&[STREAM]).await.success);
    }
    let again = |(_, body): &(String, Value)| {
        body["start_date"].as_str() <= Some(TODAY) && body["end_date"].as_str() >= Some(TODAY)
    };
    assert!(connection.asked().iter().any(again));
}

#[tokio::test]
async fn what_was_kept_of_a_window_that_is_not_read_any_more_is_forgotten() {
    let (mut connection, _) = Connection::of_one_account().await;
    connection.config.remove("start_date");
    connection.fake.script_every_report([ReportStep::Finished]);
    stopped(&mut connection, STREAM, &[IN_PROGRESS, ReportStep::Finished]).await;
    connection.at("2026-11-25");
    assert!(connection.sync(&[STREAM]).await.success);
    assert!(!connection.state_of(STREAM).to_string().contains("kept"));
}

#[tokio::test]
async fn reports_in_progress_hold_no_worker() {
    let mut connection = Connection::with_small_pages().await;
    connection.config.insert("start_date".into(), json!(START));
    connection.config.insert("num_threads".into(), json!(1));
    connection.fake.script_every_report([vec![IN_PROGRESS; 12], vec![ReportStep::Finished]].concat());
    let run = connection.sync(&[STREAM, "board_section_pins", "keywords"]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(connection.fake.most_reports_at_once(), 3, "one of each ad account");
    assert_eq!(in_order(run.records(STREAM)), connection.rows(START, TODAY));
    let operations: Vec<_> = connection.fake.requests().iter().filter_map(|seen| seen.operation).collect();
    let last_made = operations.iter().rposition(|operation| *operation == "analytics/create_report").unwrap();
    let first_file = operations.iter().position(|operation| *operation == "report/download").unwrap();
    let meanwhile = &operations[last_made..first_file];
    assert!(meanwhile.iter().any(|operation| operation.ends_with("list_pins")), "{meanwhile:?}");
}

#[tokio::test]
async fn never_more_than_twenty_reports_are_in_progress() {
    for threads in [1, 40] {
        let counts = Counts { ad_accounts: 21, campaigns: 60, ..Counts::SMALL };
        let fake = FakePinterest::builder().size(Size::Custom(counts)).daily_rows().reports_at_once(20);
        let mut connection = Connection::to(fake).await;
        connection.config.insert("start_date".into(), json!("2026-11-23"));
        connection.config.insert("num_threads".into(), json!(threads));
        connection.fake.script_every_report([vec![IN_PROGRESS; 40], vec![ReportStep::Finished]].concat());
        let streams = [STREAM, "advertiser_report", "product_item_report"];
        let run = connection.sync(&streams).await;
        assert!(run.success, "{:?}", run.errors());
        assert_eq!((connection.asked().len(), connection.fake.refusals()), (63, 0));
        assert!(connection.fake.most_reports_at_once() > 10, "{}", connection.fake.most_reports_at_once());
        assert_eq!(in_order(run.records(STREAM)), connection.rows("2026-11-23", TODAY));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_of_everything_shows_no_signature_and_no_token() {
    let (mut connection, account) = Connection::of_one_account().await;
    // The program's clock is the real one, and a report is gone on with on its own day.
    let today = Utc::now().date_naive();
    let start = today - Days::new(4);
    connection.at(&today.to_string());
    connection.config.insert("start_date".into(), json!(start));
    // Kept reports are polled at once, so that the program has time for downloads that fail.
    let lost = vec![ReportStep::ExpiredLink; 4];
    stopped(&mut connection, STREAM, &[lost, vec![ReportStep::Finished]].concat()).await;
    stopped(&mut connection, "advertiser_report", &[ReportStep::Finished]).await;
    connection.fake.script_every_report([ReportStep::Finished]);
    // The first file belongs to two reports of the first stream, the third one to the other.
    connection.fake.add_fault(Fault::on("report/download").path_contains("/2?").body(OddBody::Truncated));
    let files = Files::new();
    let configured = [STREAM, "advertiser_report", "keyword_report"].map(|name| {
        json!({"stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["incremental"]},
            "sync_mode": "incremental", "destination_sync_mode": "append"})
    });
    let states = [STREAM, "advertiser_report"].map(|name| {
        json!({"type": "STREAM", "stream": {"stream_descriptor": {"name": name},
            "stream_state": connection.state_of(name)}})
    });
    let mut program = Command::new(env!("CARGO_BIN_EXE_source-pinterest"));
    program.env("PINTEREST_API_URL", connection.fake.url()).env("RUST_LOG", "trace").arg("read");
    program.arg("--config").arg(files.write("config.json", json!(connection.config).to_string()));
    program.arg("--catalog").arg(files.write("catalog.json", json!({"streams": configured}).to_string()));
    program.arg("--state").arg(files.write("state.json", json!(states).to_string()));
    let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let written = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    let rows = connection.fake.rows(STREAM, start, today);
    let rows = rows.iter().filter(|row| row["AD_ACCOUNT_ID"] == account).count();
    let of_stream = |line: &&&str| line.contains("\"RECORD\"") && line.contains(STREAM);
    assert_eq!(lines.iter().filter(of_stream).count(), rows);
    assert!(lines.iter().filter(|line| line.contains("\"LOG\"")).count() > 50, "this is no trace");

    let downloads: Vec<_> = connection
        .fake
        .requests()
        .into_iter()
        .filter(|seen| seen.operation == Some("report/download"))
        .collect();
    let statuses: Vec<_> = downloads.iter().map(|seen| seen.status).collect();
    assert!(downloads.len() == 5 && statuses.contains(&Some(403)), "what failed: {statuses:?}");
    assert!(downloads.iter().all(|seen| seen.bearer == Bearer::Absent));
    let mut secrets: Vec<String> = vec!["signature=".into(), connection.fake.access_token()];
    secrets.extend(downloads.iter().map(|seen| seen.query["signature=".len()..].to_owned()));
    let configs = lines.iter().filter(|line| line.contains("\"CONTROL\""));
    let configs = configs.map(|line| {
        serde_json::from_str::<Value>(line).unwrap()["control"]["connectorConfig"]["config"].clone()
    });
    for config in configs.chain([json!(connection.config), connection.fake.config()]) {
        for key in ["client_secret", "refresh_token", "access_token"] {
            secrets.extend(config["credentials"][key].as_str().map(str::to_owned));
        }
    }
    assert!(secrets.len() > 8, "{}", secrets.len());
    for line in lines.iter().filter(|line| !line.contains("\"CONTROL\"")) {
        assert!(!secrets.iter().any(|secret| line.contains(secret.as_str())), "{line}");
    }
}
