//! Judges a response: success, or the error it carries.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::args::encode;
use crate::endpoint::Endpoint;
use crate::error::{ApiBody, Error, Result, is_rate_limit};
use crate::transport::Response;

/// The longest text of a body that an error shows, in characters.
const SHOWN: usize = 300;
/// A successful body larger than this is no error in disguise, and is not looked into.
const DISGUISE: usize = 4096;
/// A secret shorter than this would mangle ordinary words when it is masked.
const SHORTEST_SECRET: usize = 4;

/// The error fields of Pinterest (`code`, `message`) and of OAuth (`error`, `error_description`).
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default, deserialize_with = "anything")]
    code: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "anything")]
    message: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "anything")]
    error: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "anything")]
    error_description: Option<serde_json::Value>,
}

fn anything<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(input).map(Some)
}

impl Response {
    /// # Errors
    /// The status is not 2xx, or the body of a 2xx is an error of Pinterest.
    pub(crate) fn check(&self, endpoint: &Endpoint) -> Result<()> {
        let body = match self.status.is_success() {
            true => self.disguised_error(),
            false => Some(self.error_body()),
        };
        let Some(body) = body else { return Ok(()) };
        let retry_after = wait_asked(self.status, &self.headers, &body);
        Err(Error::Api {
            status: self.status,
            body: Box::new(body),
            endpoint: endpoint.operation,
            retry_after,
        })
    }

    /// Pinterest sends some errors with status 200. No page and no record has a `code` and a `message` of its own, so items
    /// beside them are no reason to take an error for a page.
    fn disguised_error(&self) -> Option<ApiBody> {
        let fields = (self.body.len() <= DISGUISE).then(|| self.error_fields())??;
        let is_error = fields.code.as_ref().is_some_and(|code| number(code).is_some())
            && fields.message.as_ref().is_some_and(serde_json::Value::is_string);
        is_error.then(|| self.error_body())
    }

    fn error_body(&self) -> ApiBody {
        let fields = self.error_fields().unwrap_or_default();
        let code = fields.code.as_ref().and_then(number);
        let told = [&fields.message, &fields.error, &fields.error_description];
        let told: Vec<&str> = told.into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        let text = match told.is_empty() {
            true => String::from_utf8_lossy(&self.body[..self.body.len().min(DISGUISE)]).into_owned(),
            false => told.join(": "),
        };
        ApiBody { code, message: self.presentable(&text) }
    }

    fn error_fields(&self) -> Option<ErrorBody> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The OAuth `error` of the body, e.g. `invalid_grant`.
    pub(crate) fn oauth_error(&self) -> Option<String> {
        self.error_fields()?.error?.as_str().map(str::to_owned)
    }

    /// On one line, without secrets, cut.
    fn presentable(&self, text: &str) -> String {
        let masked = self.secrets.iter().fold(text.to_owned(), mask);
        let line = masked.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(SHOWN) {
            _ if line.is_empty() => "no message".to_owned(),
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

fn mask(text: String, secret: &SecretString) -> String {
    let secret = secret.expose_secret();
    if secret.len() < SHORTEST_SECRET {
        return text;
    }
    // A server may repeat the form as it was sent.
    text.replace(secret, "***").replace(&encode(secret), "***")
}

fn number(value: &serde_json::Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The wait the server asks for. `x-ratelimit-reset` also comes with ordinary answers, so it counts only for
/// a rate limit.
fn wait_asked(status: StatusCode, headers: &HeaderMap, body: &ApiBody) -> Option<Duration> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).and_then(whole_seconds);
    if !is_rate_limit(status, body) {
        return header("retry-after");
    }
    header("x-ratelimit-reset").or_else(|| header("retry-after")).or_else(|| wait_in_text(&body.message))
}

/// Nothing but a number: a list of policies such as `3, 100;w=1` names no wait.
fn whole_seconds(text: &str) -> Option<Duration> {
    let seconds = text.trim().parse().ok().filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds))
}

