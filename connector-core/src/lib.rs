//! A core for Airbyte sources with incremental streams and substreams.
//!
//! A connector says what its streams are ([`Stream`], [`Descriptor`]), how they are divided ([`Partitions`],
//! [`Batch`]), how their progress is kept ([`CursorPolicy`]), and reads one [`Slice`] at a time as [`Pages`] of
//! [`RawRecord`]s. What went wrong is a [`Failure`], written for the person who must act.
//!
//! Records pass through as the bytes the API sent; only the fields that the cursor, the children and the batches
//! need are looked at. State has the JSON shape that existing Airbyte connections hold, one cursor for each
//! [`Partition`], and moments compare as moments whatever form they were saved in ([`CursorValue`]).
//!
//! A [`Source`] holds the streams together, and [`run`] makes a program of it; [`testing`] runs it in memory:
//!
//! ```
//! use std::{collections::HashMap, sync::Arc};
//!
//! use airbyte_protocol::{ConfiguredCatalog, ConfiguredStream, ConnectorSpecification, SyncMode};
//! use connector_core::{
//!     Context, Descriptor, Failure, Page, Pages, Partitions, Slice, Source, Stream, testing,
//! };
//! use futures::{StreamExt, stream};
//! use serde_json::{Map, Value, json};
//!
//! struct Shelves;
//! impl Stream for Shelves {
//!     fn descriptor(&self) -> Descriptor {
//!         Descriptor::new("shelves", Map::new()).primary_key(["id"])
//!     }
//!     fn read<'a>(&'a self, _: &'a Slice) -> Pages<'a> {
//!         stream::iter([Page::from_values([json!({"id": "A"}), json!({"id": "B"})])]).boxed()
//!     }
//! }
//!
//! /// The books of each shelf: one partition for each record of the parent.
//! struct Books;
//! impl Stream for Books {
//!     fn descriptor(&self) -> Descriptor {
//!         Descriptor::new("books", Map::new()).primary_key(["id"])
//!     }
//!     fn partitions(&self) -> Partitions {
//!         Partitions::ChildrenOf { parent: "shelves".into(), key: "id".into() }
//!     }
//!     fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
//!         let shelf = slice.partition().get("id").unwrap_or_default().to_owned();
//!         stream::iter([Page::from_values([json!({"id": format!("{shelf}1")})])]).boxed()
//!     }
//! }
//!
//! struct Shop;
//! #[async_trait::async_trait]
//! impl Source for Shop {
//!     type Config = Map<String, Value>;
//!     fn spec(&self) -> ConnectorSpecification {
//!         ConnectorSpecification::default()
//!     }
//!     async fn check(&self, _: Self::Config, _: Context) -> Result<(), Failure> {
//!         Ok(())
//!     }
//!     fn streams(&self, _: Self::Config, _: Context) -> Result<Vec<Arc<dyn Stream>>, Failure> {
//!         Ok(vec![Arc::new(Shelves), Arc::new(Books)])
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let books = airbyte_protocol::Stream::new("books", Map::new(), vec![SyncMode::FullRefresh]);
//! let streams = vec![ConfiguredStream::new(books, SyncMode::FullRefresh)];
//! let catalog = ConfiguredCatalog { streams, ..Default::default() };
//! let clock = Arc::new(chrono::Utc::now);
//! let run = testing::read(&Shop, Map::new(), &catalog, &HashMap::new(), clock).await;
//! assert!(run.success);
//! assert_eq!(run.records("books").len(), 2);
//! # }
//! ```

mod cast;
mod cli;
mod cursor;
mod emitter;
mod engine;
mod failure;
mod fault;
mod forecast;
mod migrate;
mod migration;
mod owners;
mod partition;
mod peek;
mod reporting;
mod slice;
mod source;
mod state;
mod state_file;
mod stream;
mod stream_set;
pub mod testing;
mod transform;
mod workers;

pub use cli::run;
pub use cursor::{ClientFiltered, CursorFormat, CursorPolicy, CursorValue, Window, WindowUnit, Windowed};
pub use emitter::{Clock, Emitter, OutputClosed, StreamOutput};
pub use failure::Failure;
pub use forecast::{Budget, Certainty, Cost};
pub use migration::{Migrations, StateMigration};
pub use partition::Partition;
pub use slice::Slice;
pub use source::{Context, Source};
pub use stream::{Batch, Descriptor, Page, Pages, Partitions, RawRecord, SchemaCast, Stream};
pub use workers::{Concurrency, Worker};
