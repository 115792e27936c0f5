//! Reports of an ad account: asked for, polled, downloaded.

use bytes::Bytes;
use futures::{Stream, TryFutureExt};
use serde::Deserialize;
use url::Url;

use crate::args::Args;
use crate::endpoint::{self, CREATE_REPORT};
use crate::error::{Error, Result};
use crate::ids::AdAccountId;
use crate::list;
use crate::model::{CreatedReport, Report, ReportLink, ReportRequest, ReportStatus};
use crate::report_job::ReportJob;
use crate::retry::RetryPolicy;
use crate::transport::body::BodyRows;

door! {
    /// The reports of an ad account. Pinterest makes them while the caller waits: [`job`](Reports::job) does all of it,
    /// the other calls are its steps.
    Reports by reports(ad_account: AdAccountId)
}

impl Reports {
    /// A report from the request to the last row.
    #[must_use]
    pub fn job(&self, request: ReportRequest) -> ReportJob {
        ReportJob::new(self, request)
    }

    /// Asks for a report. It is kept for an hour.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Decode`] for an answer without a token.
    pub async fn create(&self, request: &ReportRequest) -> Result<CreatedReport> {
        self.client.post_and_read(&CREATE_REPORT, &self.args(), request, created).await
    }

    /// Asks how far a report is, and for a link to it: a new one each time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get(&self, token: &str) -> Result<Report> {
        let args = self.args().query("token", token);
        let mut report: Report = self.client.get_as(&endpoint::REPORT, args).await?;
        report.link = report.link.filter(|link| !link.expose().is_empty());
        Ok(report)
    }

    /// Downloads a finished report, and gives its rows in groups while they arrive. Each is a complete JSON object, and
    /// can hold line breaks between its tokens.
    ///
    /// The access token is not sent. The download is tried once: after an error a new link may be asked for. Then rows
    /// that were read are read again.
    ///
    /// # Errors
    /// [`Error::Api`] with the status of a link that is refused, e.g. because it is older than five minutes.
    /// [`Error::Transport`] when the connection breaks, [`Error::Decode`] when the body is no report or ends in the middle,
    /// [`Error::TooLarge`] when a row is larger than a body may be. After an error there is nothing more.
    pub fn rows(&self, link: &ReportLink) -> impl Stream<Item = Result<Vec<Bytes>>> + Send + 'static + use<> {
        let (reports, link) = (self.clone(), link.clone());
        let opened = async move { reports.open(reports.address(&link)?).await };
        opened.map_ok(BodyRows::groups).try_flatten_stream()
    }

    /// Where a link leads.
    pub(crate) fn address(&self, link: &ReportLink) -> Result<Url> {
        self.client.downloads().0.address(link)
    }

    pub(crate) async fn open(&self, address: Url) -> Result<BodyRows> {
        let (downloads, observer) = self.client.downloads();
        downloads.open(address, observer).await
    }

    /// The same, with at most so many attempts for a call.
    pub(crate) fn with_attempts(&self, attempts: u32) -> Self {
        let policy = self.client.retry_policy();
        let attempts = policy.attempts.min(attempts);
        let client = self.client.with_retry(RetryPolicy { attempts, ..policy });
        Self { client, ad_account: self.ad_account.clone() }
    }

    fn args(&self) -> Args {
        Args::new().path("ad_account_id", &self.ad_account)
    }
}

fn created(body: &Bytes) -> Result<CreatedReport> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        report_status: Option<ReportStatus>,
        message: Option<String>,
    }

    crate::page::RawPage::from_body(body, &CREATE_REPORT)?;
    let answer: Answer = list::read(body, CREATE_REPORT.operation)?;
    let token = answer.token.filter(|token| !token.is_empty()).ok_or_else(|| Error::Decode {
        endpoint: CREATE_REPORT.operation,
        problem: "has no token".to_owned(),
    })?;
    Ok(CreatedReport { token, status: answer.report_status, message: answer.message })
}
