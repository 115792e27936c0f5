//! The layer that adds the access token of the moment, and renews it.

mod exchange;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::{Layer, Request, Response, Transport};
use crate::auth::{Auth, Kind, Refreshed, Tokens};
use crate::base_url::BaseUrl;
use crate::error::{Error, Refusal, Result};
use exchange::Exchange;

/// A token is renewed this long before it expires, or at the last tenth of its life, whichever is later.
const EARLY: Duration = Duration::from_secs(300);
/// After an early renewal failed, the token that still works is used so long before the next try.
const PAUSE: Duration = Duration::from_secs(30);

/// Adds `Authorization` to every request.
pub(crate) struct Authorize {
    inner: Arc<dyn Transport>,
    source: Source,
}

enum Source {
    Fixed(Token),
    Refreshed(Arc<Renewal>),
}

impl Authorize {
    /// # Errors
    /// A token that cannot stand in a header.
    pub(crate) fn new(inner: Arc<dyn Transport>, auth: Auth, base: &BaseUrl) -> Result<Self> {
        let source = match auth.kind {
            Kind::Fixed(token) => Source::Fixed(Token::new(token, None)?),
            Kind::Refreshed(refreshed) => {
                Source::Refreshed(Arc::new(Renewal::new(Arc::clone(&inner), *refreshed, base)?))
            }
        };
        Ok(Self { inner, source })
    }

    async fn send_with(&self, request: &Request, token: &Token) -> Result<Response> {
        let mut request = request.clone();
        request.headers.insert(AUTHORIZATION, token.header.clone());
        let mut response = self.inner.send(&request).await?;
        response.secrets.push(token.secret.clone());
        if let Source::Refreshed(renewal) = &self.source {
            response.secrets.extend(renewal.secrets());
        }
        Ok(response)
    }
}

#[async_trait]
impl Transport for Authorize {
    async fn send(&self, request: &Request) -> Result<Response> {
        let renewal = match &self.source {
            Source::Fixed(token) => return self.send_with(request, token).await,
            Source::Refreshed(renewal) => renewal,
        };
        let token = renewal.token().await?;
        let response = self.send_with(request, &token).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let newer = renewal.token_after(&token).await?;
        self.send_with(request, &newer).await
    }
}

/// The token of the moment is made new before a request is counted, so that those that wait for it do not go out in a bunch.
#[async_trait]
impl Layer for Authorize {
    fn is_ready(&self) -> bool {
        match &self.source {
            Source::Fixed(_) => true,
            Source::Refreshed(renewal) => renewal.state().usable().is_some(),
        }
    }

    async fn prepare(&self) -> Result<()> {
        match &self.source {
            Source::Fixed(_) => Ok(()),
            Source::Refreshed(renewal) => renewal.token().await.map(drop),
        }
    }
}

impl fmt::Debug for Authorize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorize").finish_non_exhaustive()
    }
}

/// An access token, ready to be sent.
#[derive(Clone)]
struct Token {
    secret: SecretString,
    header: HeaderValue,
    life: Option<Life>,
    /// Tells the tokens of one client apart.
    number: u64,
}

/// In the time of tokio, because a wall clock can jump.
#[derive(Clone, Copy)]
struct Life {
    renew_at: Instant,
    ends_at: Instant,
}

impl Token {
    /// # Errors
    /// A token with characters that cannot stand in a header.
    fn new(secret: SecretString, lifetime: Option<Duration>) -> Result<Self> {
        let mut header =
            HeaderValue::try_from(format!("Bearer {}", secret.expose_secret())).map_err(|_| {
                Error::InvalidArgument("the access token holds characters that cannot be sent".to_owned())
            })?;
        header.set_sensitive(true);
        Ok(Self { secret, header, life: lifetime.and_then(Life::new), number: 0 })
    }

    fn is_alive(&self) -> bool {
        self.life.is_none_or(|life| Instant::now() < life.ends_at)
    }

    fn is_fresh(&self) -> bool {
        self.life.is_none_or(|life| Instant::now() < life.renew_at)
    }
}

