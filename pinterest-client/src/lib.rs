//! A typed client for version 5 of the Pinterest API.
//!
//! It signs in and refreshes tokens, keeps to the request limits of each rate category, tries again what may succeed
//! later, and follows bookmarks to the end of a listing.
//!
//! - [`Client`], built by [`ClientBuilder`] from [`Auth`]; [`Limits`] and [`RetryPolicy`] have the documented defaults
//! - the typed doors, one module for each family: [`api`]; what they answer: [`model`]; what names it: [`ids`]
//! - [`List`]: a listing, read as one page, as pages, or item by item; [`RawList`] gives records as they were sent
//! - the raw door to everything else: [`Client::list`] and [`Client::get`] with an [`Endpoint`] and [`Args`]
//! - [`Error`]: what happened, and whether it may be tried again
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use futures::TryStreamExt;
//! use pinterest_client::{Auth, Client, model::EntityStatus};
//!
//! # let fake = fake_pinterest::FakePinterest::builder().start().await?;
//! # let (url, token) = (fake.url(), fake.access_token());
//! let client = Client::builder().base_url(&url)?.auth(Auth::access_token(token.into())).build()?;
//!
//! let ad_accounts: Vec<_> = client.ad_accounts().list().items().try_collect().await?;
//! let campaigns = client.campaigns(&ad_accounts[0].id).list().entity_statuses([EntityStatus::Active]);
//! let first = campaigns.page(None).await?;
//! println!("{} campaigns on the first page, the next is {:?}", first.items.len(), first.bookmark);
//!
//! // The same records as they were sent, unparsed.
//! let pages: Vec<_> = campaigns.raw().pages().try_collect().await?;
//! assert_eq!(pages[0].items.len(), first.items.len());
//! # Ok(())
//! # }
//! ```

mod answer;
pub mod api;
mod args;
mod auth;
mod base_url;
mod client;
mod columns;
mod cutter;
pub mod endpoint;
mod error;
pub mod ids;
mod list;
pub mod model;
mod observer;
mod page;
mod reach;
mod report_job;
mod retry;
mod transport;

pub use args::Args;
pub use auth::{App, Auth, TokenListener, Tokens};
pub use client::{Client, ClientBuilder};
pub use columns::{ANALYTICS_COLUMNS, REPORT_COLUMNS};
pub use endpoint::{Category, Endpoint, Items, Paging};
pub use error::{ApiBody, BoxError, Error, Refusal, Result};
pub use list::{List, Page, RawList};
pub use observer::{Observer, RateLimited};
pub use page::RawPage;
pub use reach::Reach;
pub use report_job::{JobPolicy, ReportJob, Step};
pub use reqwest::header::HeaderMap;
pub use reqwest::{Method, StatusCode};
pub use retry::RetryPolicy;
pub use secrecy::SecretString;
pub use transport::rate_limit::{Limit, Limits};
pub use transport::{Request, Response, Transport};
pub use url::Url;
