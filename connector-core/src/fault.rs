//! Panics: faults of the connector, told as failures instead of ending the program without a word.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use crate::failure::Failure;

/// Runs `work` to its end; a panic in it is a failure.
pub(crate) async fn catch<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    // What the work has touched is dropped with it, or is told to have failed.
    AssertUnwindSafe(work).catch_unwind().await.map_err(|panic| failure(&*panic))
}

/// The failure that a panic is. Its text is for the connector's authors only.
fn failure(panic: &(dyn Any + Send)) -> Failure {
    let failure = Failure::system("a fault of the connector stopped it (panic)");
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    match text {
        Some(text) => failure.with_source(text),
        None => failure,
    }
}

/// Says in the log where a panic happened; it goes on to standard error as before.
pub(crate) fn log_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(place) = panic.location() {
            tracing::error!("a fault of the connector at {place}");
        }
        before(panic);
    }));
}

#[cfg(test)]
mod tests {
    use airbyte_protocol::FailureType;

    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_failure_that_keeps_its_text_for_the_authors() {
        let shelf = String::from("A");
        let formatted = catch(async { panic!("no shelf {shelf}") }).await;
        let plain = catch(async { panic!("no shelf A") }).await;
        for failure in [formatted, plain].map(Result::<(), _>::unwrap_err) {
            assert_eq!(failure.failure_type(), FailureType::SystemError);
            assert!(!failure.to_string().contains("shelf"));
            assert!(failure.with_causes().ends_with("no shelf A"), "{}", failure.with_causes());
        }
    }

    #[tokio::test]
    async fn work_without_a_panic_gives_its_result() {
        assert_eq!(catch(async { 3 }).await.unwrap(), 3);
    }
}
