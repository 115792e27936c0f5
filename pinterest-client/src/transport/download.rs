//! Downloads of reports: signed links are called without a token.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use reqwest::StatusCode;
use url::Url;

use super::body::{BodyRows, Incoming};
use super::http::{self, HttpOptions};
use super::{Request, Transport};
use crate::base_url::{self, BaseUrl};
use crate::cutter::Cutter;
use crate::endpoint::{REPORT, REPORT_DOWNLOAD};
use crate::error::{ApiBody, Error, Result};
use crate::model::ReportLink;
use crate::observer::Observer;

/// Opens links, with connections of its own.
pub(crate) struct Downloads {
    options: HttpOptions,
    /// The API is on this machine, and so may be what it links to.
    loopback: bool,
    remote: OnceLock<reqwest::Client>,
    local: OnceLock<reqwest::Client>,
    /// A network of a test, instead of both.
    replaced: Option<Arc<dyn Transport>>,
}

impl Downloads {
    /// Nothing is set up before the first link is opened: most clients never do.
    pub(crate) fn new(base: &BaseUrl, options: HttpOptions, replaced: Option<Arc<dyn Transport>>) -> Self {
        let (remote, local) = (OnceLock::new(), OnceLock::new());
        Self { options, loopback: base.is_loopback(), remote, local, replaced }
    }

    /// Where a link leads.
    ///
    /// # Errors
    /// [`Error::Decode`] for an address that is none, or not safe.
    pub(crate) fn address(&self, link: &ReportLink) -> Result<Url> {
        let url =
            Url::parse(link.expose().trim()).ok().filter(Url::has_host).filter(|url| match url.scheme() {
                "https" => true,
                "http" => self.loopback && base_url::is_loopback(url),
                _ => false,
            });
        let problem = "has a link that is no https address";
        url.ok_or_else(|| Error::Decode { endpoint: REPORT.operation, problem: problem.to_owned() })
    }

    /// Calls an address, once. The rows are cut from what comes while it does.
    ///
    /// # Errors
    /// The server does not answer, or not with 2xx; no TLS.
    pub(crate) async fn open(&self, url: Url, observer: &dyn Observer) -> Result<BodyRows> {
        observer.request_sent(&REPORT_DOWNLOAD);
        let (status, body, rest) = match &self.replaced {
            Some(network) => {
                let response = network.send(&Request::get(REPORT_DOWNLOAD, url)).await?;
                (response.status, response.body, None)
            }
            None => {
                let (operation, silence) = (REPORT_DOWNLOAD.operation, self.options.silence);
                let response = http::within(operation, silence, self.client(&url)?.get(url).send()).await?;
                (response.status(), Bytes::new(), Some(Incoming::new(response, operation, silence)))
            }
        };
        if !status.is_success() {
            return Err(refused(status));
        }
        Ok(BodyRows::new(body, rest, Cutter::report(self.options.max_body)))
    }

    fn client(&self, url: &Url) -> Result<reqwest::Client> {
        let https = url.scheme() == "https";
        let cell = if https { &self.remote } else { &self.local };
        if let Some(client) = cell.get() {
            return Ok(client.clone());
        }
        let client = http::connections(https, !https, self.options)?;
        Ok(cell.get_or_init(|| client).clone())
    }
}

impl fmt::Debug for Downloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloads").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The body is not shown: storages repeat the address and its signature in it.
fn refused(status: StatusCode) -> Error {
    let body = Box::new(ApiBody { code: None, message: "no report came".to_owned() });
    Error::Api { status, body, endpoint: REPORT_DOWNLOAD.operation, retry_after: None }
}
