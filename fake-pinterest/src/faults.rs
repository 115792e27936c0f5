//! Faults: what goes wrong, where and when.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    answer::ApiError,
    auth,
    misuse::{Misuse, insist},
    odd_body::OddBody,
    operation::{self, Operation},
};

/// One thing that goes wrong: where (an operation, a path, only later pages), when (from the n-th matching request
/// on, for so many requests) and what.
///
/// Without more it answers 500 to the next matching request. Matching requests are counted from the moment the fault
/// is added. When two faults hit the same request, the one added first wins; delays add to any of them.
///
/// ```
/// use fake_pinterest::{Fault, OddBody, RateLimitForm};
///
/// let busy = Fault::on("campaigns/list").nth(2).rate_limit(RateLimitForm::ResetHeader(3));
/// let down = Fault::anywhere().status(503).for_ever();
/// let broken = Fault::on("ads/list").on_later_pages().times(2).body(OddBody::WrongJson);
/// ```
#[derive(Debug, Clone)]
pub struct Fault {
    operation: Option<&'static str>,
    path_contains: Option<String>,
    later_pages: bool,
    nth: usize,
    times: Option<usize>,
    headers: HeaderMap,
    pub(crate) effect: Effect,
}

/// What a fault does.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Instead(Instead),
    Alter(Alteration),
    Delay(Duration),
}

/// What stands in the place of the answer; nobody looks at the request.
#[derive(Debug, Clone)]
pub(crate) enum Instead {
    Reply { status: u16, body: String, header: Option<(&'static str, u64)> },
    Body(OddBody),
    Reset,
}

/// What is changed in the answer the request would have had.
#[derive(Debug, Clone)]
pub(crate) enum Alteration {
    Body(OddBody),
    RepeatBookmark,
    DuplicateFirstItem,
    WithoutField(&'static str),
}

/// The ways in which Pinterest, or what stands in front of it, says "too many requests". Waits are whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RateLimitForm {
    /// 429 with `x-ratelimit-reset: N`.
    ResetHeader(u64),
    /// 429 with `Retry-After: N`.
    RetryAfterHeader(u64),
    /// 429 with "Retry after N seconds" in the message.
    Message(u64),
    /// 429 with nothing that tells how long to wait, and an ordinary code.
    Bare,
    /// 429 with code 8 in the body.
    #[serde(rename = "code_8")]
    Code8,
    /// 200 with an error body of code 8 where the items should be.
    #[serde(rename = "code_8_with_status_200")]
    Code8WithStatus200,
    /// 200 with an error body of code 8 that has an empty list of items, too.
    #[serde(rename = "code_8_beside_items")]
    Code8BesideItems,
    /// The same in a body of more than 10 kB.
    #[serde(rename = "code_8_in_large_body")]
    Code8InLargeBody,
    /// 400 with "Retry after N seconds" in the message.
    BadRequest(u64),
}

impl Fault {
    /// A fault of one operation, named by its `operationId`, e.g. `campaigns/list`.
    ///
    /// # Panics
    ///
    /// When the fake serves no such operation.
    #[must_use]
    pub fn on(operation: &str) -> Self {
        insist(Self::try_on(operation))
    }

    pub(crate) fn try_on(operation: &str) -> Result<Self, Misuse> {
        let known = operation::ALL.iter().find(|known| known.id == operation);
        let fault = known.map(|known| Self { operation: Some(known.id), ..Self::anywhere() });
        fault.ok_or_else(|| Misuse::new(format!("fake-pinterest serves no operation named {operation}")))
    }

    /// A fault of every operation.
    #[must_use]
    pub fn anywhere() -> Self {
        let effect = refuse(&server_error(500), None);
        Self {
            operation: None,
            path_contains: None,
            later_pages: false,
            nth: 1,
            times: Some(1),
            headers: HeaderMap::new(),
            effect,
        }
    }

    /// Only requests whose path or query (as sent, joined by `?`) contains this text, e.g. the id of an ad account.
    #[must_use]
    pub fn path_contains(self, text: impl Into<String>) -> Self {
        Self { path_contains: Some(text.into()), ..self }
    }

    /// Only requests with a bookmark, that is, every page but the first.
    #[must_use]
    pub fn on_later_pages(self) -> Self {
        Self { later_pages: true, ..self }
    }

    /// Begins with the n-th matching request, counted from 1.
    #[must_use]
    pub fn nth(self, nth: usize) -> Self {
        Self { nth, ..self }
    }

    /// Lasts for so many matching requests. One, unless said otherwise.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Lasts until the faults are cleared.
    #[must_use]
    pub fn for_ever(self) -> Self {
        Self { times: None, ..self }
    }

    /// Refuses as a rate limit does.
    #[must_use]
    pub fn rate_limit(self, form: RateLimitForm) -> Self {
        self.effect(form.effect())
    }

    /// Answers this status with Pinterest's error body.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        self.effect(refuse(&server_error(status), None))
    }

    /// Answers this status and this body, e.g. 200 and a page that the data does not hold.
    #[must_use]
    pub fn status_with_body(self, status: u16, body: Value) -> Self {
        self.status_with_text(status, body.to_string())
    }

    /// As [`status_with_body`](Self::status_with_body), with a body that is sent as it is and may be no JSON. Its type is
    /// `application/json` all the same, unless a [`header`](Self::header) says another.
    #[must_use]
    pub fn status_with_text(self, status: u16, body: impl Into<String>) -> Self {
        self.effect(Effect::Instead(Instead::Reply { status, body: body.into(), header: None }))
    }

    /// Sends this header with the answer, in the place of one with this name. A delay and a reset have none.
    ///
    /// # Panics
    ///
    /// When name or value cannot be sent, and for `content-length` and `transfer-encoding`, which follow from the body.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        insist(self.try_header(name, value))
    }

