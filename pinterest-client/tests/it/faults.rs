//! A network and an API that fail now and then, or for good.

use std::time::Duration;

use fake_pinterest::{FakePinterest, Fault, OddBody, RateLimitForm};
use pinterest_client::{Args, Error, endpoint};

use crate::Account;

const ATTEMPTS: usize = 6;

fn on_boards() -> Fault {
    Fault::on("boards/list").on_later_pages()
}

/// Two records a page, so that faults strike in the middle.
async fn account(fault: Fault) -> Account {
    Account::with(FakePinterest::builder().max_page_size(2).fault(fault)).await
}

/// Reads the boards while `fault` strikes a page twice, then while it strikes for ever.
async fn passes_when_it_ends_and_fails_when_it_does_not(fault: impl Fn(Fault) -> Fault, what: &str) -> Error {
    let passing = account(fault(on_boards().times(2))).await;
    let records = passing.records(&endpoint::BOARDS, Args::new()).await;
    assert_eq!(records.unwrap_or_else(|error| panic!("{what}: {error}")), passing.fake.truth("boards"));

    let lasting = account(fault(on_boards().for_ever())).await;
    let error = lasting.records(&endpoint::BOARDS, Args::new()).await.unwrap_err();
    assert_eq!(lasting.asked("boards/list"), 1 + ATTEMPTS, "{what}");
    error
}

#[tokio::test]
async fn a_broken_connection_and_a_cut_body_are_tried_again() {
    for (what, fault) in [
        ("reset", (|fault| fault.reset_connection()) as fn(Fault) -> Fault),
        ("truncated", |fault| fault.body(OddBody::Truncated)),
    ] {
        let error = passes_when_it_ends_and_fails_when_it_does_not(fault, what).await;
        let Error::Transport { endpoint: "boards/list", timed_out: false, .. } = &error else {
            panic!("{what}: {error:?}")
        };
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_stays_silent_is_tried_again() {
    let silent = Fault::on("boards/list").delay(Duration::from_secs(3600)).for_ever();
    let fake = FakePinterest::builder().fault(silent);
    let account = Account::set(fake, |builder, _| builder.timeout(Duration::from_millis(20))).await;
    let error = account.records(&endpoint::BOARDS, Args::new()).await.unwrap_err();
    assert!(matches!(error, Error::Transport { timed_out: true, .. }), "{error:?}");
    assert!(error.to_string().contains("did not complete in time"), "{error}");
    assert_eq!(account.asked("boards/list"), ATTEMPTS);
}

#[tokio::test]
async fn failures_that_may_pass_are_tried_again() {
    for status in [408, 409, 425, 500, 502, 503, 504] {
        let fault = |fault: Fault| fault.status(status);
        let error = passes_when_it_ends_and_fails_when_it_does_not(fault, &status.to_string()).await;
        assert_eq!(error.status(), Some(status));
    }
}

#[tokio::test]
async fn an_account_without_a_catalog_is_not_asked_again() {
    let account = account(Fault::on("catalogs_product_groups/list").for_ever().status(409)).await;
    let error = account.records(&endpoint::CATALOGS_PRODUCT_GROUPS, Args::new()).await.unwrap_err();
    assert_eq!((error.status(), account.asked("catalogs_product_groups/list")), (Some(409), 1));
}

#[tokio::test]
async fn a_200_that_is_no_page_is_tried_again() {
    for body in [
        OddBody::Html,
        OddBody::Empty,
        OddBody::Null,
        OddBody::Array,
        OddBody::NoItems,
        OddBody::ItemsNull,
        OddBody::ItemNotAnObject,
        OddBody::WrongJson,
    ] {
        let what = format!("{body:?}");
        let error = passes_when_it_ends_and_fails_when_it_does_not(|fault| fault.body(body), &what).await;
        assert!(matches!(error, Error::Decode { endpoint: "boards/list", .. }), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn a_rate_limit_in_any_form_is_waited_for() {
    for form in [
        RateLimitForm::ResetHeader(0),
        RateLimitForm::RetryAfterHeader(0),
        RateLimitForm::Message(0),
        RateLimitForm::Bare,
        RateLimitForm::Code8,
        RateLimitForm::Code8WithStatus200,
        RateLimitForm::BadRequest(0),
    ] {
        let what = format!("{form:?}");
        let fault = |fault: Fault| fault.rate_limit(form);
        let error = passes_when_it_ends_and_fails_when_it_does_not(fault, &what).await;
        assert!(error.is_rate_limit(), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn a_wait_beyond_the_policy_is_not_begun() {
    for form in [
        RateLimitForm::ResetHeader(3600),
        RateLimitForm::RetryAfterHeader(3600),
        RateLimitForm::Message(3600),
        RateLimitForm::BadRequest(3600),
    ] {
        let account = account(on_boards().rate_limit(form)).await;
        let error = account.records(&endpoint::BOARDS, Args::new()).await.unwrap_err();
        assert!(matches!(error, Error::WaitTooLong { .. }), "{form:?}: {error:?}");
        // The category stays closed for other listings, and others are open.
        let error = account.records(&endpoint::BOARDS, Args::new()).await.unwrap_err();
        assert!(matches!(error, Error::WaitTooLong { .. }), "{form:?}: {error:?}");
        assert_eq!(account.asked("boards/list"), 2, "{form:?}");
        assert!(account.records(&endpoint::AD_ACCOUNTS, Args::new()).await.is_ok(), "{form:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    for status in [400, 401, 403, 404] {
        let body = serde_json::json!({"code": 2, "message": "No."});
        let account = account(on_boards().status_with_body(status, body)).await;
        let error = account.records(&endpoint::BOARDS, Args::new()).await.unwrap_err();
        assert_eq!((error.status(), error.code()), (Some(status), Some(2)));
        assert_eq!(error.is_authentication(), status == 401);
        assert_eq!(account.asked("boards/list"), 2, "{status}");
    }
}

#[tokio::test]
async fn a_listing_that_does_not_end_is_an_error() {
    let account = account(on_boards().for_ever().repeat_bookmark()).await;
    let error = account.records(&endpoint::BOARDS, Args::new()).await.unwrap_err();
    assert!(matches!(error, Error::RepeatedBookmark { endpoint: "boards/list" }), "{error:?}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_before_it_fills_the_memory() {
    let fault = Fault::on("boards/list").body(OddBody::Huge(1 << 20)).for_ever();
    let fake = FakePinterest::builder().fault(fault);
    let account = Account::set(fake, |builder, _| builder.max_body(1 << 19)).await;
    let error = account.records(&endpoint::BOARDS, Args::new()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 524_288, .. }), "{error:?}");
    assert_eq!(account.asked("boards/list"), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_without_its_address() {
    let account = Account::with(FakePinterest::builder()).await;
    let Account { fake, client } = account;
    drop(fake);
    // The server ends when its task is next polled.
    tokio::task::yield_now().await;
    let error = client.list(&endpoint::BOARDS, Args::new()).page(None).await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("127.0.0.1"), "{error:?}");
}
