//! The client against the fake API.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod analytics;
mod faults;
mod lists;
mod reports;
mod rows;
mod sign_in;
mod typed;

use std::time::Duration;

use chrono::NaiveDate;
use fake_pinterest::{Builder, FakePinterest};
use futures::TryStreamExt;
use pinterest_client::{App, Args, Auth, Client, ClientBuilder, Endpoint, Error, RawPage, RetryPolicy};
use serde_json::Value;

/// A fake with a client of it.
pub(crate) struct Account {
    pub(crate) fake: FakePinterest,
    pub(crate) client: Client,
}

impl Account {
    /// With the fake's own access token, and without the waits between attempts.
    pub(crate) async fn with(fake: Builder) -> Self {
        Self::set(fake, |builder, _| builder).await
    }

    /// The same, built with more.
    pub(crate) async fn set(
        fake: Builder,
        more: impl FnOnce(ClientBuilder, &FakePinterest) -> ClientBuilder,
    ) -> Self {
        let fake = fake.start().await.unwrap();
        let moment = Duration::from_millis(1);
        let retry = RetryPolicy { first_wait: moment, longest_wait: moment, ..RetryPolicy::default() };
        let builder = Client::builder().base_url(&fake.url()).unwrap().retry(retry);
        let builder = builder.auth(Auth::access_token(fake.access_token().into()));
        let client = more(builder, &fake).build().unwrap();
        Self { fake, client }
    }

    /// The pages of a listing until its end or its failure.
    pub(crate) async fn pages(&self, endpoint: &Endpoint, args: Args) -> Result<Vec<RawPage>, Error> {
        self.client.list(endpoint, args).pages().try_collect().await
    }

    pub(crate) async fn records(&self, endpoint: &Endpoint, args: Args) -> Result<Vec<Value>, Error> {
        let pages = self.pages(endpoint, args).await?;
        let items = pages.iter().flat_map(|page| &page.items);
        Ok(items.map(|item| serde_json::from_slice(item).unwrap()).collect())
    }

    /// How many requests an operation has seen.
    pub(crate) fn asked(&self, operation: &str) -> usize {
        let requests = self.fake.requests();
        requests.iter().filter(|request| request.operation == Some(operation)).count()
    }
}

/// The first and the last of the days that tests ask for. The fake's today is the last.
pub(crate) fn days() -> (NaiveDate, NaiveDate) {
    ("2026-11-01".parse().unwrap(), "2026-11-24".parse().unwrap())
}

/// The sign-in that works at the fake now.
pub(crate) fn refresh(fake: &FakePinterest) -> Auth {
    let config = fake.config();
    let text = |name: &str| config["credentials"][name].as_str().unwrap().to_owned();
    Auth::refresh(
        App { id: text("client_id"), secret: text("client_secret").into() },
        text("refresh_token").into(),
    )
}
