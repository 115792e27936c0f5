//! A report from the request to the last row, as a state machine that its caller drives.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt, stream};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::api::Reports;
use crate::endpoint::REPORT_DOWNLOAD;
use crate::error::{Error, Result};
use crate::list;
use crate::model::{Report, ReportLink, ReportRequest, ReportStatus};
use crate::transport::download::Download;

/// The attempts of a poll. More would only be more waits that the caller cannot see.
const POLL_ATTEMPTS: u32 = 2;

/// How patient a [`ReportJob`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobPolicy {
    /// Reports that are asked for in all; at least one. When one is lost, the next is made. A report that the job goes
    /// on with does not count.
    pub reports: u32,
    /// The wait before the first poll of a report. Each following one is 1.5 times as long.
    pub first_poll: Duration,
    /// The longest such wait.
    pub longest_poll: Duration,
    /// The time from the request of a report in which it must be finished.
    pub time: Duration,
    /// Answers in a row that do not say how far a report is, after which it counts as lost.
    pub odd_answers: u32,
    /// Downloads of a report that may fail before it counts as lost.
    pub downloads: u32,
}

impl Default for JobPolicy {
    /// 3 reports of 60 minutes each, waits of 2 to 60 seconds, 5 odd answers, 3 downloads.
    fn default() -> Self {
        Self {
            reports: 3,
            first_poll: Duration::from_secs(2),
            longest_poll: Duration::from_secs(60),
            time: Duration::from_secs(3600),
            odd_answers: 5,
            downloads: 3,
        }
    }
}

/// What the caller of a [`ReportJob`] does next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a wait must be waited, and rows are given once"]
pub enum Step {
    /// Wait so long before the next step.
    Wait(Duration),
    /// Take these rows, at least one. Each is a complete JSON object, and can hold line breaks between its tokens.
    Rows(Vec<Bytes>),
    /// All rows have been given.
    Done,
}

/// A report from the request to the last row: asked for, polled, downloaded, and asked for again when it is lost.
///
/// The caller drives it, because the caller decides how to wait:
///
/// ```no_run
/// # async fn read(client: pinterest_client::Client, ad_account: pinterest_client::ids::AdAccountId,
/// #     request: pinterest_client::model::ReportRequest) -> pinterest_client::Result<()> {
/// use pinterest_client::Step;
///
/// let mut job = client.reports(&ad_account).job(request);
/// loop {
///     match job.step().await? {
///         Step::Wait(time) => tokio::time::sleep(time).await,
///         Step::Rows(rows) => println!("{} rows", rows.len()),
///         Step::Done => break,
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// For scripts, [`rows`](Self::rows) and [`rows_as`](Self::rows_as) wait themselves.
///
/// **Rows may come twice.** A download that breaks is taken up again after the last row that was given. But when the report
/// itself is lost after some of its rows were given, the next one starts at its first row.
pub struct ReportJob {
    reports: Reports,
    polls: Reports,
    request: ReportRequest,
    policy: JobPolicy,
    /// How many reports it has asked for.
    made: u32,
    /// How those that are gone were lost.
    losses: Vec<String>,
    state: State,
}

enum State {
    /// There is no report.
    Wanted,
    Live(Box<Live>),
    Done,
}

/// A report that Pinterest makes, or has made.
struct Live {
    token: String,
    /// It was asked for by someone else.
    resumed: bool,
    /// When it was asked for, or first polled by this job.
    began: Instant,
    last_wait: Option<Duration>,
    odd_answers: u32,
    failed_downloads: u32,
    /// Rows that the caller has.
    given: usize,
    address: Option<Url>,
    download: Option<Running>,
}

struct Running {
    download: Download,
    /// Rows that the caller has from an earlier download.
    skip: usize,
}

/// What a poll says.
enum Poll {
    Working,
    Finished(Url),
    Lost(ReportStatus),
    /// Pinterest asks to poll less often, and perhaps for how long.
    Limited(Option<Duration>, Error),
    Odd(Problem),
    Failed(Error),
}

/// What went wrong: for a person, and as the error if it was one.
struct Problem {
    text: String,
    error: Option<Error>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { text: error.to_string(), error: Some(error) }
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self { text, error: None }
    }
}

impl ReportJob {
    pub(crate) fn new(reports: &Reports, request: ReportRequest) -> Self {
        Self {
            reports: reports.clone(),
            polls: reports.with_attempts(POLL_ATTEMPTS),
            request,
            policy: JobPolicy::default(),
            made: 0,
            losses: Vec::new(),
            state: State::Wanted,
        }
    }

