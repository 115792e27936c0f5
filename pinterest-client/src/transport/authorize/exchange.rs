//! One exchange of a refresh token for an access token.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::Failure;
use crate::args::encode;
use crate::auth::{App, Tokens};
use crate::base_url::BaseUrl;
use crate::endpoint::OAUTH_TOKEN;
use crate::error::{Error, Refusal, Result};
use crate::transport::{Request, Response, Transport};

/// Assumed when Pinterest does not say how long a token lives.
const LIFETIME: i64 = 3600;
/// No token lives longer; keeps the arithmetic of dates within bounds.
const LONGEST_LIFETIME: i64 = 10 * 365 * 24 * 3600;

/// Asks `oauth/token`.
pub(super) struct Exchange {
    transport: Arc<dyn Transport>,
    url: Url,
    basic: HeaderValue,
    /// Of the app: what no text may show, its id included, which platforms keep as a secret.
    pub(super) secrets: Vec<SecretString>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    expires_in: Option<f64>,
    scope: Option<String>,
}

impl Exchange {
    pub(super) fn new(transport: Arc<dyn Transport>, app: &App, base: &BaseUrl) -> Result<Self> {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", app.id, app.secret.expose_secret()));
        let mut basic = HeaderValue::try_from(format!("Basic {pair}"))
            .map_err(|_| Error::Build("the app's id and secret cannot be sent".to_owned()))?;
        basic.set_sensitive(true);
        let url = base.join(&["oauth", "token"], None);
        Ok(Self {
            transport,
            url,
            basic,
            secrets: vec![app.secret.clone(), pair.into(), app.id.clone().into()],
        })
    }

    /// # Errors
    /// Pinterest refused the credentials for good, or gave no token this time.
    pub(super) async fn tokens(&self, refresh_token: &SecretString) -> Result<Tokens, Failure> {
        let passing = |error| Failure::Passing(Arc::new(error));
        let mut response = self.transport.send(&self.request(refresh_token)).await.map_err(passing)?;
        response.secrets.extend(self.secrets.iter().cloned());
        response.secrets.push(refresh_token.clone());
        if let Err(error) = response.check(&OAUTH_TOKEN) {
            return Err(refusal(&response, &error).map_or_else(|| passing(error), Failure::Refused));
        }
        read(&response, refresh_token).map_err(passing)
    }

    fn request(&self, refresh_token: &SecretString) -> Request {
        let body = format!(
            "grant_type=refresh_token&refresh_token={}&continuous_refresh=true",
            encode(refresh_token.expose_secret())
        );
        let mut request = Request::get(OAUTH_TOKEN, self.url.clone());
        request.method = Method::POST;
        request.headers.insert(AUTHORIZATION, self.basic.clone());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers.insert(CONTENT_TYPE, form);
        request.body = Some(Bytes::from(body));
        request
    }
}

fn read(response: &Response, old: &SecretString) -> Result<Tokens> {
    // A parser's message could show a piece of a token.
    let unreadable =
        |problem: &str| Error::Decode { endpoint: OAUTH_TOKEN.operation, problem: problem.to_owned() };
    let answer: Answer =
        serde_json::from_slice(&response.body).map_err(|_| unreadable("is not the JSON of a token"))?;
    let access_token = answer
        .access_token
        .filter(|token| !token.expose_secret().is_empty())
        .ok_or_else(|| unreadable("has no access_token"))?;
    let rotated = answer.refresh_token.filter(|token| {
        let token = token.expose_secret();
        !token.is_empty() && token != old.expose_secret()
    });
    Ok(Tokens {
        access_token,
        refresh_token: rotated,
        expires_at: Utc::now() + lifetime(answer.expires_in),
        scope: answer.scope,
    })
}

fn lifetime(expires_in: Option<f64>) -> TimeDelta {
    let seconds = match expires_in {
        Some(seconds) => Duration::try_from_secs_f64(seconds.max(0.0))
            .map_or(LONGEST_LIFETIME, |given| i64::try_from(given.as_secs()).unwrap_or(LONGEST_LIFETIME)),
        None => LIFETIME,
    };
    TimeDelta::seconds(seconds.min(LONGEST_LIFETIME))
}

/// The refusals that no retry can change. Anything unclear is none: a maintenance page must not make a user
/// authorize the app again.
fn refusal(response: &Response, error: &Error) -> Option<Refusal> {
    let Error::Api { status, body, .. } = error else { return None };
    if !status.is_client_error() || *status == StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let message = body.message.clone();
    if let Some(name) = response.oauth_error() {
        return match name.as_str() {
            "invalid_grant" => Some(Refusal::RefreshToken { message }),
            "invalid_client" => Some(Refusal::App { message }),
            _ => None,
        };
    }
    // Pinterest's own error body, with the name of OAuth in its text.
    body.code?;
    if message.contains("invalid_grant") {
        return Some(Refusal::RefreshToken { message });
    }
    message.contains("invalid_client").then_some(Refusal::App { message })
}
