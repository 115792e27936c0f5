//! LOG: a line for the sync's log.

use serde::{Deserialize, Serialize};

use crate::Extra;
use crate::open_enum::open_enum;

open_enum! {
    /// How urgent a log line is.
    Level {
        /// The connector stops.
        Fatal = "FATAL",
        /// Something failed.
        Error = "ERROR",
        /// Something is odd.
        Warn = "WARN",
        /// What is going on.
        Info = "INFO",
        /// Details.
        Debug = "DEBUG",
        /// Every detail.
        Trace = "TRACE",
    }
}

/// A line for the sync's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// How urgent it is.
    pub level: Level,
    /// The text.
    pub message: String,
    /// Where in the program, for an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<String>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Log {
    /// A line.
    pub fn new(level: Level, message: impl Into<String>) -> Self {
        Self { level, message: message.into(), stack_trace: None, extra: Extra::new() }
    }
}
