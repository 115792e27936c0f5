//! Analytics as a client asks for them.

use std::{collections::BTreeSet, time::Duration};

use fake_pinterest::FakePinterest;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    DAY, MIDNIGHT, Reply, Shop,
    days::{ago, date},
    ids, with,
};

/// All columns that the fake fills.
const COLUMNS: &str = "ADVERTISER_ID,AD_ACCOUNT_ID,CAMPAIGN_ID,AD_GROUP_ID,AD_ID,PIN_PROMOTION_ID,PIN_ID,CAMPAIGN_NAME,\
    CAMPAIGN_ENTITY_STATUS,AD_GROUP_ENTITY_STATUS,SPEND_IN_MICRO_DOLLAR,SPEND_IN_DOLLAR,IMPRESSION_1,IMPRESSION_2,\
    CLICKTHROUGH_1,CTR,ENGAGEMENT_1,TOTAL_ENGAGEMENT,PAID_IMPRESSION,TOTAL_CONVERSIONS,TOTAL_CHECKOUT,\
    TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR,TOTAL_PAGE_VISIT";
/// The path of each level below an ad account, and the parameter that chooses its entities.
const LEVELS: &[(&str, &str)] =
    &[("campaigns", "campaign_ids"), ("ad_groups", "ad_group_ids"), ("ads", "ad_ids")];

fn query(start: &str, end: &str, granularity: &str, columns: &str) -> String {
    format!("start_date={start}&end_date={end}&granularity={granularity}&columns={columns}")
}

/// The analytics of one ad account for the days from so many to so many ago.
async fn of_account(shop: &Shop, account: &str, (from, to): (i64, i64), granularity: &str) -> Vec<Value> {
    let query = query(&ago(from), &ago(to), granularity, COLUMNS);
    rows(&shop.get(&format!("/ad_accounts/{account}/analytics?{query}")).await)
}

#[track_caller]
fn rows(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json().as_array().unwrap().clone()
}

async fn daily() -> Shop {
    Shop::open(FakePinterest::builder().daily_rows()).await
}

#[tokio::test]
async fn what_is_served_is_what_a_connector_must_deliver() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let (from, to) = (date(&ago(89)), date(&ago(0)));
    let mut read = Vec::new();
    for account in shop.ad_accounts() {
        read.extend(of_account(&shop, &account, (89, 0), "DAY").await);
    }
    assert_eq!(read, shop.fake.rows("ad_account_analytics", from, to));
    assert!(read.len() > 20, "{}", read.len());

    for ((list, parameter), stream) in
        LEVELS.iter().zip(["campaign_analytics", "ad_group_analytics", "ad_analytics"])
    {
        let mut read = Vec::new();
        for account in shop.ad_accounts() {
            let listed = shop.get(&format!("/ad_accounts/{account}/{list}?page_size=250")).await.items();
            if !listed.is_empty() {
                let path = format!("/ad_accounts/{account}/{list}/analytics?{parameter}=");
                let query = query(&ago(89), &ago(0), "DAY", COLUMNS);
                read.extend(rows(&shop.get(&format!("{path}{}&{query}", ids(&listed).join(","))).await));
            }
        }
        assert_eq!(read, shop.fake.rows(stream, from, to), "{stream}");
        let all = shop.fake.rows_with_statuses(stream, from, to, &["ACTIVE", "PAUSED", "ARCHIVED", "DRAFT"]);
        assert!(!read.is_empty() && read.len() < all.len(), "{stream}: {}", read.len());
    }
}

