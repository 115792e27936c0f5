//! Every fault as it stands on the wire.

use std::time::Duration;

use fake_pinterest::{FakePinterest, Fault, OddBody, RateLimitForm};
use reqwest::Error;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Reply, Shop, send, try_send, with};

async fn shop() -> Shop {
    Shop::open(FakePinterest::builder()).await
}

/// What comes back when a list of boards meets a fault; the next request must be answered as usual.
async fn struck(fault: Fault) -> Result<Reply, Error> {
    let shop = shop().await;
    let usual = shop.get("/boards").await;
    shop.fake.add_fault(fault);
    let reply = try_send(shop.ask("/boards")).await;
    assert_eq!(shop.get("/boards").await.text, usual.text, "a fault happens once");
    assert!(shop.fake.requests().iter().all(|request| request.planned), "a fault is planned");
    reply
}

#[tokio::test]
async fn every_form_of_rate_limit_tells_its_wait_in_its_own_way() {
    use RateLimitForm::*;
    let said = "Retry after 3 seconds";
    for (form, status, code, header, message) in [
        (ResetHeader(3), 429, 29, Some("x-ratelimit-reset"), None),
        (RetryAfterHeader(3), 429, 29, Some("retry-after"), None),
        (Message(3), 429, 29, None, Some(said)),
        (Bare, 429, 29, None, None),
        (Code8, 429, 8, None, None),
        (Code8WithStatus200, 200, 8, None, None),
        (BadRequest(3), 400, 1, None, Some(said)),
    ] {
        let reply = struck(Fault::on("boards/list").rate_limit(form)).await.unwrap();
        assert_eq!((reply.status, reply.code()), (status, code), "{form:?}");
        for name in ["x-ratelimit-reset", "retry-after"] {
            let expected = header.filter(|header| *header == name).map(|_| "3");
            assert_eq!(reply.header(name), expected, "{form:?}: {name}");
        }
        assert_eq!(reply.text.contains("Retry after"), message.is_some(), "{form:?}");
        assert!(message.is_none_or(|message| reply.text.contains(message)), "{}", reply.text);
    }
}

