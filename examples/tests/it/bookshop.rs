//! The bookshop connector through the whole protocol, against a shop in this process.

#[path = "../../bookshop.rs"]
mod program;

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use airbyte_protocol::{ConnectionState, FailureType, Message, StreamStatus, SyncMode};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use connector_core::testing::{self, Run};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use program::Bookshop;

/// The shop: two books a page.
#[derive(Clone, Default)]
struct Shop(Arc<Mutex<Stock>>);

#[derive(Default)]
struct Stock {
    shelves: Vec<Value>,
    books: HashMap<String, Vec<Value>>,
    closed_shelf: Option<String>,
}

impl Shop {
    fn with_three_shelves() -> Self {
        let shop = Self::default();
        for (shelf, books) in [("poetry", 3), ("travel", 5), ("empty", 0)] {
            shop.0.lock().unwrap().shelves.push(json!({"id": shelf, "name": null, "room": 2}));
            (0..books).for_each(|number| shop.change(shelf, number, 1_700_000_000 + number));
        }
        shop
    }

    /// A book with a new `updated_at`, new itself or not.
    fn change(&self, shelf: &str, number: i64, updated_at: i64) {
        let book = json!({"id": format!("{shelf}-{number}"), "title": "Ö", "updated_at": updated_at});
        let mut stock = self.0.lock().unwrap();
        let books = stock.books.entry(shelf.to_owned()).or_default();
        books.retain(|known| known["id"] != book["id"]);
        books.push(book);
    }

    fn page(items: &[Value], query: &HashMap<String, String>) -> Json<Vec<Value>> {
        let page: usize = query["page"].parse().unwrap();
        Json(items.iter().skip((page - 1) * 2).take(2).cloned().collect())
    }

    async fn open(&self) -> String {
        async fn shelves(
            State(shop): State<Shop>,
            Query(query): Query<HashMap<String, String>>,
        ) -> Json<Vec<Value>> {
            Shop::page(&shop.0.lock().unwrap().shelves, &query)
        }
        async fn books(
            State(shop): State<Shop>,
            Query(query): Query<HashMap<String, String>>,
        ) -> Result<Json<Vec<Value>>, StatusCode> {
            let stock = shop.0.lock().unwrap();
            if stock.closed_shelf.as_ref() == Some(&query["shelf"]) {
                return Err(StatusCode::SERVICE_UNAVAILABLE);
            }
            Ok(Shop::page(stock.books.get(&query["shelf"]).map_or(&[], Vec::as_slice), &query))
        }
        let router = Router::new().route("/shelves", get(shelves)).route("/books", get(books));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = router.with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        url
    }
}

fn file(content: &Value) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    write!(file, "{content}").unwrap();
    file
}

async fn run(command: &str, files: &[(&str, &Value)]) -> Run {
    let files: Vec<_> = files.iter().map(|(flag, content)| (format!("--{flag}"), file(content))).collect();
    let mut arguments = vec![command];
    for (flag, file) in &files {
        arguments.extend([flag.as_str(), file.path().to_str().unwrap()]);
    }
    testing::command(&Bookshop, &arguments, Arc::new(|| "2026-11-24T00:00:00Z".parse().unwrap())).await
}

fn catalog(mode: &str) -> Value {
    let stream = |name: &str, mode: &str| {
        json!({
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]},
            "sync_mode": mode, "destination_sync_mode": "append",
        })
    };
    json!({"streams": [stream("shelves", "full_refresh"), stream("books", mode)]})
}

