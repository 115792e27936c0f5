//! An Airbyte source for Pinterest: boards, pins, ad accounts, campaigns, ads, audiences, catalogs.
//!
//! [`Pinterest`] is the [`Source`]: it reads the [`Config`], signs in through `pinterest-client`, and
//! offers the streams of one table to `connector-core`, which does the rest.

pub mod config;
mod policy;
mod streams;

use std::error::Error;
use std::sync::Arc;

use airbyte_protocol::ConnectorSpecification;
use async_trait::async_trait;
use connector_core::{Context, Failure, Source, Stream};
use pinterest_client::{App, Args, Auth, Client, RetryPolicy, TokenListener, Tokens, endpoint};
use secrecy::ExposeSecret;

use config::Config;
use streams::{ALL, ApiStream};

/// The source.
///
/// ```
/// use connector_core::Source;
/// let spec = source_pinterest::Pinterest::default().spec();
/// assert!(spec.connection_specification["properties"].get("start_date").is_some());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pinterest {
    /// The base URL of the API; `None`: what `PINTEREST_API_URL` says, or the production API.
    pub base_url: Option<String>,
    /// How failed requests are repeated; `None`: the client's default.
    pub retry: Option<RetryPolicy>,
}

impl Pinterest {
    fn client(&self, config: &Config, context: Context) -> Result<Client, Failure> {
        let builder = Client::builder().auth(auth(config, context)?);
        let builder = match &self.base_url {
            Some(url) => builder.base_url(url),
            None => builder.base_url_from_env(),
        };
        let mut builder = builder.map_err(|error| Failure::config(error.to_string()))?;
        if let Some(policy) = &self.retry {
            builder = builder.retry(*policy);
        }
        builder.build().map_err(|error| Failure::config(error.to_string()).with_source(error))
    }
}

fn auth(config: &Config, context: Context) -> Result<Auth, Failure> {
    let credentials = config.credentials();
    match (credentials.client_id, credentials.client_secret, credentials.refresh_token) {
        (Some(id), Some(secret), Some(refresh_token)) => {
            let mut auth =
                Auth::refresh(App { id, secret }, refresh_token).listener(Arc::new(StoreTokens(context)));
            if let (Some(token), Some(expires_at)) = (credentials.access_token, credentials.token_expiry_date)
            {
                auth = auth.cached(token, expires_at);
            }
            Ok(auth)
        }
        (None, None, None) if credentials.access_token.is_some() => {
            Ok(credentials.access_token.map_or_else(|| Auth::access_token("".into()), Auth::access_token))
        }
        _ => Err(Failure::config(
            "Config validation error: `credentials` needs `client_id`, `client_secret` and `refresh_token`",
        )),
    }
}

/// Hands new tokens to the platform before they are used.
struct StoreTokens(Context);

#[async_trait]
impl TokenListener for StoreTokens {
    async fn refreshed(&self, tokens: &Tokens) -> Result<(), Box<dyn Error + Send + Sync>> {
        let refresh_token = tokens.refresh_token.as_ref().map(ExposeSecret::expose_secret);
        let access_token = tokens.access_token.expose_secret();
        let config = config::with_tokens(self.0.config(), access_token, refresh_token, tokens.expires_at);
        Ok(self.0.store_config(config).await?)
    }
}

#[async_trait]
impl Source for Pinterest {
    type Config = Config;

    fn spec(&self) -> ConnectorSpecification {
        // A test reads the same text, so what is shipped can be read.
        serde_json::from_str(include_str!("../spec.json")).unwrap_or_default()
    }

    async fn check(&self, config: Config, context: Context) -> Result<(), Failure> {
        let client = self.client(&config, context)?;
        let answer = client.get(&endpoint::USER_ACCOUNT, Args::new()).await;
        answer.map(|_| ()).map_err(policy::failure)
    }

    fn streams(&self, config: Config, context: Context) -> Result<Vec<Arc<dyn Stream>>, Failure> {
        let client = self.client(&config, context)?;
        let streams =
            ALL.iter().map(|def| Ok(Arc::new(ApiStream::new(*def, &config, &client)?) as Arc<dyn Stream>));
        streams.collect()
    }

    fn concurrency(&self, config: &Config) -> usize {
        config.num_threads.unwrap_or(16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_specification_can_be_read() {
        let spec: Result<ConnectorSpecification, _> = serde_json::from_str(include_str!("../spec.json"));
        assert!(spec.unwrap().connection_specification.contains_key("properties"));
    }
}
