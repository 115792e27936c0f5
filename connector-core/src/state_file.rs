//! Reads the state that a platform or a user hands in: a list of STATE messages, one message, lines of an earlier
//! run's output, or the legacy map from stream to state. States can be large, so nothing is made of them but their text.

use std::collections::HashSet;
use std::fmt;

use airbyte_protocol::{Envelope, Message, RawJson};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::failure::{Failure, shortened, without_place};
use crate::stream_set::{SavedStates, StreamSet};

/// The saved state of each stream. Of several states of one stream the last one counts.
pub(crate) fn read(text: &str) -> Result<SavedStates, Failure> {
    if text.trim().is_empty() {
        // An empty list is a first sync; a file that lost its content must not become one.
        return Err(Failure::config(
            "the state file cannot be used: it is empty; pass the state that was saved, or [] for a first sync",
        ));
    }
    let mut states = SavedStates::new();
    let values = values(text).or_else(|error| lines(text).ok_or(error));
    let values = values.map_err(|error| {
        Failure::config(format!("the state file cannot be used: it is not valid JSON: {error}"))
    })?;
    let (mut said, mut others) = (0, 0);
    for value in values {
        match value.get().as_bytes().first() {
            Some(b'n') => said += 1,
            Some(b'[') => {
                let messages: Vec<&RawValue> = parse(value, &Place::default())?;
                for (index, message) in messages.into_iter().enumerate() {
                    add(message, &Place(format!("[{index}]")), &mut states)?;
                }
                said += 1;
            }
            _ if add(value, &Place::default(), &mut states)? => said += 1,
            _ => others += 1,
        }
    }
    if said == 0 && others > 0 {
        // Taken for a first sync, it would make every stream start anew.
        return Err(Failure::config(
            "the state file cannot be used: it is the output of a run that has saved no state; pass the state from before \
             that run, or [] for a first sync",
        ));
    }
    Ok(states)
}

/// The values of a file, one or many.
fn values(text: &str) -> Result<Vec<&RawValue>, serde_json::Error> {
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter() {
        match value {
            Ok(value) => values.push(value),
            // What an earlier run was writing when it was killed. All it said before counts.
            Err(error) if error.is_eof() && !values.is_empty() && !text.ends_with('\n') => {
                tracing::warn!("the last line of the state file is not whole; the lines before it are used");
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(values)
}

/// The messages of an output in which a program has printed something else between them, as version 1 of the official
/// Pinterest connector does; `None` where it is no such output.
fn lines(text: &str) -> Option<Vec<&RawValue>> {
    let is_message = |line: &&str| line.trim_start().starts_with(['{', '[']);
    let (messages, others): (Vec<_>, Vec<_>) =
        text.lines().filter(|line| !line.trim().is_empty()).partition(is_message);
    let cut = (!text.ends_with('\n')).then(|| text.lines().last()).flatten();
    let mut values = Vec::new();
    for line in messages {
        match serde_json::from_str(line) {
            Ok(value) => values.push(value),
            Err(error) if error.is_eof() && !values.is_empty() && cut == Some(line) => {}
            Err(_) => return None,
        }
    }
    if values.is_empty() {
        return None;
    }
    tracing::warn!("{} lines of the state file are no messages; they are left out", others.len());
    Some(values)
}

/// Refuses a state that names no stream of this source: it was saved for another one.
pub(crate) fn check_streams(states: &SavedStates, streams: &StreamSet) -> Result<(), Failure> {
    let (mut known, mut unknown): (Vec<_>, Vec<_>) =
        states.keys().partition(|name| streams.find(name).is_some());
    unknown.sort();
    let names = named(&unknown);
    match (known.pop(), unknown.is_empty()) {
        (_, true) => Ok(()),
        (Some(_), false) => {
            tracing::warn!("the state names streams that this source does not have: {names}");
            Ok(())
        }
        (None, false) => Err(Failure::config(format!(
            "the state file cannot be used: no stream of this source is in it, but {names}"
        ))),
    }
}

/// A few names, and how many more there are.
fn named(names: &[&String]) -> String {
    const FEW: usize = 10;
    let few: Vec<_> = names.iter().take(FEW).map(|name| shortened(name)).collect();
    match names.len().saturating_sub(FEW) {
        0 => few.join(", "),
        more => format!("{} and {more} more", few.join(", ")),
    }
}

/// Where in the file something stands.
#[derive(Clone, Debug, Default)]
struct Place(String);

impl Place {
    fn wrong(&self, path: &serde_path_to_error::Path, why: impl fmt::Display) -> Failure {
        let path = path.to_string();
        let inner = if path == "." { "" } else { path.as_str() };
        let whole = match (self.0.as_str(), inner) {
            ("", "") => ".".to_owned(),
            (outer, "") => outer.to_owned(),
            ("", inner) => inner.to_owned(),
            (outer, inner) => format!("{outer}.{inner}"),
        };
        Failure::config(format!("the state file cannot be used: `{whole}`: {why}"))
    }

    fn here(&self, why: &str) -> Failure {
        self.wrong(&serde_path_to_error::Track::new().path(), why)
    }

    fn within(&self, key: &str) -> Self {
        Self(if self.0.is_empty() { key.to_owned() } else { format!("{}.{key}", self.0) })
    }
}

fn parse<'a, T: Deserialize<'a>>(value: &'a RawValue, place: &Place) -> Result<T, Failure> {
    let mut deserializer = serde_json::Deserializer::from_str(value.get());
    serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| place.wrong(error.path(), without_place(error.inner())))
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A message of the type STATE.
#[derive(Deserialize)]
struct StateMessage<'a> {
    #[serde(borrow)]
    state: &'a RawValue,
}

/// The state of one stream.
#[derive(Deserialize)]
struct OneStream<'a> {
    #[serde(borrow)]
    stream: StreamState<'a>,
}

/// The states of all streams in one.
#[derive(Deserialize)]
struct AllStreams<'a> {
    #[serde(borrow)]
    global: StreamStates<'a>,
}