#[tokio::test]
async fn a_row_names_its_entity_and_what_is_above_it() {
    let shop = daily().await;
    let ad = &shop.fake.truth("ads")[0];
    let id = ad["id"].as_str().unwrap();
    let query = query(&ago(1), &ago(1), "DAY", COLUMNS);
    let row = &rows(&shop.get(&format!("{}?ad_ids={id}&{query}", shop.first("ads/analytics"))).await)[0];
    let campaigns = shop.fake.edit(|data| data.records("campaigns"));
    let campaign = campaigns.iter().find(|campaign| campaign["id"] == ad["campaign_id"]).unwrap();
    for (column, value) in [
        ("DATE", &json!(ago(1))),
        ("AD_ID", &ad["id"]),
        ("PIN_PROMOTION_ID", &ad["id"]),
        ("PIN_ID", &ad["pin_id"]),
        ("AD_GROUP_ID", &ad["ad_group_id"]),
        ("CAMPAIGN_ID", &ad["campaign_id"]),
        ("CAMPAIGN_NAME", &campaign["name"]),
        ("CAMPAIGN_ENTITY_STATUS", &campaign["status"]),
        ("AD_ACCOUNT_ID", &ad["ad_account_id"]),
        ("ADVERTISER_ID", &ad["ad_account_id"]),
    ] {
        assert_eq!(&row[column], value, "{column}");
    }
    assert_eq!(row.as_object().unwrap().len(), COLUMNS.split(',').count() + 1);
    let micros = row["SPEND_IN_MICRO_DOLLAR"].as_f64().unwrap();
    assert_eq!(row["SPEND_IN_DOLLAR"].as_f64().unwrap(), micros / 1e6);
    let rate = row["CLICKTHROUGH_1"].as_f64().unwrap() / row["IMPRESSION_1"].as_f64().unwrap();
    assert!((row["CTR"].as_f64().unwrap() - rate).abs() < 1e-6);
}

#[tokio::test]
async fn a_row_has_only_what_was_asked_for_and_its_date_and_id() {
    let shop = daily().await;
    let id = shop.fake.truth("campaigns")[0]["id"].as_str().unwrap().to_owned();
    let query = query(&ago(1), &ago(1), "DAY", "CLICKTHROUGH_1,VIDEO_MRC_VIEWS_2,AD_ID");
    let path = format!("{}?campaign_ids={id}&{query}", shop.first("campaigns/analytics"));
    let rows = rows(&shop.get(&path).await);
    assert_eq!(rows.len(), 1);
    let columns: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(columns, ["DATE", "CAMPAIGN_ID", "CLICKTHROUGH_1"]);
}

#[tokio::test]
async fn nothing_is_told_of_days_to_come_nor_of_entities_of_others() {
    let shop = daily().await;
    let accounts = shop.ad_accounts();
    assert_eq!(of_account(&shop, &accounts[0], (2, -3), "DAY").await.len(), 3);
    assert_eq!(of_account(&shop, &accounts[0], (-1, -3), "DAY").await.len(), 0);
    let campaigns = shop.fake.truth("campaigns");
    let of_another =
        campaigns.iter().find(|campaign| campaign["ad_account_id"] == accounts[1].as_str()).unwrap();
    for (id, count) in
        [(campaigns[0]["id"].as_str().unwrap(), 2), (of_another["id"].as_str().unwrap(), 0), ("7", 0)]
    {
        let query = query(&ago(1), &ago(0), "DAY", "CTR");
        let path = format!("{}?campaign_ids={id}&{query}", shop.first("campaigns/analytics"));
        assert_eq!(rows(&shop.get(&path).await).len(), count, "{id}");
    }
}

