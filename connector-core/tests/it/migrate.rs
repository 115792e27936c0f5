//! What `migrate` makes of a connection of any version, and that it changes nothing for a sync.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use airbyte_protocol::{
    ConfiguredCatalog, ConfiguredStream, ConnectorSpecification, RawJson, Stream as CatalogStream, SyncMode,
};
use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use connector_core::testing::{self, Migrated, Run};
use connector_core::{
    Concurrency, Context, CursorPolicy, Descriptor, Failure, Migrations, Page, Pages, Partitions, Slice,
    Source, StateMigration, Stream,
};
use futures::{StreamExt, stream};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::made::{Made, Table, clock};

type Saved = HashMap<String, RawJson>;

fn saved(states: Value) -> Saved {
    let states = states.as_object().unwrap().clone();
    states.into_iter().map(|(name, state)| (name, RawJson::from(state))).collect()
}

fn values(saved: &Saved) -> Value {
    saved
        .iter()
        .map(|(name, state)| (name.clone(), state.parse::<Value>().unwrap()))
        .collect::<Map<_, _>>()
        .into()
}

/// Without what is a duration.
fn timeless(saved: &Saved) -> Value {
    let mut states = values(saved);
    for state in states.as_object_mut().unwrap().values_mut().filter_map(Value::as_object_mut) {
        state.shift_remove("lookback_window");
    }
    states
}

async fn migrate<S: Source>(source: &S, catalog: &ConfiguredCatalog, saved: &Saved) -> Migrated {
    testing::migrate(source, Map::new(), catalog, saved, clock()).await.unwrap()
}

/// Shelves, the books of each with the time they were changed, and what each book sold by day.
#[derive(Clone, Default)]
struct Shop(Arc<Mutex<Data>>);

#[derive(Default)]
struct Data {
    books: Vec<Value>,
    sales: Vec<Value>,
}

/// The moments and the days at which something happens.
fn moment(step: usize) -> i64 {
    40 + 3 * i64::try_from(step).unwrap()
}

fn day(step: usize) -> String {
    let first: NaiveDate = "2026-11-15".parse().unwrap();
    (first + Days::new(u64::try_from(step / 2).unwrap().min(9))).to_string()
}

impl Shop {
    /// A new book, and one sold of it and of the oldest book.
    fn grow(&self, shelf: u32, step: usize) {
        let data = &mut *self.0.lock().unwrap();
        let book = format!("b{step}");
        data.books.push(json!({"id": book, "shelf": shelf.to_string(), "updated": moment(step)}));
        let oldest = data.books[0]["id"].clone();
        for of in [oldest, json!(book)] {
            data.sales.push(json!({"id": format!("s{}", data.sales.len()), "book": of, "day": day(step)}));
        }
    }

    fn source(&self) -> Made {
        let shelves = Table::new("shelves", |_| {
            stream::iter([Page::from_values((0..3).map(|id| json!({"id": id.to_string()})))]).boxed()
        });
        let shop = self.clone();
        let books = Table::new("books", move |slice| {
            let is_there =
                |book: &Value| Some(book["shelf"].as_str().unwrap()) == slice.partition().get("id");
            pages(shop.0.lock().unwrap().books.iter().filter(|book| is_there(book)))
        });
        let shop = self.clone();
        let sales = Table::new("sales", move |slice| {
            let window = *slice.window().unwrap();
            let is_asked_for = |sale: &Value| {
                let day: NaiveDate = sale["day"].as_str().unwrap().parse().unwrap();
                Some(sale["book"].as_str().unwrap()) == slice.partition().get("id")
                    && (window.start..=window.end).contains(&day)
            };
            pages(shop.0.lock().unwrap().sales.iter().filter(|sale| is_asked_for(sale)))
        });
        let (books, sales) = (books.child_of("shelves").incremental(), sales.child_of("books").daily(0));
        Made { concurrency: Concurrency::fixed(1), ..Made::of([&shelves, &books, &sales]) }
    }
}

