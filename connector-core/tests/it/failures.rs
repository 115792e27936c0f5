//! Failures, and panics: what they stop, what they leave alone, and how they are told.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use airbyte_protocol::{ErrorTrace, FailureType, Message, StreamStatus};
use connector_core::testing::Run;
use connector_core::{Batch, Concurrency, Descriptor, Failure, Page, Pages, RawRecord, Slice, Stream};
use futures::{StreamExt, stream};
use serde_json::Map;

use crate::made::{Made, Table, page};

/// Every TRACE error, in order.
fn errors(run: &Run) -> Vec<&ErrorTrace> {
    let traces = run.messages.iter().filter_map(|message| match message {
        Message::Trace(trace) => trace.error.as_ref(),
        _ => None,
    });
    traces.collect()
}

/// The error of one stream: there is one.
fn error_of<'a>(run: &'a Run, stream: &str) -> &'a ErrorTrace {
    let named =
        |error: &&ErrorTrace| error.stream_descriptor.as_ref().is_some_and(|known| known.name == stream);
    let found: Vec<_> = errors(run).into_iter().filter(named).collect();
    assert_eq!(found.len(), 1, "{stream}: {found:?}");
    found[0]
}

/// What was said of one stream beside its records, in order.
fn told(run: &Run, stream: &str) -> Vec<String> {
    let told = run.messages.iter().filter_map(|message| match message {
        Message::Trace(trace) => match (&trace.stream_status, &trace.error) {
            (Some(status), _) if status.stream_descriptor.name == stream => Some(status.status.to_string()),
            (_, Some(error)) if error.stream_descriptor.as_ref()?.name == stream => Some("error".to_owned()),
            _ => None,
        },
        Message::State(state) => match &state.kind {
            airbyte_protocol::StateKind::Stream(body) if body.stream_descriptor.name == stream => {
                Some("state".to_owned())
            }
            _ => None,
        },
        _ => None,
    });
    let mut told: Vec<_> = told.collect();
    told.dedup();
    told
}

/// Two pages, and in between what the id of the partition says.
fn steps(slice: &Slice) -> Pages<'static> {
    let between = match slice.partition().get("id") {
        Some("1") => Some(Err(Failure::transient("come back later"))),
        Some("3") => Some(Err(Failure::config("you may not read this"))),
        _ => None,
    };
    stream::iter([Ok(page(0..1))].into_iter().chain(between).chain([Ok(page(1..2))])).boxed()
}

fn good() -> Table {
    Table::new("good", |_| stream::iter([Ok(page(0..5))]).boxed())
}

async fn sync(source: &Made) -> Run {
    source.sync(&source.catalog(), &HashMap::new()).await
}

#[tokio::test]
async fn a_failed_partition_stops_itself_alone_and_is_told_with_its_stream_and_who_must_act() {
    let run = sync(&Made::of([&Table::new("bad", |slice| steps(&slice)).each(0..5), &good()])).await;
    assert!(!run.success);
    // Three partitions in full, and the first page of the two others.
    assert_eq!((run.records("bad").len(), run.records("good").len()), (8, 5));
    assert_eq!(told(&run, "bad"), ["STARTED", "RUNNING", "error", "state", "INCOMPLETE"]);
    assert_eq!(told(&run, "good"), ["STARTED", "RUNNING", "state", "COMPLETE"]);
    let error = error_of(&run, "bad");
    assert_eq!(error.failure_type, Some(FailureType::ConfigError), "the user can act on one of them");
    assert!(error.message.contains("2 partitions failed"), "{}", error.message);
    let causes = error.internal_message.as_ref().unwrap();
    assert!(causes.contains("come back later") && causes.contains("you may not read this"), "{causes}");
}

#[tokio::test]
async fn the_last_message_names_each_failed_stream_once() {
    let bad = |name| Table::new(name, |slice| steps(&slice)).each(1..2);
    let mut source = Made::of([&bad("shelves"), &good(), &bad("notes")]);
    source.concurrency = Concurrency::fixed(1);
    let run = source.sync(&source.catalog_of(&["shelves", "good", "notes", "ghosts"]), &HashMap::new()).await;
    let Some(Message::Trace(last)) = run.messages.last() else { panic!("{:?}", run.messages.last()) };
    let error = last.error.as_ref().unwrap();
    assert_eq!(error.stream_descriptor, None);
    for name in ["shelves", "notes", "ghosts"] {
        assert_eq!(error.message.matches(name).count(), 1, "{name}: {}", error.message);
    }
    assert!(!error.message.contains("good"), "{}", error.message);
}