    pub(crate) fn try_header(mut self, name: &str, value: &str) -> Result<Self, Misuse> {
        let parsed = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(value).ok());
        let (known, value) =
            parsed.ok_or_else(|| Misuse::new(format!("no header can have this name or value: {name:?}")))?;
        if [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(&known) {
            return Err(Misuse::new(format!("{known} follows from the body")));
        }
        self.headers.insert(known, value);
        Ok(self)
    }

    /// Answers 200 with a body that is not what was asked for.
    #[must_use]
    pub fn body(self, body: OddBody) -> Self {
        self.effect(if body.needs_the_real_one() {
            Effect::Alter(Alteration::Body(body))
        } else {
            Effect::Instead(Instead::Body(body))
        })
    }

    /// Resets the connection instead of an answer.
    #[must_use]
    pub fn reset_connection(self) -> Self {
        self.effect(Effect::Instead(Instead::Reset))
    }

    /// Answers as usual, but only after this time (of tokio's clock).
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        self.effect(Effect::Delay(delay))
    }

    /// Answers a page whose bookmark is the one it was asked with: following bookmarks never ends.
    #[must_use]
    pub fn repeat_bookmark(self) -> Self {
        self.effect(Effect::Alter(Alteration::RepeatBookmark))
    }

    /// Answers a page whose first item stands there twice.
    #[must_use]
    pub fn duplicate_first_item(self) -> Self {
        self.effect(Effect::Alter(Alteration::DuplicateFirstItem))
    }

    /// Refuses the refresh token, as after it was revoked: 400 with `invalid_grant` in the message.
    #[must_use]
    pub fn invalid_grant(self) -> Self {
        self.effect(refuse(&auth::invalid_grant(), None))
    }

    /// Refuses the client id and secret: 401 with `invalid_client` in the message.
    #[must_use]
    pub fn invalid_client(self) -> Self {
        self.effect(refuse(&auth::invalid_client(), None))
    }

    /// Leaves `access_token` out of an otherwise good answer.
    #[must_use]
    pub fn without_access_token(self) -> Self {
        self.without_field("access_token")
    }

    /// Leaves `expires_in` out of an otherwise good answer.
    #[must_use]
    pub fn without_expires_in(self) -> Self {
        self.without_field("expires_in")
    }

    fn without_field(self, name: &'static str) -> Self {
        self.effect(Effect::Alter(Alteration::WithoutField(name)))
    }

    fn effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    fn matches(&self, operation: &Operation, path_and_query: &str, is_later_page: bool) -> bool {
        self.operation.is_none_or(|id| id == operation.id)
            && self.path_contains.as_ref().is_none_or(|text| path_and_query.contains(text.as_str()))
            && (is_later_page || !self.later_pages)
    }

    /// Whether the fault happens to the matching request with this number, from 1.
    fn hits(&self, number: usize) -> bool {
        number >= self.nth && self.times.is_none_or(|times| number - self.nth < times)
    }
}

impl RateLimitForm {
    fn effect(self) -> Effect {
        let plain = ApiError::rate_limited();
        let code_29 = ApiError { code: 29, ..plain.clone() };
        let said = |status, seconds| ApiError {
            status,
            message: format!("You have exceeded your rate limit. Retry after {seconds} seconds."),
            ..code_29.clone()
        };
        match self {
            Self::ResetHeader(seconds) => refuse(&code_29, Some(("x-ratelimit-reset", seconds))),
            Self::RetryAfterHeader(seconds) => refuse(&code_29, Some(("retry-after", seconds))),
            Self::Message(seconds) => refuse(&said(429, seconds), None),
            Self::Bare => refuse(&code_29, None),
            Self::Code8 => refuse(&plain, None),
            Self::Code8WithStatus200 => refuse(&ApiError { status: 200, ..plain }, None),
            Self::Code8BesideItems => beside_items(&plain, ""),
            Self::Code8InLargeBody => beside_items(&plain, &" ".repeat(10_000)),
            Self::BadRequest(seconds) => refuse(&ApiError { code: 1, ..said(400, seconds) }, None),
        }
    }
}