    /// How patient it is.
    #[must_use]
    pub fn policy(mut self, policy: JobPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Goes on with a report that was asked for earlier, with the same request. It is polled at once; if it is lost, the
    /// job makes its own.
    #[must_use]
    pub fn resume(mut self, token: impl Into<String>) -> Self {
        self.state = State::Live(Box::new(Live::new(token.into(), true)));
        self
    }

    /// The report in progress, for [`resume`](Self::resume). None before there is one, after it was lost and at the end.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match &self.state {
            State::Live(live) => Some(&live.token),
            State::Wanted | State::Done => None,
        }
    }

    /// Goes on until there is something for the caller to do. It sends a request or two, or reads on in the download. May
    /// be dropped and called again.
    ///
    /// # Errors
    /// [`Error::Report`]: as many reports as the policy allows were lost. Any other: Pinterest refused the request of a
    /// report or of an answer about it, or a row is larger than a body may be. After those a further step tries again.
    pub async fn step(&mut self) -> Result<Step> {
        loop {
            let next = match &mut self.state {
                State::Done => Some(Step::Done),
                State::Wanted => Some(self.create().await?),
                State::Live(live) if live.download.is_some() => self.read().await?,
                State::Live(live) => match live.address.take() {
                    Some(address) => self.open(address).await?,
                    None => self.poll().await?,
                },
            };
            if let Some(step) = next {
                return Ok(step);
            }
        }
    }

    /// All rows, with the waits between them, in groups. After an error there is nothing more.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn rows(self) -> impl Stream<Item = Result<Vec<Bytes>>> + Send + 'static {
        stream::try_unfold(self, |mut job| async move {
            loop {
                match job.step().await? {
                    Step::Wait(time) => sleep(time).await,
                    Step::Rows(rows) => return Ok(Some((rows, job))),
                    Step::Done => return Ok(None),
                }
            }
        })
    }

    /// All rows, one by one, read as `T`, e.g. [`AnalyticsRow`](crate::model::AnalyticsRow). After an error there is
    /// nothing more.
    ///
    /// # Errors
    /// As [`step`](Self::step); [`Error::Record`] when a row does not fit `T`.
    pub fn rows_as<T: DeserializeOwned + Send + 'static>(
        self,
    ) -> impl Stream<Item = Result<T>> + Send + 'static {
        let typed = |row: Bytes| list::read(&row, REPORT_DOWNLOAD.operation);
        self.rows().map_ok(move |rows| stream::iter(rows.into_iter().map(typed))).try_flatten()
    }
}

impl ReportJob {
    async fn create(&mut self) -> Result<Step> {
        if self.made >= self.policy.reports.max(1) {
            return Err(self.given_up(None));
        }
        let created = self.reports.create(&self.request).await?;
        self.made += 1;
        tracing::debug!(number = self.made, level = %self.request.level, "a report is being made");
        let mut live = Live::new(created.token, false);
        let wait = live.next_wait(&self.policy);
        self.state = State::Live(Box::new(live));
        Ok(Step::Wait(wait))
    }

    async fn poll(&mut self) -> Result<Option<Step>> {
        let State::Live(live) = &mut self.state else { return Ok(None) };
        let answer = self.polls.get(&live.token).await;
        let problem = match judge(answer, |link| self.reports.address(link)) {
            Poll::Failed(error) => return Err(error),
            Poll::Lost(status) => return self.lost(format!("make the report: it answered {status}"), None),
            Poll::Finished(address) => {
                live.odd_answers = 0;
                // Links are made anew in no time, however long the report took.
                live.last_wait = live.last_wait.filter(|_| live.failed_downloads > 0);
                live.address = Some(address);
                return Ok(None);
            }
            Poll::Limited(Some(wait), error) if wait > self.policy.time => return Err(error),
            Poll::Limited(asked, _) => {
                let wait = live.next_wait(&self.policy);
                return self.wait_unless_late(asked.map_or(wait, |asked| asked.max(wait)));
            }
            Poll::Working => {
                live.odd_answers = 0;
                let wait = live.next_wait(&self.policy);
                return self.wait_unless_late(wait);
            }
            Poll::Odd(problem) => problem,
        };
        live.odd_answers += 1;
        let (number, wait) = (live.odd_answers, live.next_wait(&self.policy));
        tracing::debug!(number, problem = problem.text, "an answer does not say how far a report is");
        if number < self.policy.odd_answers {
            return self.wait_unless_late(wait);
        }
        let answers = if number == 1 { "an answer".to_owned() } else { format!("{number} answers in a row") };
        let text = format!("make the report: {answers} did not say how far it is: {}", problem.text);
        self.lost(text, problem.error)
    }

    fn wait_unless_late(&mut self, wait: Duration) -> Result<Option<Step>> {
        match &self.state {
            State::Live(live) if live.began.elapsed() >= self.policy.time => self.lost(
                format!("make the report: it was not finished after {}", shown(self.policy.time)),
                None,
            ),
            _ => Ok(Some(Step::Wait(wait))),
        }
    }

    async fn open(&mut self, address: Url) -> Result<Option<Step>> {
        let State::Live(live) = &mut self.state else { return Ok(None) };
        match self.reports.open(address).await {
            Ok(download) => {
                live.download = Some(Running { download, skip: live.given });
                Ok(None)
            }
            Err(error) => self.failed_download(error.into()),
        }
    }

