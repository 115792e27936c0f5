//! An hour of a sync within Pinterest's documented limits: none is passed, and the narrowest is used.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airbyte_protocol::{ConfiguredCatalog, ConfiguredStream, Stream as CatalogStream, SyncMode};
use async_trait::async_trait;
use connector_core::testing::{self, Run};
use fake_pinterest::{Counts, FakePinterest, ReportStep, Size, http};
use pinterest_client::{Request, Response, Transport};
use serde_json::{Map, Value, json};
use source_pinterest::Pinterest;
use tokio::time::{Instant, sleep};

use crate::connection::{analytics_names, assert_complete, ids, listing_names, report_names};
use crate::reports::ago;

const IN_PROGRESS: ReportStep = ReportStep::status("IN_PROGRESS");
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const ANALYTICS: &str = "ads_analytics";
/// What Pinterest serves of it in a minute.
const ALLOWANCE: usize = 300;
/// Few records, of which each is a page, and many reports: requests are what takes time.
const COUNTS: Counts = Counts {
    ad_accounts: 34,
    campaigns: 99,
    ad_groups: 132,
    ads: 165,
    audiences: 400,
    customer_lists: 400,
    conversion_tags: 400,
    keywords: 132,
    boards: 200,
    board_sections: 200,
    pins: 800,
    catalogs: 120,
    feeds: 120,
    product_groups: 240,
};
const COLUMNS: [&str; 2] = ["CAMPAIGN_ID", "SPEND_IN_MICRO_DOLLAR"];
/// The custom reports by their streams, with their levels.
const CUSTOM: [(&str, &str); 2] =
    [("custom_ads", "PIN_PROMOTION"), ("custom_targeting", "PIN_PROMOTION_TARGETING")];

/// The way to the fake and back, which takes each request another time.
struct Way {
    fake: Arc<FakePinterest>,
    random: Mutex<u64>,
}

impl Way {
    /// Some milliseconds, in the order they are asked for always the same.
    fn between(&self, shortest: u64, longest: u64) -> Duration {
        let mut random = self.random.lock().unwrap();
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let range = (longest - shortest) * 1_000;
        Duration::from_micros(shortest * 1_000 + *random % range)
    }
}

#[async_trait]
impl Transport for Way {
    async fn send(&self, request: &Request) -> pinterest_client::Result<Response> {
        sleep(self.between(5, 40)).await;
        let mut asked = http::Request::new(request.body.clone().unwrap_or_default());
        *asked.method_mut() = request.method.clone();
        *asked.uri_mut() = request.url.as_str().parse().unwrap();
        *asked.headers_mut() = request.headers.clone();
        let answer = self.fake.answer(asked).await.unwrap();
        sleep(self.between(20, 300)).await;
        let (head, body) = answer.into_parts();
        Ok(Response::new(head.status, head.headers, body))
    }
}

/// Reports of so many statuses that each window takes eight of them.
fn custom_reports() -> Value {
    const OF_ALL: [&str; 5] = ["PAUSED", "ADVERTISER_DISABLED", "ARCHIVED", "DRAFT", "DELETED_DRAFT"];
    let statuses = |others: &[&'static str]| OF_ALL.iter().chain(others).copied().collect::<Vec<_>>();
    let delivery = statuses(&["RUNNING", "NOT_STARTED", "COMPLETED"]);
    let reports = CUSTOM.map(|(stream, level)| {
        json!({
            "name": stream.trim_start_matches("custom_"), "level": level, "granularity": "DAY", "columns": COLUMNS,
            "campaign_statuses": delivery, "ad_group_statuses": delivery,
            "ad_statuses": statuses(&["APPROVED", "PENDING", "REJECTED"]),
        })
    });
    json!(reports)
}

/// The names of the streams.
struct Names {
    listings: Vec<String>,
    analytics: Vec<String>,
    reports: Vec<String>,
}

impl Names {
    fn all(&self) -> impl Iterator<Item = &str> {
        let built_in = self.listings.iter().chain(&self.analytics).chain(&self.reports);
        built_in.map(String::as_str).chain(CUSTOM.map(|(stream, _)| stream))
    }

    fn config(&self, fake: &FakePinterest) -> Map<String, Value> {
        let Value::Object(mut config) = fake.config() else { panic!("a config is an object") };
        let with_columns = self.analytics.iter().filter(|name| *name != "user_account_analytics");
        let columns = with_columns.chain(&self.reports);
        // Rows are as small as can be.
        let columns = columns.map(|name| json!({"stream": name, "columns": COLUMNS})).collect();
        config.insert("stream_columns".into(), columns);
        config.insert("start_date".into(), json!("2020-01-01"));
        config.insert("custom_reports".into(), custom_reports());
        config
    }

    /// Every stream, incrementally where it can be.
    fn catalog(&self) -> ConfiguredCatalog {
        let is_full = |name: &str| {
            self.listings.iter().any(|listing| listing == name)
                && !["campaigns", "ad_groups", "ads"].contains(&name)
        };
        let configured = self.all().map(|name| {
            let mode = if is_full(name) { SyncMode::FullRefresh } else { SyncMode::Incremental };
            ConfiguredStream::new(CatalogStream::new(name, Map::new(), vec![mode.clone()]), mode)
        });
        ConfiguredCatalog { streams: configured.collect(), ..Default::default() }
    }

    fn assert_that_every_record_came(&self, run: &Run, fake: &FakePinterest) {
        for stream in self.all() {
            assert_complete(run, stream);
        }
        for stream in &self.listings {
            let (records, truth) = (run.records(stream), fake.truth(stream));
            assert_eq!(ids(&records), ids(&truth), "{stream}");
            assert!(!truth.is_empty(), "{stream}");
        }
        let built_in = self.analytics.iter().chain(&self.reports).map(|stream| {
            let days = match stream.as_str() {
                "product_item_report" => 91,
                name if name.ends_with("_analytics") => 89,
                _ => 913,
            };
            (stream.as_str(), fake.rows(stream, ago(days), ago(0)))
        });
        let custom = CUSTOM.map(|(stream, level)| (stream, fake.rows_of_level(level, ago(913), ago(0))));
        for (stream, truth) in built_in.chain(custom) {
            let records = run.records(stream);
            // Of all columns those that were asked for, and those that name a row.
            let columns = records.iter().flat_map(|row| row.as_object().unwrap().keys());
            let columns: BTreeSet<_> = columns.map(String::as_str).collect();
            assert_eq!(as_text(&records, &columns), as_text(&truth, &columns), "{stream}");
            assert!(!truth.is_empty(), "{stream}");
        }
    }
}

/// Some columns of rows, in order. An id can be a text or a number.
fn as_text(rows: &[Value], columns: &BTreeSet<&str>) -> Vec<Vec<Option<String>>> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |row: &Value| columns.iter().map(|column| row.get(*column).map(text)).collect();
    let mut rows: Vec<Vec<_>> = rows.iter().map(row).collect();
    rows.sort_unstable();
    rows
}

