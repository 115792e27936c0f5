//! What a caller may want to see of the work below a call.

use std::time::Duration;

use crate::endpoint::{Category, Endpoint};
use crate::error::Error;

/// Told what happens while calls wait, retry and send. Methods are called in the middle of the work: they
/// must be quick and must not block.
pub trait Observer: Send + Sync {
    /// A request waits because Pinterest asked for fewer of them.
    fn rate_limited(&self, _wait: &RateLimited) {}

    /// Attempt number `attempt` (the first is 1) failed with `error`; the next follows after `wait`.
    fn retrying(&self, _error: &Error, _attempt: u32, _wait: Duration) {}

    /// A request goes out. Every attempt counts; requests for a token do not.
    fn request_sent(&self, _endpoint: &Endpoint) {}
}

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
