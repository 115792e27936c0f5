//! A source made for one test: each stream is read by a function of the test's.

use std::collections::{BTreeMap, HashMap};
use std::future::ready;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use airbyte_protocol::{
    ConfiguredCatalog, ConfiguredStream, ConnectorSpecification, RawJson, Stream as CatalogStream, SyncMode,
};
use async_trait::async_trait;
use chrono::NaiveDate;
use connector_core::testing::{self, Run};
use connector_core::{
    Batch, ClientFiltered, Clock, Concurrency, Context, CursorFormat, CursorPolicy, Descriptor, Failure,
    Page, Pages, Partition, Partitions, Slice, Source, Stream, WindowUnit, Windowed,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

type Read = dyn Fn(Slice) -> Pages<'static> + Send + Sync;

/// A stream; a full-refresh one with one partition unless said otherwise.
#[derive(Clone)]
pub(crate) struct Table {
    name: &'static str,
    partitions: Partitions,
    cursor: CursorPolicy,
    batch: Batch,
    schema: Map<String, Value>,
    final_up_to: Option<NaiveDate>,
    read: Arc<Read>,
    /// The partitions of every slice that was read.
    reads: Arc<Mutex<Vec<Partition>>>,
}

impl Table {
    pub(crate) fn new(
        name: &'static str,
        read: impl Fn(Slice) -> Pages<'static> + Send + Sync + 'static,
    ) -> Self {
        let (partitions, cursor) = (Partitions::Single, CursorPolicy::FullRefresh);
        Self {
            name,
            partitions,
            cursor,
            batch: Batch::One,
            schema: Map::new(),
            final_up_to: None,
            read: Arc::new(read),
            reads: Arc::default(),
        }
    }

    /// One partition for each of these ids.
    pub(crate) fn each(mut self, ids: Range<u32>) -> Self {
        let partition = |id: u32| Partition::root().child([("id", id.to_string())]);
        self.partitions = Partitions::Each(ids.map(partition).collect());
        self
    }

    /// One partition for each record of the parent.
    pub(crate) fn child_of(mut self, parent: &str) -> Self {
        self.partitions = Partitions::ChildrenOf { parent: parent.into(), key: "id".into() };
        self
    }

    /// Keeps its progress in the field `updated`, in seconds.
    pub(crate) fn incremental(mut self) -> Self {
        let (field, format) = ("updated".into(), CursorFormat::EpochSeconds);
        self.cursor =
            CursorPolicy::ClientFiltered(ClientFiltered { field, format, start: None, reread_shared: false });
        self
    }

    /// Keeps its progress in the field `day`: the last 10 days in windows of 5, `lookback` days of them again.
    pub(crate) fn daily(mut self, lookback: u32) -> Self {
        self.cursor = CursorPolicy::Windowed(Windowed {
            field: "day".into(),
            start: None,
            horizon_days: 9,
            step_days: 5,
            lookback_days: lookback,
            unit: WindowUnit::Day,
        });
        self
    }

    /// Keeps its progress in this manner.
    pub(crate) fn kept_by(mut self, cursor: CursorPolicy) -> Self {
        self.cursor = cursor;
        self
    }

    /// The source calls the days up to this one final.
    pub(crate) fn final_up_to(mut self, day: &str) -> Self {
        self.final_up_to = day.parse().ok();
        self
    }

    /// Reads so many partitions at once; a record names its own in the field `of`.
    pub(crate) fn batched(mut self, size: usize) -> Self {
        self.batch = Batch::UpTo { size, partition_of: "of".into() };
        self
    }

    /// Casts its records to these properties.
    pub(crate) fn cast_to(mut self, properties: Value) -> Self {
        self.schema = Map::from_iter([("properties".to_owned(), properties)]);
        self
    }

    /// How often each partition was read, by its last id.
    pub(crate) fn reads(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for partition in &*self.reads.lock().unwrap() {
            *counts.entry(partition.get("id").unwrap_or("all").to_owned()).or_default() += 1;
        }
        counts
    }
}

impl Stream for Table {
    fn descriptor(&self) -> Descriptor {
        let descriptor = Descriptor::new(self.name, self.schema.clone());
        if self.schema.is_empty() { descriptor } else { descriptor.cast_to_schema() }
    }

    fn batch(&self) -> Batch {
        self.batch.clone()
    }

    fn final_up_to(&self) -> BoxFuture<'_, Option<NaiveDate>> {
        ready(self.final_up_to).boxed()
    }

    fn partitions(&self) -> Partitions {
        self.partitions.clone()
    }

    fn cursor(&self) -> CursorPolicy {
        self.cursor.clone()
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        self.reads.lock().unwrap().push(slice.partition());
        (self.read)(slice.clone())
    }
}

