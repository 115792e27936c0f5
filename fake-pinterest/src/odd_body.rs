//! Bodies that are not what was asked for.

use std::{convert::Infallible, io};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use serde::Deserialize;

use crate::answer::json_response;

/// A body with status 200 that is not the page or object that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OddBody {
    /// A page of HTML, as a proxy would send.
    Html,
    /// Nothing at all.
    Empty,
    /// `null`.
    Null,
    /// `[]`.
    Array,
    /// `{"bookmark":null}`: no items.
    NoItems,
    /// `{"items":null,"bookmark":null}`.
    ItemsNull,
    /// `{"items":[1,"x"],"bookmark":null}`.
    ItemNotAnObject,
    /// The first half of the real body, sent as if it were whole.
    WrongJson,
    /// The first half of the real body under the length of the whole; then the connection closes.
    Truncated,
    /// One item with a text so long that the body has at least this many bytes. It is valid JSON, sent in chunks.
    Huge(usize),
}

impl OddBody {
    /// Whether it is made from the answer the request would have had.
    pub(crate) fn needs_the_real_one(self) -> bool {
        matches!(self, Self::WrongJson | Self::Truncated)
    }

    /// The response, given the real body.
    pub(crate) fn response(self, real: &str) -> Response {
        match self {
            Self::Html => html("<html><body><h1>Bad gateway</h1></body></html>"),
            Self::Empty => json_response(200, ""),
            Self::Null => json_response(200, "null"),
            Self::Array => json_response(200, "[]"),
            Self::NoItems => json_response(200, r#"{"bookmark":null}"#),
            Self::ItemsNull => json_response(200, r#"{"items":null,"bookmark":null}"#),
            Self::ItemNotAnObject => json_response(200, r#"{"items":[1,"x"],"bookmark":null}"#),
            Self::WrongJson => json_response(200, half(real)),
            Self::Truncated => truncated(real),
            Self::Huge(bytes) => json_response(200, huge(bytes)),
        }
    }
}

fn html(text: &'static str) -> Response {
    let mut response = json_response(200, text);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

fn half(real: &str) -> Bytes {
    Bytes::copy_from_slice(&real.as_bytes()[..real.len() / 2])
}

fn truncated(real: &str) -> Response {
    let part = stream::iter([Ok(half(real))]);
    let end = stream::once(async {
        // Lets the server send what it has: an error in the same turn would take the head and the half with it.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::UnexpectedEof))
    });
    let mut response = json_response(200, Body::from_stream(part.chain(end)));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(real.len()));
    response
}

fn huge(bytes: usize) -> Body {
    const CHUNK: &[u8] = &[b'x'; 64 * 1024];
    let head = Bytes::from_static(br#"{"items":[{"id":"1","name":""#);
    let tail = Bytes::from_static(br#""}],"bookmark":null}"#);
    let filling = std::iter::repeat_n(Bytes::from_static(CHUNK), bytes.div_ceil(CHUNK.len()));
    let parts = std::iter::once(head).chain(filling).chain(std::iter::once(tail));
    Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)))
}
