//! The examples at work.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bookshop;
mod scripts;