#[tokio::test]
async fn days_are_put_together_as_asked() {
    let shop = daily().await;
    // The 24th of November 2026 is a Tuesday; 30 days reach from the 26th of October, a Monday.
    let account = &shop.ad_accounts()[0];
    let days = of_account(&shop, account, (29, 0), "DAY").await;
    assert_eq!(days.len(), 30);
    let sum =
        |rows: &[Value], column: &str| rows.iter().map(|row| row[column].as_u64().unwrap()).sum::<u64>();
    let dates = |rows: &[Value]| -> Vec<String> {
        rows.iter().map(|row| row["DATE"].as_str().unwrap_or("none").to_owned()).collect()
    };
    for (granularity, expected) in [
        ("TOTAL", vec!["none"]),
        ("WEEK", vec!["2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23"]),
        ("MONTH", vec!["2026-10-01", "2026-11-01"]),
    ] {
        let rows = of_account(&shop, account, (29, 0), granularity).await;
        assert_eq!(dates(&rows), expected, "{granularity}");
        for column in ["SPEND_IN_MICRO_DOLLAR", "CLICKTHROUGH_1", "TOTAL_CHECKOUT"] {
            assert_eq!(sum(&rows, column), sum(&days, column), "{granularity} {column}");
        }
    }
    shop.fake.set_now(MIDNIGHT + 5 * 3_600 + 1);
    let hours = of_account(&shop, account, (2, 0), "HOUR").await;
    let days = of_account(&shop, account, (2, 0), "DAY").await;
    assert_eq!(hours.len(), 24 + 24 + 6);
    assert_eq!((&hours[0]["DATE"], &hours[0]["HOUR"]), (&json!(ago(2)), &json!(0)));
    assert_eq!((&hours[53]["DATE"], &hours[53]["HOUR"]), (&json!(ago(0)), &json!(5)));
    assert_eq!(sum(&hours, "CLICKTHROUGH_1"), sum(&days, "CLICKTHROUGH_1"));
    assert!(hours[0].get("TOTAL_CHECKOUT").is_none(), "Pinterest has no conversions by the hour");
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let shop = daily().await;
    let path = shop.first("campaigns/analytics");
    let good = format!("campaign_ids=1&{}", query(&ago(1), &ago(0), "DAY", "CTR"));
    assert_eq!(shop.get(&format!("{path}?{good}")).await.status, 200);
    let start = format!("start_date={}", ago(1));
    let end = format!("end_date={}", ago(0));
    let many = format!("campaign_ids={}", vec!["1"; 251].join(","));
    let changes = [
        (start.as_str(), String::new()),
        (&start, "start_date=yesterday".into()),
        (&start, "start_date=2026-11-31".into()),
        (&start, "start_date=2026-11-5".into()),
        (&start, format!("start_date={}", ago(-1))),
        (&start, format!("start_date={}", ago(91))),
        (&start, format!("start_date={}", ago(90))),
        (&end, String::new()),
        (&end, "end_date=0".into()),
        ("granularity=DAY", String::new()),
        ("granularity=DAY", "granularity=YEAR".into()),
        ("columns=CTR", String::new()),
        ("columns=CTR", "columns=".into()),
        ("columns=CTR", "columns=CTR,CLICKS".into()),
        ("columns=CTR", "columns=PRODUCT_GROUP_ID".into()),
        ("campaign_ids=1", String::new()),
        ("campaign_ids=1", "campaign_ids=".into()),
        ("campaign_ids=1", "campaign_ids=12a".into()),
        ("campaign_ids=1", many),
    ];
    for (part, other) in changes {
        let query = good.replace(part, &other).replace("&&", "&");
        let reply = shop.get(&format!("{path}?{query}")).await;
        assert_eq!((reply.status, reply.code()), (400, 1), "{query}: {}", reply.text);
    }
    for (name, wrong, right) in [
        ("click_window_days", "2", "0"),
        ("engagement_window_days", "30d", "30"),
        ("view_window_days", "", "60"),
        ("conversion_report_time", "TIME", "TIME_OF_CONVERSION"),
    ] {
        assert_eq!(shop.get(&format!("{path}?{good}&{name}={right}")).await.status, 200, "{name}");
        assert_eq!(shop.get(&format!("{path}?{good}&{name}={wrong}")).await.status, 400, "{name}");
    }
    for (from, to, granularity, status) in [
        (89, 0, "DAY", 200),
        (90, 1, "DAY", 200),
        (90, 0, "TOTAL", 400),
        (91, 90, "DAY", 400),
        (8, 6, "HOUR", 200),
        (9, 8, "HOUR", 400),
        (8, 5, "HOUR", 400),
    ] {
        let query = query(&ago(from), &ago(to), granularity, "CTR");
        let reply = shop.get(&format!("{}?{query}", shop.first("analytics"))).await;
        assert_eq!(reply.status, status, "{from} to {to} {granularity}");
    }
    assert_eq!(shop.get(&format!("/ad_accounts/1/campaigns/analytics?{good}")).await.status, 404);
    for (path, parameter) in [("analytics", "campaign_ids=1"), ("ads/analytics", "pin_ids=1")] {
        let query = query(&ago(1), &ago(0), "DAY", "CTR");
        let reply = shop.get(&format!("{}?{query}&{parameter}", shop.first(path))).await;
        assert_eq!(reply.status, 500, "{path} {parameter} was not planned");
    }
}

