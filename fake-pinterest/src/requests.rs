//! What the server has seen.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

/// The token a request came with. Tokens themselves are never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// No bearer token.
    Absent,
    /// A token that this server never gave out.
    Unknown,
    /// The token with this serial number: 0 is [`access_token`](crate::FakePinterest::access_token), 1 the one of
    /// the first refresh, and so on.
    Issued(usize),
}

/// One request, in the order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeenRequest {
    /// The place in the order of arrival since the server started, from 0. Clearing the list does not restart it.
    pub order: usize,
    /// How long after the start of the server it arrived, by tokio's clock.
    pub after: Duration,
    /// The method, e.g. `GET`.
    pub method: String,
    /// The path as sent, e.g. `/v5/boards`.
    pub path: String,
    /// The query as sent, still encoded; empty when there was none.
    pub query: String,
    /// The JSON body of a request that creates a report. No other body is kept, as it may hold secrets.
    pub body: Option<Value>,
    /// The `operationId`, e.g. `boards/list`; none for an unplanned path.
    pub operation: Option<&'static str>,
    /// The rate category of the operation, e.g. `ads_read`.
    pub category: Option<&'static str>,
    /// Which token it came with.
    pub bearer: Bearer,
    /// The status it was answered with; none while it is being answered, when the connection was reset, or when the
    /// client went away.
    pub status: Option<u16>,
    /// False when the fake was not written for this path or one of its query parameters. It was answered with 500.
    pub planned: bool,
}

/// All requests so far.
#[derive(Debug)]
pub(crate) struct Requests {
    start: Instant,
    seen: Vec<SeenRequest>,
    arrived: usize,
}

impl Requests {
    pub(crate) fn since(start: Instant) -> Self {
        Self { start, seen: Vec::new(), arrived: 0 }
    }

    /// Keeps a request and gives it its place in the order and in time.
    pub(crate) fn arrive(&mut self, mut request: SeenRequest) -> usize {
        request.order = self.arrived;
        request.after = self.start.elapsed();
        self.arrived += 1;
        self.seen.push(request);
        self.arrived - 1
    }

    /// Notes how the request was answered, if it was not cleared meanwhile.
    pub(crate) fn answered(&mut self, order: usize, status: u16, planned: bool) {
        if let Some(request) = self.seen.iter_mut().rev().find(|request| request.order == order) {
            request.status = Some(status);
            request.planned = planned;
        }
    }

    pub(crate) fn all(&self) -> Vec<SeenRequest> {
        self.seen.clone()
    }

    pub(crate) fn clear(&mut self) {
        self.seen.clear();
    }
}
