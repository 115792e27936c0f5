//! What it takes to cut a report into rows, from its link to the last row. Throughput is the body's.

#![expect(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::{StreamExt, TryStreamExt};
use pinterest_client::ids::AdAccountId;
use pinterest_client::{
    Auth, Category, Client, HeaderMap, Limit, Limits, REPORT_COLUMNS, Request, Response, Result, StatusCode,
    Transport,
};
use serde_json::{Map, Value, json};

const ENTITIES: u32 = 100;
const DAYS: u32 = 186;

/// A storage that holds one report, in the memory of this process.
struct Storage(Bytes);

#[async_trait]
impl Transport for Storage {
    async fn send(&self, request: &Request) -> Result<Response> {
        let body = match request.endpoint.operation {
            "report/download" => self.0.clone(),
            _ => {
                Bytes::from_static(br#"{"report_status":"FINISHED","url":"https://storage.example/report"}"#)
            }
        };
        Ok(Response::new(StatusCode::OK, HeaderMap::new(), body))
    }
}

/// A row with so many metrics and what names it.
fn row(entity: u32, day: u32, metrics: usize) -> Value {
    let metrics = REPORT_COLUMNS.iter().take(metrics).enumerate().map(|(number, column)| {
        let value = if number % 3 == 0 { json!(f64::from(entity * day) / 7.0) } else { json!(entity + day) };
        ((*column).to_owned(), value)
    });
    let mut row: Map<String, Value> = metrics.collect();
    row.insert("CAMPAIGN_NAME".to_owned(), format!("Spring \"sale\" {entity} – shoes").into());
    row.insert("DATE".to_owned(), format!("2026-{:02}-{:02}", day % 12 + 1, day % 28 + 1).into());
    row.into()
}

fn report(metrics: usize) -> Bytes {
    let of_entity = |entity| (0..DAYS).map(|day| row(entity, day, metrics)).collect::<Vec<_>>();
    let entities =
        (0..ENTITIES).map(|entity| ((626_735_565_838 + u64::from(entity)).to_string(), of_entity(entity)));
    Bytes::from(serde_json::to_vec(&entities.collect::<std::collections::BTreeMap<_, _>>()).unwrap())
}

async fn count(client: &Client) -> usize {
    let reports = client.reports(&AdAccountId::from("549755885175"));
    let link = reports.get("token").await.unwrap().link.unwrap();
    reports
        .rows(&link)
        .map_ok(|rows| rows.len())
        .map(Result::unwrap)
        .fold(0, |sum, rows| async move { sum + rows })
        .await
}

/// The poll before each download must not wait for its turn.
fn unlimited() -> Limits {
    let limit = Limit::new(1 << 30, std::time::Duration::from_secs(1));
    Limits::default().category(Category::AdsAnalytics, limit).overall(limit)
}

fn reports(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("report");
    for metrics in [5, 25, 110] {
        let body = report(metrics);
        group.throughput(Throughput::Bytes(body.len() as u64));
        let storage = Arc::new(Storage(body));
        let builder = Client::builder().auth(Auth::access_token("token".into())).transport(storage);
        let client = builder.limits(unlimited()).build().unwrap();
        group.bench_function(format!("{metrics} metrics"), |bencher| {
            bencher.to_async(&runtime).iter(|| count(&client));
        });
    }
    group.finish();
}

criterion_group!(benches, reports);
criterion_main!(benches);
