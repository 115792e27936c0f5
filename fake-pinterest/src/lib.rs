//! A Pinterest API server with seeded data and faults, for tests and demonstrations.
//!
//! The parts of the server: its operations, data, paging, tokens and limits.
#![expect(dead_code, reason = "the routes that serve these parts are not written yet")]

mod answer;
mod auth;
mod connection;
mod data;
mod operation;
mod paging;
mod query;
mod rate_limit;
mod requests;
mod seed;

pub use data::{Data, RecordsMut};
pub use requests::{Bearer, SeenRequest};
