//! The client that all streams share: built when the first of them reads, so that `discover` needs no sign-in.

use std::error::Error;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::{Context, Failure};
use pinterest_client::{App, Auth, Client, TokenListener, Tokens};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::Pinterest;
use crate::config::{self, Config, Credentials};

/// What a client is made of.
pub(crate) struct SignIn {
    credentials: Credentials,
    context: Context,
    options: Pinterest,
    client: OnceLock<Client>,
}

impl SignIn {
    pub(crate) fn new(config: &Config, context: Context, options: Pinterest) -> Self {
        Self { credentials: config.credentials(), context, options, client: OnceLock::new() }
    }

    /// The client; all that ask get the same one.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let built = self.build()?;
        Ok(self.client.get_or_init(|| built).clone())
    }

    /// The moment the command started.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.context.now()
    }

    fn build(&self) -> Result<Client, Failure> {
        let refused = |error: pinterest_client::Error| Failure::config(error.to_string()).with_source(error);
        let builder = Client::builder().auth(self.auth()?);
        let builder = match &self.options.base_url {
            Some(url) => builder.base_url(url),
            None => builder.base_url_from_env(),
        };
        let mut builder = builder.map_err(refused)?;
        if let Some(policy) = self.options.retry {
            builder = builder.retry(policy);
        }
        if let Some(limits) = &self.options.limits {
            builder = builder.limits(limits.clone());
        }
        if let Some(max_body) = self.options.max_body {
            builder = builder.max_body(max_body);
        }
        if let Some(silence) = self.options.timeout {
            builder = builder.timeout(silence);
        }
        if let Some(transport) = &self.options.transport {
            builder = builder.transport(Arc::clone(transport));
        }
        builder.build().map_err(refused)
    }

    fn auth(&self) -> Result<Auth, Failure> {
        let credentials = self.credentials.clone();
        let missing = missing_keys(&credentials);
        let cached = credentials.access_token;
        match (credentials.client_id, credentials.client_secret, credentials.refresh_token, cached) {
            (Some(id), Some(secret), Some(refresh_token), cached) => {
                let config = Mutex::new(self.context.config().clone());
                let listener = Arc::new(StoreTokens { context: self.context.clone(), config });
                let auth = Auth::refresh(App { id, secret }, refresh_token).listener(listener);
                Ok(match cached {
                    Some(token) => auth.cached(token, credentials.token_expiry_date),
                    None => auth,
                })
            }
            (_, _, _, Some(token)) => Ok(Auth::access_token(token)),
            _ => Err(Failure::config(format!(
                "Config validation error: `credentials` lacks {missing}; a sign-in needs `client_id`, \
                 `client_secret` and `refresh_token`, or an `access_token` alone"
            ))),
        }
    }
}

/// The keys of a refresh that the config does not have, for a message.
fn missing_keys(credentials: &Credentials) -> String {
    let keys = [
        ("`client_id`", credentials.client_id.is_none()),
        ("`client_secret`", credentials.client_secret.is_none()),
        ("`refresh_token`", credentials.refresh_token.is_none()),
    ];
    let missing: Vec<_> = keys.into_iter().filter_map(|(key, missing)| missing.then_some(key)).collect();
    missing.join(", ")
}

/// Hands new tokens to the platform before they are used. Each config it hands over is made from the one before: the one
/// the program was started with holds a refresh token that is used up.
struct StoreTokens {
    context: Context,
    config: Mutex<Map<String, Value>>,
}

#[async_trait]
impl TokenListener for StoreTokens {
    async fn refreshed(&self, tokens: &Tokens) -> Result<(), Box<dyn Error + Send + Sync>> {
        let refresh_token = tokens.refresh_token.as_ref().map(ExposeSecret::expose_secret);
        let access_token = tokens.access_token.expose_secret();
        let mut config = self.config.lock().await;
        *config = config::with_tokens(&config, access_token, refresh_token, tokens.expires_at);
        Ok(self.context.store_config(config.clone()).await?)
    }
}
