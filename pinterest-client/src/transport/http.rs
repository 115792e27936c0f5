//! The innermost layer: the network.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::redirect;

use super::{Request, Response, Transport, tls};
use crate::base_url::BaseUrl;
use crate::error::{Error, Result};

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// What the network layer is built with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpOptions {
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
    pub(crate) max_body: usize,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            max_body: 64 * 1024 * 1024,
        }
    }
}

/// Sends requests with reqwest. Follows no redirect: a token must not travel to another host.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    max_body: usize,
}

impl Http {
    /// # Errors
    /// TLS could not be set up.
    pub(crate) fn new(base: &BaseUrl, options: HttpOptions) -> Result<Self> {
        let client = connections(base.is_https(), base.is_loopback(), options)?;
        Ok(Self { client, max_body: options.max_body })
    }

    async fn body(&self, mut response: reqwest::Response, endpoint: &'static str) -> Result<Bytes> {
        let limit = self.max_body;
        let announced = response.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(Error::TooLarge { endpoint, limit });
        }
        let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(endpoint, error))? {
            if body.len() + chunk.len() > limit {
                return Err(Error::TooLarge { endpoint, limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

#[async_trait]
impl Transport for Http {
    async fn send(&self, request: &Request) -> Result<Response> {
        let endpoint = request.endpoint.operation;
        let mut outgoing =
            self.client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            outgoing = outgoing.body(body.clone());
        }
        let response = outgoing.send().await.map_err(|error| broken(endpoint, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(response, endpoint).await?;
        Ok(Response::new(status, headers, body))
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
        .read_timeout(options.read_timeout)
        .gzip(true)
        .tls_backend_preconfigured(tls);
    if loopback {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| Error::Build(described(error)))
}

pub(super) fn broken(endpoint: &'static str, error: reqwest::Error) -> Error {
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
