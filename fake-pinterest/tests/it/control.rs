//! The control door, as a program in any language meets it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use chrono::NaiveDate;
use fake_pinterest::{Builder, FakePinterest};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{DAY, MIDNIGHT, Reply, Shop, ids, reports::body, send, try_send, with};

/// A server with its door open.
async fn open(builder: Builder) -> Shop {
    Shop::open(builder.control_door()).await
}

/// What the door answers.
async fn ask(shop: &Shop, method: &str, path: &str, body: &str) -> Reply {
    let origin = shop.fake.url().replace("/v5", "");
    let method: Method = method.parse().unwrap();
    send(shop.http.request(method, format!("{origin}/control/{path}")).body(body.to_owned())).await
}

/// The answer of the door to something it can do.
#[track_caller]
fn good(reply: &Reply) -> Value {
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/json")),
        "{}",
        reply.text
    );
    reply.json()
}

async fn get(shop: &Shop, path: &str) -> Value {
    good(&ask(shop, "GET", path, "").await)
}

/// Asks for something that has nothing to tell.
async fn change(shop: &Shop, method: &str, path: &str, body: Value) {
    assert_eq!(good(&ask(shop, method, path, &body.to_string()).await), json!({}), "{method} {path}");
}

#[tokio::test]
async fn the_truth_is_the_one_of_the_methods() {
    let shop = open(FakePinterest::builder().daily_rows()).await;
    let [first, last]: [NaiveDate; 2] = ["2026-11-20", "2026-11-23"].map(|day| day.parse().unwrap());
    let (fake, days) = (&shop.fake, "from=2026-11-20&to=2026-11-23");
    for (path, expected) in [
        ("truth/ads".to_owned(), fake.truth("ads")),
        ("truth/ads?statuses=ARCHIVED,DRAFT".into(), fake.truth_with_statuses("ads", &["ARCHIVED", "DRAFT"])),
        (
            "truth/ads?statuses=ARCHIVED&statuses=DRAFT".into(),
            fake.truth_with_statuses("ads", &["ARCHIVED", "DRAFT"]),
        ),
        (format!("rows/ad_analytics?{days}"), fake.rows("ad_analytics", first, last)),
        (
            format!("rows/ad_analytics?{days}&statuses=PAUSED"),
            fake.rows_with_statuses("ad_analytics", first, last, &["PAUSED"]),
        ),
        (
            format!("rows/campaign_analytics_report?{days}"),
            fake.rows("campaign_analytics_report", first, last),
        ),
        (format!("rows-of-level/PRODUCT_ITEM?{days}"), fake.rows_of_level("PRODUCT_ITEM", first, last)),
        ("records/ads".into(), fake.edit(|data| data.records("ads"))),
    ] {
        assert!(!expected.is_empty(), "{path}");
        assert_eq!(get(&shop, &path).await, Value::from(expected), "{path}");
    }
}

#[tokio::test]
async fn tells_how_to_reach_the_api() {
    let shop = open(FakePinterest::builder()).await;
    let account = json!({"url": shop.fake.url(), "access_token": shop.fake.access_token(), "config": shop.fake.config()});
    assert_eq!(get(&shop, "account").await, account);
}

#[tokio::test(start_paused = true)]
async fn tells_the_requests_to_the_api_and_no_others() {
    let shop = open(FakePinterest::builder()).await;
    shop.get("/boards?page_size=7").await;
    let token = |token: &str| shop.http.get(shop.fake.url() + "/nowhere").bearer_auth(token);
    tokio::time::advance(Duration::from_millis(1_500)).await;
    send(token("other")).await;
    send(shop.http.post(shop.fake.url() + "/oauth/token")).await;
    let mut expected = json!([
        {
            "order": 0, "after_ms": 0, "method": "GET", "path": "/v5/boards", "query": "page_size=7", "body": null,
            "operation": "boards/list", "category": "org_read", "bearer": 0, "status": 200, "planned": true,
        },
        {
            "order": 1, "after_ms": 1_500, "method": "GET", "path": "/v5/nowhere", "query": "", "body": null,
            "operation": null, "category": null, "bearer": "unknown", "status": 500, "planned": false,
        },
        {
            "order": 2, "after_ms": 1_500, "method": "POST", "path": "/v5/oauth/token", "query": "", "body": null,
            "operation": "oauth/token", "category": "org_read", "bearer": "absent", "status": 401, "planned": true,
        },
    ]);
    assert_eq!(get(&shop, "requests").await, expected);
    change(&shop, "DELETE", "requests", Value::Null).await;
    assert_eq!(get(&shop, "requests").await, json!([]));
    shop.get("/boards?page_size=7").await;
    expected[0]["order"] = 3.into();
    expected[0]["after_ms"] = 1_500.into();
    assert_eq!(get(&shop, "requests").await, json!([expected[0]]));
}

