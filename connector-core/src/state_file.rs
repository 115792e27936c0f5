//! Reads the state that a platform or a user hands in: a list of STATE messages, one message, lines of an earlier
//! run's output, or the legacy map from stream to state.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use airbyte_protocol::{Envelope, Message, RawJson, State, StateKind, StreamState};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::stream::Stream;

/// The saved state of each stream. Of several states of one stream the last one counts.
pub(crate) fn read(text: &str) -> Result<HashMap<String, RawJson>, Failure> {
    let mut states = HashMap::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = match value {
            Ok(value) => value,
            // What an earlier run was writing when it was killed. All it said before counts.
            Err(error) if error.is_eof() && text.contains('\n') && !text.ends_with('\n') => {
                tracing::warn!("the last line of the state file is not whole; the lines before it are used");
                break;
            }
            Err(error) => return Err(Failure::config(format!("the state file is not valid JSON: {error}"))),
        };
        match value {
            Value::Null => {}
            Value::Array(messages) => {
                messages.into_iter().try_for_each(|message| add(message, &mut states))?
            }
            other => add(other, &mut states)?,
        }
    }
    Ok(states)
}

/// Refuses a state that names no stream of this source: it was saved for another one.
pub(crate) fn check_streams(
    states: &HashMap<String, RawJson>,
    streams: &[Arc<dyn Stream>],
) -> Result<(), Failure> {
    let known: HashSet<String> = streams.iter().map(|stream| stream.descriptor().name).collect();
    let (mut known, mut unknown): (Vec<_>, Vec<_>) = states.keys().partition(|name| known.contains(*name));
    unknown.sort();
    let names = unknown.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    match (known.pop(), unknown.is_empty()) {
        (_, true) => Ok(()),
        (Some(_), false) => {
            tracing::warn!("the state names streams that this source does not have: {names}");
            Ok(())
        }
        (None, false) => Err(foreign(&format!("no stream of this source is in it, but {names}"))),
    }
}

fn add(message: Value, states: &mut HashMap<String, RawJson>) -> Result<(), Failure> {
    let Value::Object(map) = message else {
        return Err(foreign("it holds something that is neither a message nor a map of streams"));
    };
    let state = match map.get("type").and_then(Value::as_str) {
        Some("STREAM" | "GLOBAL" | "LEGACY") => {
            serde_json::from_value::<State>(map.into()).map_err(|error| foreign(&error.to_string()))?
        }
        Some(_) => {
            let envelope: Envelope =
                serde_json::from_value(map.into()).map_err(|error| foreign(&error.to_string()))?;
            match envelope.message {
                Message::State(state) => state,
                Message::Unknown(unknown) => {
                    return Err(foreign(&format!("it holds a message of the unknown type {}", unknown.kind)));
                }
                // Lines of an earlier run's output: records and logs say nothing about progress.
                _ => return Ok(()),
            }
        }
        None => return legacy(&map, states),
    };
    match state.kind {
        StateKind::Stream(state) => keep(state, states),
        StateKind::Global(global) => global.stream_states.into_iter().for_each(|state| keep(state, states)),
        StateKind::Legacy(map) => {
            let map: Map<String, Value> = map.parse().map_err(|error| foreign(&error.to_string()))?;
            legacy(&map, states)?;
        }
    }
    Ok(())
}

fn keep(state: StreamState, states: &mut HashMap<String, RawJson>) {
    if let Some(blob) = state.stream_state {
        states.insert(state.stream_descriptor.name, blob);
    }
}

fn legacy(map: &Map<String, Value>, states: &mut HashMap<String, RawJson>) -> Result<(), Failure> {
    for (stream, state) in map {
        if !state.is_object() {
            return Err(foreign(&format!("`{stream}` is neither a message field nor the state of a stream")));
        }
        states.insert(stream.clone(), RawJson::from(state.clone()));
    }
    Ok(())
}

fn foreign(why: &str) -> Failure {
    Failure::config(format!("the state file is not a state of this protocol: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaigns(text: &str) -> Option<String> {
        read(text).unwrap().get("campaigns").map(|state| state.get().replace(' ', ""))
    }

    #[test]
    fn every_form_gives_the_state_of_its_stream() {
        let stream =
            r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"campaigns"},"stream_state":{"t":1}}}"#;
        let global = r#"{"type":"GLOBAL","global":{"stream_states":[{"stream_descriptor":{"name":"campaigns","namespace":null},"stream_state":{"t":1}}]}}"#;
        for text in [
            stream.to_owned(),
            format!("[{stream}]"),
            global.to_owned(),
            format!(r#"{{"type":"STATE","state":{stream}}}"#),
            format!(
                "{{\"type\":\"LOG\",\"log\":{{\"level\":\"INFO\",\"message\":\"x\"}}}}\n{{\"type\":\"STATE\",\"state\":{stream}}}\n"
            ),
            r#"{"campaigns":{"t":1}}"#.to_owned(),
            r#"{"type":"LEGACY","data":{"campaigns":{"t":1}}}"#.to_owned(),
        ] {
            assert_eq!(campaigns(&text).as_deref(), Some(r#"{"t":1}"#), "{text}");
        }
    }

    #[test]
    fn nothing_is_a_first_sync() {
        for text in ["", "{}", "[]", "null"] {
            assert_eq!(campaigns(text), None, "{text}");
        }
    }

    #[test]
    fn the_output_of_a_killed_run_gives_the_states_before_its_last_line() {
        let state = r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"campaigns"},"stream_state":{"t":1}}}}"#;
        let killed = format!("{state}\n{}", &state[..40]);
        assert_eq!(campaigns(&killed).as_deref(), Some(r#"{"t":1}"#));
        // A line in the middle that is not whole is no killed run.
        assert!(read(&format!("{}\n{state}\n", &state[..40])).is_err());
    }

    #[test]
    fn of_two_states_of_a_stream_the_last_one_counts() {
        let state = |value: u8| {
            format!(
                r#"{{"type":"STREAM","stream":{{"stream_descriptor":{{"name":"campaigns"}},"stream_state":{{"t":{value}}}}}}}"#
            )
        };
        assert_eq!(campaigns(&format!("{}\n{}", state(1), state(2))).as_deref(), Some(r#"{"t":2}"#));
    }

    #[test]
    fn what_is_no_state_is_refused() {
        for text in [
            "[1]",
            "\"x\"",
            r#"{"campaigns": 5}"#,
            r#"{"type":"STREAM"}"#,
            r#"{"type":"FOO"}"#,
            "{",
            r#"[{"type":"STREAM","stream":{}}]"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