impl Life {
    /// None for a lifetime beyond what the clock can hold.
    fn new(lifetime: Duration) -> Option<Self> {
        let ends_at = Instant::now().checked_add(lifetime)?;
        Some(Self { renew_at: ends_at - EARLY.min(lifetime / 10), ends_at })
    }
}

/// Why there is no new token. One failed attempt is shared by all who waited for it.
#[derive(Clone)]
enum Failure {
    /// For good.
    Refused(Refusal),
    /// Perhaps not the next time.
    Passing(Arc<Error>),
    /// The tokens are there, but the listener did not take them.
    NotSaved(Arc<dyn std::error::Error + Send + Sync>),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Auth(Box::new(refusal)),
            Failure::Passing(cause) => Self::Refresh(cause),
            Failure::NotSaved(cause) => Self::Listener(cause),
        }
    }
}

type Attempt = Shared<BoxFuture<'static, Result<Token, Failure>>>;

/// Holds the current token and renews it, one attempt at a time for all callers.
struct Renewal {
    exchange: Exchange,
    refreshed: Refreshed,
    state: Mutex<State>,
}

struct State {
    token: Option<Token>,
    refresh_token: SecretString,
    /// The attempt that is under way.
    attempt: Option<Attempt>,
    /// Tokens that the listener has not taken yet.
    unsaved: Option<Tokens>,
    refused: Option<Refusal>,
    not_before: Option<Instant>,
    tokens: u64,
}

impl Renewal {
    fn new(transport: Arc<dyn Transport>, refreshed: Refreshed, base: &BaseUrl) -> Result<Self> {
        let token = match &refreshed.cached {
            Some((token, expires_at)) => match (*expires_at - Utc::now()).to_std() {
                Ok(left) if !left.is_zero() => Some(Token::new(token.clone(), Some(left))?),
                _ => None,
            },
            None => None,
        };
        let state = State {
            token,
            refresh_token: refreshed.refresh_token.clone(),
            attempt: None,
            unsaved: None,
            refused: None,
            not_before: None,
            tokens: 0,
        };
        let exchange = Exchange::new(transport, &refreshed.app, base)?;
        Ok(Self { exchange, refreshed, state: Mutex::new(state) })
    }

