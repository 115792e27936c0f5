//! What polls of a report answer.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    answer::{Answer, ApiError},
    odd_body::OddBody,
};

/// What one poll of a report answers.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use fake_pinterest::{FakePinterest, ReportStep};
///
/// let fake = FakePinterest::builder().start().await?;
/// // The first report fails, all others are there at once.
/// fake.script_report([ReportStep::status("IN_PROGRESS"), ReportStep::status("FAILED")]);
/// fake.script_every_report([ReportStep::Finished]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportStep {
    /// This `report_status`, also one that Pinterest does not have, without a link. See [`status`](Self::status).
    Status(Cow<'static, str>),
    /// An answer without `report_status`.
    NoStatus,
    /// 404, as if there were no such report.
    NotFound,
    /// `FINISHED` with a link that is null.
    NullLink,
    /// `FINISHED` with a link that works.
    Finished,
    /// `FINISHED` with a link that is refused.
    ExpiredLink,
    /// A body that is no answer to a poll.
    Odd(OddBody),
}

impl ReportStep {
    /// This `report_status`, also one that Pinterest does not have, without a link.
    #[must_use]
    pub const fn status(text: &'static str) -> Self {
        Self::Status(Cow::Borrowed(text))
    }

    /// Whether the report is over, so that nobody waits for it any more.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Status(status) => {
                ["FAILED", "EXPIRED", "CANCELLED", "DOES_NOT_EXIST", "FINISHED"].contains(&status.as_ref())
            }
            Self::NotFound | Self::NullLink | Self::Finished | Self::ExpiredLink => true,
            Self::NoStatus | Self::Odd(_) => false,
        }
    }
}

/// What a poll is answered with, given a link and the size of what it leads to.
pub(super) fn answer(step: ReportStep, link: String, size: usize) -> Result<Answer, ApiError> {
    let waiting = || status("IN_PROGRESS", Value::Null, Value::Null);
    match step {
        ReportStep::Status(name) => Ok(Answer::Object(status(&name, Value::Null, Value::Null))),
        ReportStep::NoStatus => Ok(Answer::Object(json!({"url": null, "size": null}))),
        ReportStep::NotFound => {
            Err(ApiError::new(404, 2, "The requested resource could not be found on this server."))
        }
        ReportStep::NullLink => Ok(Answer::Object(status("FINISHED", Value::Null, Value::Null))),
        ReportStep::Finished | ReportStep::ExpiredLink => {
            Ok(Answer::Object(status("FINISHED", link.into(), size.into())))
        }
        ReportStep::Odd(odd) => Ok(Answer::Odd(odd, waiting())),
    }
}

/// The body of an answer to a poll.
pub(super) fn status(name: &str, url: Value, size: Value) -> Value {
    json!({"report_status": name, "url": url, "size": size})
}
