//! The control door: what a test does with the running server, over HTTP. Its routes are in `control/door.md`.
//!
//! Every route calls what the methods of [`FakePinterest`](crate::FakePinterest) and [`Data`](crate::Data) call. Requests
//! to the door are not kept, not limited, and not struck by faults.

mod fault_form;
mod refusal;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{Method, Uri},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Fault, ReportStep,
    answer::json_response,
    data,
    days::{Days, LATEST},
    query::Query,
    requests::{Bearer, SeenRequest},
    server::{Server, Shared, lock},
};
use fault_form::FaultForm;
use refusal::{Refusal, read, read_some};

/// What the paths of the door begin with.
pub(crate) const PREFIX: &str = "/control";
/// A report has at most so many bytes, a terabyte, so that its length can be told.
const BIGGEST: u64 = 1 << 40;
/// A body may have so many bytes: a million records, or one page that is far too large.
const MOST_BYTES: usize = 1 << 30;

pub(crate) fn router(server: Shared) -> Router {
    Router::new().fallback(respond).layer(DefaultBodyLimit::max(MOST_BYTES)).with_state(server)
}

async fn respond(
    State(server): State<Shared>,
    method: Method,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = body
        .map_err(|rejection| Refusal::new(rejection.status(), rejection.body_text()))
        .and_then(|body| answer(&mut lock(&server), method.as_str(), &uri, &body));
    answer.map_or_else(Refusal::into_response, |answer| json_response(200, answer.to_string()))
}

fn answer(server: &mut Server, method: &str, uri: &Uri, body: &[u8]) -> Result<Value, Refusal> {
    // The path is what follows the prefix.
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    let query = Query::parse(uri.query().unwrap_or_default());
    let parameters: &[&str] = match parts.first() {
        Some(&"truth") => &["statuses"],
        Some(&"rows") => &["from", "to", "statuses"],
        Some(&"rows-of-level") => &["from", "to"],
        _ => &[],
    };
    if let Some((name, _)) = query.pairs().iter().find(|(name, _)| !parameters.contains(&name.as_str())) {
        return Err(Refusal::bad(format!("unknown parameter {name}; known here: {parameters:?}")));
    }
    if let ["truth" | "records", stream, ..] = parts.as_slice() {
        data::check_stream(stream)?;
    }
    let days = || Days::between(("from", query.get("from")), ("to", query.get("to")));
    let statuses = || query.statuses("statuses");

    Ok(match (method, parts.as_slice()) {
        ("GET", ["account"]) => json!({
            "url": server.url(),
            "access_token": server.tokens.first_access_token(),
            "config": server.config(),
        }),
        ("GET", ["truth", stream]) => server.data.truth(stream, &statuses()?).into(),
        ("GET", ["rows", stream]) => server.rows(stream, days()?, &statuses()?)?.into(),
        ("GET", ["rows-of-level", level]) => server.rows_of_level(level, days()?)?.into(),
        ("GET", ["requests"]) => server.requests.all().iter().map(request).collect(),
        ("DELETE", ["requests"]) => {
            server.requests.clear();
            nothing()
        }
        ("POST", ["faults"]) => {
            faults(body)?.into_iter().for_each(|fault| server.faults.add(fault));
            nothing()
        }
        ("DELETE", ["faults"]) => {
            server.faults.clear();
            nothing()
        }
        ("GET", ["records", stream]) => server.data.records(stream).into(),
        ("POST", ["records", stream]) => upsert(server, stream, body).map(|()| nothing())?,
        ("PATCH", ["records", stream, id]) => {
            let fields: Map<String, Value> = read(body)?;
            found(server.data.set_fields(stream, id, fields), stream, id)?
        }
        ("DELETE", ["records", stream, id]) => found(server.data.remove(stream, id), stream, id)?,
        ("POST", ["reports"]) => {
            script(server, read(body)?);
            nothing()
        }
        ("GET", ["reports"]) => json!({"most_at_once": server.reports.most_at_once()}),
        ("PUT", ["big-reports"]) => json!({"rows": server.reports.make_big(big(body)?)}),
        ("PUT", ["now"]) => {
            server.set_now(now(body)?);
            nothing()
        }
        ("GET", ["refreshes"]) => {
            json!({"refreshes": server.tokens.refreshes(), "refusals": server.limits.refusals()})
        }
        _ => {
            let path = uri.path();
            return Err(Refusal::not_found(format!(
                "there is no {method} {PREFIX}{path}; `fake-pinterest --help` has all routes"
            )));
        }
    })
}

/// The answer of a route that has nothing to tell.
fn nothing() -> Value {
    json!({})
}

fn found(is_found: bool, stream: &str, id: &str) -> Result<Value, Refusal> {
    if is_found {
        Ok(nothing())
    } else {
        Err(Refusal::not_found(format!("{stream} has no record with the id {id}")))
    }
}

/// Reads all faults before the first counts.
fn faults(body: &[u8]) -> Result<Vec<Fault>, Refusal> {
    let (forms, is_array) = read_some::<FaultForm>(body)?;
    let fault = |(number, form): (usize, &FaultForm)| {
        form.fault().map_err(|refusal| if is_array { refusal.in_element(number) } else { refusal })
    };
    forms.iter().enumerate().map(fault).collect()
}

/// Puts all records in their places, or none.
fn upsert(server: &mut Server, stream: &str, body: &[u8]) -> Result<(), Refusal> {
    let (records, is_array) = read_some::<Map<String, Value>>(body)?;
    let mut data = server.data.clone();
    for (number, record) in records.into_iter().enumerate() {
        data.try_upsert(stream, &Value::Object(record)).map_err(|misuse| {
            let refusal = Refusal::from(misuse);
            if is_array { refusal.in_element(number) } else { refusal }
        })?;
    }
    server.data = data;
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    steps: Vec<ReportStep>,
    #[serde(default)]
    every: bool,
}

fn script(server: &mut Server, Script { steps, every }: Script) {
    if every { server.reports.script_all(steps) } else { server.reports.script(steps) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Big {
    bytes: u64,
}

fn big(body: &[u8]) -> Result<usize, Refusal> {
    let Big { bytes } = read(body)?;
    let checked = usize::try_from(bytes).ok().filter(|_| bytes <= BIGGEST);
    checked.ok_or_else(|| Refusal::of("bytes", format!("{bytes} is more than {BIGGEST}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Now {
    now: i64,
}

fn now(body: &[u8]) -> Result<i64, Refusal> {
    let Now { now } = read(body)?;
    if (0..=LATEST).contains(&now) {
        Ok(now)
    } else {
        Err(Refusal::of("now", format!("{now} is not between 0 and {LATEST}, epoch seconds")))
    }
}

fn request(seen: &SeenRequest) -> Value {
    let SeenRequest { order, after, method, path, query, body, operation, category, bearer, status, planned } =
        seen;
    let bearer = match bearer {
        Bearer::Absent => "absent".into(),
        Bearer::Unknown => "unknown".into(),
        Bearer::Issued(serial) => Value::from(*serial),
    };
    json!({
        "order": order,
        "after_ms": u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
        "method": method,
        "path": path,
        "query": query,
        "body": body,
        "operation": operation,
        "category": category,
        "bearer": bearer,
        "status": status,
        "planned": planned,
    })
}

#[cfg(test)]
mod tests {
    use crate::operation;

    #[test]
    fn every_operation_can_be_found_in_the_help() {
        let help = include_str!("control/door.md");
        for operation in operation::ALL {
            assert!(help.contains(&format!("`{}`", operation.id)), "{}", operation.id);
        }
    }
}
