//! What a test asked for and cannot have.

use std::fmt;

/// Why it cannot be, in words for the author of the test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misuse(String);

impl Misuse {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a caller in Rust gets: a misuse ends its test, which would pass for nothing otherwise.
#[track_caller]
#[expect(clippy::panic, reason = "a test that asks for what cannot be must fail")]
pub(crate) fn insist<T>(result: Result<T, Misuse>) -> T {
    match result {
        Ok(value) => value,
        Err(misuse) => panic!("{misuse}"),
    }
}