#[tokio::test]
async fn conversions_grow_with_each_day_until_they_are_settled() {
    let shop = Shop::open(FakePinterest::builder().daily_rows().restated_days(3)).await;
    let account = &shop.ad_accounts()[0];
    let path =
        |columns| format!("/ad_accounts/{account}/analytics?{}", query(&ago(0), &ago(0), "DAY", columns));
    let mut seen = Vec::new();
    for day in 0..6 {
        shop.fake.set_now(MIDNIGHT + day * DAY);
        let row =
            rows(&shop.get(&path("TOTAL_CONVERSIONS,TOTAL_CHECKOUT,TOTAL_PAGE_VISIT,CLICKTHROUGH_1")).await)
                .remove(0);
        let full = shop.fake.rows("ad_account_analytics", date(&ago(0)), date(&ago(0))).remove(0);
        assert!(
            row.as_object().unwrap().iter().all(|(column, value)| full[column] == *value),
            "{row} {full}"
        );
        let ready = shop.get(&format!("/resources/metrics_ready_state?date={}", ago(0))).await.json();
        seen.push((row, ready));
    }
    let column = |day: usize, name: &str| seen[day].0[name].as_u64().unwrap();
    for name in ["TOTAL_CONVERSIONS", "TOTAL_CHECKOUT", "TOTAL_PAGE_VISIT"] {
        let values: Vec<u64> = (0..6).map(|day| column(day, name)).collect();
        assert!(values[..4].windows(2).all(|pair| pair[0] < pair[1]), "{name}: {values:?}");
        assert!(values[3] == values[4] && values[4] == values[5], "{name}: {values:?}");
    }
    assert!(column(0, "CLICKTHROUGH_1") < column(1, "CLICKTHROUGH_1"), "today is not complete");
    assert_eq!(column(1, "CLICKTHROUGH_1"), column(5, "CLICKTHROUGH_1"));
    let ready: Vec<&Value> = seen.iter().map(|(_, ready)| ready).collect();
    let state = |conversions: bool, others: bool| json!({"conversion_metrics_ready": conversions, "non_conversion_metrics_ready": others});
    assert_eq!(ready[0], &state(false, false));
    assert!(ready[1..4].iter().all(|ready| **ready == state(false, true)));
    assert!(ready[4..].iter().all(|ready| **ready == state(true, true)));
    assert_eq!(shop.get("/resources/metrics_ready_state?date=today").await.status, 400);
    assert_eq!(shop.get("/resources/metrics_ready_state").await.status, 400);
}

