//! The program as a platform calls it: arguments and files in, lines and an exit code out.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod accounts;
mod analytics;
mod bad_input;
mod check;
mod connection;
mod custom_reports;
mod differences;
mod discover;
mod faults;
mod large_boards;
mod limits;
mod malformed_states;
mod migrate;
mod options;
mod plan;
mod program;
mod reports;
mod sign_in;
mod sync;
mod upgrade;
