//! The engine as a connector's author sees it: small sources in memory, whole syncs, every message looked at.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backpressure;
mod batches;
mod checkpoints;
mod concurrency;
mod failures;
mod histories;
mod jobs;
mod made;
mod migrate;
mod parents;
mod plan;
mod shop;
mod syncs;
mod windows;