#[derive(Deserialize)]
struct StreamStates<'a> {
    #[serde(borrow)]
    stream_states: Vec<StreamState<'a>>,
}

/// The state of the whole source in its own form.
#[derive(Deserialize)]
struct Legacy<'a> {
    #[serde(borrow)]
    data: LegacyMap<'a>,
}

#[derive(Deserialize)]
struct StreamState<'a> {
    stream_descriptor: Descriptor,
    #[serde(borrow)]
    stream_state: Option<&'a RawValue>,
}

/// The namespace of a stream says nothing here: sources of this core have none.
#[derive(Deserialize)]
struct Descriptor {
    name: String,
}

/// The map from stream to state that platforms of long ago kept.
struct LegacyMap<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for LegacyMap<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LegacyVisitor).map(Self)
    }
}

struct LegacyVisitor;

impl<'de> Visitor<'de> for LegacyVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from streams to their states")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut states, mut names) = (Vec::new(), HashSet::new());
        while let Some((name, state)) = map.next_entry::<String, _>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("`{}` stands there twice", shortened(&name))));
            }
            states.push((name, state));
        }
        Ok(states)
    }
}

/// Takes the states of a message or a map; says whether it is about states.
fn add(message: &RawValue, place: &Place, states: &mut SavedStates) -> Result<bool, Failure> {
    if !message.get().starts_with('{') {
        return Err(place.here("it holds something that is neither a message nor a map of streams"));
    }
    match parse::<Kind>(message, place)?.kind.as_deref() {
        None => {
            let map: LegacyMap<'_> = parse(message, place)?;
            // Else it would be the map of a source with a stream of this name.
            if let Some((body, _)) = map.0.iter().find(|(name, _)| name == "stream" || name == "global") {
                return Err(place.here(&format!("it has `{body}` as a message has, but no `type`")));
            }
            legacy(map, place, states)?;
        }
        Some("STATE") => {
            let state = parse::<StateMessage<'_>>(message, place)?.state;
            let place = place.within("state");
            let kind = parse::<Kind>(state, &place)?.kind;
            // A state without a type is one of the time when there was one form only.
            add_state(state, kind.as_deref().unwrap_or("LEGACY"), &place, states)?;
        }
        Some(kind @ ("STREAM" | "GLOBAL" | "LEGACY")) => add_state(message, kind, place, states)?,
        Some(kind) => match parse::<Envelope>(message, place)?.message {
            Message::Unknown(_) => {
                return Err(place
                    .within("type")
                    .here(&format!("it holds a message of the unknown type {kind}")));
            }
            // Lines of an earlier run's output: records and logs say nothing about progress.
            _ => return Ok(false),
        },
    }
    Ok(true)
}