/// The source of such streams.
pub(crate) struct Made {
    pub(crate) streams: Vec<Arc<dyn Stream>>,
    pub(crate) concurrency: Concurrency,
    /// Why nothing can be read.
    pub(crate) refusal: Option<&'static str>,
}

impl Made {
    pub(crate) fn of<const N: usize>(streams: [&Table; N]) -> Self {
        let streams = streams.map(|table| Arc::new(table.clone()) as Arc<dyn Stream>).into();
        Self { streams, concurrency: Concurrency::fixed(3), refusal: None }
    }

    /// Every stream, incremental where it can be.
    pub(crate) fn catalog(&self) -> ConfiguredCatalog {
        let names: Vec<_> = self.streams.iter().map(|stream| stream.descriptor().name).collect();
        self.catalog_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// These streams, incremental where they can be.
    pub(crate) fn catalog_of(&self, names: &[&str]) -> ConfiguredCatalog {
        let configured = |name: &&str| {
            let mut known = self.streams.iter().filter(|stream| stream.descriptor().name == **name);
            let incremental = known.any(|stream| stream.cursor().field().is_some());
            let mode = if incremental { SyncMode::Incremental } else { SyncMode::FullRefresh };
            ConfiguredStream::new(CatalogStream::new(*name, Map::new(), vec![mode.clone()]), mode)
        };
        ConfiguredCatalog { streams: names.iter().map(configured).collect(), ..Default::default() }
    }

    pub(crate) async fn sync(&self, catalog: &ConfiguredCatalog, saved: &HashMap<String, RawJson>) -> Run {
        testing::read(self, Map::new(), catalog, saved, clock()).await
    }

    /// Reads every stream to this output.
    pub(crate) async fn sync_to<W: Write + Send + 'static>(&self, output: W) -> io::Result<bool> {
        testing::read_to(self, Map::new(), &self.catalog(), HashMap::new(), clock(), output).await
    }
}

pub(crate) fn clock() -> Clock {
    Arc::new(|| "2026-11-24T00:00:00Z".parse().unwrap())
}

#[async_trait]
impl Source for Made {
    type Config = Map<String, Value>;

    fn spec(&self) -> ConnectorSpecification {
        ConnectorSpecification::default()
    }

    async fn check(&self, _: Self::Config, _: Context) -> Result<(), Failure> {
        Ok(())
    }

    async fn prepare(&self, _: &Self::Config, _: Context) -> Result<(), Failure> {
        self.refusal.map_or(Ok(()), |why| Err(Failure::config(why)))
    }

    fn streams(&self, _: Self::Config, _: Context) -> Result<Vec<Arc<dyn Stream>>, Failure> {
        Ok(self.streams.clone())
    }

    fn concurrency(&self, _: &Self::Config) -> Concurrency {
        self.concurrency
    }
}

/// A page of records with these ids.
pub(crate) fn page(ids: Range<u32>) -> Page {
    Page::from_values(ids.map(|id| json!({"id": id.to_string()}))).unwrap()
}