/// The most requests in any span of this length.
fn most(arrivals: &[Duration], span: Duration) -> usize {
    let ends = arrivals.iter().map(|start| arrivals.partition_point(|arrival| *arrival < *start + span));
    ends.enumerate().map(|(start, end)| end - start).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_all_streams_stays_within_the_documented_limits_and_uses_the_narrowest() {
    let names = Names { listings: listing_names(), analytics: analytics_names(), reports: report_names() };
    assert_eq!(names.all().count(), 32 + CUSTOM.len());
    let fake = FakePinterest::builder().size(Size::Custom(COUNTS)).max_page_size(1).documented_limits();
    let fake = Arc::new(fake.start_in_process().unwrap());
    fake.script_every_report([IN_PROGRESS, IN_PROGRESS, ReportStep::Finished]);
    let way = Way { fake: Arc::clone(&fake), random: Mutex::new(0x9e37_79b9_7f4a_7c15) };
    let source =
        Pinterest { base_url: Some(fake.url()), transport: Some(Arc::new(way)), ..Pinterest::default() };
    let clock = Arc::new(|| "2026-11-24T00:00:00Z".parse().unwrap());

    let start = Instant::now();
    let run = testing::read(&source, names.config(&fake), &names.catalog(), &HashMap::new(), clock).await;
    let took = start.elapsed();
    assert!(run.success, "{:?}", run.errors());
    assert!(took >= 60 * MINUTE, "{took:?}");
    let requests = fake.requests();
    assert_eq!(fake.refusals(), 0, "of {} requests", requests.len());
    assert_eq!(requests.iter().find(|request| request.status != Some(200)), None);

    // What the fake counts, counted once more.
    let arrivals = |is_meant: &dyn Fn(&str) -> bool| -> Vec<Duration> {
        // Pinterest counts no requests for a token.
        let of_api = requests.iter().filter(|request| request.operation != Some("oauth/token"));
        let meant = of_api.filter(|request| request.category.is_some_and(is_meant));
        meant.map(|request| request.after).collect()
    };
    let all = arrivals(&|_| true);
    // As many were under way as it took to reach what all together are allowed, and no more.
    assert!((90..=100).contains(&most(&all, SECOND)), "{}", most(&all, SECOND));
    for category in [ANALYTICS, "ads_read", "catalogs_read", "org_analytics", "org_read"] {
        let arrivals = arrivals(&|of| of == category);
        let most = most(&arrivals, MINUTE);
        assert!(
            (1..=if category == ANALYTICS { ALLOWANCE } else { 1000 }).contains(&most),
            "{category}: {most}"
        );
    }

    let analytics = arrivals(&|of| of == ANALYTICS);
    let last = *analytics.last().unwrap();
    let saturated = MINUTE..last - 5 * MINUTE;
    let used = analytics.iter().filter(|arrival| saturated.contains(arrival)).count();
    let minutes = (saturated.end - saturated.start).as_secs_f64() / MINUTE.as_secs_f64();
    let share = used as f64 / (ALLOWANCE as f64 * minutes);
    assert!(share >= 0.95, "{used} requests in {minutes} minutes");

    names.assert_that_every_record_came(&run, &fake);
}
