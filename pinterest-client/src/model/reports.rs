//! Reports: how far they are, and where they are.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// How far a report is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ReportStatus {
    /// It can be downloaded.
    Finished,
    /// It is being made.
    InProgress,
    /// Pinterest knows no such report.
    DoesNotExist,
    /// It was made too long ago, and is gone.
    Expired,
    /// Pinterest could not make it.
    Failed,
    /// It was called off.
    Cancelled,
    /// A status that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// As the API writes it.
impl fmt::Display for ReportStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "FINISHED",
            Self::InProgress => "IN_PROGRESS",
            Self::DoesNotExist => "DOES_NOT_EXIST",
            Self::Expired => "EXPIRED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Other(status) => status,
        })
    }
}

/// Pinterest's answer when a report is asked for.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedReport {
    /// What the report is asked about with.
    pub token: String,
    /// How far it is.
    pub status: Option<ReportStatus>,
    /// What Pinterest says of it.
    pub message: Option<String>,
}

/// Without the token: who may use the ad account can get at the report with it.
impl fmt::Debug for CreatedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedReport")
            .field("status", &self.status)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

/// Pinterest's answer when it is asked how far a report is.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// How far it is. Pinterest has been seen to leave it out.
    #[serde(rename = "report_status")]
    pub status: Option<ReportStatus>,
    /// Where it can be downloaded, for the next five minutes, when it is finished.
    #[serde(rename = "url")]
    pub link: Option<ReportLink>,
    /// Its size as Pinterest states it, in bytes.
    pub size: Option<serde_json::Number>,
}

/// A signed link to a report: whoever knows it can download the report. It is never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ReportLink(SecretString);

impl ReportLink {
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ReportLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReportLink(***)")
    }
}

impl fmt::Display for ReportLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