/// Two records each, so that there is something to stop between.
fn pages<'a>(records: impl Iterator<Item = &'a Value>) -> Pages<'static> {
    let records: Vec<_> = records.cloned().collect();
    let pages: Vec<_> = records.chunks(2).map(Page::from_values).collect();
    stream::iter(pages).boxed()
}

/// Something that happens to a connection.
#[derive(Clone, Debug)]
enum Step {
    Grow {
        shelf: u32,
    },
    /// A sync, stopped after so many messages, with the files migrated before it or not.
    Sync {
        stopped_after: Option<usize>,
        migrated: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_u32).prop_map(|shelf| Step::Grow { shelf }),
        (prop::option::of(0..40_usize), any::<bool>())
            .prop_map(|(stopped_after, migrated)| Step::Sync { stopped_after, migrated }),
    ]
}

/// The states that a connection may begin with.
fn beginnings() -> [Value; 4] {
    let of_sales = |book: &str| json!({"partition": {"id": book}, "cursor": {"day": "2026-11-16"}});
    let of_shelf = |shelf: u32, seconds: i64| json!({"partition": {"id": shelf, "parent_slice": {}}, "cursor": {"updated": seconds}});
    [
        json!({}),
        json!({"shelves": {"__ab_full_refresh_state_message": true}, "books": {"updated": 50.0}, "sales": {"day": "2026-11-17"}}),
        json!({
            "shelves": {}, "books": {"states": [of_shelf(0, 46), of_shelf(2, 55)]},
            "sales": {"states": [of_sales("b0"), of_sales("b3")]}
        }),
        json!({
            "books": {"use_global_cursor": true, "state": {"updated": "55"}, "lookback_window": 4, "parent_state": {}},
            "sales": {"use_global_cursor": true, "state": {"day": "2026-11-18"}, "lookback_window": 1}
        }),
    ]
}

/// Whether a row is at or after the cursor that its partition begins with.
fn is_wanted(beginning: &Value, stream: &str, row: &Value) -> bool {
    let (of, field) = if stream == "books" { ("shelf", "updated") } else { ("book", "day") };
    let state = &beginning[stream];
    let entries = state["states"].as_array().into_iter().flatten();
    let id = |entry: &Value| entry["partition"]["id"].to_string().trim_matches('"').to_owned();
    let own =
        entries.filter(|entry| id(entry) == row[of].as_str().unwrap()).map(|entry| &entry["cursor"][field]);
    let cursor = own.chain([&state[field], &state["state"][field]]).find(|cursor| !cursor.is_null());
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match cursor {
        None => true,
        Some(cursor) if field == "day" => row["day"].as_str() >= cursor.as_str(),
        Some(cursor) => row["updated"].as_f64() >= number(cursor),
    }
}

/// What a history leaves behind: the rows that were written, one list for each sync, and the state.
async fn live(beginning: &Value, history: &[Step], migrating: bool) -> (Vec<Vec<Value>>, Saved, Shop) {
    let (shop, mut saved, mut written) = (Shop::default(), saved(beginning.clone()), Vec::new());
    let last = Step::Sync { stopped_after: None, migrated: true };
    for (at, step) in history.iter().chain([&last]).enumerate() {
        match step {
            Step::Grow { shelf } => shop.grow(*shelf, at),
            Step::Sync { stopped_after, migrated } => {
                let source = shop.source();
                let catalog = source.catalog();
                if *migrated && migrating {
                    let once = migrate(&source, &catalog, &saved).await;
                    let twice = migrate(&source, &once.catalog, &once.saved).await;
                    assert_eq!((values(&twice.saved), &twice.catalog), (values(&once.saved), &once.catalog));
                    assert!(!twice.report.contains("form of today"), "{}", twice.report);
                    saved = once.saved;
                }
                let Run { success, mut messages } = source.sync(&catalog, &saved).await;
                assert!(success);
                messages.truncate(stopped_after.unwrap_or(usize::MAX));
                let run = Run { success, messages };
                written.push(
                    ["shelves", "books", "sales"].iter().flat_map(|stream| run.records(stream)).collect(),
                );
                saved.extend(run.saved());
            }
        }
    }
    (written, saved, shop)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_connection_that_is_migrated_goes_on_as_one_that_is_not(
        beginning in 0..4_usize,
        history in prop::collection::vec(step(), 0..14),
    ) {
        let beginning = &beginnings()[beginning];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (written, saved, shop) = live(beginning, &history, true).await;
            let (expected, never_migrated, _) = live(beginning, &history, false).await;
            assert_eq!(timeless(&saved), timeless(&never_migrated));
            assert_eq!(written, expected);
            let written: BTreeSet<_> = written.iter().flatten().map(|row| row["id"].to_string()).collect();
            let data = shop.0.lock().unwrap();
            for (stream, rows) in [("books", &data.books), ("sales", &data.sales)] {
                for row in rows.iter().filter(|row| is_wanted(beginning, stream, row)) {
                    assert!(written.contains(&row["id"].to_string()), "{stream} {row}");
                }
            }
        });
    }
}

