//! An Airbyte source for Pinterest: boards, pins, ad accounts, campaigns, ads, audiences, catalogs, analytics and reports.
//!
//! [`Pinterest`] is the [`Source`]: it reads the [`Config`], signs in through `pinterest-client`, and offers the streams of
//! three tables (listings, analytics, reports) and the reports of the config to `connector-core`, which does the rest.

pub mod config;
mod migrations;
mod policy;
mod sign_in;
mod streams;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use airbyte_protocol::ConnectorSpecification;
use async_trait::async_trait;
use connector_core::{Budget, Concurrency, Context, Failure, Migrations, Source, Stream};
use pinterest_client::{Args, Category, JobPolicy, Limits, RetryPolicy, Transport, endpoint};

use config::Config;
use sign_in::SignIn;

/// The source.
///
/// ```
/// use connector_core::Source;
/// let spec = source_pinterest::Pinterest::default().spec();
/// assert!(spec.connection_specification["properties"].get("start_date").is_some());
/// ```
#[derive(Clone, Default)]
pub struct Pinterest {
    /// The base URL of the API; `None`: what `PINTEREST_API_URL` says, or the production API.
    pub base_url: Option<String>,
    /// How failed requests are repeated; `None`: the client's default.
    pub retry: Option<RetryPolicy>,
    /// The request budgets; `None`: those of the config.
    pub limits: Option<Limits>,
    /// How patiently reports are waited for; `None`: the client's default.
    pub jobs: Option<JobPolicy>,
    /// The largest answer that is accepted, in bytes; of analytics and reports the longest row. `None`: the client's
    /// default.
    pub max_body: Option<usize>,
    /// How long Pinterest may stay silent in an answer; `None`: the client's default.
    pub timeout: Option<Duration>,
    /// What takes the place of the network, for tests; `None`: the network.
    pub transport: Option<Arc<dyn Transport>>,
}

impl fmt::Debug for Pinterest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinterest")
            .field("base_url", &self.base_url)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .field("jobs", &self.jobs)
            .field("max_body", &self.max_body)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Pinterest {
    fn sign_in(&self, config: &Config, context: Context) -> Arc<SignIn> {
        let options = Self { limits: Some(self.limits(config).clone()), ..self.clone() };
        Arc::new(SignIn::new(config, context, options))
    }

    /// The request budgets that are kept to.
    fn limits<'a>(&'a self, config: &'a Config) -> &'a Limits {
        self.limits.as_ref().unwrap_or(&config.limits)
    }
}

#[async_trait]
impl Source for Pinterest {
    type Config = Config;

    fn name_and_version(&self) -> (&'static str, &'static str) {
        (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }

    fn spec(&self) -> ConnectorSpecification {
        // A test reads the same text, so what is shipped can be read.
        serde_json::from_str(include_str!("../spec.json")).unwrap_or_default()
    }

    async fn check(&self, config: Config, context: Context) -> Result<(), Failure> {
        let client = self.sign_in(&config, context).client()?;
        let answer = client.get(&endpoint::USER_ACCOUNT, Args::new()).await;
        answer.map(|_| ()).map_err(policy::failure)
    }

    fn streams(&self, config: Config, context: Context) -> Result<Vec<Arc<dyn Stream>>, Failure> {
        let sign_in = self.sign_in(&config, context);
        streams::all(&Arc::new(config), &sign_in, self.jobs.unwrap_or_default())
    }

    async fn prepare(&self, config: &Config, context: Context) -> Result<(), Failure> {
        // Said once here, not by each stream.
        self.sign_in(config, context).client().map(|_| ())
    }

    fn migrations(&self) -> Migrations {
        migrations::migrations()
    }

    fn budgets(&self, config: &Config) -> Vec<Budget> {
        let limits = self.limits(config);
        let of_categories = Category::ALL.into_iter().filter_map(|category| {
            let limit = limits.category_limit(category)?;
            Some(Budget::new(category.as_str(), limit.requests().into(), limit.span()))
        });
        let overall = limits
            .overall_limits()
            .iter()
            .map(|limit| Budget::overall(limit.requests().into(), limit.span()));
        of_categories.chain(overall).collect()
    }

    fn concurrency(&self, config: &Config) -> Concurrency {
        let limits = self.limits(config).overall_limits();
        // The most that goes out in a second; what a day or a minute allows may go out in a few.
        let a_second = limits.iter().min_by_key(|limit| limit.span()).map_or(u32::MAX, |limit| {
            u32::try_from(u128::from(limit.requests()) * 1000 / limit.span().as_millis().max(1))
                .unwrap_or(u32::MAX)
        });
        let concurrency = Concurrency::for_rate(a_second);
        config.num_threads.map_or(concurrency, |most| concurrency.at_most(most))
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
