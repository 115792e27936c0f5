//! The server as a client meets it: over a real connection, by what stands on the wire.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod analytics;
mod changes;
mod command;
mod control;
mod days;
mod downloads;
mod faults;
mod filters;
mod in_process;
mod limits;
mod paging;
mod pins;
mod reports;
mod requests;
mod tokens;

use fake_pinterest::{Builder, FakePinterest};
use reqwest::{Client, RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// The moment the data is made for: 2026-11-24T00:00:00Z.
const MIDNIGHT: i64 = 1_795_478_400;
const DAY: i64 = 24 * 60 * 60;

/// A running server and a client that talks to it.
struct Shop {
    fake: FakePinterest,
    http: Client,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Shop {
    async fn open(builder: Builder) -> Self {
        // Another test of this process may have done the same before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Without a timer of its own, so that a paused clock moves only where a test moves it.
        let http = Client::builder().no_proxy().pool_idle_timeout(None).build().unwrap();
        Self { fake: builder.start().await.unwrap(), http }
    }

    /// A request for a path and query below the base URL, with a token that is good.
    fn ask(&self, path_and_query: &str) -> RequestBuilder {
        self.http.get(self.fake.url() + path_and_query).bearer_auth(self.fake.access_token())
    }

    async fn get(&self, path_and_query: &str) -> Reply {
        send(self.ask(path_and_query)).await
    }

    /// The statuses that this path is answered with, one after the other.
    async fn statuses<const N: usize>(&self, path_and_query: &str) -> [u16; N] {
        let mut statuses = [0; N];
        for status in &mut statuses {
            *status = self.get(path_and_query).await.status;
        }
        statuses
    }

    /// The ids of the ad accounts; the first has records of every kind, the last has none.
    fn ad_accounts(&self) -> Vec<String> {
        self.fake.edit(|data| data.ad_account_ids())
    }

    /// The path of a list of the first ad account, e.g. of its `campaigns`.
    fn first(&self, list: &str) -> String {
        format!("/ad_accounts/{}/{list}", self.ad_accounts()[0])
    }
}

async fn send(request: RequestBuilder) -> Reply {
    try_send(request).await.unwrap()
}

/// Fails when no whole answer came.
async fn try_send(request: RequestBuilder) -> reqwest::Result<Reply> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Reply { status, headers, text: response.text().await? })
}

impl Reply {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The items of a page.
    #[track_caller]
    fn items(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["items"].as_array().unwrap().clone()
    }

    /// The bookmark of a page as it is written into a query; none on the last page.
    #[track_caller]
    fn bookmark(&self) -> Option<String> {
        let body = self.json();
        let bookmark = body.get("bookmark").unwrap_or_else(|| panic!("no bookmark field: {body}"));
        let bookmark = bookmark.as_str()?;
        Some(url::form_urlencoded::byte_serialize(bookmark.as_bytes()).collect())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The code of Pinterest's error body.
    #[track_caller]
    fn code(&self) -> i64 {
        self.json()["code"].as_i64().unwrap()
    }
}

fn ids(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["id"].as_str().unwrap()).collect()
}

/// A path with one more parameter.
fn with(path: &str, parameter: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{parameter}")
}
