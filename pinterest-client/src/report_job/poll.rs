//! What an answer about a report means.

use std::time::Duration;

use reqwest::StatusCode;
use url::Url;

use crate::error::{Error, Result};
use crate::model::{Report, ReportLink, ReportStatus};

/// What a poll says.
pub(super) enum Poll {
    Working,
    Finished(Url),
    Lost(ReportStatus),
    /// Pinterest asks to poll less often, and perhaps for how long.
    Limited(Option<Duration>, Error),
    Odd(Problem),
    Failed(Error),
}

/// What went wrong: for a person, and as the error if it was one.
pub(super) struct Problem {
    pub(super) text: String,
    pub(super) error: Option<Error>,
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

/// `address` says where a link leads.
pub(super) fn judge(answer: Result<Report>, address: impl FnOnce(&ReportLink) -> Result<Url>) -> Poll {
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