#[tokio::test]
async fn records_come_change_and_go() {
    let shop = open(FakePinterest::builder()).await;
    let account = &shop.ad_accounts()[0];
    let before = shop.fake.truth("campaigns");
    let (kept, gone) = (ids(&before)[0], ids(&before)[1]);
    let added = json!({"id": "9", "ad_account_id": account, "status": "PAUSED"});
    change(&shop, "POST", "records/campaigns", added.clone()).await;
    change(&shop, "POST", "records/boards", json!([{"id": "7", "name": "Soups"}, {"id": "8"}])).await;
    change(&shop, "PATCH", &format!("records/campaigns/{kept}"), json!({"name": null, "tags": ["new"]}))
        .await;
    change(&shop, "DELETE", &format!("records/campaigns/{gone}"), Value::Null).await;

    let mut patched = before[0].clone();
    (patched["name"], patched["tags"]) = (Value::Null, json!(["new"]));
    let listed = shop.get(&with(&shop.first("campaigns"), "page_size=250")).await.items();
    assert!(listed.contains(&patched) && listed.contains(&added));
    assert!(!ids(&listed).contains(&gone));
    let boards = shop.get("/boards?page_size=250").await.items();
    assert_eq!(boards[boards.len() - 2..], [json!({"id": "7", "name": "Soups"}), json!({"id": "8"})]);
}

#[tokio::test]
async fn an_array_with_one_wrong_record_changes_nothing() {
    let shop = open(FakePinterest::builder()).await;
    let before = shop.fake.truth("board_pins");
    let pin = json!({"id": "7", "board_id": shop.fake.truth("boards")[0]["id"]});
    let reply = ask(&shop, "POST", "records/board_pins", &json!([pin, {"id": "8"}]).to_string()).await;
    assert_eq!(reply.status, 400);
    assert!(
        reply.text.contains("[1]: a new record of Pins needs a board_id that is known"),
        "{}",
        reply.text
    );
    assert_eq!(shop.fake.truth("board_pins"), before);
}

#[tokio::test]
async fn an_empty_account_can_be_filled() {
    let none = fake_pinterest::Size::Custom(fake_pinterest::Counts::NONE);
    let shop = open(FakePinterest::builder().size(none)).await;
    assert_eq!(shop.get("/ad_accounts").await.items(), Vec::<Value>::new());
    change(&shop, "POST", "records/ad_accounts", json!({"id": "1", "name": "Shop"})).await;
    change(&shop, "POST", "records/campaigns", json!({"id": "2", "ad_account_id": "1", "status": "ACTIVE"}))
        .await;
    assert_eq!(ids(&shop.get("/ad_accounts/1/campaigns").await.items()), ["2"]);
}

/// What a list of boards is answered with after this fault; the next must be answered as usual.
async fn struck(shop: &Shop, fault: &Value) -> reqwest::Result<Reply> {
    let usual = shop.get("/boards").await;
    change(shop, "POST", "faults", fault.clone()).await;
    let reply = try_send(shop.ask("/boards")).await;
    assert_eq!(shop.get("/boards").await.text, usual.text, "{fault}");
    reply
}