/// `Retry after N seconds`, in any case, anywhere in the text.
fn wait_in_text(message: &str) -> Option<Duration> {
    let message = message.to_ascii_lowercase();
    let (_, rest) = message.split_once("retry after")?;
    let rest = rest.trim_start();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, unit) = rest.split_at(digits);
    unit.trim_start().starts_with("second").then(|| whole_seconds(number)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::BOARDS;
    use crate::transport::http::scripted::{answer, answer_with};

    fn message(response: &Response) -> String {
        match response.check(&BOARDS).unwrap_err() {
            Error::Api { body, .. } => body.message,
            other => panic!("{other}"),
        }
    }

    fn wait(response: &Response) -> Option<u64> {
        response.check(&BOARDS).unwrap_err().retry_after().map(|wait| wait.as_secs())
    }

    #[test]
    fn an_error_says_what_pinterest_said() {
        let error = answer(403, r#"{"code":29,"message":"Not permitted."}"#).check(&BOARDS).unwrap_err();
        assert_eq!(error.to_string(), "Pinterest answered 403 to boards/list: Not permitted. (code 29)");
        assert_eq!((error.status(), error.code()), (Some(403), Some(29)));
        let oauth = answer(400, r#"{"error":"invalid_grant","error_description":"It is revoked."}"#);
        assert_eq!(message(&oauth), "invalid_grant: It is revoked.");
        assert_eq!(oauth.oauth_error().as_deref(), Some("invalid_grant"));
    }

    #[test]
    fn a_body_that_is_no_error_of_pinterest_is_shown_on_one_line_and_cut() {
        assert_eq!(message(&answer(502, "<html>\n  Bad\tgateway</html>")), "<html> Bad gateway</html>");
        assert_eq!(message(&answer(500, "")), "no message");
        assert_eq!(message(&answer(500, r#"{"message":7}"#)), r#"{"message":7}"#);
        assert_eq!(message(&answer(500, &b"\xff\xfe"[..])), "\u{fffd}\u{fffd}");
        let long = message(&answer(500, "ü".repeat(10_000)));
        assert_eq!(long, format!("{}…", "ü".repeat(300)));
    }

    #[test]
    fn a_code_may_be_a_text() {
        let error = answer(400, r#"{"code":" 8 ","message":"x"}"#).check(&BOARDS).unwrap_err();
        assert_eq!(error.code(), Some(8));
        let error = answer(400, r#"{"code":"eight","message":"x"}"#).check(&BOARDS).unwrap_err();
        assert_eq!(error.code(), None);
    }

    #[test]
    fn an_error_with_status_200_is_an_error_and_a_record_is_not() {
        for said in [
            r#"{"code":8,"message":"You have exceeded your rate limit."}"#,
            r#"{"items":[],"code":8,"message":"x"}"#,
        ] {
            let error = answer(200, said).check(&BOARDS).unwrap_err();
            assert!(error.is_rate_limit() && error.is_retryable(), "{said}");
        }
        for body in [
            r#"{"items":null,"bookmark":null}"#,
            r#"{"id":"1","code":8}"#,
            r#"{"id":"1","message":"x"}"#,
            r#"{"code":"PROMO","message":"x"}"#,
            r#"{"code":8,"message":null}"#,
            "[]",
        ] {
            assert!(answer(200, body).check(&BOARDS).is_ok(), "{body}");
        }
    }

    #[test]
    fn a_redirect_is_an_error() {
        let redirect = answer_with(302, ("location", "https://elsewhere.example/"), "");
        assert_eq!(redirect.check(&BOARDS).unwrap_err().status(), Some(302));
    }

    #[test]
    fn the_reset_of_the_limit_counts_before_the_other_waits() {
        let text = r#"{"code":8,"message":"Slow down. RETRY AFTER 5 seconds."}"#;
        let mut limited = answer_with(429, ("retry-after", "7"), text);
        assert_eq!(wait(&limited), Some(7));
        limited.headers.insert("x-ratelimit-reset", "9".parse().unwrap());
        assert_eq!(wait(&limited), Some(9));
        limited.headers.clear();
        assert_eq!(wait(&limited), Some(5));
    }

    #[test]
    fn what_names_no_wait_is_none() {
        for value in ["0", "-3", "soon", "3, 100;w=1", "Wed, 21 Oct 2026 07:28:00 GMT", ""] {
            assert_eq!(wait(&answer_with(429, ("x-ratelimit-reset", value), "{}")), None, "{value}");
        }
        for text in [
            r#"{"code":8,"message":"Retry after a while"}"#,
            r#"{"code":8,"message":"Retry after 5 minutes"}"#,
            r#"{"code":8,"message":"Retry after 99999999999999999999999 seconds"}"#,
        ] {
            assert_eq!(wait(&answer(429, text)), None, "{text}");
        }
    }

    #[test]
    fn the_reset_header_means_nothing_outside_of_a_rate_limit() {
        assert_eq!(wait(&answer_with(500, ("x-ratelimit-reset", "9"), "{}")), None);
        assert_eq!(wait(&answer_with(503, ("retry-after", "9"), "{}")), Some(9));
        let said = r#"{"code":8,"message":"x"}"#;
        assert_eq!(wait(&answer_with(400, ("x-ratelimit-reset", "9"), said)), Some(9));
    }

    #[test]
    fn secrets_that_were_sent_are_masked_wherever_the_server_repeats_them() {
        let mut response = answer(400, "bad pina_AB+C= or pina_AB%2BC%3D, and abc");
        response.secrets = vec!["pina_AB+C=".into(), "abc".into(), "".into()];
        assert_eq!(message(&response), "bad *** or ***, and abc");
        let shown = format!("{response:?}");
        assert!(!shown.contains("pina"), "{shown}");
    }
}
