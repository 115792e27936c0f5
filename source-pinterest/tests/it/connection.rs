//! A connection as a platform keeps it: the source, its config, the catalog, the state; read in this process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use airbyte_protocol::{
    ConfiguredCatalog, ConfiguredStream, Message, RawJson, Stream as CatalogStream, StreamStatus, SyncMode,
};
use connector_core::testing::{self, Run};
use fake_pinterest::{Builder, FakePinterest};
use pinterest_client::{Category, Limit, Limits, RetryPolicy};
use serde_json::{Map, Value};
use source_pinterest::Pinterest;

/// Every stream that the catalog offers, so that a new one is tested without a word here.
pub(crate) fn stream_names() -> Vec<String> {
    let spec = crate::program::discovered();
    spec.iter().map(|stream| stream["name"].as_str().unwrap().to_owned()).collect()
}

pub(crate) struct Connection {
    pub(crate) fake: FakePinterest,
    pub(crate) config: Map<String, Value>,
    pub(crate) state: HashMap<String, RawJson>,
}

impl Connection {
    pub(crate) async fn to(fake: Builder) -> Self {
        let fake = fake.start().await.unwrap();
        let Value::Object(config) = fake.config() else { panic!("a config is an object") };
        Self { fake, config, state: HashMap::new() }
    }

    /// Two records a page and an empty page in the middle, so that every list has several pages.
    pub(crate) async fn with_small_pages() -> Self {
        Self::to(FakePinterest::builder().max_page_size(2).empty_page_in_the_middle()).await
    }

    /// Reads streams, incrementally where they can; keeps state and config as a platform does.
    pub(crate) async fn sync(&mut self, streams: &[&str]) -> Run {
        let configured = streams.iter().map(|name| {
            let incremental = matches!(*name, "campaigns" | "ad_groups" | "ads");
            let mode = if incremental { SyncMode::Incremental } else { SyncMode::FullRefresh };
            ConfiguredStream::new(CatalogStream::new(*name, Map::new(), vec![mode.clone()]), mode)
        });
        let catalog = ConfiguredCatalog { streams: configured.collect(), ..Default::default() };
        let source = Pinterest {
            base_url: Some(self.fake.url()),
            retry: Some(impatient()),
            limits: Some(unlimited()),
        };
        let clock = Arc::new(|| "2026-11-24T00:00:00Z".parse().unwrap());
        let run = testing::read(&source, self.config.clone(), &catalog, &self.state, clock).await;
        self.state.extend(run.saved());
        for message in &run.messages {
            if let Message::Control(control) = message {
                self.config = control.connector_config.clone().unwrap().config;
            }
        }
        run
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
        in_order(records)
    }
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
