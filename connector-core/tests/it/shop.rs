//! A source in memory: shelves, and the books of each shelf with the time they were changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use airbyte_protocol::{
    ConfiguredCatalog, ConfiguredStream, ConnectorSpecification, RawJson, Stream as CatalogStream, SyncMode,
};
use async_trait::async_trait;
use connector_core::testing::{self, Run};
use connector_core::{
    Batch, ClientFiltered, Concurrency, Context, CursorFormat, CursorPolicy, Descriptor, Failure, Page,
    Pages, Partitions, Slice, Source, Stream,
};
use futures::{StreamExt, stream};
use serde_json::{Map, Value, json};

/// The data, and what goes wrong with it.
#[derive(Clone, Default)]
pub(crate) struct Shop {
    pub(crate) shelves: Vec<Value>,
    /// Books by shelf.
    pub(crate) books: HashMap<String, Vec<Value>>,
    pub(crate) failing_shelf: Option<String>,
    pub(crate) shelves_fail: bool,
    pub(crate) batch_size: usize,
    /// Slices with more partitions than this are refused.
    pub(crate) served_at_once: usize,
    /// The partitions of every slice that was read.
    pub(crate) reads: Arc<Mutex<Vec<(String, usize)>>>,
}

impl Shop {
    pub(crate) fn with_books(books: &[(&str, &[i64])]) -> Self {
        let book = |shelf: &str, updated: &i64| json!({"id": format!("{shelf}-{updated}"), "shelf": shelf, "updated": updated, "x": null});
        Self {
            shelves: books.iter().map(|(shelf, _)| json!({"id": shelf})).collect(),
            books: books
                .iter()
                .map(|(shelf, times)| {
                    ((*shelf).to_owned(), times.iter().map(|time| book(shelf, time)).collect())
                })
                .collect(),
            served_at_once: usize::MAX,
            batch_size: 1,
            ..Self::default()
        }
    }

    pub(crate) async fn sync(&self, streams: &[(&str, SyncMode)], saved: &HashMap<String, RawJson>) -> Run {
        let configured = |(name, mode): &(&str, SyncMode)| {
            ConfiguredStream::new(CatalogStream::new(*name, Map::new(), vec![mode.clone()]), mode.clone())
        };
        let catalog =
            ConfiguredCatalog { streams: streams.iter().map(configured).collect(), ..Default::default() };
        let clock = Arc::new(|| "2026-11-24T00:00:00Z".parse().unwrap());
        testing::read(self, Map::new(), &catalog, saved, clock).await
    }

    pub(crate) fn reads_of(&self, stream: &str) -> Vec<usize> {
        let reads = self.reads.lock().unwrap();
        reads.iter().filter(|(name, _)| name == stream).map(|(_, partitions)| *partitions).collect()
    }
}

#[async_trait]
impl Source for Shop {
    type Config = Map<String, Value>;

    fn spec(&self) -> ConnectorSpecification {
        ConnectorSpecification::default()
    }

    async fn check(&self, _: Self::Config, _: Context) -> Result<(), Failure> {
        Ok(())
    }

    fn streams(&self, _: Self::Config, _: Context) -> Result<Vec<Arc<dyn Stream>>, Failure> {
        Ok(vec![Arc::new(Shelves(self.clone())), Arc::new(Books(self.clone()))])
    }

    fn concurrency(&self, _: &Self::Config) -> Concurrency {
        Concurrency::fixed(3)
    }
}

struct Shelves(Shop);

impl Stream for Shelves {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new("shelves", Map::new()).primary_key(["id"])
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        self.0.reads.lock().unwrap().push(("shelves".into(), slice.partitions().len()));
        let failure = self.0.shelves_fail.then(|| Err(Failure::transient("the shop is closed")));
        let pages = self.0.shelves.chunks(2).map(Page::from_values);
        stream::iter(pages.chain(failure)).boxed()
    }
}

struct Books(Shop);

impl Stream for Books {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new("books", Map::new()).primary_key(["id"])
    }

    fn partitions(&self) -> Partitions {
        Partitions::ChildrenOf { parent: "shelves".into(), key: "id".into() }
    }

    fn cursor(&self) -> CursorPolicy {
        CursorPolicy::ClientFiltered(ClientFiltered {
            field: "updated".into(),
            format: CursorFormat::EpochSeconds,
            start: None,
            reread_shared: false,
        })
    }

    fn batch(&self) -> Batch {
        Batch::UpTo { size: self.0.batch_size, partition_of: "shelf".into() }
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        self.0.reads.lock().unwrap().push(("books".into(), slice.partitions().len()));
        if slice.partitions().len() > self.0.served_at_once {
            return stream::iter([Err(Failure::transient("too much at once").divisible())]).boxed();
        }
        let pages = slice.partitions().iter().flat_map(|partition| {
            let shelf = partition.get("id").unwrap();
            let failed = self.0.failing_shelf.as_deref() == Some(shelf);
            let books = self.0.books.get(shelf).into_iter().flatten().cloned().collect::<Vec<_>>();
            let pages: Vec<_> = books.chunks(2).map(Page::from_values).collect();
            pages.into_iter().chain(failed.then(|| Err(Failure::config("the shelf is locked"))))
        });
        stream::iter(pages.collect::<Vec<_>>()).boxed()
    }
}
