//! What `plan` says of a sync, held against what the sync then reads.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airbyte_protocol::{ConfiguredCatalog, ConnectorSpecification, RawJson, SyncMode};
use async_trait::async_trait;
use chrono::NaiveDate;
use connector_core::testing::{self, Planned};
use connector_core::{
    Batch, Budget, Clock, Context, Cost, CursorPolicy, Descriptor, Failure, Page, Pages, Partitions, Slice,
    Source, Stream,
};
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::made::{Made, Table, page};

type Saved = HashMap<String, RawJson>;

/// A stream whose slices have a price.
struct Priced<F>(Table, F);

impl<F: Fn(&Slice, Option<u64>) -> Cost + Send + Sync + 'static> Stream for Priced<F> {
    fn descriptor(&self) -> Descriptor {
        self.0.descriptor()
    }

    fn partitions(&self) -> Partitions {
        self.0.partitions()
    }

    fn cursor(&self) -> CursorPolicy {
        self.0.cursor()
    }

    fn batch(&self) -> Batch {
        self.0.batch()
    }

    fn final_up_to(&self) -> BoxFuture<'_, Option<NaiveDate>> {
        Stream::final_up_to(&self.0)
    }

    fn cost(&self, slice: &Slice, records: Option<u64>) -> Cost {
        (self.1)(slice, records)
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        self.0.read(slice)
    }
}

/// A source with budgets.
struct Limited(Made, Vec<Budget>);

#[async_trait]
impl Source for Limited {
    type Config = Map<String, Value>;

    fn spec(&self) -> ConnectorSpecification {
        self.0.spec()
    }

    async fn check(&self, config: Self::Config, context: Context) -> Result<(), Failure> {
        self.0.check(config, context).await
    }

    async fn prepare(&self, config: &Self::Config, context: Context) -> Result<(), Failure> {
        self.0.prepare(config, context).await
    }

    fn streams(&self, config: Self::Config, context: Context) -> Result<Vec<Arc<dyn Stream>>, Failure> {
        self.0.streams(config, context)
    }

    fn budgets(&self, _: &Self::Config) -> Vec<Budget> {
        self.1.clone()
    }
}

/// Shelves, the books of each, and what each book sold by day. A request is a page.
#[derive(Clone)]
struct Shop {
    /// For each shelf the days since the last sale of each of its books.
    shelves: Vec<Vec<i64>>,
    page_size: usize,
    batch_size: usize,
    settled: bool,
    /// The pages that were read of each stream.
    pages: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

/// The days since the day that a page is asked for on.
fn day_before(window_end: NaiveDate, days: i64) -> NaiveDate {
    window_end - chrono::Days::new(days.unsigned_abs())
}

impl Shop {
    fn of(shelves: &[&[i64]]) -> Self {
        Self {
            shelves: shelves.iter().map(|books| books.to_vec()).collect(),
            page_size: 2,
            batch_size: 3,
            settled: false,
            pages: Arc::default(),
        }
    }

