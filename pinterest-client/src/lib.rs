//! A typed client for version 5 of the Pinterest API.
//!
//! It signs in and refreshes tokens, keeps to the request limits of each rate category and uses them to the full, tries
//! again what may succeed later, and follows bookmarks to the end of a listing.
//!
//! - [`Client`], built by [`ClientBuilder`] from [`Auth`]; [`Limits`] and [`RetryPolicy`] have the documented defaults
//!   (an app with trial access has other [`Limits`], see [`Access`]); an [`Observer`] watches, and may hold requests back
//! - the typed doors, one module for each family: [`api`]; what they answer: [`model`]; what names it: [`ids`]
//! - [`List`]: a listing, read as one page, as pages, or item by item; [`RawList`] gives records as they were sent, and rows
//!   while they arrive
//! - [`ReportJob`]: a report from the request to the last row, as patient as its [`JobPolicy`]
//! - the raw door to everything else: [`Client::list`], [`Client::get`] and [`Client::post`] with an [`Endpoint`] and
//!   [`Args`]
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
//!
//! Reports are made by Pinterest while the caller waits. A job asks for one, waits for it, downloads it in pieces, however
//! large it is, and asks again when it is lost:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use futures::TryStreamExt;
//! use pinterest_client::model::{AnalyticsRow, Granularity, Level, ReportRequest};
//! use pinterest_client::{Auth, Client};
//!
//! # let fake = fake_pinterest::FakePinterest::builder().start().await?;
//! # let at_once = pinterest_client::JobPolicy { longest_poll: std::time::Duration::ZERO, ..Default::default() };
//! # let client =
//! #     Client::builder().base_url(&fake.url())?.auth(Auth::access_token(fake.access_token().into())).build()?;
//! let ad_accounts: Vec<_> = client.ad_accounts().list().items().try_collect().await?;
//! let days = ("2026-11-01".parse()?, "2026-11-24".parse()?);
//! let columns = ["CAMPAIGN_ID", "SPEND_IN_DOLLAR"];
//! let request = ReportRequest::new(Level::Campaign, Granularity::Day, days, columns);
//! let job = client.reports(&ad_accounts[0].id).job(request);
//! # let job = job.policy(at_once);
//! let rows: Vec<AnalyticsRow> = job.rows_as().try_collect().await?;
//! println!("{:?} spent {:?} on {:?}", rows[0].campaign_id, rows[0].metrics.get("SPEND_IN_DOLLAR"), rows[0].day());
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
mod limits;
mod list;
pub mod model;
mod observer;
mod page;
mod reach;
mod report_job;
mod retry;
mod rows;
mod transport;

pub use args::Args;
pub use auth::{App, Auth, TokenListener, Tokens};
pub use client::{Client, ClientBuilder};
pub use columns::{ANALYTICS_COLUMNS, REPORT_COLUMNS};
pub use endpoint::{Category, Endpoint, Items, Paging};
pub use error::{ApiBody, BoxError, Error, Refusal, Result};
pub use limits::{Access, Limit, Limits};
pub use list::{List, Page, RawList};
pub use observer::{Held, Observer, RateLimited};
pub use page::RawPage;
pub use reach::Reach;
pub use report_job::{JobPolicy, ReportJob, Step};
pub use reqwest::header::HeaderMap;
pub use reqwest::{Method, StatusCode};
pub use retry::RetryPolicy;
pub use secrecy::SecretString;
pub use transport::{Request, Response, Transport};
pub use url::Url;