fn add_state(state: &RawValue, kind: &str, place: &Place, states: &mut SavedStates) -> Result<(), Failure> {
    match kind {
        "STREAM" => keep(parse::<OneStream<'_>>(state, place)?.stream, states),
        "GLOBAL" => {
            let all = parse::<AllStreams<'_>>(state, place)?.global.stream_states;
            all.into_iter().for_each(|state| keep(state, states));
        }
        "LEGACY" => legacy(parse::<Legacy<'_>>(state, place)?.data, &place.within("data"), states)?,
        other => {
            return Err(place.within("type").here(&format!("it holds a state of the unknown type {other}")));
        }
    }
    Ok(())
}

fn keep(state: StreamState<'_>, states: &mut SavedStates) {
    if let Some(blob) = state.stream_state {
        states.insert(state.stream_descriptor.name, RawJson::from(blob.to_owned()));
    }
}

fn legacy(map: LegacyMap<'_>, place: &Place, states: &mut SavedStates) -> Result<(), Failure> {
    for (stream, state) in map.0 {
        if !state.get().starts_with('{') {
            return Err(place
                .within(&stream)
                .here("it is neither a field of a message nor the state of a stream"));
        }
        states.insert(stream, RawJson::from(state.to_owned()));
    }
    Ok(())
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
        let without_state = r#"[{"type":"STREAM","stream":{"stream_descriptor":{"name":"campaigns"}}}]"#;
        for text in ["{}", "[]", "null", without_state] {
            assert_eq!(campaigns(text), None, "{text}");
        }
    }

    #[test]
    fn an_output_without_a_state_is_no_first_sync() {
        let log = r#"{"type":"LOG","log":{"level":"INFO","message":"x"}}"#;
        for text in [format!("{log}\n"), format!("{log}\n{log}\n"), format!("{log}\n{{\"type\":")] {
            let told = read(&text).unwrap_err().to_string();
            assert!(told.contains("has saved no state"), "{text}: {told}");
        }
        assert!(read("[{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"x\"}}]").is_ok());
    }

    #[test]
    fn an_empty_file_is_no_first_sync() {
        for text in ["", " \n"] {
            assert!(read(text).unwrap_err().to_string().contains("it is empty"), "{text:?}");
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
    fn lines_that_are_no_messages_are_left_out_of_an_output_only() {
        let state = r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"campaigns"},"stream_state":{"t":1}}}}"#;
        for text in [
            format!("{state}\na line\n"),
            format!("a line\n{state}\n"),
            format!("a line\n{state}\n{{\"type\":"),
        ] {
            assert_eq!(campaigns(&text).as_deref(), Some(r#"{"t":1}"#), "{text}");
        }
        for text in ["a line\n", "a line\n{\"type\":", "[\n{\"campaigns\":{}}\n", "{\n\"campaigns\": x\n}"] {
            assert!(read(text).is_err(), "{text}");
        }
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
    fn what_is_no_state_is_refused_with_its_path() {
        for (text, path, reason) in [
            ("[1]", "[0]", "neither a message nor a map"),
            ("[{}, [{}]]", "[1]", "neither a message nor a map"),
            ("\"x\"", ".", "neither a message nor a map"),
            (r#"{"campaigns": 5}"#, "campaigns", "nor the state of a stream"),
            (r#"[{"type":"STREAM"}]"#, "[0]", "missing field `stream`"),
            (r#"{"type":"STREAM","stream":{}}"#, "stream", "missing field `stream_descriptor`"),
            (
                r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":1}}}"#,
                "stream.stream_descriptor.name",
                "a string",
            ),
            (
                r#"{"type":"GLOBAL","global":{"stream_states":[{}]}}"#,
                "global.stream_states[0]",
                "stream_descriptor",
            ),
            (r#"{"type":"STATE","state":{"type":"STREAM","stream":5}}"#, "state.stream", "invalid type"),
            (r#"{"type":"STATE"}"#, ".", "missing field `state`"),
            (r#"[{"type":"FOO"}]"#, "[0].type", "FOO"),
            (r#"{"type":5}"#, "type", "invalid type"),
            (r#"{"type":"LEGACY","data":[]}"#, "data", "expected a map"),
        ] {
            let told = read(text).unwrap_err().to_string();
            assert!(told.contains(&format!("`{path}`: ")) && told.contains(reason), "{text}: {told}");
        }
        assert!(read("{").unwrap_err().to_string().contains("line 1 column 1"));
    }
}