/// A source with a history: what it calls `books` were `tomes`, and `volumes` before.
struct Renamed(Made);

#[async_trait]
impl Source for Renamed {
    type Config = Map<String, Value>;

    fn spec(&self) -> ConnectorSpecification {
        ConnectorSpecification::default()
    }

    async fn check(&self, _: Self::Config, _: Context) -> Result<(), Failure> {
        Ok(())
    }

    fn streams(&self, config: Self::Config, _: Context) -> Result<Vec<Arc<dyn Stream>>, Failure> {
        match config.get("shop") {
            Some(_) => Err(Failure::config("there is no `shop`")),
            None => Ok(self.0.streams.clone()),
        }
    }

    fn migrations(&self) -> Migrations {
        Migrations::new()
            .renamed_stream("2.0.0", "volumes", "tomes")
            .renamed_stream("3.0.0", "tomes", "books")
            .config("2.0.0", "`shop` is called `shop_id`", |config| rename(config, "shop", "shop_id"))
            .config("3.0.0", "`shop_id` is called `id`", |config| rename(config, "shop_id", "id"))
    }
}

fn rename(object: &mut Map<String, Value>, before: &str, now: &str) -> bool {
    let value = object.shift_remove(before);
    value.map(|value| object.insert(now.to_owned(), value)).is_some()
}

/// A stream whose cursor had another name, and that wants to be read again after a shared one.
struct Books(Table);

impl Stream for Books {
    fn descriptor(&self) -> Descriptor {
        self.0.descriptor().primary_key(["id"])
    }

    fn partitions(&self) -> Partitions {
        self.0.partitions()
    }

    fn cursor(&self) -> CursorPolicy {
        self.0.cursor()
    }

    fn state_migrations(&self) -> Vec<StateMigration> {
        vec![StateMigration::new("2.5.0", "the cursor is called `updated`", |state| {
            Ok(rename(state, "changed", "updated"))
        })]
    }

    fn advice_on_shared_cursor(&self) -> Option<String> {
        Some("read it again".to_owned())
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        self.0.read(slice)
    }
}

fn renamed() -> Renamed {
    let schema = json!({"id": {"type": "string"}, "price": {"type": "number"}});
    let books = Table::new("books", |_| stream::empty().boxed()).incremental().each(0..2).cast_to(schema);
    let shelves = Table::new("shelves", |_| stream::empty().boxed());
    let mut made = Made::of([&shelves]);
    made.streams.push(Arc::new(Books(books)));
    Renamed(made)
}

fn configured(name: &str, properties: Value) -> ConfiguredStream {
    let schema = Map::from_iter([("properties".to_owned(), properties)]);
    let mode = SyncMode::Incremental;
    ConfiguredStream::new(CatalogStream::new(name, schema, vec![mode.clone()]), mode)
}