#[tokio::test]
async fn a_status_comes_with_an_error_body() {
    for (status, code) in [(400, 1), (401, 2), (403, 29), (404, 2), (429, 8), (500, 500), (503, 503)] {
        let reply = struck(Fault::on("boards/list").status(status)).await.unwrap();
        assert_eq!((reply.status, reply.code()), (status, code));
        assert!(reply.json()["message"].as_str().unwrap().len() > 5);
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
    let default = struck(Fault::anywhere()).await.unwrap();
    assert_eq!(default.status, 500);
    let body = json!({"code": 4_196, "message": "No analytics here."});
    let own = struck(Fault::anywhere().status_with_body(400, body.clone())).await.unwrap();
    assert_eq!((own.status, own.json()), (400, body));
}

#[tokio::test]
async fn odd_bodies_are_what_they_say() {
    for (odd, body) in [
        (OddBody::Empty, ""),
        (OddBody::Null, "null"),
        (OddBody::Array, "[]"),
        (OddBody::NoItems, r#"{"bookmark":null}"#),
        (OddBody::ItemsNull, r#"{"items":null,"bookmark":null}"#),
        (OddBody::ItemNotAnObject, r#"{"items":[1,"x"],"bookmark":null}"#),
    ] {
        let reply = struck(Fault::on("boards/list").body(odd)).await.unwrap();
        assert_eq!((reply.status, reply.text.as_str()), (200, body), "{odd:?}");
        assert_eq!(reply.header("content-type"), Some("application/json"), "{odd:?}");
    }
    let html = struck(Fault::on("boards/list").body(OddBody::Html)).await.unwrap();
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html")));
    assert!(html.text.starts_with("<html>"), "{}", html.text);
}

#[tokio::test]
async fn wrong_json_is_the_first_half_of_the_answer_as_if_it_were_whole() {
    let shop = shop().await;
    let whole = shop.get("/boards").await.text;
    shop.fake.add_fault(Fault::on("boards/list").body(OddBody::WrongJson));
    // The half may end within a character.
    let response = shop.ask("/boards").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let half = response.bytes().await.unwrap();
    assert_eq!(half, whole.as_bytes()[..whole.len() / 2]);
    assert!(serde_json::from_slice::<Value>(&half).is_err());
}

#[tokio::test]
async fn a_truncated_answer_promises_more_than_it_gives() {
    let shop = shop().await;
    let whole = shop.get("/boards").await.text;
    shop.fake.add_fault(Fault::on("boards/list").body(OddBody::Truncated));
    let mut response = shop.ask("/boards").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.content_length(), Some(whole.len() as u64));
    let mut received = Vec::new();
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => received.extend_from_slice(&chunk),
            Ok(None) => panic!("the body ended well"),
            Err(error) => break error,
        }
    };
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert_eq!(received, whole.as_bytes()[..whole.len() / 2]);
    assert_eq!(shop.get("/boards").await.text, whole);
}

#[tokio::test]
async fn a_huge_body_is_long_and_valid() {
    const SIZE: usize = 3_000_000;
    let reply = struck(Fault::on("boards/list").body(OddBody::Huge(SIZE))).await.unwrap();
    assert!((SIZE..SIZE + 100_000).contains(&reply.text.len()), "{}", reply.text.len());
    assert_eq!((reply.items().len(), reply.bookmark()), (1, None));
    assert_eq!(reply.header("content-length"), None, "sent in chunks");
}

#[tokio::test]
async fn a_reset_ends_the_connection_without_an_answer() {
    let error = struck(Fault::on("boards/list").reset_connection()).await.unwrap_err();
    assert!(error.is_request() && error.status().is_none(), "{error:?}");
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    let mut kinds = Vec::new();
    while let Some(error) = cause {
        kinds.extend(error.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
        cause = error.source();
    }
    assert_eq!(kinds, [std::io::ErrorKind::ConnectionReset]);

    let shop = shop().await;
    shop.fake.add_fault(Fault::anywhere().reset_connection().times(1));
    assert!(try_send(shop.ask("/boards")).await.is_err());
    let requests = shop.fake.requests();
    assert_eq!((requests.len(), requests[0].status, requests[0].planned), (1, None, true));
}

#[tokio::test(start_paused = true)]
async fn a_delay_changes_when_and_not_what() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let shop = shop().await;
    let usual = shop.get("/boards").await;
    shop.fake.add_fault(Fault::on("boards/list").delay(HOUR));
    let begin = Instant::now();
    assert_eq!(shop.get("/boards").await.text, usual.text);
    assert_eq!(begin.elapsed().as_secs(), HOUR.as_secs());
    assert_eq!(shop.get("/boards").await.text, usual.text);
    assert_eq!(begin.elapsed().as_secs(), HOUR.as_secs(), "only once");
}

#[tokio::test]
async fn a_repeated_bookmark_leads_to_the_same_page_again() {
    let shop = Shop::open(FakePinterest::builder().max_page_size(2)).await;
    let first = shop.get("/boards").await;
    let second = with("/boards", &format!("bookmark={}", first.bookmark().unwrap()));
    let usual = shop.get(&second).await;
    shop.fake.add_fault(Fault::on("boards/list").repeat_bookmark().for_ever());
    let repeated = shop.get(&second).await;
    assert_eq!(repeated.items(), usual.items());
    assert_eq!(repeated.bookmark(), first.bookmark(), "the one it was asked with");
    let start = shop.get("/boards").await;
    assert_eq!(start.items(), first.items());
    let again = with("/boards", &format!("bookmark={}", start.bookmark().unwrap()));
    assert_eq!(shop.get(&again).await.items(), first.items(), "also without a bookmark");
}

#[tokio::test]
async fn a_duplicate_stands_at_the_end_of_the_page() {
    let shop = shop().await;
    let usual = shop.get("/boards").await.items();
    shop.fake.add_fault(Fault::on("boards/list").duplicate_first_item());
    let items = shop.get("/boards").await.items();
    assert_eq!(items, [&usual[..], &usual[..1]].concat());
    let empty = shop.ad_accounts().pop().unwrap();
    shop.fake.add_fault(Fault::on("campaigns/list").duplicate_first_item());
    assert!(shop.get(&format!("/ad_accounts/{empty}/campaigns")).await.items().is_empty());
}

#[tokio::test]
async fn faults_of_the_token_request_are_what_they_say() {
    let shop = Shop::open(FakePinterest::builder().keep_refresh_token()).await;
    let config = shop.fake.config();
    let [id, secret, token] = ["client_id", "client_secret", "refresh_token"]
        .map(|name| config["credentials"][name].as_str().unwrap());
    let refresh = async || {
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        let url = shop.fake.url() + "/oauth/token";
        send(shop.http.post(url).basic_auth(id, Some(secret)).body(form)).await
    };
    let has = |reply: &Reply, name: &str| reply.json().get(name).is_some();
    let fault = || Fault::on("oauth/token");
    shop.fake.add_fault(fault().invalid_grant());
    let reply = refresh().await;
    assert_eq!(reply.status, 400);
    assert!(reply.text.contains("invalid_grant"), "{}", reply.text);
    shop.fake.add_fault(fault().invalid_client());
    assert_eq!(refresh().await.status, 401);
    assert_eq!(shop.fake.refreshes(), 0);
    shop.fake.add_fault(fault().without_access_token());
    let reply = refresh().await;
    assert_eq!((reply.status, has(&reply, "access_token"), has(&reply, "expires_in")), (200, false, true));
    shop.fake.add_fault(fault().without_expires_in());
    let reply = refresh().await;
    assert_eq!((reply.status, has(&reply, "access_token"), has(&reply, "expires_in")), (200, true, false));
    let reply = refresh().await;
    assert!(has(&reply, "access_token") && has(&reply, "expires_in"), "no fault is left");
}

#[tokio::test]
async fn a_fault_strikes_where_and_when_it_is_told_to() {
    let shop = Shop::open(FakePinterest::builder().max_page_size(2)).await;
    let accounts = shop.ad_accounts();
    let campaigns = |account: &str| format!("/ad_accounts/{account}/campaigns");

    shop.fake.add_fault(Fault::on("boards/list").nth(2).times(2).status(503));
    assert_eq!(shop.statuses("/catalogs").await, [200], "another operation");
    assert_eq!(shop.statuses("/boards").await, [200, 503, 503, 200]);

    let about_one = Fault::on("campaigns/list").path_contains(&accounts[1]).status(404).for_ever();
    shop.fake.add_fault(about_one);
    assert_eq!(shop.statuses(&campaigns(&accounts[0])).await, [200]);
    assert_eq!(shop.statuses(&campaigns(&accounts[1])).await, [404, 404, 404]);
    shop.fake.clear_faults();
    assert_eq!(shop.statuses(&campaigns(&accounts[1])).await, [200]);

    shop.fake.add_fault(Fault::anywhere().on_later_pages().status(502));
    let first = shop.get("/boards").await;
    let later = with("/boards", &format!("bookmark={}", first.bookmark().unwrap()));
    assert_eq!(shop.statuses(&later).await, [502, 200]);

    shop.fake.add_fault(Fault::on("boards/list").path_contains("page_size=7").status(500));
    assert_eq!(shop.statuses("/boards").await, [200]);
    assert_eq!(shop.statuses("/boards?page_size=7").await, [500, 200]);
}

#[tokio::test]
async fn a_fault_can_be_there_from_the_start() {
    let builder = FakePinterest::builder().fault(Fault::on("boards/list").status(500));
    let shop = Shop::open(builder.clone()).await;
    assert_eq!(shop.statuses("/boards").await, [500, 200]);
    let other = Shop::open(builder).await;
    assert_eq!(other.statuses("/boards").await, [500, 200], "servers of one builder share nothing");
}
