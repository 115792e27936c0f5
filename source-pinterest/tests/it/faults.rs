//! What goes wrong in the middle of any stream: all rows arrive, or the stream says that they did not.

use airbyte_protocol::Message;
use fake_pinterest::{FakePinterest, Fault, OddBody, RateLimitForm, operation_of};
use serde_json::Value;

use crate::connection::{
    Connection, assert_complete, assert_incomplete, ids, in_order, listing_names, stream_names,
};
use crate::program::{Files, run_against};

const RATE_LIMITS: &[RateLimitForm] = &[
    RateLimitForm::ResetHeader(0),
    RateLimitForm::RetryAfterHeader(0),
    RateLimitForm::Message(0),
    RateLimitForm::Bare,
    RateLimitForm::Code8,
    RateLimitForm::Code8WithStatus200,
    RateLimitForm::Code8BesideItems,
    RateLimitForm::Code8InLargeBody,
    RateLimitForm::BadRequest(0),
];

/// Bodies that are no page and no report.
pub(crate) const ODD_BODIES: &[OddBody] = &[
    OddBody::Html,
    OddBody::Empty,
    OddBody::Null,
    OddBody::Array,
    OddBody::NoItems,
    OddBody::ItemsNull,
    OddBody::ItemNotAnObject,
    OddBody::WrongJson,
    OddBody::Truncated,
];

/// Reads one stream with a fault on one page of it, once, then for ever; a page after the first where there is one.
async fn assert_nothing_is_lost(stream: &str, fault: impl Fn(Fault) -> Fault, what: &str) {
    let mut connection = Connection::with_small_pages().await;
    let on_the_stream = || Fault::on(operation_of(stream)).on_later_pages();
    connection.fake.add_fault(fault(on_the_stream().times(2)));
    let run = connection.sync(&[stream]).await;
    assert!(run.success, "{stream}, {what} twice: {:?}", run.errors());
    assert_eq!(in_order(run.records(stream)), connection.truth(stream), "{stream}, {what} twice");
    assert_complete(&run, stream);

    connection.fake.clear_faults();
    connection.fake.clear_requests();
    connection.state.clear();
    connection.fake.add_fault(fault(on_the_stream().for_ever()));
    let run = connection.sync(&[stream]).await;
    assert_incomplete(&run, stream);
    // A batch that is split begins again, so a record may come more than once here.
    let (records, truth) = (run.records(stream), connection.truth(stream));
    let (mut records, truth) = (ids(&records), ids(&truth));
    records.dedup();
    assert!(records.len() < truth.len(), "{stream}, {what} for ever: the fault did not strike");
    assert!(records.iter().all(|id| truth.contains(id)), "{stream}, {what}: a record of nobody");
    let again = connection.fake.requests().iter().filter(|seen| seen.query.contains("bookmark=")).count();
    assert!(again >= 6, "{stream}, {what}: asked for {again} times");

    // The state of what failed makes the next sync bring it.
    connection.fake.clear_faults();
    let rest = connection.sync(&[stream]).await;
    assert!(rest.success);
    let both = [run.records(stream), rest.records(stream)].concat();
    let mut arrived = ids(&both);
    arrived.dedup();
    assert_eq!(arrived, truth, "{stream}, {what}: lost for good");
}

#[tokio::test]
async fn a_rate_limit_in_the_middle_of_any_stream_loses_no_row() {
    for stream in listing_names() {
        for form in RATE_LIMITS {
            assert_nothing_is_lost(&stream, |fault| fault.rate_limit(*form), &format!("{form:?}")).await;
        }
    }
}

#[tokio::test]
async fn a_200_that_is_no_page_of_any_stream_loses_no_row() {
    for stream in listing_names() {
        for body in ODD_BODIES {
            assert_nothing_is_lost(&stream, |fault| fault.body(*body), &format!("{body:?}")).await;
        }
    }
}

#[tokio::test]
async fn an_outage_in_the_middle_of_any_stream_loses_no_row() {
    for stream in listing_names() {
        assert_nothing_is_lost(&stream, |fault| fault.status(503), "503").await;
        assert_nothing_is_lost(&stream, Fault::reset_connection, "a reset connection").await;
    }
}

#[tokio::test]
async fn a_first_page_that_is_no_page_never_looks_like_an_empty_stream() {
    for stream in listing_names() {
        for body in ODD_BODIES {
            let mut connection = Connection::to(FakePinterest::builder()).await;
            connection.fake.add_fault(Fault::on(operation_of(&stream)).for_ever().body(*body));
            let run = connection.sync(&[&stream]).await;
            assert_incomplete(&run, &stream);
            assert!(run.records(&stream).is_empty());
        }
    }
}

