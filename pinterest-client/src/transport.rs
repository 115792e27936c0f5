//! One request to one response: the trait, and what goes through it.

pub(crate) mod authorize;
pub(crate) mod body;
pub(crate) mod download;
pub(crate) mod http;
pub(crate) mod rate_limit;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::observer::{Observer, Silent};
use crate::rows::RowSink;

/// Sends a request and brings its response, whatever its status. Layers wrap each other: the rate limit
/// around the token around the network.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request.
    ///
    /// # Errors
    /// No complete response came. A response with a bad status is not an error here.
    async fn send(&self, request: &Request) -> Result<Response>;
}

/// A layer that may have to do something first before a request of its goes out at once.
#[async_trait]
pub(crate) trait Layer: Transport {
    /// A request would go out at once.
    fn is_ready(&self) -> bool {
        true
    }

    /// Does what is to be done first.
    ///
    /// # Errors
    /// A request would fail in the same way.
    async fn prepare(&self) -> Result<()> {
        Ok(())
    }
}

/// A request, ready to go out.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// The endpoint it is for; it decides the rate category.
    pub endpoint: Endpoint,
    /// GET or POST.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// The headers. `Authorization` is marked as sensitive.
    pub headers: HeaderMap,
    /// The body, which can hold secrets.
    pub body: Option<Bytes>,
    pub(crate) observer: Arc<dyn Observer>,
    /// The longest wait for a closed category, or for a used up allowance, that still makes sense.
    pub(crate) patience: Duration,
    /// Where the rows go while they arrive, if the answer is the array that is expected. Any other answer comes whole.
    pub(crate) rows: Option<RowSink>,
}

impl Request {
    /// A GET without headers, that nobody watches.
    #[must_use]
    pub fn get(endpoint: Endpoint, url: Url) -> Self {
        Self {
            endpoint,
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            observer: Arc::new(Silent),
            patience: Duration::MAX,
            rows: None,
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("endpoint", &self.endpoint.operation)
            .field("method", &self.method)
            .field("url", &self.url.as_str())
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

/// A complete response: the body is bytes, typing happens above.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// What was sent and must not be seen in an error, should the server repeat it.
    pub(crate) secrets: Vec<SecretString>,
    /// When the answer began to come, if its rows have been handed on. Then there is no body left.
    pub(crate) handed_on: Option<Instant>,
}

impl Response {
    /// A response.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { status, headers, body: body.into(), secrets: Vec::new(), handed_on: None }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