#[tokio::test]
async fn what_stops_the_whole_read_is_told_once_and_every_stream_gets_a_status() {
    let mut source = Made::of([&good(), &Table::new("bad", |slice| steps(&slice)).each(0..5)]);
    source.refusal = Some("sign in first");
    let run = source.sync(&source.catalog_of(&["good", "bad", "ghosts"]), &HashMap::new()).await;
    assert!(!run.success);
    let errors = errors(&run);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].message, "sign in first");
    assert_eq!(errors[0].failure_type, Some(FailureType::ConfigError));
    for stream in ["good", "bad", "ghosts"] {
        assert_eq!(run.statuses(stream), [StreamStatus::Started, StreamStatus::Incomplete], "{stream}");
    }
}

#[tokio::test]
async fn a_panic_in_a_page_or_before_the_first_one_fails_its_partition_alone() {
    let bad = Table::new("bad", |slice| {
        let id = slice.partition().get("id").unwrap().to_owned();
        assert!(id != "0", "cannot start with {id}");
        stream::iter(0..2)
            .map(move |number| {
                assert!(id != "1" || number == 0, "cannot go on with {id}");
                Ok(page(number..number + 1))
            })
            .boxed()
    });
    let run = sync(&Made::of([&bad.each(0..4), &good()])).await;
    assert!(!run.success);
    assert_eq!((run.records("bad").len(), run.records("good").len()), (5, 5));
    assert_eq!(told(&run, "bad"), ["STARTED", "RUNNING", "error", "state", "INCOMPLETE"]);
    assert_eq!(told(&run, "good"), ["STARTED", "RUNNING", "state", "COMPLETE"]);
    let error = error_of(&run, "bad");
    assert_eq!(error.failure_type, Some(FailureType::SystemError));
    assert!(error.message.contains("fault of the connector") && error.message.contains("id="), "{error:?}");
    let causes = error.internal_message.as_ref().unwrap();
    assert!(causes.contains("cannot start with 0") && causes.contains("cannot go on with 1"), "{causes}");
}

/// A stream whose description panics when it is asked again, in the stream's own task.
struct Unsteady(AtomicUsize);

impl Stream for Unsteady {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new("unsteady", Map::new())
    }

    fn batch(&self) -> Batch {
        assert!(self.0.fetch_add(1, Ordering::Relaxed) == 0, "asked twice");
        Batch::One
    }

    fn read<'a>(&'a self, _: &'a Slice) -> Pages<'a> {
        stream::empty().boxed()
    }
}

#[tokio::test]
async fn a_panic_outside_of_reading_fails_its_stream_and_no_child_takes_it_for_the_end() {
    for configured in [&["unsteady", "child", "good"][..], &["child", "good"]] {
        let child = Table::new("child", |slice| steps(&slice)).child_of("unsteady");
        let mut source = Made::of([&child, &good()]);
        source.streams.push(Arc::new(Unsteady(AtomicUsize::new(0))));
        let run = source.sync(&source.catalog_of(configured), &HashMap::new()).await;
        assert!(!run.success);
        assert_eq!(told(&run, "good").last().unwrap(), "COMPLETE");
        assert_eq!(told(&run, "child").last().unwrap(), "INCOMPLETE");
        assert!(error_of(&run, "child").message.contains("parent stream stopped"));
        if configured.contains(&"unsteady") {
            assert_eq!(told(&run, "unsteady"), ["STARTED", "error", "INCOMPLETE"]);
            assert_eq!(error_of(&run, "unsteady").failure_type, Some(FailureType::SystemError));
        }
    }
}

/// A stream that cannot even say its name: the panic is in the command itself.
struct Nameless;

impl Stream for Nameless {
    #[expect(clippy::panic, reason = "the panic is what is tested")]
    fn descriptor(&self) -> Descriptor {
        panic!("no name")
    }

    fn read<'a>(&'a self, _: &'a Slice) -> Pages<'a> {
        stream::empty().boxed()
    }
}

#[tokio::test]
async fn a_panic_in_the_command_itself_is_told_and_is_no_success() {
    let mut source = Made::of([&good()]);
    let catalog = source.catalog();
    source.streams.push(Arc::new(Nameless));
    let run = source.sync(&catalog, &HashMap::new()).await;
    assert!(!run.success);
    let errors = errors(&run);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].failure_type, Some(FailureType::SystemError));
}

#[tokio::test]
async fn a_line_that_is_no_message_is_no_success_for_a_test() {
    let broken = || Page::new([RawRecord::already_checked("{\"id\":".into())]);
    let run = sync(&Made::of([&Table::new("broken", move |_| stream::iter([Ok(broken())]).boxed())])).await;
    assert_eq!((run.success, told(&run, "broken").last().unwrap().as_str()), (false, "COMPLETE"));
}