fn refuse(error: &ApiError, header: Option<(&'static str, u64)>) -> Effect {
    Effect::Instead(Instead::Reply { status: error.status, body: error.body().to_string(), header })
}

fn beside_items(error: &ApiError, filling: &str) -> Effect {
    let body = json!({"items": [], "bookmark": null, "filling": filling, "code": error.code, "message": error.message});
    Effect::Instead(Instead::Reply { status: 200, body: body.to_string(), header: None })
}

/// The error body that usually comes with a status.
pub(crate) fn server_error(status: u16) -> ApiError {
    match status {
        400 => ApiError::bad_request("Invalid parameters."),
        401 => ApiError::authentication_failed(),
        403 => ApiError::new(403, 29, "You are not permitted to access that resource."),
        404 => ApiError::new(404, 2, "The requested resource could not be found on this server."),
        429 => ApiError::rate_limited(),
        _ => ApiError::new(status, i64::from(status), "Something went wrong on our end. Sorry about that."),
    }
}

/// The faults that are set, each with the number of requests it has matched.
#[derive(Debug, Default, Clone)]
pub(crate) struct Faults(Vec<(Fault, usize)>);

/// What happens to the answer of one request.
#[derive(Debug)]
pub(crate) enum Strike {
    Instead(Instead),
    Alter(Alteration),
}

/// What happens to one request.
#[derive(Debug, Default)]
pub(crate) struct Mishap {
    pub(crate) delay: Duration,
    pub(crate) strike: Option<Strike>,
    /// Sent with the answer that the strike leaves.
    pub(crate) headers: HeaderMap,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push((fault, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a request and tells what happens to it.
    pub(crate) fn strike(
        &mut self,
        operation: &Operation,
        path_and_query: &str,
        is_later_page: bool,
    ) -> Mishap {
        let mut mishap = Mishap::default();
        for (fault, matched) in &mut self.0 {
            if !fault.matches(operation, path_and_query, is_later_page) {
                continue;
            }
            *matched += 1;
            if fault.hits(*matched) {
                let strike = match fault.effect.clone() {
                    Effect::Delay(delay) => {
                        mishap.delay = mishap.delay.saturating_add(delay);
                        continue;
                    }
                    Effect::Instead(instead) => Strike::Instead(instead),
                    Effect::Alter(alteration) => Strike::Alter(alteration),
                };
                if mishap.strike.is_none() {
                    mishap.headers = fault.headers.clone();
                    mishap.strike = Some(strike);
                }
            }
        }
        mishap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(faults: &mut Faults, path_and_query: &str) -> bool {
        let (operation, _) = operation::find("GET", "/v5/boards").unwrap();
        faults.strike(operation, path_and_query, path_and_query.contains("bookmark=")).strike.is_some()
    }

    fn one(fault: Fault) -> Faults {
        let mut faults = Faults::default();
        faults.add(fault);
        faults
    }

    #[test]
    fn begins_at_the_nth_request_and_ends_after_its_times() {
        let mut faults = one(Fault::on("boards/list").nth(2).times(2));
        let hits: Vec<bool> = (0..4).map(|_| struck(&mut faults, "/v5/boards")).collect();
        assert_eq!(hits, [false, true, true, false]);
    }

    #[test]
    fn counts_only_the_requests_it_is_about() {
        let mut faults = one(Fault::on("ads/list").for_ever());
        assert!(!struck(&mut faults, "/v5/boards"));
        let mut faults = one(Fault::anywhere().path_contains("ad_account_id=7").on_later_pages());
        assert!(!struck(&mut faults, "/v5/boards?ad_account_id=7"));
        assert!(!struck(&mut faults, "/v5/boards?bookmark=x"));
        assert!(struck(&mut faults, "/v5/boards?ad_account_id=7&bookmark=x"));
    }

    #[test]
    fn the_first_fault_wins_and_delays_add_up() {
        let mut faults = one(Fault::anywhere().delay(Duration::from_secs(1)));
        faults.add(Fault::anywhere().status(503));
        faults.add(Fault::anywhere().status(404));
        faults.add(Fault::anywhere().delay(Duration::from_secs(2)));
        let (operation, _) = operation::find("GET", "/v5/boards").unwrap();
        let mishap = faults.strike(operation, "/v5/boards", false);
        assert_eq!(mishap.delay, Duration::from_secs(3));
        assert!(matches!(mishap.strike, Some(Strike::Instead(Instead::Reply { status: 503, .. }))));
    }

    #[test]
    #[should_panic(expected = "no operation named campaign")]
    fn a_fault_of_no_operation_fails() {
        let _ = Fault::on("campaign");
    }
}
