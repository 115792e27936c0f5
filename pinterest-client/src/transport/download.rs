//! Downloads of reports: signed links are called without a token, and their bodies are read while they arrive.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::{Stream, stream};
use reqwest::StatusCode;
use url::Url;

use super::http::{self, HttpOptions};
use super::{Request, Transport};
use crate::base_url::{self, BaseUrl};
use crate::cutter::Cutter;
use crate::endpoint::{REPORT, REPORT_DOWNLOAD};
use crate::error::{ApiBody, Error, Result};
use crate::model::ReportLink;
use crate::observer::Observer;

/// Rows are handed over when so many bytes have been received for them, and no more are taken at once.
const GROUP: usize = 64 * 1024;

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

    /// Calls an address, once.
    ///
    /// # Errors
    /// The server does not answer, or not with 2xx; no TLS.
    pub(crate) async fn open(&self, url: Url, observer: &dyn Observer) -> Result<Download> {
        observer.request_sent(&REPORT_DOWNLOAD);
        let (status, chunks) = match &self.replaced {
            Some(network) => {
                let response = network.send(&Request::get(REPORT_DOWNLOAD, url)).await?;
                (response.status, Chunks::One(Some(response.body)))
            }
            None => {
                let sent = self.client(&url)?.get(url).send().await;
                let response = sent.map_err(|error| http::broken(REPORT_DOWNLOAD.operation, error))?;
                (response.status(), Chunks::Network(Box::new(response)))
            }
        };
        if !status.is_success() {
            return Err(refused(status));
        }
        Ok(Download::new(chunks, self.options.max_body))
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

/// A body that arrives.
enum Chunks {
    Network(Box<reqwest::Response>),
    One(Option<Bytes>),
}

impl Chunks {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        match self {
            Self::Network(response) => {
                response.chunk().await.map_err(|error| http::broken(REPORT_DOWNLOAD.operation, error))
            }
            Self::One(chunk) => Ok(chunk.take()),
        }
    }
}

/// A report that is being downloaded.
pub(crate) struct Download {
    chunks: Chunks,
    /// What has been received and is not cut yet.
    chunk: Bytes,
    /// None when the body has ended as it should.
    cutter: Option<Cutter>,
    group: Vec<Bytes>,
    /// The bytes that the group keeps in memory.
    held: usize,
}

impl Download {
    fn new(chunks: Chunks, limit: usize) -> Self {
        let cutter = Some(Cutter::new(limit));
        Self { chunks, chunk: Bytes::new(), cutter, group: Vec::new(), held: 0 }
    }

    /// The next rows; none when the body has ended as it should. May be dropped and called again.
    ///
    /// # Errors
    /// The connection broke, or the body is no report.
    pub(crate) async fn rows(&mut self) -> Result<Option<Vec<Bytes>>> {
        while let Some(cutter) = &mut self.cutter
            && self.held < GROUP
        {
            if self.chunk.is_empty() {
                match self.chunks.next().await? {
                    Some(chunk) => self.chunk = chunk,
                    None => {
                        let ended = self.cutter.take().map_or(Ok(()), Cutter::end);
                        ended?;
                    }
                }
                continue;
            }
            let piece = self.chunk.split_to(self.chunk.len().min(GROUP));
            let length = piece.len();
            let rows = cutter.push(piece)?;
            // A row keeps all of its chunk, however small it is.
            if !rows.is_empty() {
                self.held += length;
                self.group.extend(rows);
            }
        }
        self.held = 0;
        let rows = std::mem::take(&mut self.group);
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// All that [`rows`](Self::rows) gives. After an error there is nothing more.
    pub(crate) fn groups(self) -> impl Stream<Item = Result<Vec<Bytes>>> + Send + 'static {
        stream::try_unfold(self, |mut download| async move {
            Ok(download.rows().await?.map(|rows| (rows, download)))
        })
    }
}
