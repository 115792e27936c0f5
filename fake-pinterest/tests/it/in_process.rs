//! A server that is asked without a network.

use std::time::Duration;

use fake_pinterest::{Builder, FakePinterest, Fault, OddBody, http};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Shop, reports::body};

/// A server without a network.
fn alone(builder: Builder) -> FakePinterest {
    builder.start_in_process().unwrap()
}

type Answer = std::io::Result<(u16, String)>;

async fn ask(fake: &FakePinterest, method: &str, url: &str, body: String) -> Answer {
    let request = http::Request::builder().method(method).uri(url);
    let token = format!("Bearer {}", fake.access_token());
    let request = if url.contains("/downloads/") { request } else { request.header("authorization", token) };
    let answer = fake.answer(request.body(body.into()).unwrap()).await?;
    Ok((answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap()))
}

async fn get(fake: &FakePinterest, path_and_query: &str) -> Answer {
    ask(fake, "GET", &(fake.url() + path_and_query), String::new()).await
}

#[tokio::test]
async fn answers_as_over_a_network() {
    let alone = alone(FakePinterest::builder().max_page_size(2).rate_limit(
        "catalogs_read",
        1,
        Duration::from_secs(600),
    ));
    let shop = Shop::open(FakePinterest::builder().max_page_size(2).rate_limit(
        "catalogs_read",
        1,
        Duration::from_secs(600),
    ))
    .await;
    for path in ["/boards?page_size=1", "/catalogs", "/catalogs", "/boards?page_size=0", "/boards/7", "/pins"]
    {
        let reply = shop.get(path).await;
        assert_eq!(get(&alone, path).await.unwrap(), (reply.status, reply.text), "{path}");
    }
    let seen = |fake: &FakePinterest| {
        let requests = fake.requests().into_iter();
        requests
            .map(|seen| (seen.order, seen.path, seen.query, seen.bearer, seen.status, seen.planned))
            .collect()
    };
    let (in_process, over_network): (Vec<_>, Vec<_>) = (seen(&alone), seen(&shop.fake));
    assert_eq!(in_process, over_network);
    assert_eq!((alone.refusals(), shop.fake.refusals()), (1, 1));
}

#[tokio::test]
async fn a_report_is_downloaded_from_the_address_of_its_link() {
    let fake = alone(FakePinterest::builder().daily_rows());
    let account = fake.edit(|data| data.ad_account_ids()).remove(0);
    let reports = format!("/ad_accounts/{account}/reports");
    let created =
        ask(&fake, "POST", &(fake.url() + &reports), body("CAMPAIGN", 3, 1).to_string()).await.unwrap().1;
    let token = created.parse::<Value>().unwrap()["token"].as_str().unwrap().to_owned();
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let mut polled = Value::Null;
    for _ in 0..2 {
        polled = get(&fake, &format!("{reports}?token={token}")).await.unwrap().1.parse().unwrap();
    }
    let link = polled["url"].as_str().unwrap();
    let (status, rows) = ask(&fake, "GET", link, String::new()).await.unwrap();
    assert_eq!((status, json!(rows.len())), (200, polled["size"].clone()));
    let elsewhere = link.replace("127.0.0.1:0", "[::1]:9");
    assert_ne!(elsewhere, link);
    assert_eq!(ask(&fake, "GET", &elsewhere, String::new()).await.unwrap(), (200, rows));
}

#[tokio::test]
async fn an_answer_that_does_not_come_whole_is_an_error() {
    let fake = alone(FakePinterest::builder());
    fake.add_fault(Fault::on("boards/list").reset_connection());
    fake.add_fault(Fault::on("boards/list").nth(2).body(OddBody::Truncated));
    let reset = get(&fake, "/boards").await.unwrap_err();
    assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);
    get(&fake, "/boards").await.unwrap_err();
    assert_eq!(get(&fake, "/boards").await.unwrap().0, 200);
    let statuses: Vec<_> = fake.requests().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [None, Some(200), Some(200)]);
}

#[tokio::test(start_paused = true)]
async fn an_hour_passes_as_fast_as_it_is_asked() {
    const HOUR: Duration = Duration::from_secs(3600);
    let fake = alone(FakePinterest::builder().rate_limit("org_read", 1, HOUR));
    let start = Instant::now();
    fake.add_fault(Fault::on("boards/list").delay(Duration::from_secs(5)));
    assert_eq!(get(&fake, "/boards").await.unwrap().0, 200);
    tokio::time::sleep(HOUR - Duration::from_secs(1)).await;
    assert_eq!(get(&fake, "/boards").await.unwrap().0, 429, "it was taken after the delay");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(get(&fake, "/boards").await.unwrap().0, 200);
    assert_eq!(start.elapsed(), HOUR + Duration::from_secs(5));
    let after: Vec<_> = fake.requests().iter().map(|seen| seen.after.as_secs()).collect();
    assert_eq!(after, [0, 3604, 3605]);
}

#[tokio::test]
async fn the_control_door_is_not_there() {
    let fake = alone(FakePinterest::builder().control_door());
    let (status, _) = get(&fake, "/../control/requests").await.unwrap();
    assert_eq!(status, 500);
    assert!(FakePinterest::builder().rate_limit("ads_reed", 1, Duration::MAX).start_in_process().is_err());
}
