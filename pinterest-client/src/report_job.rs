//! A report from the request to the last row, as a state machine that its caller drives.

mod policy;
mod poll;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::api::Reports;
use crate::endpoint::REPORT_DOWNLOAD;
use crate::error::{Error, Result};
use crate::list;
use crate::model::ReportRequest;
use crate::transport::body::BodyRows;
pub use policy::JobPolicy;
use poll::{Poll, Problem, judge};

/// The attempts of a poll. More would only be more waits that the caller cannot see.
const POLL_ATTEMPTS: u32 = 2;

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
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use pinterest_client::model::{Granularity, Level, ReportRequest};
/// use pinterest_client::{Auth, Client, JobPolicy, Step};
///
/// # let fake = fake_pinterest::FakePinterest::builder().start().await?;
/// # let token = fake.access_token();
/// # let client = Client::builder().base_url(&fake.url())?.auth(Auth::access_token(token.into())).build()?;
/// # let ad_account = client.ad_accounts().list().page(None).await?.items[0].id.clone();
/// # let policy = JobPolicy { first_poll: std::time::Duration::from_millis(1), ..JobPolicy::default() };
/// let days = ("2026-11-01".parse()?, "2026-11-24".parse()?);
/// let request = ReportRequest::new(Level::Campaign, Granularity::Day, days, ["SPEND_IN_DOLLAR"]);
/// let mut job = client.reports(&ad_account).job(request);
/// # job = job.policy(policy);
/// let mut count = 0;
/// loop {
///     match job.step().await? {
///         Step::Wait(time) => tokio::time::sleep(time).await,
///         Step::Rows(rows) => count += rows.len(),
///         Step::Done => break,
///     }
/// }
/// assert!(count > 0);
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
    download: BodyRows,
    /// Rows that the caller has from an earlier download.
    skip: usize,
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
        let rows = match running.download.next().await {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use reqwest::Method;
    use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
    use serde_json::json;

    use super::*;
    use crate::auth::Auth;
    use crate::client::Client;
    use crate::ids::AdAccountId;
    use crate::model::{AnalyticsRow, Granularity, Level};
    use crate::transport::http::scripted::{Scripted, answer, answer_with};
    use crate::transport::{Request, Response};

    const TOKEN: &str = r#"{"report_status":"IN_PROGRESS","token":"report-1","message":""}"#;
    const WORKING: &str = r#"{"report_status":"IN_PROGRESS","url":null,"size":null}"#;
    const FINISHED: &str =
        r#"{"report_status":"FINISHED","url":"https://storage.example/r?X-Signature=abc123","size":7}"#;
    const ROWS: &str =
        r#"{"1":[{"DATE":"2026-11-01"},{"DATE":"2026-11-02"}],"2":[],"3":[{"DATE":"2026-11-01"}]}"#;

    /// One kind of request, and what answers it.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Kind {
        Create,
        Poll,
        Download,
    }

    fn kind(request: &Request) -> Kind {
        match request.endpoint.operation {
            "analytics/create_report" => Kind::Create,
            "analytics/get_report" => Kind::Poll,
            "report/download" => Kind::Download,
            other => panic!("{other}"),
        }
    }

    type Answers = Box<dyn Fn(usize) -> Result<Response> + Send + Sync>;

    /// Answers in turn; the last answer stays.
    fn turns(answers: &[(u16, &str)]) -> Answers {
        let answers: Vec<(u16, String)> =
            answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        Box::new(move |number| {
            let (status, body) = &answers[number.min(answers.len()) - 1];
            match status {
                0 => Err(Error::transport("analytics/get_report", "connection reset")),
                status => Ok(answer(*status, body.clone())),
            }
        })
    }

    fn ok(bodies: &[&str]) -> Answers {
        turns(&bodies.iter().map(|body| (200, *body)).collect::<Vec<_>>())
    }

    /// Pinterest and the storage of its reports. Answers are chosen by the number of the request of its kind.
    fn network(create: Answers, poll: Answers, download: Answers) -> Arc<Scripted> {
        let counts = [const { AtomicUsize::new(0) }; 3];
        Scripted::new(move |request, _| {
            let kind = kind(request);
            let number = counts[kind as usize].fetch_add(1, Ordering::Relaxed) + 1;
            [&create, &poll, &download][kind as usize](number)
        })
    }

    fn polls(bodies: &[&str]) -> Arc<Scripted> {
        network(ok(&[TOKEN]), ok(bodies), ok(&[ROWS]))
    }

    fn job(network: &Arc<Scripted>) -> ReportJob {
        let auth = Auth::access_token("token".into());
        let client =
            Client::builder().auth(auth).max_body(4096).transport(Arc::clone(network) as _).build().unwrap();
        let days = ("2026-11-01".parse().unwrap(), "2026-11-24".parse().unwrap());
        let request = ReportRequest::new(Level::Campaign, Granularity::Day, days, ["SPEND_IN_DOLLAR"]);
        client.reports(&AdAccountId::from("7")).job(request)
    }

    /// How a job went, its waits included.
    #[derive(Debug, Default)]
    struct Course {
        waits: Vec<f64>,
        rows: Vec<Bytes>,
        error: Option<Error>,
    }

    impl Course {
        async fn of(job: &mut ReportJob) -> Self {
            let mut course = Self::default();
            loop {
                match job.step().await {
                    Ok(Step::Wait(time)) => {
                        course.waits.push(time.as_secs_f64());
                        sleep(time).await;
                    }
                    Ok(Step::Rows(rows)) => {
                        assert!(!rows.is_empty());
                        course.rows.extend(rows);
                    }
                    Ok(Step::Done) => return course,
                    Err(error) => return Self { error: Some(error), ..course },
                }
            }
        }

        fn error(&self) -> &Error {
            self.error.as_ref().unwrap()
        }

        /// What a person reads of a job whose reports were all lost.
        fn told(&self) -> String {
            let error = self.error();
            assert!(matches!(error, Error::Report { .. }), "{error:?}");
            assert!(!error.is_retryable() && !error.is_authentication() && !error.is_rate_limit());
            error.to_string()
        }
    }

    async fn course(network: &Arc<Scripted>) -> Course {
        Course::of(&mut job(network)).await
    }

    /// How many requests of each kind were sent: creations, polls, downloads.
    fn asked(network: &Arc<Scripted>) -> (usize, usize, usize) {
        let kinds: Vec<Kind> = network.requests().iter().map(kind).collect();
        let count = |wanted| kinds.iter().filter(|kind| **kind == wanted).count();
        (count(Kind::Create), count(Kind::Poll), count(Kind::Download))
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_is_asked_for_polled_and_downloaded() {
        let network = polls(&[WORKING, WORKING, FINISHED]);
        let mut job = job(&network);
        assert_eq!(job.token(), None);
        assert_eq!(job.step().await.unwrap(), Step::Wait(Duration::from_secs(2)));
        assert_eq!(job.token(), Some("report-1"));
        let course = Course::of(&mut job).await;
        assert_eq!(course.waits, [3.0, 4.5]);
        let expected = [r#"{"DATE":"2026-11-01"}"#, r#"{"DATE":"2026-11-02"}"#, r#"{"DATE":"2026-11-01"}"#];
        assert_eq!(course.rows, expected);
        assert!(course.error.is_none());
        assert_eq!(job.token(), None);
        assert_eq!(job.step().await.unwrap(), Step::Done);

        let requests = network.requests();
        assert_eq!(asked(&network), (1, 3, 1));
        assert_eq!(
            (&requests[0].method, requests[0].url.path()),
            (&Method::POST, "/v5/ad_accounts/7/reports")
        );
        assert_eq!(requests[0].headers[CONTENT_TYPE], "application/json");
        let sent: serde_json::Value = serde_json::from_slice(requests[0].body.as_ref().unwrap()).unwrap();
        assert_eq!(
            sent,
            json!({"start_date": "2026-11-01", "end_date": "2026-11-24", "level": "CAMPAIGN", "granularity": "DAY",
                "columns": ["SPEND_IN_DOLLAR"]})
        );
        assert_eq!((&requests[1].method, requests[1].url.query()), (&Method::GET, Some("token=report-1")));
        assert!(requests[..4].iter().all(|request| request.headers.contains_key(AUTHORIZATION)));
        assert!(requests[4].headers.is_empty() && requests[4].body.is_none());
        assert_eq!(requests[4].url.as_str(), "https://storage.example/r?X-Signature=abc123");
    }

    #[tokio::test(start_paused = true)]
    async fn scripts_get_all_rows_typed_or_not() {
        let rows: Vec<_> = job(&polls(&[WORKING, FINISHED])).rows().try_concat().await.unwrap();
        assert_eq!(rows.len(), 3);
        let rows: Vec<AnalyticsRow> = job(&polls(&[FINISHED])).rows_as().try_collect().await.unwrap();
        assert_eq!(rows[1].day(), Some("2026-11-02".parse().unwrap()));
        let wrong: Result<Vec<_>> = job(&polls(&[FINISHED])).rows_as::<bool>().try_collect().await;
        assert!(matches!(wrong, Err(Error::Record { endpoint: "report/download", .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_without_rows_is_done_at_once() {
        for body in ["{}", r#"{"1":[]}"#] {
            let network = network(ok(&[TOKEN]), ok(&[FINISHED]), ok(&[body]));
            let course = course(&network).await;
            assert!(course.error.is_none() && course.rows.is_empty());
            assert_eq!(asked(&network), (1, 1, 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_report_is_made_again_and_after_three_it_is_an_error() {
        for status in ["FAILED", "EXPIRED", "CANCELLED", "DOES_NOT_EXIST"] {
            let lost = format!(r#"{{"report_status":"{status}","url":null}}"#);
            let once = polls(&[WORKING, &lost, WORKING, FINISHED]);
            let course_of_one = course(&once).await;
            assert_eq!((course_of_one.rows.len(), asked(&once)), (3, (2, 4, 1)));
            assert_eq!(course_of_one.waits, [2.0, 3.0, 2.0, 3.0]);

            let all = polls(&[&lost]);
            let mut job = job(&all);
            let course = Course::of(&mut job).await;
            let told = format!("Pinterest could not make the report: it answered {status}, 3 times");
            assert_eq!(course.told(), told);
            assert_eq!((asked(&all), course.waits), ((3, 3, 0), vec![2.0; 3]));
            assert_eq!(job.token(), None);
            assert_eq!(job.step().await.unwrap_err().to_string(), told, "it does not begin again");
            assert_eq!(asked(&all), (3, 3, 0));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_of_several_losses_is_told() {
        let network = polls(&[
            r#"{"report_status":"FAILED"}"#,
            r#"{"report_status":"FAILED"}"#,
            r#"{"report_status":"EXPIRED"}"#,
        ]);
        let told = "Pinterest could not make the report: it answered EXPIRED, the last of 3 reports";
        assert_eq!(course(&network).await.told(), told);
        let once = JobPolicy { reports: 0, ..JobPolicy::default() };
        let mut job = job(&polls(&[r#"{"report_status":"FAILED"}"#])).policy(once);
        assert_eq!(
            Course::of(&mut job).await.told(),
            "Pinterest could not make the report: it answered FAILED"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_that_takes_too_long_is_lost() {
        let network = polls(&[WORKING]);
        let start = Instant::now();
        let course = course(&network).await;
        assert_eq!(
            course.told(),
            "Pinterest could not make the report: it was not finished after 60 minutes, 3 times"
        );
        assert!((10_800..11_000).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
        let of_one = &course.waits[..course.waits.len() / 3];
        assert_eq!(of_one[..5], [2.0, 3.0, 4.5, 6.75, 10.125]);
        assert_eq!(of_one[9..].iter().copied().fold(0.0, f64::max), 60.0);
        assert_eq!(asked(&network), (3, course.waits.len(), 0));
        assert!(asked(&network).1 < 220);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_say_nothing_are_asked_for_again_and_then_the_report_is_lost() {
        for ((status, body), attempts, told) in [
            ((200, r#"{"report_status":"RESTING"}"#), 1, "it answered RESTING, which is no known status"),
            ((200, r#"{"report_status":"see https://storage.example"}"#), 1, "a status that is none"),
            ((200, r#"{"report_status":""}"#), 1, "a status that is none"),
            ((200, r#"{"report_status":7}"#), 1, "does not fit its type"),
            ((200, r#"{"report_status":null}"#), 1, "it answered without a status"),
            ((200, "{}"), 1, "it answered without a status"),
            ((200, r#"{"report_status":"FINISHED","url":null}"#), 1, "FINISHED without a link"),
            ((200, r#"{"report_status":"FINISHED","url":""}"#), 1, "FINISHED without a link"),
            (
                (200, r#"{"report_status":"FINISHED","url":"storage"}"#),
                1,
                "has a link that is no https address",
            ),
            ((200, r#"{"report_status":"FINISHED","url":"http://storage.example"}"#), 1, "no https address"),
            ((200, r#"{"report_status":"FINISHED","url":"http://127.0.0.1/r"}"#), 1, "no https address"),
            ((200, r#"{"report_status":"FINISHED","url":"file:///r"}"#), 1, "no https address"),
            ((200, "<html></html>"), 2, "is a web page, not JSON"),
            ((200, "null"), 2, "is not a JSON object"),
            ((200, "[]"), 2, "is an array, not an object"),
            ((404, r#"{"code":50,"message":"Nothing here."}"#), 1, "404"),
            ((400, r#"{"code":1,"message":"No."}"#), 1, "400"),
            ((500, ""), 2, "500"),
            ((0, ""), 2, "connection reset"),
        ] {
            let lasting = network(ok(&[TOKEN]), turns(&[(status, body)]), ok(&[ROWS]));
            let course_of_all = course(&lasting).await;
            let text = course_of_all.told();
            let start = "Pinterest could not make the report: 5 answers in a row did not say how far it is: ";
            assert!(text.starts_with(start) && text.contains(told) && text.ends_with(", 3 times"), "{text}");
            assert_eq!(asked(&lasting), (3, 15 * attempts, 0), "{body}");
            assert_eq!(course_of_all.waits, [2.0, 3.0, 4.5, 6.75, 10.125].repeat(3), "{body}");

            // Four requests in a row are two or four answers.
            let odd = (status, body);
            let passing = turns(&[odd, odd, odd, odd, (200, WORKING), odd, odd, odd, odd, (200, FINISHED)]);
            let passing = network(ok(&[TOKEN]), passing, ok(&[ROWS]));
            let course = course(&passing).await;
            assert_eq!((course.rows.len(), asked(&passing)), (3, (1, 10, 1)), "{body}: {course:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_that_is_refused_ends_the_job_but_not_the_report() {
        for status in [401, 403] {
            let refused = turns(&[(status, r#"{"code":2,"message":"No."}"#), (200, FINISHED)]);
            let network = network(ok(&[TOKEN]), refused, ok(&[ROWS]));
            let mut job = job(&network);
            let course = Course::of(&mut job).await;
            assert_eq!(course.error().status(), Some(status));
            assert_eq!(asked(&network), (1, 1, 0));
            assert_eq!(job.token(), Some("report-1"));
            assert_eq!(Course::of(&mut job).await.rows.len(), 3);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_limit_is_waited_for_and_counts_for_nothing() {
        let limited = |number: usize| match number {
            1..=40 => Ok(answer_with(429, ("x-ratelimit-reset", "30"), "{}")),
            _ => Ok(answer(200, FINISHED)),
        };
        let limited = network(ok(&[TOKEN]), Box::new(limited), ok(&[ROWS]));
        let course_of_many = course(&limited).await;
        assert_eq!((course_of_many.rows.len(), asked(&limited)), (3, (1, 41, 1)));
        assert_eq!(course_of_many.waits[..3], [2.0, 30.0, 30.0]);

        let bare = network(ok(&[TOKEN]), turns(&[(429, "{}")]), ok(&[ROWS]));
        assert!(course(&bare).await.told().contains("not finished after 60 minutes"));

        let long = |_| Ok(answer_with(429, ("retry-after", "3601"), "{}"));
        let long = network(ok(&[TOKEN]), Box::new(long), ok(&[ROWS]));
        let course = course(&long).await;
        assert!(matches!(course.error(), Error::WaitTooLong { .. }), "{course:?}");
        assert_eq!(asked(&long), (1, 1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_that_is_not_made_is_the_callers_to_judge() {
        for (answers, requests) in [
            ((400, r#"{"code":1,"message":"No such column."}"#), 1),
            ((403, r#"{"code":29,"message":"No."}"#), 1),
            ((500, ""), 6),
            ((200, r#"{"token":null}"#), 6),
            ((200, r#"{"token":""}"#), 6),
            ((200, "{}"), 6),
        ] {
            let network = network(turns(&[answers]), ok(&[FINISHED]), ok(&[ROWS]));
            let mut job = job(&network);
            let course = Course::of(&mut job).await;
            match answers.0 {
                200 => assert!(matches!(
                    course.error(),
                    Error::Decode { endpoint: "analytics/create_report", .. }
                )),
                status => assert_eq!(course.error().status(), Some(status)),
            }
            assert_eq!((asked(&network), job.token()), ((requests, 0, 0), None), "{answers:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_made_earlier_is_gone_on_with_and_its_loss_does_not_count() {
        let alive = polls(&[WORKING, FINISHED]);
        let mut resumed = job(&alive).resume("earlier");
        assert_eq!(resumed.token(), Some("earlier"));
        let course = Course::of(&mut resumed).await;
        assert_eq!((course.rows.len(), course.waits, asked(&alive)), (3, vec![2.0], (0, 2, 1)));
        assert_eq!(alive.requests()[0].url.query(), Some("token=earlier"));

        let gone = polls(&[r#"{"report_status":"EXPIRED"}"#]);
        let mut resumed = job(&gone).resume("earlier");
        let told = "Pinterest could not make the report: it answered EXPIRED, 3 times";
        assert_eq!(Course::of(&mut resumed).await.told(), told);
        assert_eq!(asked(&gone), (3, 4, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_that_is_refused_is_made_anew_and_the_report_stays() {
        for status in [400, 401, 403, 404, 410, 302] {
            let links = [FINISHED, &FINISHED.replace("abc123", "second"), WORKING];
            let refused = turns(&[(status, "<Error><Signature>abc123</Signature></Error>"), (200, ROWS)]);
            let network = network(ok(&[TOKEN]), ok(&links), refused);
            let course = course(&network).await;
            assert_eq!((course.rows.len(), asked(&network)), (3, (1, 2, 2)));
            assert_eq!(course.waits, [2.0, 2.0]);
            assert!(network.requests()[4].url.as_str().ends_with("=second"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_download_by_hand_is_tried_once_and_says_nothing_of_the_users_token() {
        let network = network(ok(&[TOKEN]), ok(&[FINISHED]), turns(&[(401, "{}"), (503, "{}")]));
        let reports = job(&network).reports;
        let link = reports.get("report-1").await.unwrap().link.unwrap();
        for status in [401, 503] {
            let error = reports.rows(&link).try_concat().await.unwrap_err();
            assert_eq!(error.status(), Some(status));
            assert!(!error.is_authentication(), "{error}");
        }
        assert_eq!(asked(&network), (0, 1, 2));
    }

    /// Rows of about a kilobyte, so that some are given before the end.
    fn long_report(rows: usize) -> String {
        let row = |number| json!({"NUMBER": number, "TEXT": "x".repeat(1000)});
        json!({"1": (0..rows).map(row).collect::<Vec<_>>()}).to_string()
    }

    fn numbers(rows: &[Bytes]) -> Vec<u64> {
        rows.iter()
            .map(|row| serde_json::from_slice::<serde_json::Value>(row).unwrap()["NUMBER"].as_u64().unwrap())
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_download_that_breaks_goes_on_after_the_last_row_that_was_given() {
        let body = long_report(500);
        let all: Vec<u64> = (0..500).collect();
        for kept in [0, 1, 9, 5000, 64 * 1024, 100_000, 300_000, body.len() - 2, body.len() - 1] {
            let network = network(ok(&[TOKEN]), ok(&[FINISHED]), ok(&[&body[..kept], "<html>", &body]));
            let course = course(&network).await;
            assert_eq!(numbers(&course.rows), all, "{kept}");
            assert_eq!(asked(&network), (1, 3, 3), "{kept}");
            assert_eq!(course.waits, [2.0, 2.0, 3.0]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_that_cannot_be_downloaded_is_lost_and_the_next_starts_at_its_first_row() {
        let body = long_report(500);
        let cut = &body[..300_000];
        let again = network(ok(&[TOKEN]), ok(&[FINISHED]), ok(&[cut, cut, cut, &body]));
        let course_of_two = course(&again).await;
        let rows = numbers(&course_of_two.rows);
        assert_eq!(asked(&again), (2, 4, 4));
        assert_eq!(rows[rows.len() - 500..], (0..500).collect::<Vec<_>>());
        let twice = rows.len() - 500;
        assert!(twice > 200, "{twice}");
        assert_eq!(rows[..twice], (0..twice as u64).collect::<Vec<_>>());

        let lasting = network(ok(&[TOKEN]), ok(&[FINISHED]), ok(&["null"]));
        let told = "Pinterest could not deliver the report: 3 downloads failed: Pinterest's answer to report/download is \
            not a JSON object, 3 times";
        assert_eq!(course(&lasting).await.told(), told);
        assert_eq!(asked(&lasting), (3, 9, 9));
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_that_got_shorter_is_not_the_same() {
        let (long, short) = (long_report(500), long_report(100));
        let network = network(ok(&[TOKEN]), ok(&[FINISHED]), ok(&[&long[..400_000], &short, &long]));
        let course = course(&network).await;
        assert_eq!(numbers(&course.rows), (0..500).collect::<Vec<_>>());
        assert_eq!(asked(&network), (1, 3, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_that_is_too_large_is_not_asked_for_again() {
        let body = json!({"1": [{"TEXT": "x".repeat(5000)}]}).to_string();
        let network = network(ok(&[TOKEN]), ok(&[FINISHED]), ok(&[&body]));
        let course = course(&network).await;
        assert!(matches!(course.error(), Error::TooLarge { limit: 4096, .. }), "{course:?}");
        assert_eq!(asked(&network), (1, 1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn between_two_requests_of_a_kind_there_is_always_a_wait() {
        let network = network(
            ok(&[TOKEN]),
            turns(&[
                (404, "{}"),
                (200, FINISHED),
                (0, ""),
                (200, r#"{"report_status":"FAILED"}"#),
                (200, WORKING),
            ]),
            ok(&["", ROWS]),
        );
        course(&network).await;
        let (requests, times) = (network.requests(), network.times());
        for wanted in [Kind::Create, Kind::Poll, Kind::Download] {
            let of_kind = requests.iter().map(kind).zip(&times).filter(|(kind, _)| *kind == wanted);
            let times: Vec<&Instant> = of_kind.map(|(_, time)| time).collect();
            let gap = times.windows(2).map(|pair| *pair[1] - *pair[0]).min();
            assert!(gap.is_none_or(|gap| gap >= Duration::from_millis(500)), "{wanted:?}: {gap:?}");
        }
    }

    /// Everything that can be shown of an error, its causes included.
    fn shown_of(error: &Error) -> String {
        let mut text = format!("{error} {error:?}");
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            text = format!("{text} {error} {error:?}");
            cause = error.source();
        }
        text
    }

    #[tokio::test(start_paused = true)]
    async fn no_text_shows_a_link_or_a_token() {
        let signed =
            "<Error><Code>AccessDenied</Code><StringToSign>X-Signature=abc123</StringToSign></Error>";
        for (status, body) in [
            (403, signed),
            (503, signed),
            (200, signed),
            (200, r#"{"abc123":["abc123"]}"#),
            (200, "{\"abc123"),
        ] {
            let network = network(ok(&[TOKEN]), ok(&[FINISHED]), turns(&[(status, body)]));
            let text = shown_of(course(&network).await.error());
            assert!(!text.contains("abc123") && !text.contains("storage.example"), "{text}");
        }
        for url in ["http://storage.example?abc123", "//storage.example?abc123"] {
            let text = shown_of(
                course(&polls(&[&FINISHED.replace("https://storage.example/r?X-Signature=abc123", url)]))
                    .await
                    .error(),
            );
            assert!(!text.contains("abc123") && !text.contains("storage.example"), "{text}");
        }
        let network = polls(&[FINISHED]);
        let mut job = job(&network);
        let reports = job.reports.clone();
        assert!(!format!("{:?}", reports.create(&job.request).await.unwrap()).contains("report-1"));
        let report = reports.get("report-1").await.unwrap();
        let link = report.link.clone().unwrap();
        assert!(!format!("{report:?} {link:?} {link}").contains("abc123"));
        let _ = job.step().await.unwrap();
        assert!(!format!("{job:?}").contains("report-1"));
    }
}
