//! Reports from the request to the last row.

use std::time::Duration;

use fake_pinterest::{Bearer, FakePinterest, Fault, OddBody, ReportStep};
use futures::TryStreamExt;
use pinterest_client::ids::AdAccountId;
use pinterest_client::model::{AnalyticsRow, Granularity, Level, ReportRequest, ReportStatus};
use pinterest_client::{Category, Error, JobPolicy, Limit, Limits, REPORT_COLUMNS, ReportJob, Step};
use serde_json::Value;

use crate::{Account, days};

fn request(level: Level) -> ReportRequest {
    // The level of items refuses what belongs to ads.
    let of_ads =
        |column: &str| ["PIN_", "AD_ID", "AD_NAME", "AD_STATUS"].iter().any(|name| column.starts_with(name));
    let of_items = matches!(level, Level::ProductItem | Level::ProductItemTargeting);
    let columns = REPORT_COLUMNS.iter().copied().filter(|column| !(of_items && of_ads(column)));
    ReportRequest::new(level, Granularity::Day, days(), columns)
}

/// Steps through a job; nobody needs to wait for the fake.
async fn read(job: &mut ReportJob) -> Result<Vec<Value>, Error> {
    let mut read = Vec::new();
    loop {
        match job.step().await? {
            Step::Wait(_) => {}
            Step::Rows(rows) => {
                read.extend(rows.iter().map(|row| serde_json::from_slice::<Value>(row).unwrap()))
            }
            Step::Done => return Ok(read),
        }
    }
}

fn in_order(mut rows: Vec<Value>) -> Vec<Value> {
    for row in &mut rows {
        row.as_object_mut().unwrap().sort_keys();
    }
    rows.sort_by_cached_key(Value::to_string);
    rows
}

impl Account {
    fn first_ad_account(&self) -> AdAccountId {
        AdAccountId::from(self.fake.truth("ad_accounts")[0]["id"].as_str().unwrap())
    }

    fn job(&self) -> ReportJob {
        self.client.reports(&self.first_ad_account()).job(request(Level::Campaign))
    }
}

#[tokio::test]
async fn the_reports_of_all_ad_accounts_hold_every_row() {
    let pretty = FakePinterest::builder().pretty();
    for (fake, levels) in [(FakePinterest::builder(), Level::ALL), (pretty, &[Level::Campaign])] {
        // More requests than go out at once.
        let limit = Limit::new(100_000, Duration::from_secs(1));
        let limits = Limits::default().overall(limit).category(Category::AdsAnalytics, limit);
        let account = Account::set(fake, |builder, _| builder.limits(limits)).await;
        for level in levels {
            let mut rows = Vec::new();
            for ad_account in account.fake.truth("ad_accounts") {
                let reports = account.client.reports(&AdAccountId::from(ad_account["id"].as_str().unwrap()));
                rows.extend(read(&mut reports.job(request(*level))).await.unwrap());
            }
            let (from, to) = days();
            let truth = account.fake.rows_of_level(level.as_str(), from, to);
            assert!(!truth.is_empty(), "{level}");
            assert_eq!(in_order(rows), in_order(truth), "{level}");
        }
        let requests = account.fake.requests();
        assert!(requests.iter().all(|request| request.planned && request.status == Some(200)));
        for request in requests {
            let expected =
                if request.operation == Some("report/download") { Bearer::Absent } else { Bearer::Issued(0) };
            assert_eq!(request.bearer, expected, "{:?}", request.operation);
        }
    }
}

#[tokio::test]
async fn a_script_reads_typed_rows() {
    let account = Account::with(FakePinterest::builder()).await;
    let at_once = JobPolicy { longest_poll: Duration::ZERO, ..JobPolicy::default() };
    let rows: Vec<AnalyticsRow> = account.job().policy(at_once).rows_as().try_collect().await.unwrap();
    assert!(
        rows.iter().all(|row| row.campaign_id.is_some() && row.day().is_some() && !row.metrics.is_empty())
    );
    assert_eq!(rows.len(), read(&mut account.job()).await.unwrap().len());
}

#[tokio::test]
async fn the_steps_can_be_made_by_hand() {
    let account = Account::with(FakePinterest::builder()).await;
    let reports = account.client.reports(&account.first_ad_account());
    let created = reports.create(&request(Level::Campaign)).await.unwrap();
    assert_eq!(created.status, Some(ReportStatus::InProgress));
    assert!(reports.get(&created.token).await.unwrap().link.is_none());
    let report = reports.get(&created.token).await.unwrap();
    assert_eq!(report.status, Some(ReportStatus::Finished));
    let rows = reports.rows(&report.link.unwrap()).try_concat().await.unwrap();
    assert_eq!(rows.len(), read(&mut account.job()).await.unwrap().len());
    let unknown = reports.get("no+such/token=").await.unwrap();
    assert_eq!(unknown.status, Some(ReportStatus::DoesNotExist));
}

#[tokio::test]
async fn a_link_that_has_expired_is_renewed() {
    let account = Account::with(FakePinterest::builder()).await;
    account.fake.script_report([ReportStep::ExpiredLink, ReportStep::ExpiredLink, ReportStep::Finished]);
    let rows = read(&mut account.job()).await.unwrap();
    assert_eq!(rows, read(&mut account.job()).await.unwrap());
    assert_eq!((account.asked("analytics/create_report"), account.asked("report/download")), (2, 4));
}

