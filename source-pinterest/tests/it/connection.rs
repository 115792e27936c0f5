//! A connection as a platform keeps it: the source, its config, the catalog, the state; read in this process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use airbyte_protocol::{
    ConfiguredCatalog, ConfiguredStream, Message, RawJson, Stream as CatalogStream, StreamStatus, SyncMode,
};
use chrono::{DateTime, Utc};
use connector_core::testing::{self, Run};
use fake_pinterest::{Builder, FakePinterest};
use pinterest_client::{Category, JobPolicy, Limit, Limits, RetryPolicy};
use serde_json::{Map, Value};
use source_pinterest::Pinterest;

/// Every stream that the catalog offers, so that a new one is tested without a word here.
pub(crate) fn stream_names() -> Vec<String> {
    names(|_| true)
}

/// The streams of records with an id: what is not analytics and no report.
pub(crate) fn listing_names() -> Vec<String> {
    names(|stream| stream["source_defined_primary_key"].is_array())
}

/// The streams of rows that a request brings at once.
pub(crate) fn analytics_names() -> Vec<String> {
    names(|stream| stream["name"].as_str().unwrap().ends_with("_analytics"))
}

/// The streams of rows that Pinterest puts into a file.
pub(crate) fn report_names() -> Vec<String> {
    names(|stream| stream["name"].as_str().unwrap().ends_with("_report"))
}

fn names(is_meant: impl Fn(&Value) -> bool) -> Vec<String> {
    let streams = crate::program::discovered().into_iter().filter(is_meant);
    streams.map(|stream| stream["name"].as_str().unwrap().to_owned()).collect()
}

pub(crate) struct Connection {
    pub(crate) fake: FakePinterest,
    pub(crate) config: Map<String, Value>,
    pub(crate) state: HashMap<String, RawJson>,
    /// The moment of the next sync.
    pub(crate) now: DateTime<Utc>,
    /// The source's options.
    pub(crate) options: Pinterest,
}

impl Connection {
    pub(crate) async fn to(fake: Builder) -> Self {
        let fake = fake.start().await.unwrap();
        let Value::Object(config) = fake.config() else { panic!("a config is an object") };
        let moment = Duration::from_millis(1);
        // In no hurry to give up and in none to wait.
        let options = Pinterest {
            base_url: Some(fake.url()),
            retry: Some(impatient()),
            limits: Some(unlimited()),
            jobs: Some(JobPolicy { first_poll: moment, longest_poll: moment, ..JobPolicy::default() }),
            ..Pinterest::default()
        };
        Self { fake, config, state: HashMap::new(), now: "2026-11-24T00:00:00Z".parse().unwrap(), options }
    }

    /// Two records a page and an empty page in the middle, so that every list has several pages.
    pub(crate) async fn with_small_pages() -> Self {
        Self::to(FakePinterest::builder().max_page_size(2).empty_page_in_the_middle()).await
    }

    /// Reads streams, incrementally where they can; keeps state and config as a platform does.
    pub(crate) async fn sync(&mut self, streams: &[&str]) -> Run {
        let incremental = |name: &str| {
            ["campaigns", "ad_groups", "ads"].contains(&name)
                || name.ends_with("_analytics")
                || name.ends_with("_report")
                || name.starts_with("custom_")
        };
        let configured = streams.iter().map(|name| {
            let mode = if incremental(name) { SyncMode::Incremental } else { SyncMode::FullRefresh };
            ConfiguredStream::new(CatalogStream::new(*name, Map::new(), vec![mode.clone()]), mode)
        });
        let catalog = ConfiguredCatalog { streams: configured.collect(), ..Default::default() };
        let now = self.now;
        let clock = Arc::new(move || now);
        let source = self.source();
        let run = testing::read(&source, self.config.clone(), &catalog, &self.state, clock).await;
        self.state.extend(run.saved());
        for message in &run.messages {
            if let Message::Control(control) = message {
                self.config = control.connector_config.clone().unwrap().config;
            }
        }
        run
    }

    /// The source with its options.
    pub(crate) fn source(&self) -> Pinterest {
        self.options.clone()
    }

    /// Goes to another day, and the fake with it.
    pub(crate) fn at(&mut self, day: &str) {
        self.now = format!("{day}T06:00:00Z").parse().unwrap();
        self.fake.set_now(self.now.timestamp());
    }