fn ids(run: &Run, stream: &str) -> Vec<String> {
    let mut ids: Vec<_> =
        run.records(stream).iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// The states of a run as a platform would hand them back.
fn state(run: &Run) -> Value {
    let stream = |(name, state): (String, airbyte_protocol::RawJson)| {
        json!({
            "type": "STREAM",
            "stream": {"stream_descriptor": {"name": name}, "stream_state": state.parse::<Value>().unwrap()},
        })
    };
    run.saved().into_iter().map(stream).collect()
}

#[tokio::test]
async fn says_what_its_config_looks_like() {
    let run = run("spec", &[]).await;
    assert!(run.success);
    let [Message::Spec(spec)] = run.messages.as_slice() else { panic!("{:?}", run.messages) };
    let properties = &spec.connection_specification["properties"];
    assert_eq!(properties["start_date"]["format"], "date");
    assert_eq!(spec.connection_specification["required"], json!(["url"]));
    assert_eq!(spec.connection_specification["$schema"], "http://json-schema.org/draft-07/schema#");
}

#[tokio::test]
async fn checks_whether_the_shop_answers() {
    let url = Shop::default().open().await;
    for (url, expected) in
        [(url, ConnectionState::Succeeded), ("http://127.0.0.1:1".into(), ConnectionState::Failed)]
    {
        let run = run("check", &[("config", &json!({"url": url}))]).await;
        let [Message::ConnectionStatus(answer)] = run.messages.as_slice() else {
            panic!("{:?}", run.messages)
        };
        assert_eq!(answer.status, expected);
        assert!(run.success);
    }
}

#[tokio::test]
async fn offers_its_streams() {
    let run = run("discover", &[("config", &json!({"url": "unused"}))]).await;
    let [Message::Catalog(catalog)] = run.messages.as_slice() else { panic!("{:?}", run.messages) };
    let [shelves, books] = catalog.streams.as_slice() else { panic!("{catalog:?}") };
    assert_eq!(shelves.supported_sync_modes, [SyncMode::FullRefresh]);
    assert_eq!(books.supported_sync_modes, [SyncMode::FullRefresh, SyncMode::Incremental]);
    assert_eq!(books.default_cursor_field, Some(vec!["updated_at".to_owned()]));
    assert_eq!(books.source_defined_primary_key, Some(vec![vec!["id".to_owned()]]));
}

#[tokio::test]
async fn reads_everything_and_then_what_changed() {
    let shop = Shop::with_three_shelves();
    let config = json!({"url": shop.open().await});
    let first = run("read", &[("config", &config), ("catalog", &catalog("incremental"))]).await;
    assert!(first.success, "{:?}", first.errors());
    assert_eq!(ids(&first, "shelves"), ["empty", "poetry", "travel"]);
    assert_eq!(first.records("shelves")[0], json!({"id": "poetry", "name": null, "room": 2}));
    assert_eq!(ids(&first, "books").len(), 8);

    shop.change("poetry", 0, 1_700_000_500);
    shop.change("travel", 9, 1_700_000_004);
    let inputs = [("config", &config), ("catalog", &catalog("incremental")), ("state", &state(&first))];
    let second = run("read", &inputs).await;
    // The newest record of each shelf comes again: a book changed in the same second would look the same.
    assert_eq!(ids(&second, "books"), ["poetry-0", "poetry-2", "travel-4", "travel-9"]);
    assert_eq!(ids(&second, "shelves").len(), 3);
}

#[tokio::test]
async fn a_shelf_that_fails_leaves_the_other_shelves_alone_and_loses_nothing() {
    let shop = Shop::with_three_shelves();
    let config = json!({"url": shop.open().await});
    let failing = |shelf: Option<&str>| shop.0.lock().unwrap().closed_shelf = shelf.map(str::to_owned);
    failing(Some("poetry"));
    let first = run("read", &[("config", &config), ("catalog", &catalog("incremental"))]).await;
    assert!(!first.success);
    assert_eq!(ids(&first, "books").len(), 5);
    assert_eq!(first.statuses("books").last(), Some(&StreamStatus::Incomplete));
    let error = first.messages.iter().find_map(|message| match message {
        Message::Trace(trace) => trace.error.as_ref(),
        _ => None,
    });
    let error = error.unwrap();
    assert_eq!(error.failure_type, Some(FailureType::TransientError));
    assert!(error.message.contains("books") && error.message.contains("poetry"), "{}", error.message);

    failing(None);
    let inputs = [("config", &config), ("catalog", &catalog("incremental")), ("state", &state(&first))];
    let second = run("read", &inputs).await;
    assert!(second.success);
    assert_eq!(ids(&second, "books"), ["poetry-0", "poetry-1", "poetry-2", "travel-4"]);
}

#[tokio::test]
async fn books_before_the_start_date_are_left_out() {
    let shop = Shop::default();
    shop.0.lock().unwrap().shelves.push(json!({"id": "new"}));
    // The last second of 31 December 2025, and the first of 1 January 2026, UTC.
    shop.change("new", 1, 1_767_225_599);
    shop.change("new", 2, 1_767_225_600);
    let config = json!({"url": shop.open().await, "start_date": "2026-01-01"});
    let run = run("read", &[("config", &config), ("catalog", &catalog("full_refresh"))]).await;
    assert_eq!(ids(&run, "books"), ["new-2"]);
}
