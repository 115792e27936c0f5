//! [`Failure`]: why a check, a stream or a slice did not succeed, in words for the person who must act.

use std::error::Error;
use std::fmt::Write as _;

use airbyte_protocol::FailureType;

/// Why something did not succeed.
///
/// The message names what failed and what to do; the failure type tells the platform who must act. The source
/// errors behind it are kept for the platform's internal message.
///
/// ```
/// use connector_core::Failure;
/// let failure = Failure::config("the token was refused: sign in again");
/// assert_eq!(failure.to_string(), "the token was refused: sign in again");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    failure_type: FailureType,
    message: String,
    divisible: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// The user must act: the config, the catalog, the state or the permissions are wrong.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(FailureType::ConfigError, message)
    }

    /// It may work later: a limit, an outage, a network that is down.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(FailureType::TransientError, message)
    }

    /// A fault of the connector, or of an API that does not keep what it promises.
    pub fn system(message: impl Into<String>) -> Self {
        Self::new(FailureType::SystemError, message)
    }

    /// A failure of the given type.
    pub fn new(failure_type: FailureType, message: impl Into<String>) -> Self {
        Self { failure_type, message: message.into(), divisible: false, source: None }
    }

    /// Keeps the error behind this failure for the platform's internal message.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Names what failed, in front of the message.
    #[must_use]
    pub fn about(mut self, what: impl std::fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Names the stream that failed, in front of the message.
    pub(crate) fn in_stream(self, stream: &str) -> Self {
        self.about(format_args!("stream {stream}"))
    }

    /// Says that a smaller request may succeed: a slice of several partitions is then split and read again.
    #[must_use]
    pub fn divisible(mut self) -> Self {
        self.divisible = true;
        self
    }

    /// Who must act.
    pub fn failure_type(&self) -> FailureType {
        self.failure_type.clone()
    }

    /// Whether a slice of several partitions that failed so is worth splitting.
    pub fn is_divisible(&self) -> bool {
        self.divisible
    }

    /// The message followed by the messages of the errors behind it.
    pub fn with_causes(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}

/// What is wrong in JSON that a program has written, without line and column: they say nothing to people, the path does.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let told = error.to_string();
    told.rsplit_once(" at line ").map_or_else(|| told.clone(), |(told, _)| told.to_owned())
}

/// A name or a value as a message shows it, not longer than a line.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}
