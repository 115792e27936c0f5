//! What the fake answers before it becomes bytes: a page, an object, rows, or Pinterest's error body.

use std::{convert::Infallible, fmt};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};

use crate::odd_body::OddBody;

/// An answer that a fault may still alter.
#[derive(Debug)]
pub(crate) enum Answer {
    Page(Page),
    Object(Value),
    /// Rows, which are written while they are sent.
    Pieces(Pieces),
    /// A refusal by the store of downloads.
    Xml(u16, String),
    /// Something else in the place of this object.
    Odd(OddBody, Value),
}

/// A body of JSON text that is made piece by piece.
pub(crate) struct Pieces(Box<dyn Iterator<Item = Bytes> + Send>);

impl Pieces {
    pub(crate) fn new(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        Self(Box::new(pieces))
    }

    fn text(self) -> String {
        let bytes: Vec<u8> = self.0.flatten().collect();
        String::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").finish_non_exhaustive()
    }
}

/// The items of one response, each as JSON text, and the bookmark of the next.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<String>,
    pub(crate) bookmark: Option<String>,
}

impl Answer {
    /// The whole body.
    pub(crate) fn render(self, pretty: bool) -> String {
        let text = match self {
            Self::Page(page) => page.render(),
            Self::Object(value) | Self::Odd(_, value) => value.to_string(),
            Self::Pieces(pieces) => pieces.text(),
            Self::Xml(_, text) => return text,
        };
        if pretty { prettify(&text) } else { text }
    }

    /// The response. Rows are written only when it is sent.
    pub(crate) fn response(self, pretty: bool) -> Response {
        match self {
            Self::Pieces(pieces) if !pretty => {
                json_response(200, Body::from_stream(stream::iter(pieces.0.map(Ok::<_, Infallible>))))
            }
            Self::Xml(status, text) => {
                let mut response = json_response(status, text);
                let xml = HeaderValue::from_static("application/xml");
                response.headers_mut().insert(header::CONTENT_TYPE, xml);
                response
            }
            Self::Odd(odd, _) => odd.response(&self.render(pretty)),
            answer => json_response(200, answer.render(pretty)),
        }
    }
}

impl Page {
    fn render(&self) -> String {
        let mut text =
            String::with_capacity(64 + self.items.iter().map(|item| item.len() + 1).sum::<usize>());
        text.push_str(r#"{"items":["#);
        for (number, item) in self.items.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            text.push_str(item);
        }
        text.push_str(r#"],"bookmark":"#);
        text.push_str(&Value::from(self.bookmark.clone()).to_string());
        text.push('}');
        text
    }
}

/// Line breaks between the tokens, as some servers send them.
fn prettify(text: &str) -> String {
    serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |value| format!("{value:#}"))
}

/// A refusal with Pinterest's error body, `{"code": …, "message": …}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: i64,
    pub(crate) message: String,
    /// The whole seconds after which the same request is welcome again, sent in `x-ratelimit-reset`.
    pub(crate) reset_in: Option<u64>,
    /// Whether the request is one the fake was not written for.
    pub(crate) unplanned: bool,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), reset_in: None, unplanned: false }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, 1, message)
    }

    pub(crate) fn ad_account_not_found() -> Self {
        Self::new(404, 2, "AdAccount not found.")
    }

    pub(crate) fn authentication_failed() -> Self {
        Self::new(401, 2, "Authentication failed.")
    }

    pub(crate) fn rate_limited() -> Self {
        Self::new(429, 8, "This request exceeded a rate limit.")
    }

    pub(crate) fn rate_limited_for(seconds: u64) -> Self {
        Self { reset_in: Some(seconds), ..Self::rate_limited() }
    }

    pub(crate) fn unplanned(what: impl std::fmt::Display) -> Self {
        Self { unplanned: true, ..Self::new(500, 0, format!("fake-pinterest has no answer to this: {what}")) }
    }

    pub(crate) fn body(&self) -> Value {
        json!({"code": self.code, "message": self.message, "status": "failure"})
    }

    pub(crate) fn response(&self) -> Response {
        let response = json_response(self.status, self.body().to_string());
        match self.reset_in {
            Some(seconds) => with_header(response, "x-ratelimit-reset", seconds),
            None => response,
        }
    }
}

/// A response with a JSON body.
pub(crate) fn json_response(status: u16, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The same response with one more header.
pub(crate) fn with_header(mut response: Response, name: &'static str, value: u64) -> Response {
    response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
    response
}
