//! Reports from their creation to their last poll.

use std::collections::BTreeSet;

use fake_pinterest::{FakePinterest, OddBody, ReportStep, operation_of};
use serde_json::{Value, json};

use super::{
    Reply, Shop,
    days::{ago, date},
    send,
};

const COLUMNS: &[&str] = &[
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

/// The body that asks for a level and the days from so many to so many ago.
pub(crate) fn body(level: &str, from: i64, to: i64) -> Value {
    let mut columns = COLUMNS.to_vec();
    if !level.starts_with("PRODUCT_ITEM") {
        columns.extend(["AD_ID", "PIN_PROMOTION_ID"]);
    }
    json!({"start_date": ago(from), "end_date": ago(to), "granularity": "DAY", "level": level, "columns": columns})
}

impl Shop {
    pub(crate) async fn create(&self, account: &str, body: &Value) -> Reply {
        let url = format!("{}/ad_accounts/{account}/reports", self.fake.url());
        let request = self.http.post(url).bearer_auth(self.fake.access_token());
        send(request.header("content-type", "application/json").body(body.to_string())).await
    }

    /// Creates a report and gives the path of its polls.
    pub(crate) async fn created(&self, account: &str, body: &Value) -> String {
        let reply = self.create(account, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let answer = reply.json();
        assert_eq!((&answer["report_status"], &answer["message"]), (&json!("IN_PROGRESS"), &json!("")));
        let token = answer["token"].as_str().unwrap();
        assert!(token.contains('+') && token.contains('/'), "{token}");
        let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        format!("/ad_accounts/{account}/reports?token={token}")
    }

    /// The file that a link leads to.
    pub(crate) async fn download(&self, link: &str) -> Reply {
        send(self.http.get(link)).await
    }

    /// The link of a report that is finished at the second poll.
    pub(crate) async fn link(&self, account: &str, body: &Value) -> String {
        let poll = self.created(account, body).await;
        assert_eq!(
            self.get(&poll).await.json(),
            json!({"report_status": "IN_PROGRESS", "url": null, "size": null})
        );
        let finished = self.get(&poll).await.json();
        assert_eq!(finished["report_status"], "FINISHED");
        assert_eq!(self.get(&poll).await.json(), finished, "it stays finished");
        finished["url"].as_str().unwrap().to_owned()
    }

    /// All rows of a report, with the keys they stand under.
    async fn report(&self, account: &str, body: &Value) -> Vec<(String, Value)> {
        let file = self.download(&self.link(account, body).await).await;
        assert_eq!(file.status, 200, "{}", file.text);
        let rows_of = |(key, rows): (&String, &Value)| {
            let rows = rows.as_array().unwrap();
            assert!(!rows.is_empty(), "{key}");
            rows.iter().map(|row| (key.clone(), row.clone())).collect::<Vec<_>>()
        };
        file.json().as_object().unwrap().iter().flat_map(rows_of).collect()
    }
}

fn without_keys(rows: Vec<(String, Value)>) -> Vec<Value> {
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The id in a column, written as text or as a number.
fn id(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

const STREAMS: &[(&str, &str, &str)] = &[
    ("advertiser_report", "ADVERTISER", "ADVERTISER_ID"),
    ("advertiser_targeting_report", "ADVERTISER_TARGETING", "ADVERTISER_ID"),
    ("campaign_analytics_report", "CAMPAIGN", "CAMPAIGN_ID"),
    ("campaign_targeting_report", "CAMPAIGN_TARGETING", "CAMPAIGN_ID"),
    ("ad_group_report", "AD_GROUP", "AD_GROUP_ID"),
    ("ad_group_targeting_report", "AD_GROUP_TARGETING", "AD_GROUP_ID"),
    ("pin_promotion_report", "PIN_PROMOTION", "PIN_PROMOTION_ID"),
    ("pin_promotion_targeting_report", "PIN_PROMOTION_TARGETING", "PIN_PROMOTION_ID"),
    ("product_group_report", "PRODUCT_GROUP", "PRODUCT_GROUP_ID"),
    ("product_group_targeting_report", "PRODUCT_GROUP_TARGETING", "PRODUCT_GROUP_ID"),
    ("product_item_report", "PRODUCT_ITEM", "PRODUCT_ITEM_ID"),
    ("keyword_report", "KEYWORD", "KEYWORD_ID"),
];

#[tokio::test]
async fn every_level_has_the_rows_that_a_connector_must_deliver() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let items = ("", "PRODUCT_ITEM_TARGETING", "PRODUCT_ITEM_ID");
    for (stream, level, id_column) in STREAMS.iter().copied().chain([items]) {
        // Product items have 31 days at most, others 186.
        let from = if level.starts_with("PRODUCT_ITEM") { 30 } else { 185 };
        let mut read = Vec::new();
        for account in shop.ad_accounts() {
            let rows = shop.report(&account, &body(level, from, 0)).await;
            for (key, row) in &rows {
                assert_eq!((&id(&row[id_column]), &id(&row["AD_ACCOUNT_ID"])), (key, &account), "{level}");
            }
            read.extend(without_keys(rows));
        }
        let (from, to) = (date(&ago(from)), date(&ago(0)));
        assert_eq!(read, shop.fake.rows_of_level(level, from, to), "{level}");
        if !stream.is_empty() {
            assert_eq!(read, shop.fake.rows(stream, from, to), "{level}");
            assert_eq!(operation_of(stream), "analytics/create_report");
        }
        assert!(!read.is_empty(), "{level}");
        let mut days = BTreeSet::new();
        let targeted = level.ends_with("_TARGETING");
        for row in &read {
            assert_eq!(row["TARGETING_TYPE"].is_string(), targeted, "{level}: {row}");
            let value = row["TARGETING_VALUE"].as_str().map(str::to_owned);
            assert!(days.insert((id(&row[id_column]), id(&row["DATE"]), value)), "{level} twice: {row}");
        }
        let entity_days: BTreeSet<_> = days.iter().map(|(id, day, _)| (id, day)).collect();
        assert_eq!(days.len(), entity_days.len() * if targeted { 2 } else { 1 }, "{level}");
    }
}

#[tokio::test]
async fn ids_are_written_as_text_or_as_numbers() {
    let shop = Shop::open(FakePinterest::builder().daily_rows()).await;
    let rows = shop.fake.rows("pin_promotion_report", date(&ago(0)), date(&ago(0)));
    for column in ["CAMPAIGN_ID", "PIN_ID", "PIN_PROMOTION_ID"] {
        assert!(rows.iter().any(|row| row[column].is_string()), "{column}");
        assert!(rows.iter().any(|row| row[column].is_u64()), "{column}");
        assert!(rows.iter().all(|row| (12..=18).contains(&id(&row[column]).len())), "{column}");
    }
    assert!(rows.iter().all(|row| row["AD_ID"].is_string() && row["AD_ACCOUNT_ID"].is_string()));
    let ads = shop.fake.edit(|data| data.records("ads"));
    let told: BTreeSet<String> = rows.iter().map(|row| id(&row["PIN_PROMOTION_ID"])).collect();
    assert_eq!(told, ads.iter().map(|ad| id(&ad["id"])).collect(), "whatever their status");
}

#[tokio::test]
async fn columns_and_granularity_are_as_asked() {
    let shop = Shop::open(FakePinterest::builder().daily_rows()).await;
    let account = &shop.ad_accounts()[0];
    let mut asked = body("CAMPAIGN", 29, 0);
    asked["columns"] = json!(["TOTAL_CHECKOUT", "AD_STATUS"]);
    let row = &shop.report(account, &asked).await[0].1;
    assert_eq!(
        row.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["DATE", "CAMPAIGN_ID", "TOTAL_CHECKOUT"]
    );
    let per_entity = |rows: &[(String, Value)]| {
        let entities: BTreeSet<&String> = rows.iter().map(|(key, _)| key).collect();
        rows.len() / entities.len()
    };
    for (granularity, rows) in [("TOTAL", 1), ("MONTH", 2), ("WEEK", 5), ("DAY", 30)] {
        asked["granularity"] = granularity.into();
        let read = shop.report(account, &asked).await;
        assert_eq!(per_entity(&read), rows, "{granularity}");
        assert_eq!(read[0].1.get("DATE").is_some(), granularity != "TOTAL");
    }
    let mut hourly = body("CAMPAIGN", 2, 1);
    hourly["granularity"] = "HOUR".into();
    let read = shop.report(account, &hourly).await;
    assert_eq!(per_entity(&read), 48);
    assert_eq!((&read[47].1["HOUR"], read[47].1.get("TOTAL_CHECKOUT")), (&json!(23), None));
}

#[tokio::test]
async fn statuses_choose_by_the_summary_status_of_the_level() {
    let shop = Shop::open(FakePinterest::builder().daily_rows()).await;
    let account = shop.ad_accounts().remove(0);
    let records = |stream: &str| {
        let mut records = shop.fake.edit(|data| data.records(stream));
        records.retain(|record| record["ad_account_id"] == account.as_str());
        records
    };
    let (campaigns, ads) = (records("campaigns"), records("ads"));
    let status_of = |id: &Value| {
        let campaign = campaigns.iter().find(|campaign| campaign["id"] == *id).unwrap();
        campaign["summary_status"].as_str().unwrap().to_owned()
    };
    for (filter, wanted) in [("campaign_statuses", "RUNNING"), ("ad_statuses", "APPROVED")] {
        let mut asked = body("PIN_PROMOTION", 1, 1);
        asked[filter] = json!([wanted, "ARCHIVED"]);
        let read: BTreeSet<String> =
            shop.report(&account, &asked).await.into_iter().map(|(key, _)| key).collect();
        let passes = |ad: &&Value| match filter {
            "ad_statuses" => ad["summary_status"] == wanted,
            _ => status_of(&ad["campaign_id"]) == wanted,
        };
        let expected: BTreeSet<String> = ads.iter().filter(passes).map(|ad| id(&ad["id"])).collect();
        assert_eq!(read, expected, "{filter}");
        assert!(!read.is_empty() && read.len() < ads.len(), "{filter}");
    }
    let mut asked = body("AD_GROUP", 1, 1);
    asked["ad_group_statuses"] = json!(["PAUSED"]);
    let read = shop.report(&account, &asked).await.len();
    let paused = records("ad_groups").iter().filter(|group| group["summary_status"] == "PAUSED").count();
    assert_eq!(read, paused);
    assert!(paused > 0);
}

/// A body with one key changed; null takes it away.
fn changed(level: &str, days: (i64, i64), key: &str, value: Value) -> Value {
    let mut body = body(level, days.0, days.1);
    match value {
        Value::Null => drop(body.as_object_mut().unwrap().remove(key)),
        value => body[key] = value,
    }
    body
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let account = &shop.ad_accounts()[0];
    for (key, wrong) in [
        ("start_date", Value::Null),
        ("start_date", json!(20_261_101)),
        ("start_date", json!("2026-11-1")),
        ("start_date", json!(ago(-1))),
        ("end_date", Value::Null),
        ("end_date", json!("soon")),
        ("granularity", Value::Null),
        ("granularity", json!("YEAR")),
        ("level", Value::Null),
        ("level", json!("AD")),
        ("level", json!(["CAMPAIGN"])),
        ("columns", Value::Null),
        ("columns", json!([])),
        ("columns", json!("CTR")),
        ("columns", json!(["CTR", "KEYWORD_ID"])),
        ("click_window_days", json!(2)),
        ("engagement_window_days", json!("30")),
        ("view_window_days", json!(1.5)),
        ("conversion_report_time", json!("TIME_OF_CLICK")),
        ("attribution_types", json!(["INDIVIDUAL", "COMPANY"])),
        ("campaign_statuses", json!([])),
        ("campaign_statuses", json!(["ACTIVE"])),
        ("ad_group_statuses", json!(vec!["RUNNING"; 7])),
        ("ad_statuses", json!(["RUNNING"])),
    ] {
        let reply = shop.create(account, &changed("CAMPAIGN", (5, 0), key, wrong.clone())).await;
        assert_eq!((reply.status, reply.code()), (400, 1), "{key}: {wrong} {}", reply.text);
    }
    for (key, right) in [
        ("click_window_days", json!(0)),
        ("conversion_report_time", json!("TIME_OF_CONVERSION")),
        ("attribution_types", json!(["INDIVIDUAL", "HOUSEHOLD"])),
        ("campaign_statuses", json!(["RUNNING", "PAUSED", "NOT_STARTED", "COMPLETED", "ARCHIVED", "DRAFT"])),
        ("ad_group_statuses", json!(["ADVERTISER_DISABLED"])),
        ("ad_statuses", json!(["APPROVED"])),
    ] {
        let reply = shop.create(account, &changed("CAMPAIGN", (5, 0), key, right)).await;
        assert_eq!(reply.status, 200, "{key}: {}", reply.text);
    }
    for (key, wrong) in [
        ("columns", json!(["CTR", "AD_ID"])),
        ("columns", json!(["PIN_PROMOTION_STATUS"])),
        ("ad_statuses", json!(["APPROVED"])),
    ] {
        for level in ["PRODUCT_ITEM", "PRODUCT_ITEM_TARGETING"] {
            let reply = shop.create(account, &changed(level, (5, 0), key, wrong.clone())).await;
            assert_eq!(reply.status, 400, "{key}: {wrong}");
        }
    }
    assert_eq!(shop.create("1", &body("CAMPAIGN", 5, 0)).await.status, 404);
    assert_eq!(shop.create(account, &json!([])).await.status, 400);
}

#[tokio::test]
async fn a_report_reaches_as_far_as_its_level_allows() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let account = &shop.ad_accounts()[0];
    for (level, granularity, from, to, status) in [
        ("CAMPAIGN", "DAY", 914, 914 - 185, 200),
        ("CAMPAIGN", "DAY", 914, 914 - 186, 400),
        ("CAMPAIGN", "TOTAL", 915, 900, 400),
        ("PRODUCT_ITEM", "DAY", 92, 92 - 30, 200),
        ("PRODUCT_ITEM", "DAY", 92, 92 - 31, 400),
        ("PRODUCT_ITEM_TARGETING", "DAY", 93, 90, 400),
        ("CAMPAIGN", "HOUR", 8, 6, 200),
        ("CAMPAIGN", "HOUR", 8, 5, 400),
        ("PRODUCT_ITEM", "HOUR", 9, 8, 400),
    ] {
        let body = changed(level, (from, to), "granularity", granularity.into());
        let reply = shop.create(account, &body).await;
        assert_eq!(reply.status, status, "{level} {granularity} {from} to {to}");
    }
}

#[tokio::test]
async fn the_body_is_kept_and_a_key_nobody_planned_is_a_loud_error() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let account = &shop.ad_accounts()[0];
    let good = body("CAMPAIGN", 5, 0);
    shop.create(account, &good).await;
    let unknown = changed("CAMPAIGN", (5, 0), "report_format", json!("CSV"));
    let reply = shop.create(account, &unknown).await;
    assert_eq!(reply.status, 500, "{}", reply.text);
    let form = shop.http.post(shop.fake.url() + "/oauth/token").body("{\"refresh_token\":\"secret\"}");
    send(form).await;
    let told: Vec<_> =
        shop.fake.requests().into_iter().map(|request| (request.body, request.planned)).collect();
    assert_eq!(told, [(Some(good), true), (Some(unknown), false), (None, true)]);
}

#[tokio::test]
async fn polls_answer_what_a_script_says() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let account = &shop.ad_accounts()[0];
    let body = body("CAMPAIGN", 5, 0);
    shop.fake.script_report([
        ReportStep::NoStatus,
        ReportStep::status("QUEUED_SOMEWHERE"),
        ReportStep::NotFound,
        ReportStep::Odd(OddBody::Html),
        ReportStep::Odd(OddBody::WrongJson),
        ReportStep::NullLink,
        ReportStep::status("FAILED"),
    ]);
    shop.fake.script_report([ReportStep::status("CANCELLED")]);
    shop.fake.script_every_report([ReportStep::Finished]);
    let first = shop.created(account, &body).await;
    let (second, third, fourth) = (
        shop.created(account, &body).await,
        shop.created(account, &body).await,
        shop.created(account, &body).await,
    );
    let without_link = |status: &str| json!({"report_status": status, "url": null, "size": null});
    assert_eq!(shop.get(&first).await.json(), json!({"url": null, "size": null}));
    assert_eq!(shop.get(&first).await.json(), without_link("QUEUED_SOMEWHERE"));
    assert_eq!(shop.get(&first).await.status, 404);
    assert_eq!(shop.get(&first).await.header("content-type"), Some("text/html"));
    assert!(serde_json::from_str::<Value>(&shop.get(&first).await.text).is_err());
    assert_eq!(shop.get(&first).await.json(), without_link("FINISHED"));
    for _ in 0..3 {
        assert_eq!(shop.get(&first).await.json(), without_link("FAILED"), "the last step stays");
        assert_eq!(shop.get(&second).await.json(), without_link("CANCELLED"));
    }
    for poll in [third, fourth] {
        let finished = shop.get(&poll).await.json();
        assert_eq!(finished["report_status"], "FINISHED");
        assert_eq!(shop.download(finished["url"].as_str().unwrap()).await.status, 200);
    }
}