    /// These records, page by page; one page where there are none.
    fn pages(&self, stream: &'static str, records: &[Value]) -> Pages<'static> {
        let mut pages: Vec<_> = records.chunks(self.page_size).map(Page::from_values).collect();
        if pages.is_empty() {
            pages.push(Ok(Page::default()));
        }
        let seen = Arc::clone(&self.pages);
        let count = move |page| {
            *seen.lock().unwrap().entry(stream).or_default() += 1;
            page
        };
        stream::iter(pages).map(count).boxed()
    }

    fn source(&self) -> Made {
        let ids = |shelf: usize, count: usize| {
            (0..count).map(move |book| json!({"id": format!("{shelf}.{book}")})).collect::<Vec<_>>()
        };
        let shop = self.clone();
        let shelves = Table::new("shelves", move |_| {
            let shelves: Vec<_> =
                (0..shop.shelves.len()).map(|shelf| json!({"id": shelf.to_string()})).collect();
            shop.pages("shelves", &shelves)
        });
        let shop = self.clone();
        let books = Table::new("books", move |slice: Slice| {
            let shelf: usize = slice.partition().get("id").unwrap().parse().unwrap();
            shop.pages("books", &ids(shelf, shop.shelves[shelf].len()))
        });
        let books = books.child_of("shelves");
        let shop = self.clone();
        let sales = Table::new("sales", move |slice: Slice| {
            let window = *slice.window().unwrap();
            let rows = slice.partitions().iter().filter_map(|partition| {
                let id = partition.get("id")?;
                let (shelf, book) = id.split_once('.')?;
                let ago = shop.shelves[shelf.parse::<usize>().ok()?][book.parse::<usize>().ok()?];
                let last: NaiveDate = "2026-11-24".parse().ok()?;
                let sold = day_before(last, ago);
                let day = sold.clamp(window.start, window.end);
                (day == sold).then(|| json!({"id": id, "of": id, "day": day.to_string()}))
            });
            *shop.pages.lock().unwrap().entry("sales").or_default() += 1;
            stream::iter([Page::from_values(rows.collect::<Vec<_>>())]).boxed()
        });
        let sales = sales.child_of("books").batched(self.batch_size).daily(2);
        let sales = if self.settled { sales.final_up_to("2026-11-20") } else { sales };
        let size = u64::try_from(self.page_size).unwrap();
        let listed = move |_: &Slice, records: Option<u64>| match records {
            Some(records) => Cost::about(records.div_ceil(size).max(1)).of("lists"),
            None => Cost::at_least(1).of("lists"),
        };
        let mut made = Made::of([]);
        made.streams = vec![
            Arc::new(Priced(shelves, listed)),
            Arc::new(Priced(books, listed)),
            Arc::new(Priced(sales, |_: &Slice, _| Cost::exactly(1).of("sales"))),
        ];
        made
    }

    /// What the sync reads of each stream, and the states after it.
    async fn sync(&self, streams: &[&str], saved: &Saved, day: &str) -> (BTreeMap<&'static str, u64>, Saved) {
        let made = self.source();
        self.pages.lock().unwrap().clear();
        let run = testing::read(&made, Map::new(), &made.catalog_of(streams), saved, on(day)).await;
        assert!(run.success, "{:?}", run.errors());
        (std::mem::take(&mut *self.pages.lock().unwrap()), run.saved())
    }

    async fn plan(&self, streams: &[&str], saved: &Saved, day: &str, count: bool) -> Planned {
        let made = self.source();
        let catalog = made.catalog_of(streams);
        testing::plan(&made, Map::new(), &catalog, saved, on(day), count).await.unwrap()
    }
}

fn on(day: &str) -> Clock {
    let now = format!("{day}T00:00:00Z").parse().unwrap();
    Arc::new(move || now)
}

/// The requests of each stream, with a mark for `at_least` (+) and for `estimate` (~).
fn requests(planned: &Planned) -> BTreeMap<String, String> {
    let marked = |stream: &Value| {
        let mut requests = stream["requests"].as_array().unwrap().iter();
        let amount = requests.next().map_or_else(
            || "0".to_owned(),
            |amount| {
                let about = if amount["estimate"] == true { "~" } else { "" };
                let more = if amount["at_least"] == true { "+" } else { "" };
                format!("{about}{}{more}", amount["number"])
            },
        );
        assert!(requests.next().is_none());
        (stream["stream"].as_str().unwrap().to_owned(), amount)
    };
    planned.json["streams"].as_array().unwrap().iter().map(marked).collect()
}

fn expected<const N: usize>(requests: [(&str, &str); N]) -> BTreeMap<String, String> {
    requests.map(|(stream, amount)| (stream.to_owned(), amount.to_owned())).into()
}

const ALL: [&str; 3] = ["shelves", "books", "sales"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_counted_is_what_the_sync_reads(
        shelves in prop::collection::vec(prop::collection::vec(0..12_i64, 0..8), 0..4),
        page_size in 1..4_usize,
        batch_size in 1..5_usize,
        settled in any::<bool>(),
        only_sales in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let shop = Shop { shelves, page_size, batch_size, settled, pages: Arc::default() };
            let streams = if only_sales { &ALL[2..] } else { &ALL[..] };
            let mut saved = Saved::new();
            for day in ["2026-11-21", "2026-11-24"] {
                let planned = shop.plan(streams, &saved, day, true).await;
                let asked = std::mem::take(&mut *shop.pages.lock().unwrap());
                let (read, states) = shop.sync(streams, &saved, day).await;
                let read: BTreeMap<_, _> =
                    ALL.map(|name| (name.to_owned(), read.get(name).unwrap_or(&0).to_string())).into();
                assert_eq!(requests(&planned), read, "{}", planned.report);
                // What it was asked for the keys, and not a row of the leaves.
                assert_eq!(planned.json["asked"], json!(asked.values().sum::<u64>()));
                assert!(!asked.contains_key("sales"));
                saved = states;
            }
        });
    }
}

