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

use super::{Request, Response, Transport};
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
            renewal.finish(&outcome);
            outcome
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

    fn finish(&self, outcome: &Result<Token, Failure>) {
        let mut state = self.state();
        state.attempt = None;
        match outcome {
            Ok(token) => {
                state.tokens += 1;
                state.token = Some(Token { number: state.tokens, ..token.clone() });
                state.unsaved = None;
                state.not_before = None;
            }
            Err(Failure::Refused(refusal)) => state.refused = Some(refusal.clone()),
            Err(Failure::Passing(_)) => state.not_before = Some(Instant::now() + PAUSE),
            Err(Failure::NotSaved(_)) => {}
        }
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
