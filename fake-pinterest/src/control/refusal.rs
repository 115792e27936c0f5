//! What the control door answers to a request it cannot do.

use std::fmt::Display;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{
    answer::{ApiError, json_response},
    misuse::Misuse,
};

/// A refusal: `{"error": "..."}`, which says where in the request something is wrong and what.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    /// The place in the body, e.g. `[1].on`; empty for all of it.
    path: String,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Display) -> Self {
        Self { status, path: String::new(), message: message.to_string() }
    }

    /// What is asked for cannot be.
    pub(super) fn bad(message: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A field of the body is wrong.
    pub(super) fn of(field: &str, message: impl Display) -> Self {
        Self { path: field.to_owned(), ..Self::bad(message) }
    }

    pub(super) fn not_found(message: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// The same, where what is wrong lies in an element of an array.
    pub(super) fn in_element(self, number: usize) -> Self {
        let separator = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("[{number}]{separator}{}", self.path), ..self }
    }
}

impl From<Misuse> for Refusal {
    fn from(misuse: Misuse) -> Self {
        Self::bad(misuse)
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::bad(error.message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error =
            if self.path.is_empty() { self.message } else { format!("{}: {}", self.path, self.message) };
        json_response(self.status.as_u16(), json!({"error": error}).to_string())
    }
}

/// Reads a body.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        Refusal::of(if path == "." { "" } else { &path }, error.inner())
    })?;
    deserializer.end().map_err(Refusal::bad)?;
    Ok(value)
}

/// Reads a body that is one thing or an array of them; tells whether it is an array.
pub(super) fn read_some<T: DeserializeOwned>(body: &[u8]) -> Result<(Vec<T>, bool), Refusal> {
    if body.trim_ascii_start().starts_with(b"[") {
        read(body).map(|all| (all, true))
    } else {
        read(body).map(|one| (vec![one], false))
    }
}
