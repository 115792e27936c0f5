//! What can go wrong, and what may be tried again.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;

use crate::endpoint::{CATALOGS_PRODUCT_GROUPS, Category, REPORT_DOWNLOAD};
use crate::limits::Limit;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of any origin, to be shown to a person.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Everything that can go wrong. Messages never show a token, a secret or a URL.
///
/// What the client could try again it has tried already, as its [`RetryPolicy`](crate::RetryPolicy) says,
/// before a caller sees the error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Pinterest refused the request, or answered 200 with an error in the body.
    #[error("Pinterest answered {} to {endpoint}: {}{}", status.as_u16(), body.message, body.code_in_text())]
    Api {
        /// The HTTP status.
        status: StatusCode,
        /// What the body said.
        body: Box<ApiBody>,
        /// The operation, e.g. `campaigns/list`.
        endpoint: &'static str,
        /// The wait Pinterest asked for, in a header or in the text.
        retry_after: Option<Duration>,
    },
    /// Pinterest refused to give an access token, and will go on refusing it: the user must act.
    #[error("{0}")]
    Auth(Box<Refusal>),
    /// The token endpoint gave no access token this time. The cause says why.
    #[error("the access token could not be refreshed: {0}")]
    Refresh(#[source] Arc<Error>),
    /// The listener did not take the new tokens; they have not been used.
    #[error("the new tokens could not be saved: {0}")]
    Listener(#[source] Arc<dyn StdError + Send + Sync>),
    /// The request or its answer did not come through.
    #[error("the request {endpoint} did not complete{}: {source}", if *timed_out { " in time" } else { "" })]
    Transport {
        /// The operation.
        endpoint: &'static str,
        /// A timeout ended it.
        timed_out: bool,
        /// The cause, without the URL.
        source: BoxError,
    },
    /// A successful status with a body that is not what the API promises.
    #[error("Pinterest's answer to {endpoint} {problem}")]
    Decode {
        /// The operation.
        endpoint: &'static str,
        /// What is wrong with the body, e.g. "has no items".
        problem: String,
    },
    /// A record does not fit its typed model. The raw door still delivers it.
    #[error("a record of {endpoint} does not fit its type: {source}")]
    Record {
        /// The operation.
        endpoint: &'static str,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A listing led back to a page that was read before.
    #[error("the listing {endpoint} does not end: Pinterest sent a bookmark for the second time")]
    RepeatedBookmark {
        /// The operation.
        endpoint: &'static str,
    },
    /// Pinterest asks to wait longer than the retry policy allows.
    #[error(
        "Pinterest asks to wait {} seconds before the next request of {category}, longer than the {} seconds left for {endpoint}",
        seconds(*wait),
        left.as_secs()
    )]
    WaitTooLong {
        /// The operation.
        endpoint: &'static str,
        /// The closed rate category.
        category: Category,
        /// How long Pinterest asks to wait.
        wait: Duration,
        /// What the policy has left.
        left: Duration,
    },
    /// The requests that a limit allows have been sent, and the next is further off than the retry policy has time. A
    /// limit by the minute is always waited for.
    #[error("the allowance of {limit} is used up for another {} seconds", seconds(*wait))]
    AllowanceUsedUp {
        /// The operation.
        endpoint: &'static str,
        /// The limit, of the endpoint's category or of all together.
        limit: Limit,
        /// How long until the next request may go out.
        wait: Duration,
    },
    /// The body is larger than the client accepts.
    #[error("the answer to {endpoint} is larger than {limit} bytes")]
    TooLarge {
        /// The operation.
        endpoint: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// Every report that a [`ReportJob`](crate::ReportJob) may ask for was lost: it may succeed another time.
    #[error("Pinterest could not {problem}")]
    Report {
        /// What did not come about, and what happened instead, e.g. "make the report: it answered FAILED, 3 times".
        problem: String,
        /// The error that the last report was lost to, if it was one.
        source: Option<Box<Error>>,
    },
    /// An argument that cannot be sent.
    #[error("{0}")]
    InvalidArgument(String),
    /// The client could not be built.
    #[error("the client could not be built: {0}")]
    Build(String),
}

/// The error in a response body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiBody {
    /// Pinterest's own number for the error, e.g. 8 for a rate limit.
    pub code: Option<i64>,
    /// Pinterest's text, cut to a few hundred characters and free of the secrets that were sent.
    pub message: String,
}

