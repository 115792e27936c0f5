//! The innermost layer: the network.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::redirect;
use tokio::time::{Instant, timeout};

use super::body::{BodyRows, Buffers, Incoming};
use super::{Request, Response, Transport, tls};
use crate::base_url::BaseUrl;
use crate::cutter::Cutter;
use crate::error::{Error, Result};

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// What an HTTP/2 server may send ahead of the reader of one answer. Answers that share a connection share its window, which
/// is that of 64: so those whose readers are slow, because rows are given while they arrive, do not hold up the others.
const STREAM_WINDOW: u32 = 512 * 1024;

/// What the network layer is built with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpOptions {
    pub(crate) connect_timeout: Duration,
    /// How long nothing may come.
    pub(crate) silence: Duration,
    pub(crate) max_body: usize,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            max_body: 64 * 1024 * 1024,
        }
    }
}

/// Sends requests with reqwest. Follows no redirect: a token must not travel to another host.
#[derive(Debug)]
pub(crate) struct Http {
    /// Set up with the first request: most commands send none.
    client: OnceLock<reqwest::Client>,
    https: bool,
    loopback: bool,
    options: HttpOptions,
    buffers: Buffers,
}

impl Http {
    pub(crate) fn new(base: &BaseUrl, options: HttpOptions) -> Self {
        Self {
            client: OnceLock::new(),
            https: base.is_https(),
            loopback: base.is_loopback(),
            options,
            buffers: Buffers::default(),
        }
    }

    /// # Errors
    /// TLS could not be set up.
    fn client(&self) -> Result<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = connections(self.https, self.loopback, self.options)?;
        Ok(self.client.get_or_init(|| client))
    }
}

#[async_trait]
impl Transport for Http {
    async fn send(&self, request: &Request) -> Result<Response> {
        let operation = request.endpoint.operation;
        let HttpOptions { silence, max_body, .. } = self.options;
        let mut outgoing = self
            .client()?
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone());
        if let Some(body) = &request.body {
            outgoing = outgoing.body(body.clone());
        }
        let response = within(operation, silence, outgoing.send()).await?;
        let came = Instant::now();
        let (status, headers) = (response.status(), response.headers().clone());
        let mut incoming = Incoming::new(response, operation, silence);
        let mut first = None;
        if let Some(rows) = request.rows.as_ref().filter(|_| status.is_success()) {
            first = incoming.first().await?;
            if let Some(begin) = first.take_if(|begin| begin.starts_with(b"[")) {
                let cutter = Cutter::array(operation, max_body);
                rows.hand_all(BodyRows::new(begin, Some(incoming), cutter)).await?;
                let mut response = Response::new(status, headers, Bytes::new());
                response.handed_on = Some(came);
                return Ok(response);
            }
        }
        Ok(Response::new(status, headers, incoming.whole(first, max_body, &self.buffers).await?))
    }
}

/// Waits for the server, unless it stays silent for so long. Only what is waited here counts: the time in which a slow
/// reader wants nothing is no silence.
///
/// # Errors
/// [`Error::Transport`].
pub(super) async fn within<T>(
    operation: &'static str,
    silence: Duration,
    answer: impl Future<Output = reqwest::Result<T>>,
) -> Result<T> {
    match timeout(silence, answer).await {
        Ok(came) => came.map_err(|error| broken(operation, error)),
        Err(_) => {
            let source = format!("nothing came for {silence:?}").into();
            Err(Error::Transport { endpoint: operation, timed_out: true, source })
        }
    }
}

/// A pool of connections that follows no redirects. No proxy is used for this machine itself.
///
/// # Errors
/// TLS could not be set up.
pub(super) fn connections(https: bool, loopback: bool, options: HttpOptions) -> Result<reqwest::Client> {
    let tls = if https { tls::with_roots()? } else { tls::without_roots()? };
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .connect_timeout(options.connect_timeout)
        .gzip(true)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(64 * STREAM_WINDOW)
        .tls_backend_preconfigured(tls);
    if loopback {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| Error::Build(described(error)))
}

fn broken(endpoint: &'static str, error: reqwest::Error) -> Error {
    let timed_out = error.is_timeout();
    Error::Transport { endpoint, timed_out, source: described(error).into() }
}

/// The error with its causes, which say more than it does itself, and without its URL.
fn described(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A network that answers as a test says.
#[cfg(test)]
pub(crate) mod scripted {
    use std::sync::{Arc, Mutex};

    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use tokio::time::Instant;

    use super::*;

    type Answer = dyn Fn(&Request, usize) -> Result<Response> + Send + Sync;

    pub(crate) struct Scripted {
        answer: Box<Answer>,
        latency: Duration,
        seen: Mutex<Vec<(Instant, Request)>>,
    }

    impl Scripted {
        /// Answers with what `answer` makes of a request and of its number, the first being 1.
        pub(crate) fn new(
            answer: impl Fn(&Request, usize) -> Result<Response> + Send + Sync + 'static,
        ) -> Arc<Self> {
            Self::slow(Duration::ZERO, answer)
        }

        /// As [`new`](Self::new), but every answer takes its time.
        pub(crate) fn slow(
            latency: Duration,
            answer: impl Fn(&Request, usize) -> Result<Response> + Send + Sync + 'static,
        ) -> Arc<Self> {
            Arc::new(Self { answer: Box::new(answer), latency, seen: Mutex::default() })
        }

        pub(crate) fn requests(&self) -> Vec<Request> {
            self.seen.lock().unwrap().iter().map(|(_, request)| request.clone()).collect()
        }

        pub(crate) fn times(&self) -> Vec<Instant> {
            self.seen.lock().unwrap().iter().map(|(at, _)| *at).collect()
        }
    }

    #[async_trait]
    impl Transport for Scripted {
        async fn send(&self, request: &Request) -> Result<Response> {
            let number = {
                let mut seen = self.seen.lock().unwrap();
                seen.push((Instant::now(), request.clone()));
                seen.len()
            };
            if !self.latency.is_zero() {
                tokio::time::sleep(self.latency).await;
            }
            (self.answer)(request, number)
        }
    }

    pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Response {
        Response::new(StatusCode::from_u16(status).unwrap(), HeaderMap::new(), body)
    }

    pub(crate) fn answer_with(status: u16, header: (&'static str, &str), body: &'static str) -> Response {
        let (name, value) = header;
        let mut response = answer(status, body);
        response.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        response
    }
}