#[tokio::test]
async fn without_a_state_the_deeper_parents_are_not_asked_and_what_they_have_is_at_least_one() {
    let shop = Shop::of(&[&[0; 5], &[0; 2], &[]]);
    let planned = shop.plan(&ALL, &Saved::new(), "2026-11-24", false).await;
    assert_eq!(*shop.pages.lock().unwrap(), BTreeMap::from([("shelves", 2)]));
    assert_eq!(planned.json["asked"], 2);
    // Ten days in windows of five.
    assert_eq!(requests(&planned), expected([("shelves", "2"), ("books", "3+"), ("sales", "2+")]));
    let partitions = |index: usize| planned.json["streams"][index]["partitions"]["number"].clone();
    assert_eq!([0, 1, 2].map(partitions), [json!(1), json!(3), Value::Null]);
    assert!(planned.report.contains("--count"), "{}", planned.report);
}

#[tokio::test]
async fn what_deeper_parents_have_is_known_as_of_the_last_sync() {
    let mut shop = Shop::of(&[&[0; 5], &[0; 2], &[]]);
    let (_, saved) = shop.sync(&ALL, &Saved::new(), "2026-11-24").await;
    let planned = shop.plan(&ALL, &saved, "2026-11-24", false).await;
    assert_eq!(requests(&planned), expected([("shelves", "2"), ("books", "~5"), ("sales", "~3")]));

    // The estimate is right while nothing changes, and counts no books of a shelf that is gone.
    let (read, _) = shop.sync(&ALL, &saved, "2026-11-24").await;
    assert_eq!(read, BTreeMap::from([("shelves", 2), ("books", 5), ("sales", 3)]));
    shop.shelves.truncate(1);
    let planned = shop.plan(&ALL, &saved, "2026-11-24", false).await;
    assert_eq!(requests(&planned), expected([("shelves", "1"), ("books", "~3"), ("sales", "~2")]));

    // So is what a parent has of which no child is wanted.
    let planned = shop.plan(&["books"], &saved, "2026-11-24", false).await;
    assert_eq!(requests(&planned), expected([("shelves", "1"), ("books", "~3")]));
}

#[tokio::test]
async fn parents_that_nobody_configured_cost_as_well() {
    let shop = Shop::of(&[&[0; 5], &[0; 2]]);
    let planned = shop.plan(&["sales"], &Saved::new(), "2026-11-24", true).await;
    assert_eq!(requests(&planned), expected([("shelves", "1"), ("books", "4"), ("sales", "6")]));
    let keys_only = |index: usize| planned.json["streams"][index]["keys_only"] == true;
    assert_eq!([0, 1, 2].map(keys_only), [false, true, true]);
    assert_eq!(planned.report.matches("(keys only)").count(), 2);
}

#[tokio::test]
async fn a_parent_without_records_has_no_children_that_cost() {
    let planned = Shop::of(&[]).plan(&ALL, &Saved::new(), "2026-11-24", false).await;
    assert_eq!(requests(&planned), expected([("shelves", "1"), ("books", "0"), ("sales", "0")]));
}

#[tokio::test]
async fn a_stream_that_says_nothing_of_its_cost_needs_a_request_or_more_for_each_slice() {
    let made = Made::of([&Table::new("boards", |_| stream::empty().boxed()).each(0..3)]);
    let planned =
        testing::plan(&made, Map::new(), &made.catalog(), &Saved::new(), on("2026-11-24"), true).await;
    assert_eq!(requests(&planned.unwrap()), expected([("boards", "3+")]));
}

