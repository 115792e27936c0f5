//! The client against the fake API.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod typed;