#[tokio::test]
async fn a_report_belongs_to_its_ad_account() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let accounts = shop.ad_accounts();
    let poll = shop.created(&accounts[0], &body("CAMPAIGN", 5, 0)).await;
    let gone = json!({"report_status": "DOES_NOT_EXIST", "url": null, "size": null});
    assert_eq!(shop.get(&poll.replace(&accounts[0], &accounts[1])).await.json(), gone);
    assert_eq!(shop.get(&shop.first("reports?token=abc")).await.json(), gone);
    assert_eq!(shop.get(&shop.first("reports")).await.status, 400, "without a token");
    assert_eq!(shop.get(&poll).await.json()["report_status"], "IN_PROGRESS");
}

#[tokio::test]
async fn only_so_many_reports_may_be_unfinished() {
    let shop = Shop::open(FakePinterest::builder().reports_at_once(2)).await;
    let account = &shop.ad_accounts()[0];
    let body = body("CAMPAIGN", 5, 0);
    let first = shop.created(account, &body).await;
    shop.created(account, &body).await;
    let refused = shop.create(account, &body).await;
    assert_eq!((refused.status, refused.code()), (429, 8));
    assert_eq!((shop.fake.most_reports_at_once(), shop.fake.refusals()), (2, 1));
    shop.get(&first).await;
    assert_eq!(shop.create(account, &body).await.status, 429, "it is in progress");
    shop.get(&first).await;
    shop.created(account, &body).await;
    assert_eq!((shop.fake.most_reports_at_once(), shop.fake.refusals()), (2, 2));
    let free = Shop::open(FakePinterest::builder()).await;
    assert_eq!(free.fake.most_reports_at_once(), 0);
    for _ in 0..3 {
        free.link(account, &body).await;
    }
    assert_eq!(free.fake.most_reports_at_once(), 1, "one after the other");
}
