//! Streams that are read in windows of days, and records that are made to fit their schema.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use airbyte_protocol::Message;
use connector_core::{Concurrency, Failure, Page, Slice, Window};
use futures::{FutureExt, StreamExt, future, stream};
use serde_json::{Value, json};

use crate::made::{Made, Table};

/// A stream with one record a day, and the windows it was asked for.
fn days() -> (Table, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let table = Table::new("days", move |slice: Slice| {
        let Window { start, end } = *slice.window().unwrap();
        seen.lock().unwrap().push(format!("{start}..{end}"));
        let days = start.iter_days().take_while(|day| *day <= end);
        let page = Page::from_values(days.map(|day| json!({"day": day})));
        stream::once(future::ready(page)).boxed()
    });
    (table, asked)
}

async fn windows(table: Table, asked: &Mutex<Vec<String>>, saved: Value) -> (Vec<String>, Value) {
    let source = Made { concurrency: Concurrency::fixed(1), ..Made::of([&table]) };
    let saved = HashMap::from([("days".to_owned(), saved.into())]);
    let run = source.sync(&source.catalog(), &saved).await;
    assert!(run.success, "{:?}", run.errors());
    (std::mem::take(&mut *asked.lock().unwrap()), run.saved()["days"].parse().unwrap())
}

#[tokio::test]
async fn days_that_may_change_are_read_again_but_not_those_that_were_final() {
    let (table, asked) = days();
    let table = table.each(0..1).daily(4);
    let (first, state) = windows(table.clone(), &asked, json!({})).await;
    assert_eq!(first, ["2026-11-15..2026-11-19", "2026-11-20..2026-11-24"]);
    assert_eq!(state["states"][0].get("settled"), None);
    let (again, _) = windows(table.clone(), &asked, state.clone()).await;
    assert_eq!(again, ["2026-11-20..2026-11-24"]);

    let knowing = table.final_up_to("2026-11-22");
    let (again, state) = windows(knowing.clone(), &asked, state).await;
    assert_eq!(again, ["2026-11-20..2026-11-24"], "nobody knows whether they were final when they were read");
    assert_eq!(state["states"][0]["settled"], "2026-11-22");
    let (again, _) = windows(knowing, &asked, state).await;
    assert_eq!(again, ["2026-11-23..2026-11-24"]);
}

#[tokio::test]
async fn a_row_that_is_dated_behind_its_window_does_not_hide_a_window_that_failed() {
    let table = Table::new("days", |slice: Slice| {
        let page = match slice.window().unwrap().start.to_string().as_str() {
            "2026-11-15" => Page::from_values([json!({"day": "2026-11-16"}), json!({"day": "2026-11-23"})]),
            _ => Err(Failure::transient("down")),
        };
        stream::once(future::ready(page)).boxed()
    });
    let source = Made::of([&table.each(0..1).daily(0)]);
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    assert!(!run.success);
    assert_eq!(run.records("days").len(), 2);
    let state: Value = run.saved()["days"].parse().unwrap();
    assert_eq!(state["states"][0]["cursor"]["day"], "2026-11-16");
}

#[tokio::test]
async fn windows_behind_one_that_failed_are_read_once() {
    let down = Arc::new(Mutex::new(true));
    let (table, asked) = days();
    let still_down = Arc::clone(&down);
    let table = Table::new("days", move |slice: Slice| {
        let first = slice.window().unwrap().start.to_string() == "2026-11-15";
        if first && std::mem::take(&mut *still_down.lock().unwrap()) {
            return stream::once(future::ready(Err(Failure::transient("down")))).boxed();
        }
        connector_core::Stream::read(&table, &slice)
            .collect::<Vec<_>>()
            .now_or_never()
            .map_or_else(|| stream::empty().boxed(), |pages| stream::iter(pages).boxed())
    });
    let source = Made { concurrency: Concurrency::fixed(1), ..Made::of([&table.each(0..1).daily(0)]) };
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    assert!(!run.success);
    assert_eq!(std::mem::take(&mut *asked.lock().unwrap()), ["2026-11-20..2026-11-24"]);
    let run = source.sync(&source.catalog(), &run.saved()).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(*asked.lock().unwrap(), ["2026-11-15..2026-11-19"]);
    let state: Value = run.saved()["days"].parse().unwrap();
    assert_eq!(state["states"][0]["cursor"]["day"], "2026-11-24");
}

#[tokio::test]
async fn a_stream_that_is_read_as_a_whole_has_one_day_in_its_state() {
    let (table, asked) = days();
    let (_, state) = windows(table.clone().daily(0), &asked, json!({})).await;
    assert_eq!(state, json!({"day": "2026-11-24"}));
    let (again, _) = windows(table.daily(0), &asked, state).await;
    assert_eq!(again, ["2026-11-24..2026-11-24"]);
}

#[tokio::test]
async fn records_are_made_to_fit_the_schema_and_numbers_stay_exact() {
    let sent = json!({"id": "9007199254740993", "name": 12, "note": "x", "clicks": "many"});
    let table =
        Table::new("rows", move |_| stream::once(future::ready(Page::from_values([sent.clone()]))).boxed());
    let table = table.cast_to(json!({"id": {"type": ["null", "number"]}, "name": {"type": "string"},
        "clicks": {"type": "number"}}));
    let source = Made::of([&table]);
    let run = source.sync(&source.catalog(), &HashMap::new()).await;
    let record = run.messages.iter().find_map(|message| match message {
        Message::Record(record) => Some(record.data.get().to_owned()),
        _ => None,
    });
    assert_eq!(record.unwrap(), r#"{"id":9007199254740993,"name":"12","note":"x","clicks":"many"}"#);
}