    /// What a server may repeat and no text may show, besides the token that was sent.
    fn secrets(&self) -> Vec<SecretString> {
        let tokens = [self.refreshed.refresh_token.clone(), self.state().refresh_token.clone()];
        self.exchange.secrets.iter().cloned().chain(tokens).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token to send now.
    async fn token(self: &Arc<Self>) -> Result<Token> {
        let (attempt, still_good) = {
            let mut state = self.state();
            if let Some(token) = state.usable() {
                return Ok(token);
            }
            let still_good = state.token.clone().filter(Token::is_alive);
            (self.attempt(&mut state)?, still_good)
        };
        match (attempt.await, still_good) {
            (Ok(token), _) => Ok(token),
            (Err(Failure::Passing(_)), Some(token)) if token.is_alive() => Ok(token),
            (Err(failure), _) => Err(failure.into()),
        }
    }

    /// A token newer than the one Pinterest has just refused.
    async fn token_after(self: &Arc<Self>, refused: &Token) -> Result<Token> {
        let attempt = {
            let mut state = self.state();
            match &state.token {
                Some(token) if token.number > refused.number => return Ok(token.clone()),
                _ => state.token = None,
            }
            self.attempt(&mut state)?
        };
        Ok(attempt.await?)
    }

    /// Joins the attempt that is under way, or starts one. It runs as a task of its own: a caller that goes
    /// away must not take a rotated refresh token with it.
    fn attempt(self: &Arc<Self>, state: &mut State) -> Result<Attempt> {
        if let Some(refusal) = &state.refused {
            return Err(Error::Auth(Box::new(refusal.clone())));
        }
        if let Some(attempt) = &state.attempt {
            return Ok(attempt.clone());
        }
        let renewal = Arc::clone(self);
        let task = tokio::spawn(async move {
            let outcome = renewal.renew().await;
            renewal.finish(outcome)
        });
        let attempt = task.map(|done| done.unwrap_or_else(|_| Err(interrupted()))).boxed().shared();
        state.attempt = Some(attempt.clone());
        Ok(attempt)
    }

    async fn renew(&self) -> Result<Token, Failure> {
        let (unsaved, refresh_token) = {
            let state = self.state();
            (state.unsaved.clone(), state.refresh_token.clone())
        };
        let tokens = match unsaved {
            Some(tokens) => tokens,
            None => self.exchange.tokens(&refresh_token).await?,
        };
        self.remember(&tokens);
        if let Some(listener) = &self.refreshed.listener {
            listener.refreshed(&tokens).await.map_err(|cause| Failure::NotSaved(cause.into()))?;
        }
        let left = (tokens.expires_at - Utc::now()).to_std().unwrap_or_default();
        Token::new(tokens.access_token, Some(left)).map_err(|error| Failure::Passing(Arc::new(error)))
    }

    /// The old refresh token may be dead already, so the new one counts even while it is unsaved.
    fn remember(&self, tokens: &Tokens) {
        let mut state = self.state();
        if let Some(refresh_token) = &tokens.refresh_token {
            state.refresh_token = refresh_token.clone();
        }
        state.unsaved = Some(tokens.clone());
    }

    /// The token that it gives has the number by which a refusal of it is known.
    fn finish(&self, outcome: Result<Token, Failure>) -> Result<Token, Failure> {
        let mut state = self.state();
        state.attempt = None;
        match outcome {
            Ok(mut token) => {
                state.tokens += 1;
                token.number = state.tokens;
                state.token = Some(token.clone());
                state.unsaved = None;
                state.not_before = None;
                return Ok(token);
            }
            Err(Failure::Refused(ref refusal)) => state.refused = Some(refusal.clone()),
            Err(Failure::Passing(_)) => state.not_before = Some(Instant::now() + PAUSE),
            Err(Failure::NotSaved(_)) => {}
        }
        outcome
    }
}

impl State {
    /// The current token if it needs no renewal, or cannot be renewed just now.
    fn usable(&self) -> Option<Token> {
        let token = self.token.as_ref().filter(|token| token.is_alive())?;
        let waits = self.not_before.is_some_and(|time| Instant::now() < time);
        (token.is_fresh() || waits).then(|| token.clone())
    }
}

/// The task was cancelled with the runtime, or the listener panicked.
fn interrupted() -> Failure {
    let error = Error::transport(crate::endpoint::OAUTH_TOKEN.operation, "the exchange was interrupted");
    Failure::Passing(Arc::new(error))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use futures::future::join_all;
    use reqwest::Method;
    use url::Url;

    use super::*;
    use crate::auth::{App, TokenListener};
    use crate::endpoint::BOARDS;
    use crate::error::BoxError;
    use crate::transport::http::scripted::{Scripted, answer};

    const SECOND: Duration = Duration::from_secs(1);

    fn is_exchange(request: &Request) -> bool {
        request.method == Method::POST
    }

    fn text(body: &Option<Bytes>) -> &str {
        std::str::from_utf8(body.as_ref().unwrap()).unwrap()
    }

    /// A Pinterest with `exchanges` so far: access token `a<n>`, refresh token `r<n>`.
    struct Pinterest {
        network: Arc<Scripted>,
        exchanges: Arc<AtomicUsize>,
    }

    impl Pinterest {
        /// Tokens live 1000 seconds. `refuse` sees the bearer and the number of exchanges.
        fn new(refuse: impl Fn(&str, usize) -> bool + Send + Sync + 'static) -> Self {
            let exchanges = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&exchanges);
            let network = Scripted::slow(SECOND, move |request, _| {
                if is_exchange(request) {
                    let n = count.fetch_add(1, Ordering::SeqCst) + 1;
                    let body =
                        format!(r#"{{"access_token":"a{n}","refresh_token":"r{n}","expires_in":1000}}"#);
                    return Ok(answer(200, body));
                }
                let bearer = request.headers[AUTHORIZATION].to_str().unwrap().to_owned();
                let refused = refuse(&bearer, count.load(Ordering::SeqCst));
                Ok(answer(if refused { 401 } else { 200 }, "{}"))
            });
            Self { network, exchanges }
        }

        fn exchanges(&self) -> usize {
            self.exchanges.load(Ordering::SeqCst)
        }

        fn bearers(&self) -> Vec<String> {
            let requests = self.network.requests();
            let calls = requests.iter().filter(|request| !is_exchange(request));
            calls.map(|request| request.headers[AUTHORIZATION].to_str().unwrap().to_owned()).collect()
        }
    }

    fn auth() -> Auth {
        Auth::refresh(App { id: "123".into(), secret: "s+cret".into() }, "refresh/0".into())
    }

    fn layer(network: &Arc<Scripted>, auth: Auth) -> Authorize {
        Authorize::new(Arc::clone(network) as _, auth, &BaseUrl::production().unwrap()).unwrap()
    }

    async fn ask(layer: &Authorize) -> Result<u16> {
        let url = Url::parse("https://api.pinterest.com/v5/boards").unwrap();
        layer.send(&Request::get(BOARDS, url)).await.map(|response| response.status.as_u16())
    }

    #[tokio::test(start_paused = true)]
    async fn a_fixed_token_is_sent_as_it_is_and_a_401_is_final() {
        let network = Scripted::new(|_, _| Ok(answer(401, "{}")));
        let layer = layer(&network, Auth::access_token("pina_1".into()));
        assert_eq!(ask(&layer).await.unwrap(), 401);
        let requests = network.requests();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].headers[AUTHORIZATION], "Bearer pina_1");
        assert!(!format!("{requests:?}").contains("pina_1"));
        let odd = Auth::access_token("line\nbreak".into());
        let error = Authorize::new(network, odd, &BaseUrl::production().unwrap()).unwrap_err();
        assert!(!error.to_string().contains("break"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_exchange_signs_in_as_the_app_and_asks_for_a_continuous_refresh() {
        let pinterest = Pinterest::new(|_, _| false);
        let layer = layer(&pinterest.network, auth());
        assert_eq!(ask(&layer).await.unwrap(), 200);
        let exchange = &pinterest.network.requests()[0];
        assert_eq!(exchange.url.as_str(), "https://api.pinterest.com/v5/oauth/token");
        assert_eq!(exchange.headers[AUTHORIZATION], format!("Basic {}", "MTIzOnMrY3JldA=="));
        assert_eq!(exchange.headers["content-type"], "application/x-www-form-urlencoded");
        let form = "grant_type=refresh_token&refresh_token=refresh%2F0&continuous_refresh=true";
        assert_eq!(text(&exchange.body), form);
        assert_eq!(pinterest.bearers(), ["Bearer a1"]);
        let shown = format!("{exchange:?}");
        assert!(!shown.contains("MTIz") && !shown.contains("refresh%2F0"), "{shown}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_shortly_before_it_expires() {
        let pinterest = Pinterest::new(|_, _| false);
        let layer = layer(&pinterest.network, auth());
        ask(&layer).await.unwrap();
        tokio::time::advance(890 * SECOND).await;
        ask(&layer).await.unwrap();
        assert_eq!(pinterest.exchanges(), 1);
        tokio::time::advance(20 * SECOND).await;
        ask(&layer).await.unwrap();
        assert_eq!(pinterest.bearers(), ["Bearer a1", "Bearer a1", "Bearer a2"]);
        let renewal = &pinterest.network.requests()[3];
        assert!(text(&renewal.body).contains("refresh_token=r1&"), "the rotated token buys the next one");
    }

    #[tokio::test(start_paused = true)]
    async fn a_401_buys_one_new_token_and_a_second_one_is_final() {
        let pinterest = Pinterest::new(|bearer, _| bearer == "Bearer a1");
        assert_eq!(ask(&layer(&pinterest.network, auth())).await.unwrap(), 200);
        assert_eq!(pinterest.bearers(), ["Bearer a1", "Bearer a2"]);

        let pinterest = Pinterest::new(|_, _| true);
        assert_eq!(ask(&layer(&pinterest.network, auth())).await.unwrap(), 401);
        assert_eq!((pinterest.exchanges(), pinterest.bearers().len()), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_share_one_exchange_at_the_start_and_after_a_401() {
        let pinterest = Pinterest::new(|bearer, _| bearer == "Bearer a1");
        let layer = layer(&pinterest.network, auth());
        let answers = join_all((0..50).map(|_| ask(&layer))).await;
        assert!(answers.into_iter().all(|answer| answer.unwrap() == 200));
        assert_eq!(pinterest.exchanges(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_token_that_is_refused_late_does_not_cost_the_new_one() {
        let pinterest = Pinterest::new(|_, _| false);
        let layer = layer(&pinterest.network, auth());
        let Source::Refreshed(renewal) = &layer.source else { panic!("it has a refresh token") };
        let old = renewal.token().await.unwrap();
        let new = renewal.token_after(&old).await.unwrap();
        assert_eq!(renewal.token_after(&old).await.unwrap().number, new.number);
        assert_eq!(pinterest.exchanges(), 2);
    }

    struct Diary {
        /// How many requests were out when each pair of tokens came.
        entries: Mutex<Vec<(String, Option<String>, usize)>>,
        network: Arc<Scripted>,
        fails: AtomicUsize,
    }

    #[async_trait]
    impl TokenListener for Diary {
        async fn refreshed(&self, tokens: &Tokens) -> Result<(), BoxError> {
            let refresh_token = tokens.refresh_token.as_ref();
            self.entries.lock().unwrap().push((
                tokens.access_token.expose_secret().to_owned(),
                refresh_token.map(|token| token.expose_secret().to_owned()),
                self.network.requests().len(),
            ));
            match self.fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
                Ok(_) => Err("the disk is full".into()),
                Err(_) => Ok(()),
            }
        }
    }

    fn diary(network: &Arc<Scripted>, fails: usize) -> Arc<Diary> {
        let fails = AtomicUsize::new(fails);
        Arc::new(Diary { entries: Mutex::default(), network: Arc::clone(network), fails })
    }

    #[tokio::test(start_paused = true)]
    async fn the_listener_has_a_rotated_token_before_any_request_uses_it() {
        let pinterest = Pinterest::new(|_, _| false);
        let diary = diary(&pinterest.network, 0);
        let layer = layer(&pinterest.network, auth().listener(Arc::clone(&diary) as _));
        ask(&layer).await.unwrap();
        assert_eq!(*diary.entries.lock().unwrap(), [("a1".into(), Some("r1".into()), 1)]);
        assert_eq!(pinterest.network.requests().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_that_were_not_saved_are_not_used_and_are_offered_again() {
        let pinterest = Pinterest::new(|_, _| false);
        let diary = diary(&pinterest.network, 1);
        let layer = layer(&pinterest.network, auth().listener(Arc::clone(&diary) as _));
        let error = ask(&layer).await.unwrap_err();
        assert_eq!(error.to_string(), "the new tokens could not be saved: the disk is full");
        assert!(pinterest.bearers().is_empty());
        assert_eq!(ask(&layer).await.unwrap(), 200);
        assert_eq!((pinterest.exchanges(), diary.entries.lock().unwrap().len()), (1, 2));
        assert_eq!(pinterest.bearers(), ["Bearer a1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_does_not_lose_the_rotated_token() {
        let pinterest = Pinterest::new(|_, _| false);
        let diary = diary(&pinterest.network, 0);
        let layer = layer(&pinterest.network, auth().listener(Arc::clone(&diary) as _));
        let hurried = tokio::time::timeout(SECOND / 2, ask(&layer)).await;
        assert!(hurried.is_err());
        tokio::time::advance(SECOND).await;
        ask(&layer).await.unwrap();
        assert_eq!((pinterest.exchanges(), diary.entries.lock().unwrap().len()), (1, 1));
    }

    /// Answers every exchange in the same way.
    async fn exchange_answering(status: u16, body: &'static str) -> (Error, Option<Error>, usize) {
        let network = Scripted::new(move |_, _| Ok(answer(status, body)));
        let layer = layer(&network, auth());
        let first = ask(&layer).await.unwrap_err();
        let second = ask(&layer).await.err();
        (first, second, network.requests().len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_refresh_token_and_a_refused_app_are_final() {
        for (status, body) in [
            (400, r#"{"error":"invalid_grant","error_description":"revoked"}"#),
            (400, r#"{"code":283,"message":"invalid_grant: the refresh token is expired"}"#),
        ] {
            let (error, again, exchanges) = exchange_answering(status, body).await;
            let Error::Auth(refusal) = &error else { panic!("{body}: {error}") };
            assert!(matches!(**refusal, Refusal::RefreshToken { .. }), "{body}");
            assert!(error.is_authentication() && !error.is_retryable());
            assert!(matches!(again, Some(Error::Auth(_))));
            assert_eq!(exchanges, 1, "{body}");
        }
        for (status, body) in [
            (401, r#"{"error":"invalid_client"}"#),
            (401, r#"{"code":2,"message":"invalid_client: who are you?"}"#),
        ] {
            let (error, _, exchanges) = exchange_answering(status, body).await;
            let Error::Auth(refusal) = &error else { panic!("{body}: {error}") };
            assert!(matches!(**refusal, Refusal::App { .. }), "{body}");
            assert_eq!(exchanges, 1, "{body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn any_other_failure_of_the_exchange_may_pass() {
        for (status, body) in [
            (503, r#"{"error":"invalid_grant"}"#),
            (429, r#"{"code":8,"message":"the refresh token is invalid"}"#),
            (400, "<html>invalid client certificate</html>"),
            (400, r#"{"error":"temporarily_unavailable"}"#),
            // Words that only sound final.
            (401, r#"{"code":2,"message":"Authentication failed."}"#),
            (400, r#"{"code":29,"message":"Refresh token service sent an invalid response, try again"}"#),
            (403, "{}"),
            (200, "<html>sign in to the network</html>"),
            (200, r#"{"token_type":"bearer"}"#),
            (200, r#"{"access_token":""}"#),
            (200, r#"{"code":8,"message":"You have exceeded your rate limit."}"#),
        ] {
            let (error, _, exchanges) = exchange_answering(status, body).await;
            assert!(matches!(error, Error::Refresh(_)), "{status} {body}: {error}");
            assert!(error.is_retryable() && !error.is_authentication(), "{status} {body}");
            assert_eq!(exchanges, 2, "{status} {body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_still_works_is_used_while_it_cannot_be_renewed() {
        let network = Scripted::new(|request, _| {
            Ok(if is_exchange(request) { answer(503, "{}") } else { answer(200, "{}") })
        });
        let cached = auth().cached("old".into(), Utc::now() + chrono::TimeDelta::seconds(1000));
        let layer = layer(&network, cached);
        let exchanges = || network.requests().iter().filter(|request| is_exchange(request)).count();
        tokio::time::advance(910 * SECOND).await;
        assert_eq!((ask(&layer).await.unwrap(), exchanges()), (200, 1));
        tokio::time::advance(20 * SECOND).await;
        assert_eq!((ask(&layer).await.unwrap(), exchanges()), (200, 1));
        tokio::time::advance(20 * SECOND).await;
        assert_eq!((ask(&layer).await.unwrap(), exchanges()), (200, 2));
        tokio::time::advance(100 * SECOND).await;
        assert!(matches!(ask(&layer).await.unwrap_err(), Error::Refresh(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cached_token_is_used_only_when_it_is_known_to_be_alive() {
        let hour = chrono::TimeDelta::hours(1);
        for (expires_at, bearer) in [
            (Some(Utc::now() + hour), "Bearer old"),
            (Some(Utc::now() - hour), "Bearer a1"),
            (None, "Bearer a1"),
        ] {
            let pinterest = Pinterest::new(|_, _| false);
            let layer = layer(&pinterest.network, auth().cached("old".into(), expires_at));
            ask(&layer).await.unwrap();
            assert_eq!(pinterest.bearers(), [bearer]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_repeats_of_the_secrets_is_not_shown() {
        let said = r#"{"error":"invalid_grant","error_description":"refresh%2F0, refresh/0 of s+cret / MTIzOnMrY3JldA=="}"#;
        let (error, _, _) = exchange_answering(400, said).await;
        let shown = format!("{error} {error:?}");
        assert!(
            !["s+cret", "MTIz", "fresh/0", "fresh%2F0"].iter().any(|secret| shown.contains(secret)),
            "{shown}"
        );
    }
}