#[tokio::test]
async fn every_fault_in_the_place_of_an_answer() {
    let shop = open(FakePinterest::builder()).await;
    let page = r#"{"items": [ {"id": "1", "n": 12345678901234567890.10} ], "bookmark": "x"}"#;
    let odd: Value = format!(r#"{{"status": 200, "body": {page}}}"#).parse().unwrap();
    // As a value the number loses digits; on the wire below it must not.
    assert_ne!(odd["body"].to_string(), page);
    for (fault, status, part) in [
        (json!({"status": 503}), 503, r#""code":503"#),
        (json!({"on": "boards/list", "status": 404}), 404, r#""code":2"#),
        (json!({"status": 400, "body": {"code": 4_196}}), 400, r#"{"code":4196}"#),
        (json!({"status": 200, "body": null}), 200, "null"),
        (json!({"status": 502, "body_text": "<html>"}), 502, "<html>"),
        (json!({"rate_limit": "bare"}), 429, r#""code":29"#),
        (json!({"rate_limit": "code_8"}), 429, r#""code":8"#),
        (json!({"rate_limit": "code_8_with_status_200"}), 200, r#""code":8"#),
        (json!({"rate_limit": "code_8_beside_items"}), 200, r#"{"items":[]"#),
        (json!({"rate_limit": "code_8_in_large_body"}), 200, "          "),
        (json!({"rate_limit": {"reset_header": 3}}), 429, r#""code":29"#),
        (json!({"rate_limit": {"retry_after_header": 3}}), 429, r#""code":29"#),
        (json!({"rate_limit": {"message": 3}}), 429, "Retry after 3 seconds"),
        (json!({"rate_limit": {"bad_request": 3}}), 400, "Retry after 3 seconds"),
        (json!({"odd_body": "html"}), 200, "<html>"),
        (json!({"odd_body": "empty"}), 200, ""),
        (json!({"odd_body": "null"}), 200, "null"),
        (json!({"odd_body": "array"}), 200, "[]"),
        (json!({"odd_body": "no_items"}), 200, r#"{"bookmark":null}"#),
        (json!({"odd_body": "items_null"}), 200, r#"{"items":null"#),
        (json!({"odd_body": "item_not_an_object"}), 200, r#"{"items":[1,"x"]"#),
        (json!({"odd_body": {"huge": 100_000}}), 200, "xxx"),
        (json!({"invalid_grant": true}), 400, "invalid_grant"),
        (json!({"invalid_client": true}), 401, "invalid_client"),
    ] {
        let reply = struck(&shop, &fault).await.unwrap();
        assert_eq!(reply.status, status, "{fault}");
        assert!(reply.text.contains(part), "{fault}: {}", reply.text);
        let waits = ["x-ratelimit-reset", "retry-after"].map(|name| reply.header(name).is_some());
        let form = &fault["rate_limit"];
        assert_eq!(
            waits,
            [form.get("reset_header"), form.get("retry_after_header")].map(|wait| wait.is_some()),
            "{fault}"
        );
    }
    let reply = ask(&shop, "POST", "faults", &format!(r#"{{"status": 200, "body": {page}}}"#)).await;
    assert_eq!(good(&reply), json!({}));
    assert_eq!(shop.get("/boards").await.text, page, "as it is written");
}

#[tokio::test]
async fn headers_come_with_any_answer() {
    let shop = open(FakePinterest::builder()).await;
    let headers = json!({"X-RateLimit-Reset": "7", "content-type": "text/html"});
    for fault in [
        json!({"status": 429, "headers": headers}),
        json!({"rate_limit": {"reset_header": 3}, "headers": headers}),
        json!({"odd_body": "wrong_json", "headers": headers}),
        json!({"duplicate_first_item": true, "headers": headers}),
    ] {
        change(&shop, "POST", "faults", fault.clone()).await;
        let response = shop.ask("/boards").send().await.unwrap();
        assert_eq!(response.headers()["x-ratelimit-reset"], "7", "{fault}");
        assert_eq!(response.headers()["content-type"], "text/html", "{fault}");
    }
    assert_eq!(shop.get("/boards").await.header("x-ratelimit-reset"), None);
}

#[tokio::test]
async fn every_fault_that_changes_an_answer() {
    let shop = open(FakePinterest::builder().max_page_size(2)).await;
    let usual = shop.get("/boards").await;
    let second = with("/boards", &format!("bookmark={}", usual.bookmark().unwrap()));

    assert!(struck(&shop, &json!({"reset_connection": true})).await.unwrap_err().is_request());
    assert!(struck(&shop, &json!({"odd_body": "truncated"})).await.is_err());
    let half = struck(&shop, &json!({"odd_body": "wrong_json"})).await.unwrap();
    assert!(half.status == 200 && serde_json::from_str::<Value>(&half.text).is_err());
    let doubled = struck(&shop, &json!({"duplicate_first_item": true})).await.unwrap().items();
    assert_eq!(doubled, [&usual.items()[..], &usual.items()[..1]].concat());

    change(&shop, "POST", "faults", json!({"repeat_bookmark": true, "on_later_pages": true})).await;
    assert_eq!(shop.get("/boards").await.bookmark(), usual.bookmark());
    assert_eq!(shop.get(&second).await.bookmark(), usual.bookmark());
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_in_milliseconds() {
    let shop = open(FakePinterest::builder()).await;
    let begin = Instant::now();
    assert_eq!(struck(&shop, &json!({"delay_ms": 2_500})).await.unwrap().status, 200);
    assert_eq!(begin.elapsed().as_millis(), Duration::from_millis(2_500).as_millis());
}

#[tokio::test]
async fn a_fault_strikes_where_and_when_it_says() {
    let shop = open(FakePinterest::builder()).await;
    let account = &shop.ad_accounts()[0];
    let down = |rest: Value| {
        let mut fault = json!({"status": 503});
        fault.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        fault
    };
    let series = json!([
        {"on": "boards/list", "status": 200, "body": {"items": [{"id": "1"}], "bookmark": "a"}},
        {"on": "boards/list", "nth": 2, "status": 200, "body": {"items": [], "bookmark": null}},
    ]);
    change(&shop, "POST", "faults", series).await;
    assert_eq!(shop.get("/boards").await.bookmark().as_deref(), Some("a"));
    assert_eq!(shop.get("/boards").await.items(), Vec::<Value>::new());
    assert!(!shop.get("/boards").await.items().is_empty());

    change(&shop, "POST", "faults", down(json!({"on": "boards/list", "nth": 2, "times": 2}))).await;
    assert_eq!(shop.statuses("/catalogs").await, [200]);
    assert_eq!(shop.statuses("/boards").await, [200, 503, 503, 200]);
    change(&shop, "POST", "faults", down(json!({"path_contains": account, "for_ever": true}))).await;
    assert_eq!(shop.statuses("/boards").await, [200]);
    assert_eq!(shop.statuses(&shop.first("ads")).await, [503, 503, 503]);
    change(&shop, "DELETE", "faults", Value::Null).await;
    assert_eq!(shop.statuses(&shop.first("ads")).await, [200]);
}

#[tokio::test]
async fn faults_reach_the_refresh_and_every_part_of_a_report_but_not_the_door() {
    let shop = open(FakePinterest::builder().keep_refresh_token()).await;
    let config = shop.fake.config();
    let [id, secret, token] = ["client_id", "client_secret", "refresh_token"]
        .map(|name| config["credentials"][name].as_str().unwrap());
    let refresh = async || {
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        send(shop.http.post(shop.fake.url() + "/oauth/token").basic_auth(id, Some(secret)).body(form)).await
    };
    let (account, body) = (&shop.ad_accounts()[0], body("CAMPAIGN", 5, 0));
    for fault in ["without_access_token", "without_expires_in"] {
        change(&shop, "POST", "faults", json!({"on": "oauth/token", fault: true})).await;
        let reply = refresh().await;
        assert_eq!((reply.status, reply.json().get(&fault["without_".len()..])), (200, None));
    }
    assert_eq!(get(&shop, "refreshes").await, json!({"refreshes": 2, "refusals": 0}));

    let once = |operation: &str| json!({"on": operation, "status": 503});
    change(&shop, "POST", "reports", json!({"steps": ["finished"]})).await;
    change(&shop, "POST", "faults", once("analytics/create_report")).await;
    assert_eq!(shop.create(account, &body).await.status, 503);
    let poll = shop.created(account, &body).await;
    change(&shop, "POST", "faults", once("analytics/get_report")).await;
    assert_eq!(shop.statuses(&poll).await, [503, 200]);
    let link = shop.get(&poll).await.json()["url"].as_str().unwrap().to_owned();
    change(&shop, "POST", "faults", once("report/download")).await;
    assert_eq!(shop.download(&link).await.status, 503);
    let whole = shop.download(&link).await.text;
    let half = json!({"on": "report/download", "odd_body": "wrong_json"});
    change(&shop, "POST", "faults", half).await;
    assert!(whole.starts_with(&shop.download(&link).await.text));

    change(&shop, "POST", "faults", json!({"status": 503, "for_ever": true})).await;
    assert_eq!(shop.statuses("/boards").await, [503]);
    get(&shop, "account").await;
}

#[tokio::test]
async fn reports_do_what_their_steps_say() {
    let shop = open(FakePinterest::builder()).await;
    let (account, body) = (&shop.ad_accounts()[0], body("CAMPAIGN", 5, 0));
    let created = || shop.created(account, &body);
    let steps = json!([{"status": "ON_HOLIDAY"}, "no_status", "not_found", {"odd": "array"}, "null_link"]);
    change(&shop, "POST", "reports", json!({"steps": steps})).await;
    change(&shop, "POST", "reports", json!({"steps": ["expired_link"]})).await;
    change(&shop, "POST", "reports", json!({"steps": ["finished"], "every": true})).await;
    let (first, second, third) = (created().await, created().await, created().await);
    assert_eq!(get(&shop, "reports").await, json!({"most_at_once": 3}));
    let without_link = |status: &str| json!({"report_status": status, "url": null, "size": null});
    assert_eq!(shop.get(&first).await.json(), without_link("ON_HOLIDAY"));
    assert_eq!(shop.get(&first).await.json(), json!({"url": null, "size": null}));
    assert_eq!(shop.get(&first).await.status, 404);
    assert_eq!(shop.get(&first).await.text, "[]");
    assert_eq!(shop.get(&first).await.json(), without_link("FINISHED"));
    let big = good(&ask(&shop, "PUT", "big-reports", r#"{"bytes": 20000}"#).await);
    assert!(big["rows"].as_u64().unwrap() >= 10, "{big}");
    for (poll, status) in [(second, 403), (third, 200)] {
        let link = shop.get(&poll).await.json()["url"].as_str().unwrap().to_owned();
        let download = shop.download(&link).await;
        assert_eq!((download.status, download.text.len() >= 20_000), (status, status == 200));
    }
}

#[tokio::test]
async fn time_goes_on_when_it_is_told_to() {
    let shop = open(FakePinterest::builder().daily_rows()).await;
    let rows = "rows/ad_account_analytics?from=2026-11-25&to=2026-11-25";
    assert_eq!(get(&shop, rows).await, json!([]), "a day to come");
    change(&shop, "PUT", "now", json!({"now": MIDNIGHT + 2 * DAY})).await;
    assert!(!get(&shop, rows).await.as_array().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_place_and_breaks_nothing() {
    let shop = open(FakePinterest::builder()).await;
    let board = shop.fake.truth("boards")[0]["id"].as_str().unwrap().to_owned();
    let patch = format!("PATCH records/boards/{board}");
    let days = "from=2026-11-20&to=2026-11-23";
    let before = shop.get("/boards").await.text;
    for (request, body, status, told) in [
        ("GET truth/campaign", "", 400, "no stream named campaign"),
        ("GET truth/ads?statuses=ACTIVE,ASLEEP", "", 400, "'statuses' does not know 'ASLEEP'"),
        ("GET truth/ads?status=ACTIVE", "", 400, "unknown parameter status"),
        ("GET requests?from=1", "", 400, "unknown parameter from"),
        (&format!("GET rows/ads?{days}"), "", 400, "no stream of rows named ads"),
        (&format!("GET rows-of-level/SHOE?{days}"), "", 400, "no level named SHOE"),
        ("GET rows/ad_analytics?from=2026-11-20", "", 400, "'to' is required"),
        ("GET rows/ad_analytics?from=yesterday&to=2026-11-20", "", 400, "'from' value 'yesterday'"),
        (
            "GET rows/ad_analytics?from=2026-11-20&to=2026-11-19",
            "",
            400,
            "'from' 2026-11-20 must not be after 'to'",
        ),
        ("GET records/campaign", "", 400, "no stream named campaign"),
        ("POST records/boards", "[{}, 3]", 400, "[1]: invalid type"),
        ("POST records/boards", "{", 400, "EOF"),
        ("POST records/boards", "{} {}", 400, "trailing characters"),
        ("POST records/boards", "", 400, "EOF"),
        ("POST records/board_pins", r#"{"id": "7"}"#, 400, "needs a board_id"),
        ("POST records/keywords", r#"{"id": "7", "parent_id": "8"}"#, 400, "needs a parent_id that is known"),
        ("POST records/campaigns", r#"{"id": "7", "ad_account_id": 8}"#, 400, "needs a ad_account_id"),
        (&patch, "[]", 400, "invalid type"),
        ("PATCH records/boards/nobody", "{}", 404, "boards has no record with the id nobody"),
        ("DELETE records/boards/nobody", "", 404, "boards has no record with the id nobody"),
        (
            "POST faults",
            r#"{"on": "boards", "status": 500}"#,
            400,
            "on: fake-pinterest serves no operation named boards",
        ),
        (
            "POST faults",
            r#"[{"status": 500}, {"on": "boards", "status": 500}]"#,
            400,
            "[1].on: fake-pinterest",
        ),
        ("POST faults", r#"{"status": 500, "boddy": 1}"#, 400, "boddy: unknown field"),
        ("POST faults", r#"[{"rate_limit": "code_9"}]"#, 400, "[0].rate_limit: unknown variant"),
        ("POST faults", r#"{"rate_limit": {"message": "3"}}"#, 400, "rate_limit.message: invalid type"),
        ("POST faults", r#"{"odd_body": "weird"}"#, 400, "odd_body: unknown variant"),
        ("POST faults", r#"{"on": "boards/list"}"#, 400, "a fault needs something that goes wrong"),
        ("POST faults", r#"{"reset_connection": false}"#, 400, "a fault needs something that goes wrong"),
        ("POST faults", r#"[{"status": 500, "odd_body": "html"}]"#, 400, "[0]: only one thing can go wrong"),
        ("POST faults", r#"{"status": 100}"#, 400, "status: 100 is not between 200 and 599"),
        ("POST faults", r#"{"status": -1}"#, 400, "status: invalid value"),
        ("POST faults", r#"{"odd_body": "html", "body": {}}"#, 400, "body: it needs a status"),
        ("POST faults", r#"{"odd_body": "html", "body_text": ""}"#, 400, "body_text: it needs a status"),
        (
            "POST faults",
            r#"{"status": 500, "body": {}, "body_text": ""}"#,
            400,
            "body_text: the body is said already",
        ),
        ("POST faults", r#"{"status": 500, "nth": 0}"#, 400, "nth: invalid value"),
        (
            "POST faults",
            r#"{"status": 500, "times": 2, "for_ever": true}"#,
            400,
            "for_ever: a fault with times ends",
        ),
        ("POST faults", r#"{"status": 500, "headers": {"a b": "c"}}"#, 400, "headers: no header can have"),
        ("POST faults", r#"{"status": 500, "headers": {"a": "b\n"}}"#, 400, "headers: no header can have"),
        ("POST faults", r#"{"status": 500, "headers": {"a": 3}}"#, 400, "headers.a: invalid type"),
        (
            "POST faults",
            r#"{"status": 500, "headers": {"Content-Length": "3"}}"#,
            400,
            "headers: content-length follows",
        ),
        (
            "POST faults",
            r#"{"delay_ms": 3, "headers": {"a": "b"}}"#,
            400,
            "headers: this fault makes no answer",
        ),
        ("POST reports", r#"{"steps": ["finished", "lost"]}"#, 400, "steps[1]: unknown variant"),
        ("POST reports", r#"{"every": true}"#, 400, "missing field `steps`"),
        ("PUT now", r#"{"now": 1795478400000}"#, 400, "now: 1795478400000 is not between"),
        ("PUT now", r#"{"now": "today"}"#, 400, "now: invalid type"),
        ("PUT big-reports", r#"{"bytes": -1}"#, 400, "bytes: invalid value"),
        (
            "PUT big-reports",
            r#"{"bytes": 9000000000000000000}"#,
            400,
            "bytes: 9000000000000000000 is more than",
        ),
        ("GET nowhere", "", 404, "no GET /control/nowhere"),
        ("POST account", "", 404, "no POST /control/account"),
    ] {
        let (method, path) = request.split_once(' ').unwrap();
        let reply = ask(&shop, method, path, body).await;
        let error = reply.json()["error"].as_str().unwrap().to_owned();
        assert!(reply.status == status && error.contains(told), "{request} {body}: {} {error}", reply.status);
        assert_eq!(shop.get("/boards").await.text, before, "{request} {body}");
    }
}

#[tokio::test]
async fn the_door_is_closed_unless_it_is_asked_for() {
    let shop = Shop::open(FakePinterest::builder()).await;
    assert_eq!(ask(&shop, "GET", "account", "").await.status, 500);
    assert!(!shop.fake.requests()[0].planned);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_absolute_form_is_answered() {
    let shop = open(FakePinterest::builder()).await;
    let token = shop.fake.access_token();
    let address = shop.fake.url().replace("http://", "").replace("/v5", "");
    for (path, is_seen) in [("/v5/boards?page_size=1", true), ("/control/truth/boards", false)] {
        let mut connection = TcpStream::connect(&address).unwrap();
        let head = format!(
            "GET http://api.pinterest.com{path} HTTP/1.1\r\nHost: api.pinterest.com\r\n\
             Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}");
        assert_eq!(shop.fake.requests().len(), usize::from(is_seen), "{path}");
        shop.fake.clear_requests();
    }
}