    async fn read(&mut self) -> Result<Option<Step>> {
        let State::Live(live) = &mut self.state else { return Ok(None) };
        let Some(running) = &mut live.download else { return Ok(None) };
        let rows = match running.download.rows().await {
            Ok(rows) => rows,
            Err(error) => return self.failed_download(error.into()),
        };
        let Some(mut rows) = rows else {
            if running.skip > 0 {
                let problem = "it held fewer rows than at the download before".to_owned();
                return self.failed_download(problem.into());
            }
            self.state = State::Done;
            return Ok(Some(Step::Done));
        };
        let known = running.skip.min(rows.len());
        running.skip -= known;
        rows.drain(..known);
        live.given += rows.len();
        Ok((!rows.is_empty()).then_some(Step::Rows(rows)))
    }

    /// The link may be too old, so the next download begins with a poll for a new one.
    fn failed_download(&mut self, problem: Problem) -> Result<Option<Step>> {
        let State::Live(live) = &mut self.state else { return Ok(None) };
        live.download = None;
        if let Some(error @ (Error::TooLarge { .. } | Error::Build(_))) = problem.error {
            return Err(error);
        }
        live.failed_downloads += 1;
        let (number, wait) = (live.failed_downloads, live.next_wait(&self.policy));
        tracing::debug!(
            number,
            problem = problem.text,
            given = live.given,
            "the download of a report failed"
        );
        if number < self.policy.downloads {
            return Ok(Some(Step::Wait(wait)));
        }
        let downloads = if number == 1 { "a download".to_owned() } else { format!("{number} downloads") };
        self.lost(format!("deliver the report: {downloads} failed: {}", problem.text), problem.error)
    }

    /// # Errors
    /// There is to be no other report.
    fn lost(&mut self, how: String, error: Option<Error>) -> Result<Option<Step>> {
        let resumed = matches!(&self.state, State::Live(live) if live.resumed);
        tracing::debug!(how, resumed, "a report is lost: Pinterest did not");
        self.state = State::Wanted;
        if !resumed {
            self.losses.push(how);
        }
        if self.made < self.policy.reports.max(1) { Ok(None) } else { Err(self.given_up(error)) }
    }

    fn given_up(&self, source: Option<Error>) -> Error {
        let last = self.losses.last().map_or("make the report", String::as_str);
        let times = self.losses.len();
        let problem = match self.losses.iter().all(|how| how == last) {
            _ if times < 2 => last.to_owned(),
            true => format!("{last}, {times} times"),
            false => format!("{last}, the last of {times} reports"),
        };
        Error::Report { problem, source: source.map(Box::new) }
    }
}

impl Live {
    fn new(token: String, resumed: bool) -> Self {
        Self {
            token,
            resumed,
            began: Instant::now(),
            last_wait: None,
            odd_answers: 0,
            failed_downloads: 0,
            given: 0,
            address: None,
            download: None,
        }
    }

    fn next_wait(&mut self, policy: &JobPolicy) -> Duration {
        let wait = self.last_wait.map_or(policy.first_poll, |last| last.saturating_mul(3) / 2);
        let wait = wait.min(policy.longest_poll);
        self.last_wait = Some(wait);
        wait
    }
}

fn judge(answer: Result<Report>, address: impl FnOnce(&ReportLink) -> Result<Url>) -> Poll {
    let report = match answer {
        Ok(report) => report,
        Err(error) if error.is_rate_limit() => return Poll::Limited(error.retry_after(), error),
        Err(error) if is_final(&error) => return Poll::Failed(error),
        Err(error) => return Poll::Odd(error.into()),
    };
    match (report.status, report.link) {
        (Some(ReportStatus::InProgress), _) => Poll::Working,
        (Some(ReportStatus::Finished), Some(link)) => {
            address(&link).map_or_else(|error| Poll::Odd(error.into()), Poll::Finished)
        }
        (Some(ReportStatus::Finished), None) => {
            Poll::Odd("it answered FINISHED without a link".to_owned().into())
        }
        (Some(ReportStatus::Other(status)), _) => Poll::Odd(unknown(&status).into()),
        (Some(lost), _) => Poll::Lost(lost),
        (None, _) => Poll::Odd("it answered without a status".to_owned().into()),
    }
}

/// What no other poll and no other report would change.
fn is_final(error: &Error) -> bool {
    match error {
        Error::Api { status, .. } => matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
        Error::Auth(_) | Error::Listener(_) | Error::InvalidArgument(_) | Error::Build(_) => true,
        _ => false,
    }
}

/// Shows what looks like a status, and no other text.
fn unknown(status: &str) -> String {
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match (1..=40).contains(&status.len()) && is_word(status) {
        true => format!("it answered {status}, which is no known status"),
        false => "it answered with a status that is none".to_owned(),
    }
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds % 60 {
        0 if seconds >= 120 => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} seconds"),
    }
}

/// Without the token.
impl fmt::Debug for ReportJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportJob")
            .field("reports", &self.reports)
            .field("request", &self.request)
            .field("policy", &self.policy)
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}