#[tokio::test]
async fn entities_are_there_for_a_few_days_unless_they_are_there_always() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let (from, to) = (date(&ago(89)), date(&ago(0)));
    let rows = shop.fake.rows("ad_analytics", from, to);
    let of_one = |id: &Value| rows.iter().filter(|row| row["AD_ID"] == *id).count();
    let ads = shop.fake.truth("ads");
    let counts: BTreeSet<usize> = ads.iter().map(|ad| of_one(&ad["id"])).collect();
    assert!(counts.contains(&0) && counts.last().is_some_and(|most| (4..=16).contains(most)), "{counts:?}");
    let old = shop.fake.rows("pin_promotion_report", date(&ago(900)), date(&ago(100)));
    assert!(!old.is_empty());
    let shop = daily().await;
    assert_eq!(shop.fake.rows("ad_analytics", from, to).len(), 90 * ads.len());
    let yesterday = date(&ago(1));
    assert_eq!(shop.fake.rows("ad_account_analytics", yesterday, yesterday).len(), 3);
}

#[tokio::test]
async fn the_user_has_an_entry_for_each_day_and_their_sum() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let path = format!("/user_account/analytics?{}", query(&ago(4), &ago(-2), "DAY", "X"));
    let body = shop.get(&path).await.json();
    let entries = body["all"]["daily_metrics"].as_array().unwrap();
    assert_eq!(entries, &shop.fake.rows("user_account_analytics", date(&ago(4)), date(&ago(-2))));
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry["date"].as_str().unwrap().to_owned(), entry["data_status"].as_str().unwrap()))
        .collect();
    let expected = [(4, "READY"), (3, "READY"), (2, "READY"), (1, "READY"), (0, "PROCESSING")];
    assert_eq!(told, expected.map(|(day, status)| (ago(day), status)));
    let sum: u64 = entries.iter().map(|entry| entry["metrics"]["IMPRESSION"].as_u64().unwrap()).sum();
    assert_eq!(body["all"]["summary_metrics"]["IMPRESSION"], sum);
    assert_eq!(shop.fake.requests()[0].category, Some("org_analytics"));
    for query in ["", "?start_date=2026-11-01", "?start_date=2026-01-01&end_date=2026-01-02"] {
        assert_eq!(shop.get(&format!("/user_account/analytics{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn large_batches_are_refused_with_the_status_that_was_set() {
    for (status, code) in [(400, 1), (413, 413), (414, 414), (500, 500), (504, 504)] {
        let shop = Shop::open(FakePinterest::builder().refuse_batches_over(2, status)).await;
        let query = query(&ago(1), &ago(0), "DAY", "CTR");
        for (list, parameter) in LEVELS {
            let path = with(&shop.first(&format!("{list}/analytics")), &query);
            assert_eq!(shop.get(&with(&path, &format!("{parameter}=1,2"))).await.status, 200);
            let reply = shop.get(&with(&path, &format!("{parameter}=1,2,3"))).await;
            assert_eq!((reply.status, reply.code()), (status, code));
            assert!(shop.fake.requests().iter().all(|request| request.planned));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn large_batches_can_be_slow() {
    const MINUTE: Duration = Duration::from_secs(60);
    let shop = Shop::open(FakePinterest::builder().slow_batches_over(2, MINUTE)).await;
    let path = with(&shop.first("ads/analytics"), &query(&ago(1), &ago(0), "DAY", "CTR"));
    let begin = Instant::now();
    assert_eq!(shop.get(&with(&path, "ad_ids=1,2")).await.status, 200);
    assert_eq!(begin.elapsed().as_secs(), 0);
    assert_eq!(shop.get(&with(&path, "ad_ids=1,2,3")).await.status, 200);
    assert_eq!(begin.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn line_breaks_change_nothing_but_the_text() {
    let (plain, pretty) = (daily().await, Shop::open(FakePinterest::builder().daily_rows().pretty()).await);
    let path = with(&plain.first("analytics"), &query(&ago(1), &ago(0), "DAY", COLUMNS));
    let (plain, pretty) = (plain.get(&path).await, pretty.get(&path).await);
    assert!(pretty.text.lines().count() > 20 && plain.text.lines().count() == 1);
    assert_eq!(plain.json(), pretty.json());
}
