//! The client and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::args::Args;
use crate::auth::Auth;
use crate::base_url::BaseUrl;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::list::{self, List, RawList};
use crate::observer::{Observer, Silent};
use crate::page::RawPage;
use crate::retry::{self, RetryPolicy};
use crate::transport::authorize::Authorize;
use crate::transport::http::{Http, HttpOptions};
use crate::transport::rate_limit::{Limits, RateLimit};
use crate::transport::{Request, Transport};

/// The environment variable that [`ClientBuilder::base_url_from_env`] reads.
const BASE_URL_VARIABLE: &str = "PINTEREST_API_URL";

/// A client of the API. Cloning is cheap; clones share connections, limits and token.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    observer: Arc<dyn Observer>,
}

struct Shared {
    transport: RateLimit<Authorize>,
    base: BaseUrl,
    policy: RetryPolicy,
}

impl Client {
    /// Starts to build a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The same client, with its connections, limits and token, watched by another observer.
    #[must_use]
    pub fn observed_by(&self, observer: Arc<dyn Observer>) -> Self {
        Self { shared: Arc::clone(&self.shared), observer }
    }

    /// The raw door to any listing: its records are not parsed.
    pub fn list(&self, endpoint: &Endpoint, args: Args) -> RawList {
        RawList::new(self.clone(), *endpoint, args)
    }

    /// The raw door to any single answer: its body, checked to be what the endpoint promises.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get(&self, endpoint: &Endpoint, args: Args) -> Result<Bytes> {
        let (_, body) = self.fetch(endpoint, &args, None).await?;
        Ok(body)
    }

    /// The door to any listing, with its records read as `T`.
    pub fn list_as<T>(&self, endpoint: &Endpoint, args: Args) -> List<T> {
        List::new(self, *endpoint, args)
    }

    /// The door to any single answer, read as `T`.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Record`] when the answer does not fit `T`.
    pub async fn get_as<T: DeserializeOwned>(&self, endpoint: &Endpoint, args: Args) -> Result<T> {
        list::read(&self.get(endpoint, args).await?, endpoint.operation)
    }

    /// One page and the body it is cut from. An attempt is the request and the reading of its answer: a body
    /// that is no page is as good as none, and is asked for again.
    pub(crate) async fn fetch(
        &self,
        endpoint: &Endpoint,
        args: &Args,
        bookmark: Option<&str>,
    ) -> Result<(RawPage, Bytes)> {
        let query = args.encoded_query(endpoint, bookmark)?;
        let url = self.shared.base.join(&args.segments(endpoint)?, query.as_deref());
        let mut request = Request::get(*endpoint, url);
        request.observer = Arc::clone(&self.observer);
        let request = &request;
        retry::run(&self.shared.policy, endpoint, &self.observer, |patience| async move {
            let mut request = request.clone();
            request.patience = patience;
            let response = self.shared.transport.send(&request).await?;
            response.check(endpoint)?;
            Ok((RawPage::from_body(&response.body, endpoint)?, response.body))
        })
        .await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.shared.base).finish_non_exhaustive()
    }
}

/// Collects what a [`Client`] is made of. Only [`auth`](Self::auth) is required.
#[derive(Default)]
#[must_use = "call build to get the client"]
pub struct ClientBuilder {
    base: Option<BaseUrl>,
    auth: Option<Auth>,
    limits: Limits,
    policy: RetryPolicy,
    http: HttpOptions,
    transport: Option<Arc<dyn Transport>>,
    observer: Option<Arc<dyn Observer>>,
}

impl ClientBuilder {
    /// The address of the API, `https://api.pinterest.com/v5` unless set. It may have a path of its own and a
    /// trailing slash. Only loopback hosts may be called without https; no proxy is used for those.
    ///
    /// # Errors
    /// [`Error::Build`] for anything else.
    pub fn base_url(mut self, url: &str) -> Result<Self> {
        self.base = Some(BaseUrl::parse(url)?);
        Ok(self)
    }

    /// Takes the address from the environment variable `PINTEREST_API_URL`, if it is set and not empty.
    /// Pinterest's sandbox is `https://api-sandbox.pinterest.com/v5`.
    ///
    /// # Errors
    /// As [`base_url`](Self::base_url).
    pub fn base_url_from_env(self) -> Result<Self> {
        match std::env::var(BASE_URL_VARIABLE) {
            Ok(url) if !url.trim().is_empty() => self.base_url(&url).map_err(|error| match error {
                Error::Build(why) => Error::Build(format!("{BASE_URL_VARIABLE}: {why}")),
                other => other,
            }),
            _ => Ok(self),
        }
    }

    /// The credentials.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// The request budgets.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How often and how long a call is tried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How long the server may stay silent in the middle of an answer: 60 seconds unless set.
    pub fn timeout(mut self, silence: Duration) -> Self {
        self.http.read_timeout = silence;
        self
    }

    /// How long a connection may take to come about: 10 seconds unless set.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.http.connect_timeout = time;
        self
    }

    /// The largest body that is accepted, in bytes after decompression: 64 MiB unless set.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.http.max_body = bytes;
        self
    }

    /// Who watches the calls.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Replaces the network, for tests. Token, limits and retries work above it as ever; timeouts and the
    /// limit of the body belong to the network.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Builds the client. Sends nothing.
    ///
    /// # Errors
    /// [`Error::Build`]: no credentials, or no TLS. [`Error::InvalidArgument`]: a token that cannot be sent.
    pub fn build(self) -> Result<Client> {
        let auth = self.auth.ok_or_else(|| Error::Build("it needs credentials".to_owned()))?;
        let base = match self.base {
            Some(base) => base,
            None => BaseUrl::production()?,
        };
        let network = match self.transport {
            Some(transport) => transport,
            None => Arc::new(Http::new(&base, self.http)?),
        };
        let transport = RateLimit::new(Authorize::new(network, auth, &base)?, &self.limits);
        Ok(Client {
            shared: Arc::new(Shared { transport, base, policy: self.policy }),
            observer: self.observer.unwrap_or_else(|| Arc::new(Silent)),
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.base)
            .field("auth", &self.auth)
            .field("limits", &self.limits)
            .field("retry", &self.policy)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}
