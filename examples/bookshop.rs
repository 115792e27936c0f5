//! A second connector on `connector-core`: the shelves of a bookshop, and the books on each. The shop answers arrays to
//! `/shelves?page=1` and `/books?shelf=7&page=1`, the page after the last one is empty, and it cannot filter by time.
#![expect(dead_code, reason = "the fields of records are for the schema; records pass through unread")]

use std::{process::ExitCode, sync::Arc, sync::LazyLock};

use airbyte_protocol::ConnectorSpecification;
use connector_core::{
    ClientFiltered, Context, CursorFormat, CursorPolicy, CursorValue, Descriptor, Failure, Page, Pages,
    Partitions, Slice, Source, Stream,
};
use futures::{StreamExt, stream};
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, value::RawValue};

#[derive(Clone, serde::Deserialize, JsonSchema)]
pub(crate) struct Config {
    /// The address of the shop, e.g. `http://localhost:8080`
    url: String,
    /// Books that were last changed before this day, UTC, are left out
    start_date: Option<chrono::NaiveDate>,
}

#[derive(JsonSchema)]
struct Shelf {
    id: String,
}

#[derive(JsonSchema)]
struct Book {
    id: String,
    title: Option<String>,
    /// Epoch seconds
    updated_at: Option<i64>,
}

pub(crate) struct Bookshop;

#[async_trait::async_trait]
impl Source for Bookshop {
    type Config = Config;

    fn spec(&self) -> ConnectorSpecification {
        ConnectorSpecification { connection_specification: schema::<Config>(), ..Default::default() }
    }

    async fn check(&self, config: Config, _: Context) -> Result<(), Failure> {
        get(&config, "shelves?page=1").await.map(|_| ())
    }

    fn streams(&self, config: Config, _: Context) -> Result<Vec<Arc<dyn Stream>>, Failure> {
        Ok(vec![Arc::new(Shelves(config.clone())), Arc::new(Books(config))])
    }
}

struct Shelves(Config);

impl Stream for Shelves {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new("shelves", schema::<Shelf>()).primary_key(["id"])
    }

    fn read<'a>(&'a self, _: &'a Slice) -> Pages<'a> {
        numbered_pages(&self.0, "shelves?".to_owned())
    }
}

/// One partition for each shelf; the API cannot filter by time, so the engine does.
struct Books(Config);

impl Stream for Books {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new("books", schema::<Book>()).primary_key(["id"])
    }

    fn partitions(&self) -> Partitions {
        Partitions::ChildrenOf { parent: "shelves".into(), key: "id".into() }
    }

    fn cursor(&self) -> CursorPolicy {
        let (start, format) = (self.0.start_date.map(CursorValue::from_date), CursorFormat::EpochSeconds);
        CursorPolicy::ClientFiltered(ClientFiltered {
            field: "updated_at".into(),
            format,
            start,
            reread_shared: false,
        })
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        numbered_pages(&self.0, format!("books?shelf={}&", slice.partition().get("id").unwrap_or_default()))
    }
}

fn numbered_pages(config: &Config, path: String) -> Pages<'_> {
    stream::try_unfold(1, move |number| {
        let path = format!("{path}page={number}");
        async move {
            let records = get(config, &path).await?;
            Ok((!records.is_empty()).then(|| (Page::new(records), number + 1)))
        }
    })
    .boxed()
}

async fn get(config: &Config, path: &str) -> Result<Vec<Box<RawValue>>, Failure> {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::new()
    });
    let failed = |error| Failure::transient("the shop did not answer, try again later").with_source(error);
    let answer = CLIENT.get(format!("{}/{path}", config.url)).send().await.map_err(failed)?;
    let body = answer.error_for_status().map_err(failed)?.bytes().await.map_err(failed)?;
    serde_json::from_slice(&body).map_err(|error| Failure::system(format!("{path} is no array: {error}")))
}

/// A schema as Airbyte means it: of draft 7, in which an integer has no width.
fn schema<T: JsonSchema>() -> Map<String, Value> {
    let without_width = RecursiveTransform(|schema: &mut Schema| {
        if schema.get("format").is_some_and(|format| format == "int64") {
            schema.remove("format");
        }
    });
    let generator = SchemaSettings::draft07().with_transform(without_width).into_generator();
    generator.into_root_schema_for::<T>().as_object().cloned().unwrap_or_default()
}

fn main() -> ExitCode {
    connector_core::run(Bookshop)
}
