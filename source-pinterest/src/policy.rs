//! What an answer of Pinterest means for a sync: who must act, and whether a smaller request may succeed.

use connector_core::Failure;
use pinterest_client::{Error, Refusal};

/// Turns a failed request into a failure with advice.
pub(crate) fn failure(error: Error) -> Failure {
    let advice = |text: &str| format!("{}: {text}", error.to_string().trim_end_matches('.'));
    let failure = if is_app_refused(&error) {
        Failure::config(advice("check `client_id` and `client_secret`"))
    } else if error.is_authentication() {
        Failure::config(advice("sign in again"))
    } else if error.is_rate_limit() {
        Failure::transient(advice("Pinterest's rate limit was reached, sync again later"))
    } else {
        match error.status() {
            Some(400..=403) if matches!(error, Error::Refresh(_)) => {
                Failure::config(advice("check the app's id and secret, or sign in again"))
            }
            Some(403) => Failure::config(advice("the sign-in lacks the permission or the scope for this")),
            Some(404) => Failure::system(advice("it does not exist, or the sign-in cannot see it")),
            Some(408 | 500..) => {
                Failure::transient(advice("Pinterest had a problem, sync again later")).divisible()
            }
            _ if is_too_large(&error) => Failure::system(error.to_string()).divisible(),
            _ if matches!(error, Error::Report { .. }) => Failure::transient(advice("sync again later")),
            _ if error.is_retryable() => {
                Failure::transient(advice("sync again later; if it goes on, check the network")).divisible()
            }
            _ => Failure::system(error.to_string()),
        }
    };
    failure.with_source(error)
}

/// As [`failure`], for a request about several entities at once: what is wrong with one of them, or with their number,
/// must not cost the others.
pub(crate) fn batch_failure(error: Error) -> Failure {
    let may_be_one_of_them = matches!(error.status(), Some(400 | 404..=499)) && !error.is_rate_limit();
    let failure = failure(error);
    if may_be_one_of_them { failure.divisible() } else { failure }
}

/// Whether a request or its answer was too large, so that a larger one is in vain.
fn is_too_large(error: &Error) -> bool {
    matches!(error, Error::TooLarge { .. }) || matches!(error.status(), Some(413 | 414 | 431))
}

fn is_app_refused(error: &Error) -> bool {
    matches!(error, Error::Auth(refusal) if matches!(**refusal, Refusal::App { .. }))
}

/// Whether an answer says that the account has no catalog, so there is nothing to read.
///
/// Source: the OpenAPI description of `catalogs_product_groups/list`, where 409 has this one meaning, with code 4182. The
/// official connector takes every 409 there for it; with another code that is done, too, but said.
pub(crate) fn has_no_catalog(error: &Error) -> bool {
    let conflict = error.status() == Some(409);
    if conflict && error.code() != Some(4182) {
        tracing::warn!("{error}: taken for an account without a catalog");
    }
    conflict
}

/// Whether Pinterest lists no more of the pins of a board.
///
/// Source: users report "Pagination beyond 100.000 pins are not allowed."; the OpenAPI description does not name the limit.
pub(crate) fn is_past_the_last_page(error: &Error) -> bool {
    matches!(error, Error::Api { status, body, .. }
        if status.is_client_error() && body.message.to_ascii_lowercase().contains("pagination beyond"))
}

/// Whether a request for several parents at once may have been refused for asking so, and not for its parents.
///
/// Source: the OpenAPI description of `keywords/get` calls `ad_group_ids` "in BETA and not available to all users".
pub(crate) fn may_refuse_batches(error: &Error) -> bool {
    matches!(error.status(), Some(400 | 403 | 404)) && !error.is_retryable() && !error.is_authentication()
}
