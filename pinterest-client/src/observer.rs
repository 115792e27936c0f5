//! What a caller may want to see of the work below a call.

use std::any::Any;
use std::time::Duration;

use async_trait::async_trait;

use crate::endpoint::{Category, Endpoint};
use crate::error::Error;

/// Told what happens while calls wait, retry and send, and may hold back what goes out. Methods are called in the middle of
/// the work: they must be quick and must not block; only [`turn`](Self::turn) may take its time.
#[async_trait]
pub trait Observer: Send + Sync {
    /// A request waits because Pinterest asked for fewer of them.
    fn rate_limited(&self, _wait: &RateLimited) {}

    /// Attempt number `attempt` (the first is 1) failed with `error`; the next follows after `wait`.
    fn retrying(&self, _error: &Error, _attempt: u32, _wait: Duration) {}

    /// A request begins to wait for its turn, for its category to open again, or for a token. Whoever keeps something for it
    /// may lend that to others until [`turn`](Self::turn). It may be called several times before one turn, and is not called
    /// for a request that goes out at once, nor for the wait before another attempt: a server that fails gets no other
    /// requests in the place of those that it failed.
    fn waiting(&self) {}

    /// A request of the API is about to go out; it does so when this returns. Called before every attempt, whether it has
    /// waited or not; a category that closes while the turn is waited for makes the attempt wait and ask for a turn again.
    ///
    /// What is returned is dropped with the last byte of the answer, or when there is none; where rows are given while they
    /// arrive ([`RawList::rows`](crate::RawList::rows)), when more is wanted after the last of them. So whoever bounds how much is
    /// under way and in memory holds a request back here until there is a place, and gives it that place. All requests of the
    /// client wait behind it: what it waits for must come free by other means than a turn. Pages that are collected keep
    /// their places. Downloads of reports have no turn.
    async fn turn(&self) -> Option<Held> {
        None
    }

    /// An answer came, whatever it says, so long after its request went out. The time is that until all of it was there;
    /// where its rows are given while they arrive ([`RawList::rows`](crate::RawList::rows)), that until it began, because what
    /// follows takes as long as the caller does. It is told at the end.
    fn answered(&self, _endpoint: &Endpoint, _took: Duration) {}

    /// A request goes out. Every attempt counts; requests for a token do not.
    fn request_sent(&self, _endpoint: &Endpoint) {}
}

/// What an observer gives a request at its [`turn`](Observer::turn): dropped with the answer.
pub type Held = Box<dyn Any + Send + Sync>;

/// A wait that Pinterest's rate limit causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimited {
    /// The category the request counts against.
    pub category: Category,
    /// How long the request waits now.
    pub wait: Duration,
}

/// The observer of a client nobody watches.
pub(crate) struct Silent;

impl Observer for Silent {}