    /// The state of a stream.
    pub(crate) fn state_of(&self, stream: &str) -> Value {
        self.state[stream].parse().unwrap()
    }

    pub(crate) async fn sync_all(&mut self) -> Run {
        let names = stream_names();
        self.sync(&names.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// What a stream must deliver: the fake's data without the fields that the connector removes on purpose.
    pub(crate) fn truth(&self, stream: &str) -> Vec<Value> {
        let mut records = self.fake.truth(stream);
        if stream == "catalogs_feeds" {
            records
                .iter_mut()
                .for_each(|feed| drop(feed.as_object_mut().unwrap().shift_remove("credentials")));
        }
        for time in records.iter_mut().flat_map(|record| local_times(stream, record)) {
            let local = time.as_str().map(|text| text.trim_end_matches('Z').to_owned());
            *time = local.into();
        }
        in_order(records)
    }
}

/// The times that the schema calls local, and that the fake sends in UTC: they come without the offset.
fn local_times<'a>(stream: &str, record: &'a mut Value) -> Vec<&'a mut Value> {
    if !["catalogs", "catalogs_feeds"].contains(&stream) {
        return Vec::new();
    }
    let fields = record.as_object_mut().unwrap().iter_mut();
    fields
        .filter(|(name, _)| ["created_at", "updated_at"].contains(&name.as_str()))
        .map(|(_, time)| time)
        .collect()
}

/// As many attempts as the program makes, without its waits.
pub(crate) fn impatient() -> RetryPolicy {
    let moment = Duration::from_millis(1);
    RetryPolicy { first_wait: moment, longest_wait: moment, ..RetryPolicy::default() }
}

/// No pace of its own: the fake says when there is a limit.
fn unlimited() -> Limits {
    let limit = Limit::new(1_000_000, Duration::from_secs(1));
    Category::ALL
        .into_iter()
        .fold(Limits::default(), |limits, category| limits.category(category, limit))
        .overall(limit)
}

/// Partitions are read side by side, so the order of records says nothing.
pub(crate) fn in_order(mut records: Vec<Value>) -> Vec<Value> {
    records.sort_by_cached_key(Value::to_string);
    records
}

pub(crate) fn ids(records: &[Value]) -> Vec<&str> {
    let mut ids: Vec<_> = records.iter().map(|record| record["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

/// Rows as the schema of reports makes them: digits in text become a number where the schema has numbers.
pub(crate) fn as_numbers(rows: Vec<Value>) -> Vec<Value> {
    const TEXT: [&str; 7] = [
        "DATE",
        "AD_ACCOUNT_ID",
        "AD_ID",
        "AD_GROUP_ENTITY_STATUS",
        "AD_GROUP_ID",
        "CAMPAIGN_ENTITY_STATUS",
        "CAMPAIGN_NAME",
    ];
    let known = crate::program::discovered();
    let schema = known.iter().find(|stream| stream["name"] == "advertiser_report").unwrap();
    let known = schema["json_schema"]["properties"].as_object().unwrap().clone();
    let cast = |(name, value): (String, Value)| {
        let number = value.as_str().filter(|_| known.contains_key(&name) && !TEXT.contains(&name.as_str()));
        let number = number.and_then(|text| serde_json::from_str(text).ok());
        let text = value.as_number().filter(|_| TEXT.contains(&name.as_str())).map(ToString::to_string);
        (name, number.or(text.map(Value::from)).unwrap_or(value))
    };
    let row = |row: Value| match row {
        Value::Object(fields) => Value::Object(fields.into_iter().map(cast).collect()),
        other => other,
    };
    rows.into_iter().map(row).collect()
}

/// A run that failed says so in its status, its errors and its result, and not that it is complete.
pub(crate) fn assert_incomplete(run: &Run, stream: &str) {
    assert!(!run.success, "{stream}: the run calls itself a success");
    let statuses = run.statuses(stream);
    assert_eq!(statuses.last(), Some(&StreamStatus::Incomplete), "{stream}: {statuses:?}");
    assert!(!statuses.contains(&StreamStatus::Complete), "{stream}: {statuses:?}");
    assert!(run.errors().iter().any(|error| error.contains(stream)), "{stream}: {:?}", run.errors());
}

pub(crate) fn assert_complete(run: &Run, stream: &str) {
    let statuses = run.statuses(stream);
    assert_eq!(statuses.last(), Some(&StreamStatus::Complete), "{stream}: {statuses:?} {:?}", run.errors());
}