#[tokio::test]
async fn a_repeated_bookmark_ends_as_incomplete_in_any_stream() {
    for stream in listing_names() {
        let mut connection = Connection::with_small_pages().await;
        connection
            .fake
            .add_fault(Fault::on(operation_of(&stream)).on_later_pages().for_ever().repeat_bookmark());
        assert_incomplete(&connection.sync(&[&stream]).await, &stream);
    }
}

#[tokio::test]
async fn an_account_that_fails_leaves_the_others_complete_and_keeps_its_own_progress() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    let accounts = connection.fake.edit(|data| data.ad_account_ids());
    connection.fake.add_fault(Fault::on("campaigns/list").path_contains(&accounts[0]).for_ever().status(500));
    let run = connection.sync(&["campaigns", "audiences"]).await;
    assert_incomplete(&run, "campaigns");
    assert_complete(&run, "audiences");
    let expected: Vec<Value> = connection.truth("campaigns");
    let of_others = expected.into_iter().filter(|record| record["ad_account_id"] != accounts[0]).collect();
    assert_eq!(in_order(run.records("campaigns")), in_order(of_others));
    assert!(run.errors()[0].contains(&accounts[0]), "which account: {:?}", run.errors());

    connection.fake.clear_faults();
    let rest = connection.sync(&["campaigns"]).await;
    let of_first = |record: &&Value| record["ad_account_id"] == accounts[0];
    let truth = connection.truth("campaigns");
    let (rest, truth) = (rest.records("campaigns"), truth.iter().filter(of_first).count());
    assert_eq!(rest.iter().filter(of_first).count(), truth);
}

#[tokio::test]
async fn a_parent_that_fails_makes_its_children_incomplete() {
    let mut connection = Connection::with_small_pages().await;
    connection.fake.add_fault(Fault::on("boards/list").on_later_pages().for_ever().status(500));
    let run = connection.sync(&["board_sections", "board_section_pins"]).await;
    assert_incomplete(&run, "board_sections");
    assert_incomplete(&run, "board_section_pins");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_catalog_has_no_product_groups_and_an_unknown_conflict_is_said() {
    for (code, warned) in [(4182, false), (1, true)] {
        let body = serde_json::json!({"code": code, "message": "no"});
        let fault = Fault::on("catalogs_product_groups/list").for_ever().status_with_body(409, body);
        let fake = FakePinterest::builder().fault(fault).start().await.unwrap();
        let (url, config) = (fake.url(), fake.config().to_string());
        let run = tokio::task::spawn_blocking(move || {
            let files = Files::new();
            let config = files.write("config.json", config);
            let catalog = files.catalog("catalogs_product_groups", "full_refresh");
            run_against(&url, "read", &[("--config", &config), ("--catalog", &catalog)])
        });
        let run = run.await.unwrap();
        assert_eq!(run.code, Some(0), "{code}: {:?}", run.errors());
        assert!(run.lines.iter().all(|line| line["type"] != "RECORD"));
        let said = |line: &Value| {
            line["log"]["message"].as_str().is_some_and(|text| text.contains("without a catalog"))
        };
        assert_eq!(run.lines.iter().any(said), warned, "{code}");
    }
}

#[tokio::test]
async fn a_network_that_is_down_makes_every_stream_incomplete() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    connection.fake.add_fault(Fault::anywhere().for_ever().reset_connection());
    let run = connection.sync_all().await;
    stream_names().iter().for_each(|stream| assert_incomplete(&run, stream));
}

#[tokio::test]
async fn keywords_are_read_one_ad_group_at_a_time_where_many_are_not_served() {
    for status in [400, 403] {
        let mut connection = Connection::to(FakePinterest::builder()).await;
        let fault = Fault::on("keywords/get").path_contains("ad_group_ids=").for_ever().status(status);
        connection.fake.add_fault(fault);
        let run = connection.sync(&["keywords"]).await;
        assert!(run.success, "{:?}", run.errors());
        assert_eq!(in_order(run.records("keywords")), connection.truth("keywords"));
        let refused = connection.fake.requests().iter().filter(|seen| seen.status == Some(status)).count();
        assert!(refused <= 2, "{refused} batches were tried: one for each ad account in flight at most");
    }
}

#[tokio::test]
async fn a_wait_for_a_rate_limit_is_told_to_the_platform() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    connection.fake.add_fault(Fault::on("campaigns/list").rate_limit(RateLimitForm::Code8));
    let run = connection.sync(&["campaigns"]).await;
    let told = run.messages.iter().filter_map(|message| match message {
        Message::Trace(trace) => trace.stream_status.as_ref()?.reasons.as_ref(),
        _ => None,
    });
    let reasons: Vec<Value> = told.flatten().map(|reason| serde_json::to_value(reason).unwrap()).collect();
    assert!(reasons.iter().any(|reason| reason["type"] == "RATE_LIMITED"), "{reasons:?}");
    assert_complete(&run, "campaigns");
}
