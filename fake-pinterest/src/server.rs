//! Everything the server knows, and what a test asks of it, from Rust or through the control door.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::{
    analytics::{self, BatchRules, History},
    auth::Tokens,
    data::Data,
    days::Days,
    faults::Faults,
    misuse::Misuse,
    paging::Paging,
    rate_limit::RateLimits,
    reports::Reports,
    requests::Requests,
};

/// Everything the server knows.
pub(crate) struct Server {
    /// What its addresses begin with, e.g. `http://127.0.0.1:40123`.
    pub(crate) origin: String,
    pub(crate) data: Data,
    pub(crate) history: History,
    pub(crate) batches: BatchRules,
    pub(crate) reports: Reports,
    pub(crate) tokens: Tokens,
    pub(crate) limits: RateLimits,
    pub(crate) requests: Requests,
    pub(crate) faults: Faults,
    pub(crate) paging: Paging,
    pub(crate) pretty: bool,
}

/// One lock: requests are answered one after the other, and a test sees whole requests only.
pub(crate) type Shared = Arc<Mutex<Server>>;

pub(crate) fn lock(server: &Shared) -> MutexGuard<'_, Server> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// The base URL of the API.
    pub(crate) fn url(&self) -> String {
        format!("{}/v5", self.origin)
    }

    /// A connector's config.
    pub(crate) fn config(&self) -> Value {
        json!({"credentials": {
            "auth_method": "oauth2.0",
            "client_id": self.tokens.client_id(),
            "client_secret": self.tokens.client_secret(),
            "refresh_token": self.tokens.refresh_token(),
        }})
    }

    /// Makes it another time, in epoch seconds.
    pub(crate) fn set_now(&mut self, now: i64) {
        self.history.now = now;
        self.tokens.set_now(now);
    }

    /// The rows a stream must deliver.
    pub(crate) fn rows(&self, stream: &str, days: Days, statuses: &[&str]) -> Result<Vec<Value>, Misuse> {
        analytics::rows(&self.data, &self.history, stream, days, statuses)
    }

    /// The rows of reports of a level.
    pub(crate) fn rows_of_level(&self, level: &str, days: Days) -> Result<Vec<Value>, Misuse> {
        analytics::rows_of_level(&self.data, &self.history, level, days)
    }
}