#[tokio::test]
async fn the_numbers_are_told_as_a_table() {
    let shop = Shop { page_size: 100, batch_size: 2, ..Shop::of(&[&[0; 1500], &[0; 901], &[]]) };
    let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
    let budgets = vec![
        Budget::new("lists", 1000, minute),
        Budget::new("sales", 300, minute),
        Budget::new("sales", 1000, day),
        Budget::overall(100, Duration::from_secs(1)),
    ];
    let source = Limited(shop.source(), budgets);
    let (catalog, clock) = (source.0.catalog_of(&["books", "sales"]), on("2026-11-24"));
    let counted = testing::plan(&source, Map::new(), &catalog, &Saved::new(), clock.clone(), true).await;
    let (_, saved) = shop.sync(&ALL, &Saved::new(), "2026-11-24").await;
    let estimated = testing::plan(&source, Map::new(), &catalog, &saved, clock.clone(), false).await;
    let guessed = testing::plan(&source, Map::new(), &catalog, &Saved::new(), clock.clone(), false).await;
    let unlimited = testing::plan(&source.0, Map::new(), &catalog, &Saved::new(), clock, false).await;
    let told = [counted, estimated, guessed, unlimited].map(|planned| planned.unwrap().report);
    insta::assert_snapshot!(told.join("\n=====\n\n"));
}

#[tokio::test]
async fn what_is_wrong_is_told_as_a_sync_tells_it() {
    let shop = Shop::of(&[&[0]]);
    let states = |state: Value| Saved::from([("sales".to_owned(), RawJson::from(state))]);
    let orders = Saved::from([("orders".to_owned(), RawJson::from(json!({})))]);
    for (name, mode, saved, refusal) in [
        ("tomes", SyncMode::FullRefresh, Saved::new(), None),
        ("books", SyncMode::Other("weekly".into()), Saved::new(), None),
        ("sales", SyncMode::Incremental, states(json!({"day": "soon"})), None),
        ("sales", SyncMode::Incremental, orders, None),
        ("books", SyncMode::FullRefresh, Saved::new(), Some("sign in")),
    ] {
        let made = Made { refusal, ..shop.source() };
        let mut catalog = made.catalog_of(&[name]);
        catalog.streams[0].sync_mode = mode;
        let (clock, config) = (on("2026-11-24"), Map::new());
        let read = testing::read(&made, config.clone(), &catalog, &saved, clock.clone()).await;
        let planned = testing::plan(&made, config, &catalog, &saved, clock, true).await;
        let told: Vec<_> = planned.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1);
        assert!(read.errors()[0].contains(&told[0]), "{told:?} is not {:?}", read.errors());
    }
    assert!(shop.pages.lock().unwrap().is_empty(), "nothing was asked");
}

#[tokio::test]
async fn a_parent_that_cannot_be_asked_is_a_failure() {
    let fails = |_: Slice| stream::iter([Ok(page(0..2)), Err(Failure::transient("it is closed"))]).boxed();
    let shelves = Table::new("shelves", |_| stream::iter([Ok(page(0..2))]).boxed());
    let books = Table::new("books", fails).child_of("shelves");
    let sales = Table::new("sales", |_| stream::empty().boxed()).child_of("books");
    let told = async |made: &Made, catalog: &ConfiguredCatalog, count: bool| {
        let planned = testing::plan(made, Map::new(), catalog, &Saved::new(), on("2026-11-24"), count).await;
        planned.map_err(|failures| failures[0].to_string())
    };
    let made = Made::of([&shelves, &books, &sales]);
    assert!(told(&made, &made.catalog(), false).await.is_ok());
    let failure = told(&made, &made.catalog(), true).await.unwrap_err();
    assert_eq!(failure, "stream books: id=0: it is closed");

    let made = Made::of([&Table::new("shelves", fails), &books]);
    let failure = told(&made, &made.catalog_of(&["books"]), false).await.unwrap_err();
    assert_eq!(failure, "stream shelves: it is closed");
}

#[tokio::test]
async fn streams_that_are_parents_of_each_other_are_a_fault_that_is_told() {
    let of = |name, parent| Table::new(name, |_| stream::empty().boxed()).child_of(parent);
    for made in [Made::of([&of("a", "b"), &of("b", "a")]), Made::of([&of("a", "c")])] {
        let planned =
            testing::plan(&made, Map::new(), &made.catalog(), &Saved::new(), on("2026-11-24"), false).await;
        let told = planned.unwrap_err()[0].to_string();
        assert!(told.starts_with("stream a: it") && told.contains("parent"), "{told}");
    }
}
