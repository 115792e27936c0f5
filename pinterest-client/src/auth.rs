//! Who calls: an access token, or a refresh token that buys access tokens.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::error::BoxError;

/// The credentials of a client.
#[derive(Clone)]
pub struct Auth {
    pub(crate) kind: Kind,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Fixed(SecretString),
    Refreshed(Box<Refreshed>),
}

#[derive(Clone)]
pub(crate) struct Refreshed {
    pub(crate) app: App,
    pub(crate) refresh_token: SecretString,
    pub(crate) cached: Option<(SecretString, DateTime<Utc>)>,
    pub(crate) listener: Option<Arc<dyn TokenListener>>,
}

/// The app at Pinterest that the user authorized.
#[derive(Clone, Debug)]
pub struct App {
    /// The app's id.
    pub id: String,
    /// The app's secret.
    pub secret: SecretString,
}

impl Auth {
    /// An access token that is used as long as Pinterest takes it. A 401 is final.
    #[must_use]
    pub fn access_token(token: SecretString) -> Self {
        Self { kind: Kind::Fixed(token) }
    }

    /// A refresh token. Access tokens are asked for when one is needed, a little before the last one expires,
    /// and once when Pinterest answers 401.
    #[must_use]
    pub fn refresh(app: App, refresh_token: SecretString) -> Self {
        Self {
            kind: Kind::Refreshed(Box::new(Refreshed { app, refresh_token, cached: None, listener: None })),
        }
    }

    /// Starts with an access token of an earlier run, which is used until it expires. Without a date, or with
    /// one that is past, it is not used. Means nothing for a fixed access token.
    #[must_use]
    pub fn cached(
        mut self,
        access_token: SecretString,
        expires_at: impl Into<Option<DateTime<Utc>>>,
    ) -> Self {
        if let Kind::Refreshed(refreshed) = &mut self.kind {
            refreshed.cached = expires_at.into().map(|expires_at| (access_token, expires_at));
        }
        self
    }

    /// Sets who is told of new tokens. Means nothing for a fixed access token.
    #[must_use]
    pub fn listener(mut self, listener: Arc<dyn TokenListener>) -> Self {
        if let Kind::Refreshed(refreshed) = &mut self.kind {
            refreshed.listener = Some(listener);
        }
        self
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Fixed(_) => f.write_str("Auth::access_token([REDACTED])"),
            Kind::Refreshed(refreshed) => write!(f, "Auth::refresh({:?}, [REDACTED])", refreshed.app),
        }
    }
}

/// Told of new tokens before any request uses them, so that a rotated refresh token is saved while the
/// program still runs: the old one may not work any more.
#[async_trait]
pub trait TokenListener: Send + Sync {
    /// Takes the new tokens.
    ///
    /// # Errors
    /// The tokens could not be saved. The requests that wait for them fail; the next request offers the same
    /// tokens again.
    async fn refreshed(&self, tokens: &Tokens) -> Result<(), BoxError>;
}

/// What Pinterest gave for a refresh token.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The new access token.
    pub access_token: SecretString,
    /// The new refresh token, when Pinterest replaced the old one.
    pub refresh_token: Option<SecretString>,
    /// When the access token expires, UTC.
    pub expires_at: DateTime<Utc>,
    /// The scopes of the token, separated by commas or spaces, when Pinterest says them.
    pub scope: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let app = App { id: "123".into(), secret: "app-secret".into() };
        let expires_at = DateTime::from_timestamp(0, 0);
        let refreshed =
            Auth::refresh(app, "refresh-secret".into()).cached("access-secret".into(), expires_at);
        let tokens = Tokens {
            access_token: "access-secret".into(),
            refresh_token: Some("refresh-secret".into()),
            expires_at: expires_at.unwrap(),
            scope: None,
        };
        let builder = crate::Client::builder().auth(refreshed.clone());
        for shown in [
            format!("{:?}", Auth::access_token("access-secret".into())),
            format!("{refreshed:#?} {tokens:#?} {builder:#?}"),
            format!("{:?}", builder.build().unwrap()),
        ] {
            assert!(!shown.contains("-secret"), "{shown}");
        }
        assert!(format!("{refreshed:?}").contains("123"));
    }
}
