//! Cursors: how a stream's progress is measured, and the state machines that keep it for one partition.
//!
//! A cursor does no I/O and reads no clock. [`ClientFiltered`] is for APIs that cannot filter: the engine drops the
//! records that are older than the saved value. [`Windowed`] is for APIs that take a date range: the engine cuts
//! the time since the saved value into windows.

mod client_filtered;
mod value;
mod windowed;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use client_filtered::ClientFiltered;
pub(crate) use client_filtered::ClientFilteredCursor;
pub use value::{CursorFormat, CursorValue};
pub(crate) use windowed::{ClosedWindow, Known, WindowedCursor};
pub use windowed::{WindowUnit, Windowed};

/// A closed range of dates, both ends included, in the time zone of the API (UTC unless its stream says otherwise).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The first day.
    pub start: NaiveDate,
    /// The last day.
    pub end: NaiveDate,
}

/// How a stream's progress is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum CursorPolicy {
    /// Everything is read each time.
    #[default]
    FullRefresh,
    /// Everything is asked for, records older than the saved value are dropped.
    ClientFiltered(ClientFiltered),
    /// Only the time since the saved value is asked for, in windows.
    Windowed(Windowed),
}

impl CursorPolicy {
    /// The record field that orders the stream's records in time.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::FullRefresh => None,
            Self::ClientFiltered(policy) => Some(&policy.field),
            Self::Windowed(policy) => Some(&policy.field),
        }
    }

    pub(crate) fn format(&self) -> CursorFormat {
        match self {
            Self::FullRefresh => CursorFormat::default(),
            Self::ClientFiltered(policy) => policy.format,
            Self::Windowed(_) => CursorFormat::Date,
        }
    }
}

/// Where a partition starts: what the saved state says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Saved {
    /// Nothing is known: a first sync.
    Nothing,
    /// The partition's own cursor.
    Own(CursorValue),
    /// One cursor that stood for all partitions.
    Shared(CursorValue),
}

/// The progress of one partition.
pub(crate) trait Cursor: Send + std::fmt::Debug {
    /// What to ask for, oldest first; `[None]` where the API takes no dates, empty when there is nothing to ask.
    fn windows(&self) -> Vec<Option<Window>>;
    /// Records older than this are dropped; `None` keeps all.
    fn lower_bound(&self) -> Option<CursorValue>;
    /// Says that other windows are asked for, which begin earlier: older records than those of its own are dropped.
    fn ask_for(&mut self, _windows: &[Option<Window>]) {}
    /// Whether every window was read to its end.
    fn is_read(&self) -> bool;
    /// Says that a window was read to its end and what the newest value in it was.
    fn close(&mut self, window: Option<Window>, newest: Option<CursorValue>);
    /// What the next sync starts from; `None` when nothing is known yet.
    fn value(&self) -> Option<CursorValue>;
    /// All of these days were final when they were read.
    fn settled(&self) -> Option<Window> {
        None
    }
    /// Windows that were read although an earlier one is open.
    fn closed_ahead(&self) -> Vec<ClosedWindow> {
        Vec::new()
    }
}
