//! Slices that wait for work done elsewhere: they lend their worker, and keep what names the work.

use std::collections::HashMap;
use std::sync::Arc;

use airbyte_protocol::{Message, StateKind};
use connector_core::testing::Run;
use connector_core::{Concurrency, Failure, Page, Pages, Slice};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::made::{Made, Table};

/// Does this, then hands on one record.
fn after<F: Future<Output = Result<(), Failure>> + Send + 'static>(work: F) -> Pages<'static> {
    stream::once(async {
        work.await?;
        Page::from_values([json!({"day": "2026-11-24"})])
    })
    .boxed()
}

fn states(run: &Run) -> Vec<Value> {
    let states = run.messages.iter().filter_map(|message| match message {
        Message::State(state) => match &state.kind {
            StateKind::Stream(body) => body.stream_state.as_ref()?.parse().ok(),
            _ => None,
        },
        _ => None,
    });
    states.collect()
}

#[tokio::test]
async fn slices_that_wait_lend_their_worker_to_others() {
    let all_wait = Arc::new(Barrier::new(20));
    let jobs = Table::new("jobs", move |slice| {
        let all_wait = Arc::clone(&all_wait);
        after(async move {
            // With one worker it would never get so far.
            slice.idle(all_wait.wait()).await;
            Ok(())
        })
    });
    let jobs = jobs.each(0..10).daily(0);
    let source = Made { concurrency: Concurrency::fixed(1), ..Made::of([&jobs]) };
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(run.records("jobs").len(), 20);
}

/// Keeps a token for the first window of each partition, and fails there.
fn interrupted(slice: &Slice) -> Result<(), Failure> {
    let of_first_window = slice.window().is_some_and(|window| window.start.to_string() == "2026-11-15");
    if !of_first_window {
        return Ok(());
    }
    slice.keep(Some(json!({"token": slice.partition().get("id")})));
    Err(Failure::transient("the connection is gone"))
}

#[tokio::test]
async fn what_a_slice_keeps_is_written_at_once_and_found_again_until_it_is_read() {
    let first = Table::new("jobs", |slice| {
        let outcome = interrupted(&slice);
        after(async move { outcome })
    });
    let source = Made::of([&first.each(0..2).daily(0)]);
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    assert!(!run.success);
    let saved = run.saved();
    let state: Value = saved["jobs"].parse().unwrap();
    let kept =
        json!([{"start": "2026-11-15", "end": "2026-11-19", "on": "2026-11-24", "value": {"token": "0"}}]);
    assert_eq!(
        (&state["states"][0]["kept"], &state["states"][0]["cursor"]["day"]),
        (&kept, &json!("2026-11-15"))
    );
    let with_a_token =
        |state: &Value| state["states"][0]["kept"].is_array() || state["states"][1]["kept"].is_array();
    let first_token = states(&run).iter().position(with_a_token).unwrap();
    assert!(first_token + 1 < states(&run).len(), "written with the last state only");

    let again = Table::new("jobs", |slice| {
        let (kept, partition) = (slice.kept().cloned(), slice.partition());
        let first_window = slice.window().unwrap().end.to_string() == "2026-11-19";
        after(async move {
            assert_eq!(kept, first_window.then(|| json!({"token": partition.get("id")})));
            Ok(())
        })
    });
    let source = Made::of([&again.each(0..2).daily(0)]);
    let run = source.sync(&source.catalog(), &saved).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(run.records("jobs").len(), 2, "the windows behind were read before");
    let state: Value = run.saved()["jobs"].parse().unwrap();
    assert!(state["states"].as_array().unwrap().iter().all(|entry| entry.get("kept").is_none()), "{state}");
}

#[tokio::test]
async fn what_is_forgotten_is_gone_from_the_state() {
    let table = Table::new("jobs", |slice| {
        slice.keep(Some(json!("token")));
        slice.keep(None);
        after(async { Err(Failure::transient("the work is lost")) })
    });
    let source = Made::of([&table.each(0..1).daily(0)]);
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    let state: Value = run.saved()["jobs"].parse().unwrap();
    assert_eq!(state["states"][0].get("kept"), None, "{state}");
    assert!(states(&run).iter().any(|state| state["states"][0]["kept"].is_array()));
}
