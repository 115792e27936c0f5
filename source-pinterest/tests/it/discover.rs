//! What the program offers: the specification and the catalog.

use serde_json::{Map, Value};

use crate::program::{Files, discovered, run};

#[test]
fn spec_needs_no_config_and_marks_the_secrets() {
    let output = run("spec", &[]);
    assert_eq!((output.code, output.lines.len()), (Some(0), 1));
    let credentials =
        &output.lines[0]["spec"]["connectionSpecification"]["properties"]["credentials"]["properties"];
    for secret in ["client_id", "client_secret", "refresh_token"] {
        assert_eq!(credentials[secret]["airbyte_secret"], true, "{secret}");
    }
}

#[test]
fn discover_makes_no_request_and_offers_every_stream_with_its_keys_modes_and_kind_of_schema() {
    let files = Files::new();
    let output = run("discover", &[("--config", &files.config())]);
    assert_eq!(output.code, Some(0), "{:?}", output.lines);
    let streams = output.lines[0]["catalog"]["streams"].as_array().unwrap().clone();
    let expected: Value = serde_json::from_str(include_str!("catalog.json")).unwrap();
    let expected = expected.as_array().unwrap();
    let names = |streams: &[Value]| -> Vec<_> {
        streams.iter().map(|stream| stream["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&streams), names(expected));
    for (stream, expected) in streams.iter().zip(expected) {
        let mut stream = stream.as_object().unwrap().clone();
        // The properties are compared below, by their types; the texts are our own.
        let texts_and_properties = ["title", "description", "properties"];
        let schema = stream["json_schema"].as_object_mut().unwrap();
        schema.retain(|key, _| !texts_and_properties.contains(&key.as_str()));
        assert_eq!(Value::from(stream), *expected);
    }
}

/// The type of a field in short, e.g. `array? of string?`; of an object with known fields, theirs, its own under `""`.
fn type_of(schema: &Value) -> Value {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let named: Vec<&str> = types.iter().copied().filter(|name| *name != "null").collect();
    let mut short = if named.is_empty() { "any".to_owned() } else { named.join("|") };
    if let Some(format) = schema["format"].as_str() {
        let airbyte_type = schema["airbyte_type"].as_str().map(|name| format!(",{name}")).unwrap_or_default();
        short += &format!("({format}{airbyte_type})");
    }
    short += if types.contains(&"null") { "?" } else { "" };
    if schema["items"].is_object() {
        short += &format!(" of {}", type_of(&schema["items"]).as_str().unwrap());
    }
    match schema["properties"].as_object() {
        Some(fields) if !fields.is_empty() => {
            let mut types = Map::from_iter([(String::new(), Value::from(short))]);
            types.extend(fields.iter().map(|(name, schema)| (name.clone(), type_of(schema))));
            types.into()
        }
        _ => short.into(),
    }
}

/// The names and types are those of the official connector 2.1.12, so that no column of a warehouse changes.
#[test]
fn every_field_has_the_type_that_warehouses_hold() {
    let expected: Value = serde_json::from_str(include_str!("field_types.json")).unwrap();
    let streams = discovered();
    assert_eq!(streams.len(), expected.as_object().unwrap().len());
    for stream in streams {
        let name = stream["name"].as_str().unwrap();
        let fields = stream["json_schema"]["properties"].as_object().unwrap();
        let types: Map<_, _> = fields.iter().map(|(name, schema)| (name.clone(), type_of(schema))).collect();
        assert_eq!(Value::from(types), expected[name], "{name}");
    }
}