impl ApiBody {
    fn code_in_text(&self) -> String {
        self.code.map(|code| format!(" (code {code})")).unwrap_or_default()
    }
}

/// Why Pinterest gives no access token any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// `invalid_grant`: the refresh token is expired, revoked, already used or of another app.
    #[error("Pinterest does not accept the refresh token, authorize the app again: {message}")]
    RefreshToken {
        /// Pinterest's text.
        message: String,
    },
    /// `invalid_client`: the app's id and secret do not belong together, or the app is gone.
    #[error("Pinterest does not accept the app's id and secret: {message}")]
    App {
        /// Pinterest's text.
        message: String,
    },
}

/// Pinterest's code for "too many requests", whatever the HTTP status.
const CODE_RATE_LIMIT: i64 = 8;
/// Pinterest's code for a failure of its own that passes.
const CODE_PASSING: i64 = 12;

/// Whether a conflict lasts until the user acts: 409 says here that the account has no catalog, and nothing else.
///
/// Source: the OpenAPI description of `catalogs_product_groups/list`.
fn lasts(endpoint: &str) -> bool {
    endpoint == CATALOGS_PRODUCT_GROUPS.operation
}

impl Error {
    /// A request that broke on its way, for implementations of [`Transport`](crate::Transport).
    pub fn transport(endpoint: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Transport { endpoint, timed_out: false, source: source.into() }
    }

    /// The same request may succeed if it is sent again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Api { endpoint, status, body, .. } => {
                matches!(body.code, Some(CODE_RATE_LIMIT | CODE_PASSING))
                    || matches!(status.as_u16(), 408 | 425 | 429 | 500..=599)
                    || (*status == StatusCode::CONFLICT && !lasts(endpoint))
                    || (*status == StatusCode::BAD_REQUEST && says_it_passes(&body.message))
            }
            Self::Refresh(_) | Self::Transport { .. } | Self::Decode { .. } => true,
            _ => false,
        }
    }

    /// Pinterest asks to send fewer requests, or would.
    #[must_use]
    pub fn is_rate_limit(&self) -> bool {
        match self {
            Self::Api { status, body, .. } => is_rate_limit(*status, body),
            Self::Refresh(cause) => cause.is_rate_limit(),
            Self::WaitTooLong { .. } | Self::AllowanceUsedUp { .. } => true,
            _ => false,
        }
    }

    /// The HTTP status Pinterest answered with.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } => Some(status.as_u16()),
            Self::Refresh(cause) => cause.status(),
            _ => None,
        }
    }

    /// Pinterest's own number for the error.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Api { body, .. } => body.code,
            Self::Refresh(cause) => cause.code(),
            _ => None,
        }
    }

    /// The wait Pinterest asked for, or until its limit allows the next request.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { retry_after, .. } => *retry_after,
            Self::Refresh(cause) => cause.retry_after(),
            Self::WaitTooLong { wait, .. } | Self::AllowanceUsedUp { wait, .. } => Some(*wait),
            _ => None,
        }
    }

    /// The user has to renew the credentials: the token is refused and cannot be refreshed.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        match self {
            Self::Auth(_) => true,
            // A signed link is no credential of the user.
            Self::Api { status, endpoint, .. } => {
                *status == StatusCode::UNAUTHORIZED && *endpoint != REPORT_DOWNLOAD.operation
            }
            _ => false,
        }
    }
}

pub(crate) fn is_rate_limit(status: StatusCode, body: &ApiBody) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || body.code == Some(CODE_RATE_LIMIT)
        || (status == StatusCode::BAD_REQUEST && says_retry_after(&body.message))
}

fn says_it_passes(message: &str) -> bool {
    says_retry_after(message) || message.to_ascii_lowercase().contains("something went wrong")
}

fn says_retry_after(message: &str) -> bool {
    message.to_ascii_lowercase().contains("retry after")
}

/// Whole seconds, rounded up, so that a short wait is not shown as none.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}
