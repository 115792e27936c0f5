//! A typed client for version 5 of the Pinterest API.

mod answer;
mod args;
mod auth;
mod base_url;
mod client;
pub mod endpoint;
mod error;
mod list;
mod observer;
mod page;
mod retry;
mod transport;

pub use args::Args;
pub use auth::{App, Auth, TokenListener, Tokens};
pub use client::{Client, ClientBuilder};
pub use endpoint::{Category, Endpoint, Items, Paging};
pub use error::{ApiBody, BoxError, Error, Refusal, Result};
pub use list::{List, Page, RawList};
pub use observer::{Observer, RateLimited};
pub use page::RawPage;
pub use reqwest::header::HeaderMap;
pub use reqwest::{Method, StatusCode};
pub use retry::RetryPolicy;
pub use secrecy::SecretString;
pub use transport::rate_limit::{Limit, Limits};
pub use transport::{Request, Response, Transport};
pub use url::Url;
