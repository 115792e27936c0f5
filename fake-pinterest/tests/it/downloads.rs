//! The files of reports.

use std::collections::BTreeSet;

use fake_pinterest::{FakePinterest, Fault, OddBody, ReportStep};
use serde_json::{Value, json};

use super::{
    Shop,
    days::{ago, date},
    reports::body,
    send, try_send,
};

async fn shop() -> (Shop, String) {
    let shop = Shop::open(FakePinterest::builder()).await;
    let link = shop.link(&shop.ad_accounts()[0], &body("PIN_PROMOTION", 100, 0)).await;
    (shop, link)
}

#[tokio::test]
async fn a_link_works_without_a_token_and_is_refused_with_one() {
    let (shop, link) = shop().await;
    assert_eq!(shop.download(&link).await.status, 200);
    let refused = send(shop.http.get(&link).bearer_auth(shop.fake.access_token())).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("<Code>InvalidArgument</Code>"), "{}", refused.text);
    let seen = shop.fake.requests().pop().unwrap();
    assert_eq!((seen.operation, seen.category, seen.planned), (Some("report/download"), None, true));
    assert!(seen.path.starts_with("/downloads/"), "{}", seen.path);
}

#[tokio::test]
async fn a_signature_must_be_that_of_the_link() {
    let (shop, link) = shop().await;
    let (path, _) = link.split_once('?').unwrap();
    let other = link.replace("/downloads/0", "/downloads/1");
    assert_ne!(other, link);
    for wrong in [path.to_owned(), format!("{path}?signature=abc"), format!("{link}x"), other] {
        let refused = shop.download(&wrong).await;
        assert_eq!(
            (refused.status, refused.header("content-type")),
            (403, Some("application/xml")),
            "{wrong}"
        );
        assert!(refused.text.contains("<Code>AccessDenied</Code>"), "{}", refused.text);
    }
}

#[tokio::test]
async fn an_expired_link_is_refused_and_the_next_one_works() {
    let shop = Shop::open(FakePinterest::builder()).await;
    shop.fake.script_report([ReportStep::ExpiredLink, ReportStep::Finished]);
    let poll = shop.created(&shop.ad_accounts()[0], &body("CAMPAIGN", 5, 0)).await;
    for status in [403, 200, 200] {
        let finished = shop.get(&poll).await.json();
        assert_eq!(finished["report_status"], "FINISHED");
        assert_eq!(shop.download(finished["url"].as_str().unwrap()).await.status, status);
    }
}

#[tokio::test]
async fn the_size_is_that_of_the_file() {
    let shop = Shop::open(FakePinterest::builder()).await;
    shop.fake.script_every_report([ReportStep::Finished]);
    for bytes in [None, Some(100_000)] {
        bytes.map(|bytes| shop.fake.big_reports(bytes));
        let poll = shop.created(&shop.ad_accounts()[0], &body("PIN_PROMOTION", 100, 0)).await;
        let finished = shop.get(&poll).await.json();
        let file = shop.download(finished["url"].as_str().unwrap()).await;
        assert_eq!(finished["size"], file.text.len(), "{bytes:?}");
        assert!(file.text.len() > 5_000);
    }
}

#[tokio::test]
async fn a_download_meets_faults_as_any_request() {
    let (shop, link) = shop().await;
    let whole = shop.download(&link).await.text;
    let fault = || Fault::on("report/download");
    shop.fake.add_fault(fault().status(503));
    assert_eq!(shop.download(&link).await.status, 503);
    shop.fake.add_fault(fault().reset_connection());
    assert!(try_send(shop.http.get(&link)).await.is_err());
    for (odd, text) in [(OddBody::Empty, ""), (OddBody::Null, "null"), (OddBody::Array, "[]")] {
        shop.fake.add_fault(fault().body(odd));
        assert_eq!(shop.download(&link).await.text, text);
    }
    shop.fake.add_fault(fault().body(OddBody::Html));
    assert_eq!(shop.download(&link).await.header("content-type"), Some("text/html"));
    shop.fake.add_fault(fault().body(OddBody::WrongJson));
    let half = shop.http.get(&link).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(half, whole.as_bytes()[..whole.len() / 2]);
    shop.fake.add_fault(fault().body(OddBody::Truncated));
    let cut = shop.http.get(&link).send().await.unwrap();
    assert_eq!(cut.content_length(), Some(whole.len() as u64));
    assert!(cut.bytes().await.is_err());
    assert_eq!(shop.download(&link).await.text, whole);
}

#[tokio::test]
async fn a_big_report_has_the_rows_that_were_promised() {
    const BYTES: usize = 3_000_000;
    let shop = Shop::open(FakePinterest::builder()).await;
    let rows = shop.fake.big_reports(BYTES);
    let account = &shop.ad_accounts()[0];
    for (level, columns) in [("PIN_PROMOTION", None), ("CAMPAIGN_TARGETING", Some(json!(["CTR"])))] {
        let mut asked = body(level, 29, -5);
        asked["columns"] = columns.unwrap_or(asked["columns"].take());
        let file = shop.download(&shop.link(account, &asked).await).await;
        assert!((BYTES..BYTES * 5 / 4).contains(&file.text.len()), "{}", file.text.len());
        let file = file.json();
        let id_column = if level == "PIN_PROMOTION" { "PIN_PROMOTION_ID" } else { "CAMPAIGN_ID" };
        let (first, last) = (date(&ago(29)), date(&ago(0)));
        let mut seen = BTreeSet::new();
        for (key, rows) in file.as_object().unwrap() {
            for row in rows.as_array().unwrap() {
                let length = row.to_string().len();
                assert!((1_000..2_048).contains(&length), "{length}");
                assert_eq!(row[id_column], key.as_str());
                assert!((first..=last).contains(&date(row["DATE"].as_str().unwrap())), "{row}");
                assert!(seen.insert((key.clone(), row["DATE"].to_string())), "twice: {row}");
            }
        }
        assert_eq!(seen.len() as u64, rows, "{level}");
    }
}

#[tokio::test]
async fn a_big_report_of_totals_has_one_row_for_each_entity() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let rows = shop.fake.big_reports(50_000);
    let mut asked = body("CAMPAIGN", 29, 0);
    asked["granularity"] = "TOTAL".into();
    let file = shop.download(&shop.link(&shop.ad_accounts()[0], &asked).await).await.json();
    let file: Vec<&Value> = file.as_object().unwrap().values().collect();
    assert_eq!(file.len() as u64, rows);
    assert!(file.iter().all(|rows| rows.as_array().unwrap().len() == 1 && rows[0].get("DATE").is_none()));
}