/// The rows of the tables of a report, each cell in one line.
fn rows(report: &str) -> Vec<Vec<String>> {
    let mut rows = vec![Vec::new()];
    for line in report.lines().filter(|line| line.starts_with(['|', '+'])) {
        if line.starts_with(['+']) || line.starts_with("|-") {
            rows.push(Vec::new());
            continue;
        }
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let row: &mut Vec<String> = rows.last_mut().unwrap();
        row.resize(cells.len(), String::new());
        for (whole, cell) in row.iter_mut().zip(cells) {
            *whole = format!("{whole} {cell}").trim().to_owned();
        }
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// The last row that tells of a stream.
fn row(report: &str, stream: &str) -> Vec<String> {
    rows(report).into_iter().rfind(|row| row[0] == stream).unwrap()
}

#[tokio::test]
async fn configs_of_every_version_become_one_of_today() {
    let source = renamed();
    for (before, told) in [(json!({"shop": 1}), 2), (json!({"shop_id": 1}), 1), (json!({"id": 1}), 0)] {
        let config = before.as_object().unwrap().clone();
        let migrated =
            testing::migrate(&source, config, &ConfiguredCatalog::default(), &Saved::new(), clock())
                .await
                .unwrap();
        assert_eq!(Value::Object(migrated.config), json!({"id": 1}));
        assert_eq!(migrated.report.matches("is called").count(), told, "{}", migrated.report);
    }
}

#[tokio::test]
async fn a_catalog_has_the_names_and_schemas_of_today_and_the_choices_of_the_user() {
    let mut tomes = configured("tomes", json!({"id": {"type": ["null", "integer"]}, "colour": {}}));
    tomes.cursor_field = Some(vec!["updated".to_owned()]);
    tomes.generation_id = Some(7);
    tomes.extra.insert("of tomorrow".to_owned(), json!(1));
    let streams = vec![
        tomes,
        configured("volumes", json!({})),
        configured("zebras", json!({"id": {}})),
        configured("shelves", json!({})),
    ];
    let catalog = ConfiguredCatalog { streams, ..Default::default() };
    let migrated = migrate(&renamed(), &catalog, &Saved::new()).await;

    let now = migrated.catalog.streams;
    let names: Vec<_> = now.iter().map(|stream| stream.stream.name.as_str()).collect();
    assert_eq!(names, ["books", "zebras", "shelves"]);
    let expected = renamed().0.streams[1].descriptor();
    assert_eq!(now[0].stream.json_schema, *expected.json_schema);
    assert_eq!(now[0].stream.source_defined_primary_key, Some(vec![vec!["id".to_owned()]]));
    assert_eq!(now[0].stream.default_cursor_field, Some(vec!["updated".to_owned()]));
    assert_eq!(now[0].stream.is_resumable, Some(true));
    let chosen = ConfiguredStream { stream: now[0].stream.clone(), ..catalog.streams[0].clone() };
    assert_eq!(now[0], chosen);
    assert_eq!(now[1], catalog.streams[2]);
    let offered = "supported_sync_modes, source_defined_cursor, default_cursor_field, source_defined_primary_key, \
                   is_resumable as of today";
    let changes = format!(
        "renamed in 3.0.0; 1 field new (price), 1 field retyped (id), 1 field gone (colour); {offered}"
    );
    let expected = [
        [
            "books",
            "named tomes; 2 fields",
            &changes,
            "refresh the schema; expect its records under the new name",
        ],
        [
            "books",
            "named volumes; 0 fields",
            "left out: it stands there before, and the first counts",
            "nothing",
        ],
        ["zebras", "1 field", "kept as it is", "take it out: it is not a stream of this source"],
        [
            "shelves",
            "0 fields",
            "fields described anew; supported_sync_modes as of today",
            "choose full_refresh: it is not read incrementally; refresh the schema",
        ],
    ];
    assert_eq!(rows(&migrated.report)[1..], expected);
}

#[tokio::test]
async fn states_have_the_names_and_the_form_of_today() {
    let catalog = ConfiguredCatalog::default();
    let of = |state: Value| saved(json!({"tomes": state, "zebras": {"x": 1}}));
    let own = json!([{"partition": {"id": 1}, "cursor": {"updated": 5}}]);
    for (before, was, now, to_do) in [
        (
            json!({"changed": 1_794_268_800}),
            "named tomes; one cursor for all partitions (2026-11-10)",
            "the same, in the form of today; since 2.5.0: the cursor is called `updated`",
            "read it again",
        ),
        (
            json!({"states": own}),
            "named tomes; a cursor for one partition",
            "the same, in the form of today",
            "nothing",
        ),
        (json!({"next_page_token": "x"}), "named tomes; a mark of a full refresh", "nothing yet", "nothing"),
    ] {
        let migrated = migrate(&renamed(), &catalog, &of(before)).await;
        assert_eq!(
            migrated.saved.keys().collect::<BTreeSet<_>>(),
            BTreeSet::from([&"books".to_owned(), &"zebras".to_owned()])
        );
        let told = row(&migrated.report, "books");
        assert_eq!((told[1].as_str(), told[2].as_str(), told[3].as_str()), (was, now, to_do));
        let told = row(&migrated.report, "zebras");
        assert_eq!(
            told[1..],
            [
                "not known",
                "kept as it is",
                "nothing, if the config leaves its stream out for now; else take it out"
            ]
        );
        let again = migrate(&renamed(), &catalog, &migrated.saved).await;
        assert_eq!(row(&again.report, "books")[2..], ["unchanged", to_do]);
        assert_eq!(again.saved["books"].get(), migrated.saved["books"].get());
    }
}

#[tokio::test]
async fn of_two_states_of_one_stream_the_one_under_the_newer_name_counts() {
    let state = |seconds: i64| json!({"updated": seconds});
    for (before, counts) in [
        (json!({"books": state(1), "tomes": state(2), "volumes": state(3)}), "1"),
        (json!({"tomes": state(2), "volumes": state(3)}), "2"),
    ] {
        let migrated = migrate(&renamed(), &ConfiguredCatalog::default(), &saved(before)).await;
        assert_eq!(values(&migrated.saved)["books"]["state"]["updated"], counts);
        assert_eq!(migrated.saved.len(), 1);
        let told = row(&migrated.report, "books");
        assert_eq!(told[1], "named volumes");
        assert!(told[2].starts_with("left out: ") && told[2].ends_with(" counts"), "{told:?}");
    }
}

#[tokio::test]
async fn of_two_states_of_one_stream_the_one_that_a_sync_would_read_counts() {
    let states =
        || saved(json!({"books": {"updated": 1}, "tomes": {"updated": 2}, "volumes": {"updated": 3}}));
    for (name, counts) in [("books", "1"), ("tomes", "2"), ("volumes", "3")] {
        let catalog = ConfiguredCatalog { streams: vec![configured(name, json!({}))], ..Default::default() };
        let migrated = migrate(&renamed(), &catalog, &states()).await;
        assert_eq!(values(&migrated.saved)["books"]["state"]["updated"], counts, "{name}");
        let again = migrate(&renamed(), &migrated.catalog, &migrated.saved).await;
        assert_eq!(values(&again.saved), values(&migrated.saved), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused() {
    let refused = async |config: Value, state: Value| {
        let config = config.as_object().unwrap().clone();
        let catalog = ConfiguredCatalog::default();
        let outcome = testing::migrate(&renamed(), config, &catalog, &saved(state), clock()).await;
        outcome.unwrap_err().to_string()
    };
    let told = refused(json!({}), json!({"tomes": {"states": 5}})).await;
    assert!(told.starts_with("stream tomes: ") && told.contains("`states`"), "{told}");
    let told = refused(json!({}), json!({"zebras": {}})).await;
    assert!(told.contains("zebras"), "{told}");
}
