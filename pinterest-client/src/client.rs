//! The client and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::args::Args;
use crate::auth::Auth;
use crate::base_url::BaseUrl;
use crate::cutter::Cutter;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::list::{self, List, RawList};
use crate::observer::{Observer, Silent};
use crate::page::RawPage;
use crate::retry::{self, RetryPolicy};
use crate::rows::RowSink;
use crate::transport::authorize::Authorize;
use crate::transport::body::BodyRows;
use crate::transport::download::Downloads;
use crate::transport::http::{Http, HttpOptions};
use crate::transport::rate_limit::RateLimit;
use crate::transport::{Request, Response, Transport};

/// The environment variable that [`ClientBuilder::base_url_from_env`] reads.
const BASE_URL_VARIABLE: &str = "PINTEREST_API_URL";

/// A client of the API. Cloning is cheap; clones share connections, limits and token.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    observer: Arc<dyn Observer>,
    policy: RetryPolicy,
}

struct Shared {
    transport: RateLimit<Authorize>,
    downloads: Downloads,
    base: BaseUrl,
    longest_row: usize,
}

impl Client {
    /// Starts to build a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The same client, with its connections, limits and token, watched by another observer.
    #[must_use]
    pub fn observed_by(&self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self.clone() }
    }

    /// The same client, with its connections, limits and token, that tries its calls more or less often.
    #[must_use]
    pub fn with_retry(&self, policy: RetryPolicy) -> Self {
        Self { policy, ..self.clone() }
    }

    /// How often and how long it tries a call.
    pub(crate) fn retry_policy(&self) -> RetryPolicy {
        self.policy
    }

    /// Where reports are downloaded from, and who watches.
    pub(crate) fn downloads(&self) -> (&Downloads, &dyn Observer) {
        (&self.shared.downloads, self.observer.as_ref())
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

    /// Sends a JSON body and brings the body of the answer, checked to be what the endpoint promises.
    ///
    /// It is tried again like any call: Pinterest may then have done what was asked more than once.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::InvalidArgument`] when `body` cannot be written as JSON.
    pub async fn post(
        &self,
        endpoint: &Endpoint,
        args: Args,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Bytes> {
        let promised = |answer: &Bytes| RawPage::from_body(answer, endpoint).map(|_| answer.clone());
        self.post_and_read(endpoint, &args, body, promised).await
    }

    /// Sends a JSON body and reads the answer as `T`. Tried again as [`post`](Self::post) is.
    ///
    /// # Errors
    /// As [`post`](Self::post); [`Error::Record`] when the answer does not fit `T`.
    pub async fn post_as<T: DeserializeOwned>(
        &self,
        endpoint: &Endpoint,
        args: Args,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T> {
        list::read(&self.post(endpoint, args, body).await?, endpoint.operation)
    }

    /// The same, with the answer read within the attempt: one that cannot be read is asked for again.
    pub(crate) async fn post_and_read<T>(
        &self,
        endpoint: &Endpoint,
        args: &Args,
        body: &(impl Serialize + ?Sized),
        read: impl Fn(&Bytes) -> Result<T>,
    ) -> Result<T> {
        let body = serde_json::to_vec(body).map_err(|error| {
            Error::InvalidArgument(format!("the body of {} cannot be written: {error}", endpoint.operation))
        })?;
        let mut request = self.request(endpoint, args, None)?;
        request.method = Method::POST;
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = Some(body.into());
        self.attempts(&request, read).await
    }

    /// One page and the body it is cut from.
    pub(crate) async fn fetch(
        &self,
        endpoint: &Endpoint,
        args: &Args,
        bookmark: Option<&str>,
    ) -> Result<(RawPage, Bytes)> {
        let request = self.request(endpoint, args, bookmark)?;
        self.attempts(&request, |body| Ok((RawPage::from_body(body, endpoint)?, body.clone()))).await
    }

    /// Hands the rows of an answer that is an array to a sink while they arrive. It tells the sink of each attempt, because
    /// each begins with the first row.
    pub(crate) async fn hand_rows(&self, endpoint: &Endpoint, args: &Args, sink: RowSink) -> Result<()> {
        let mut request = self.request(endpoint, args, None)?;
        request.rows = Some(sink.clone());
        let (request, sink) = (&request, &sink);
        retry::run(&self.policy, endpoint, &self.observer, |patience| async move {
            sink.begin().await;
            let response = self.attempt(request, patience).await?;
            if response.handed_on.is_some() {
                return Ok(());
            }
            // It came whole: from a network that hands nothing on, or it is no array, as the cutter then says.
            let cutter = Cutter::array(endpoint.operation, self.shared.longest_row);
            sink.hand_all(BodyRows::new(response.body, None, cutter)).await
        })
        .await
    }

    fn request(&self, endpoint: &Endpoint, args: &Args, bookmark: Option<&str>) -> Result<Request> {
        let query = args.encoded_query(endpoint, bookmark)?;
        let url = self.shared.base.join(&args.segments(endpoint)?, query.as_deref());
        let mut request = Request::get(*endpoint, url);
        request.observer = Arc::clone(&self.observer);
        Ok(request)
    }

    /// An attempt is the request and the reading of its answer: a body that cannot be read is as good as none,
    /// and is asked for again.
    async fn attempts<T>(&self, request: &Request, read: impl Fn(&Bytes) -> Result<T>) -> Result<T> {
        let read = &read;
        retry::run(&self.policy, &request.endpoint, &self.observer, |patience| async move {
            read(&self.attempt(request, patience).await?.body)
        })
        .await
    }

    async fn attempt(&self, request: &Request, patience: Duration) -> Result<Response> {
        let mut request = request.clone();
        request.patience = patience;
        let response = self.shared.transport.send(&request).await?;
        response.check(&request.endpoint)?;
        Ok(response)
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

    /// The request budgets, those of standard access unless set. They are kept for all requests of this client and its
    /// clones together, in the order in which they come: one that has to wait does so inside of its call, and does not use up
    /// its [`RetryPolicy`] with it. A wait that is longer than the policy's time and than two minutes, as a limit by the day
    /// can cause, is [`Error::AllowanceUsedUp`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How often and how long a call is tried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How long the server may stay silent before and in the middle of an answer: 60 seconds unless set. The time in which
    /// a caller does not take the rows that are there is no silence of the server.
    pub fn timeout(mut self, silence: Duration) -> Self {
        self.http.silence = silence;
        self
    }

    /// How long a connection may take to come about: 10 seconds unless set.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.http.connect_timeout = time;
        self
    }

    /// The largest body that is accepted, in bytes after decompression: 64 MiB unless set. Where rows are given while they
    /// arrive, of reports and by [`RawList::rows`], it is the longest row.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.http.max_body = bytes;
        self
    }

    /// Who watches the calls.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Replaces the network, for tests: of the API, and of the downloads of reports, which come without a token.
    /// Token, limits and retries work above it as ever; timeouts and the limit of the body belong to the network.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Builds the client. Sends nothing, and sets up no connections: the first request does, and fails with
    /// [`Error::Build`] where there is no TLS.
    ///
    /// # Errors
    /// [`Error::Build`]: no credentials. [`Error::InvalidArgument`]: a token that cannot be sent.
    pub fn build(self) -> Result<Client> {
        let auth = self.auth.ok_or_else(|| Error::Build("it needs credentials".to_owned()))?;
        let base = match self.base {
            Some(base) => base,
            None => BaseUrl::production()?,
        };
        let downloads = Downloads::new(&base, self.http, self.transport.clone());
        let network = match self.transport {
            Some(transport) => transport,
            None => Arc::new(Http::new(&base, self.http)),
        };
        let transport = RateLimit::new(Authorize::new(network, auth, &base)?, &self.limits);
        let longest_row = self.http.max_body;
        Ok(Client {
            shared: Arc::new(Shared { transport, downloads, base, longest_row }),
            observer: self.observer.unwrap_or_else(|| Arc::new(Silent)),
            policy: self.policy,
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::endpoint::CREATE_REPORT;
    use crate::transport::http::scripted::{Scripted, answer};

    fn client(network: &Arc<Scripted>) -> Client {
        let auth = Auth::access_token("token".into());
        Client::builder().auth(auth).transport(Arc::clone(network) as _).build().unwrap()
    }

    fn args() -> Args {
        Args::new().path("ad_account_id", "7")
    }

    #[tokio::test(start_paused = true)]
    async fn a_post_sends_json_and_is_tried_again_with_all_of_it() {
        let network = Scripted::new(|_, number| {
            Ok(match number {
                1 => answer(503, ""),
                2 => answer(200, "<html></html>"),
                _ => answer(200, r#"{"token":"a"}"#),
            })
        });
        let sent = json!({"level": "CAMPAIGN"});
        let read: HashMap<String, String> =
            client(&network).post_as(&CREATE_REPORT, args(), &sent).await.unwrap();
        assert_eq!(read["token"], "a");
        let requests = network.requests();
        assert_eq!(requests.len(), 3);
        for request in requests {
            assert_eq!((request.method, request.url.path()), (Method::POST, "/v5/ad_accounts/7/reports"));
            assert_eq!(request.headers[CONTENT_TYPE], "application/json");
            assert_eq!(serde_json::from_slice::<Value>(&request.body.unwrap()).unwrap(), sent);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_no_json_is_not_sent() {
        let network = Scripted::new(|_, _| Ok(answer(200, "{}")));
        let no_key = HashMap::from([((1, 2), 3)]);
        let error = client(&network).post(&CREATE_REPORT, args(), &no_key).await.unwrap_err();
        assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
        assert!(network.requests().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn another_policy_shares_everything_else() {
        let network = Scripted::new(|_, _| Ok(answer(500, "")));
        let client = client(&network);
        let twice = client.with_retry(RetryPolicy { attempts: 2, ..RetryPolicy::default() });
        twice.get(&CREATE_REPORT, args()).await.unwrap_err();
        assert_eq!(network.requests().len(), 2);
        client.get(&CREATE_REPORT, args()).await.unwrap_err();
        assert_eq!(network.requests().len(), 8);
    }
}
