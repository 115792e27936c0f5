//! A core for Airbyte sources with incremental streams and substreams.
//!
//! A connector says what its streams are ([`Stream`], [`Descriptor`]), how they are divided ([`Partitions`],
//! [`Batch`]), how their progress is kept ([`CursorPolicy`]), and reads one [`Slice`] at a time as [`Pages`] of
//! [`RawRecord`]s. What went wrong is a [`Failure`], written for the person who must act.
//!
//! Records pass through as the bytes the API sent; only the fields that the cursor, the children and the batches
//! need are looked at. State has the JSON shape that existing Airbyte connections hold, one cursor for each
//! [`Partition`], and moments compare as moments whatever form they were saved in ([`CursorValue`]).

mod cli;
mod cursor;
mod emitter;
mod engine;
mod failure;
mod fault;
mod partition;
mod peek;
mod reporting;
mod source;
mod state;
mod state_file;
mod stream;
pub mod testing;
mod transform;

pub use cli::run;
pub use cursor::{ClientFiltered, CursorFormat, CursorPolicy, CursorValue, Window, Windowed};
pub use emitter::{Clock, Emitter, OutputClosed, StreamOutput};
pub use failure::Failure;
pub use partition::{Partition, Slice};
pub use source::{Context, Source};
pub use stream::{Batch, Descriptor, Page, Pages, Partitions, RawRecord, Stream};
