//! What it takes to make records of the body of a page: raw, typed, and as JSON values. Throughput is the body's.

#![expect(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pinterest_client::model::Campaign;
use pinterest_client::{RawPage, endpoint};
use serde_json::{Value, json};

/// The largest page that the API sends.
const RECORDS: u64 = 250;

/// A campaign with the fields of Pinterest's description, of about a kilobyte.
fn campaign(number: u64) -> Value {
    json!({
        "id": (626_735_565_838 + number).to_string(),
        "ad_account_id": "549755885175",
        "name": format!("Spring sale \"{number}\" – shoes & möre"),
        "status": "ACTIVE",
        "lifetime_spend_cap": 1_432_744_744 + number,
        "daily_spend_cap": null,
        "order_line_id": "549755885175",
        "tracking_urls": {
            "impression": [format!("https://tracking.example/impression?campaign={number}")],
            "click": [format!("https://tracking.example/click?campaign={number}")],
            "engagement": [], "buyable_button": [], "audience_verification": [],
        },
        "objective_type": "AWARENESS",
        "created_time": 1_580_865_126 + number,
        "updated_time": 1_644_023_526 + number,
        "start_time": 1_580_865_126,
        "end_time": null,
        "summary_status": "RUNNING",
        "is_campaign_budget_optimization": true,
        "is_flexible_daily_budgets": false,
        "is_automated_campaign": false,
        "default_ad_group_budget_in_micro_currency": 0,
        "type": "campaign",
    })
}

fn body() -> Bytes {
    let items: Vec<Value> = (0..RECORDS).map(campaign).collect();
    Bytes::from(json!({"items": items, "bookmark": "LT4xMjM0NTY3ODl8MjUw"}).to_string())
}

fn items(body: &Bytes) -> Vec<Bytes> {
    RawPage::from_body(body, &endpoint::CAMPAIGNS).unwrap().items
}

fn pages(criterion: &mut Criterion) {
    let body = body();
    let mut group = criterion.benchmark_group("page");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("raw", |bencher| bencher.iter(|| items(black_box(&body))));
    group.bench_function("typed", |bencher| {
        bencher.iter(|| -> Vec<Campaign> {
            let items = items(black_box(&body));
            items.iter().map(|item| serde_json::from_slice(item).unwrap()).collect()
        });
    });
    group.bench_function("value", |bencher| {
        bencher.iter(|| -> Vec<Value> {
            let items = items(black_box(&body));
            items.iter().map(|item| serde_json::from_slice(item).unwrap()).collect()
        });
    });
    group.finish();
}

criterion_group!(benches, pages);
criterion_main!(benches);