#[tokio::test]
async fn a_download_that_breaks_loses_and_doubles_no_row() {
    let account = Account::with(FakePinterest::builder()).await;
    let count = account.fake.big_reports(3 << 20);
    let whole = read(&mut account.job()).await.unwrap();
    assert_eq!(whole.len() as u64, count);
    for (what, fault) in [
        ("reset", (|fault| fault.reset_connection()) as fn(Fault) -> Fault),
        ("truncated", |fault| fault.body(OddBody::Truncated)),
        ("half", |fault| fault.body(OddBody::WrongJson)),
        ("web page", |fault| fault.body(OddBody::Html)),
        ("empty", |fault| fault.body(OddBody::Empty)),
        ("null", |fault| fault.body(OddBody::Null)),
        ("array", |fault| fault.body(OddBody::Array)),
        ("busy", |fault| fault.status(503)),
    ] {
        account.fake.clear_requests();
        account.fake.add_fault(fault(Fault::on("report/download").times(2)));
        let rows = read(&mut account.job()).await.unwrap();
        assert!(rows == whole, "{what}: {} rows, not {count}", rows.len());
        assert_eq!(account.asked("analytics/create_report"), 1, "{what}");
        assert_eq!(account.asked("report/download"), 3, "{what}");
    }
}

#[tokio::test]
async fn a_reader_that_takes_its_time_downloads_once() {
    let account = Account::with(FakePinterest::builder()).await;
    let count = account.fake.big_reports(30 << 20);
    let (mut job, mut rows) = (account.job(), 0);
    loop {
        match job.step().await.unwrap() {
            Step::Wait(_) => {}
            Step::Rows(group) => {
                if rows == 0 {
                    tokio::time::pause();
                    tokio::time::advance(Duration::from_secs(3600)).await;
                    tokio::time::resume();
                }
                rows += group.len() as u64;
            }
            Step::Done => break,
        }
    }
    assert_eq!((rows, account.asked("report/download")), (count, 1));
}

#[tokio::test]
async fn a_report_larger_than_a_body_may_be_is_read() {
    let fake = FakePinterest::builder();
    let account = Account::set(fake, |builder, _| builder.max_body(8 << 10)).await;
    let count = account.fake.big_reports(1 << 20);
    assert_eq!(read(&mut account.job()).await.unwrap().len() as u64, count);
}

#[tokio::test]
async fn a_report_is_gone_on_with_by_its_token() {
    let account = Account::with(FakePinterest::builder()).await;
    let mut job = account.job();
    assert!(matches!(job.step().await.unwrap(), Step::Wait(_)));
    let token = job.token().unwrap().to_owned();
    let rows = read(&mut account.job().resume(token)).await.unwrap();
    assert_eq!(account.asked("analytics/create_report"), 1);
    assert_eq!(rows, read(&mut job).await.unwrap());
    read(&mut account.job().resume("gone")).await.unwrap();
    assert_eq!(account.asked("analytics/create_report"), 2);
}

#[tokio::test]
async fn reports_that_are_always_lost_are_an_error() {
    for (step, told) in [
        (ReportStep::status("FAILED"), "it answered FAILED, 3 times"),
        (ReportStep::NotFound, "Pinterest answered 404"),
        (ReportStep::NoStatus, "it answered without a status"),
        (ReportStep::NullLink, "it answered FINISHED without a link"),
        (ReportStep::status("RESTING"), "it answered RESTING, which is no known status"),
        (ReportStep::Odd(OddBody::Html), "is a web page, not JSON"),
        (ReportStep::ExpiredLink, "3 downloads failed: Pinterest answered 403 to report/download"),
    ] {
        let account = Account::with(FakePinterest::builder()).await;
        account.fake.script_every_report([step.clone()]);
        let error = read(&mut account.job()).await.unwrap_err();
        assert!(matches!(error, Error::Report { .. }) && !error.is_retryable(), "{error:?}");
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(account.asked("analytics/create_report"), 3, "{step:?}");
    }
}

#[tokio::test]
async fn no_error_shows_where_a_report_was() {
    for (step, fault) in [
        (ReportStep::ExpiredLink, None),
        (ReportStep::Finished, Some((|fault| fault.reset_connection()) as fn(Fault) -> Fault)),
        (ReportStep::Finished, Some(|fault| fault.body(OddBody::Truncated))),
        (ReportStep::Finished, Some(|fault| fault.status(503))),
        (ReportStep::Finished, Some(|fault| fault.body(OddBody::Html))),
    ] {
        let account = Account::with(FakePinterest::builder()).await;
        account.fake.script_every_report([step]);
        if let Some(fault) = fault {
            account.fake.add_fault(fault(Fault::on("report/download").for_ever()));
        }
        let error = read(&mut account.job()).await.unwrap_err();
        let mut shown = format!("{error} {error:?}");
        let mut cause = std::error::Error::source(&error);
        assert!(cause.is_some());
        while let Some(error) = cause {
            shown.push_str(&format!(" {error} {error:?}"));
            cause = error.source();
        }
        let requests = account.fake.requests();
        let download = requests.iter().find(|request| request.operation == Some("report/download")).unwrap();
        let encoded = download.query.strip_prefix("signature=").unwrap();
        let decoded = encoded.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        assert!(encoded.len() > 20 && decoded != encoded, "{encoded}");
        for secret in [encoded, &decoded, "127.0.0.1", "downloads/"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}
