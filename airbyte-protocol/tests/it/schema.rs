//! Everything the crate can write is what the protocol allows: `schema.json` holds the protocol's names, types and
//! values, more strictly than the protocol does, so that a field with a wrong name is refused.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use airbyte_protocol::{ConfiguredCatalog, Message, Reader, Writer};
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::messages::{configured_catalog, message};
use crate::schema_walk::{points, visit};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("schema.json")).unwrap());
static MESSAGES: LazyLock<Validator> = LazyLock::new(|| validator(SCHEMA.clone()));
static CONFIGURED: LazyLock<Validator> = LazyLock::new(|| validator(configured_schema()));

/// The schema of a configured catalog: the same definitions behind another door.
fn configured_schema() -> Value {
    json!({
        "$schema": SCHEMA["$schema"],
        "$ref": "#/definitions/configured_catalog",
        "definitions": SCHEMA["definitions"],
    })
}

fn validator(schema: Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// The one line that the crate writes of a message.
fn line_of(message: &Message) -> String {
    let mut bytes = Vec::new();
    Writer::new(&mut bytes).write(message).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn check(validator: &Validator, value: &Value) -> Result<(), TestCaseError> {
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    prop_assert!(errors.is_empty(), "{errors:?} in {value}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_message_is_one_line_that_the_schema_allows_and_reads_back(message in message()) {
        let line = line_of(&message);
        prop_assert_eq!(line.find(['\n', '\r']), Some(line.len() - 1));
        check(&MESSAGES, &serde_json::from_str(&line).unwrap())?;
        let again = Reader::new(line.as_bytes()).next().unwrap().unwrap();
        prop_assert!(again.extra.is_empty());
        prop_assert_eq!(&again.message, &message);
        prop_assert_eq!(line_of(&again.message), line);
    }

    #[test]
    fn a_field_with_a_wrong_name_or_type_is_refused(message in message(), pick in any::<prop::sample::Index>()) {
        let value: Value = serde_json::from_str(&line_of(&message)).unwrap();
        let fields = visit(&SCHEMA, &value).fields;
        let (object, field) = pick.get(&fields);
        let mut misspelt = value.clone();
        let map = misspelt.pointer_mut(object).unwrap().as_object_mut().unwrap();
        let content = map.shift_remove(field).unwrap();
        map.insert(format!("{field}_"), content);
        prop_assert!(!MESSAGES.is_valid(&misspelt), "{misspelt}");
        let mut mistyped = value.clone();
        mistyped.pointer_mut(object).unwrap()[field] = json!([{}]);
        prop_assert!(!MESSAGES.is_valid(&mistyped), "{mistyped}");
    }
}

proptest! {
    #[test]
    fn every_configured_catalog_is_what_the_schema_allows_and_reads_back(catalog in configured_catalog()) {
        let text = serde_json::to_string(&catalog).unwrap();
        check(&CONFIGURED, &serde_json::from_str(&text).unwrap())?;
        let again: ConfiguredCatalog = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&again, &catalog);
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }
}

/// What the properties above rest on: they see each field there, each optional field absent, and each value of each
/// enum that the schema names.
#[test]
fn the_messages_of_the_properties_hold_every_field_and_value_of_the_schema() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..2500 {
        let message = message().new_tree(&mut runner).unwrap().current();
        seen.extend(visit(&SCHEMA, &serde_json::from_str(&line_of(&message)).unwrap()).points);
    }
    for _ in 0..100 {
        let catalog = configured_catalog().new_tree(&mut runner).unwrap().current();
        seen.extend(visit(&configured_schema(), &serde_json::to_value(catalog).unwrap()).points);
    }
    let all: BTreeSet<_> = points(&SCHEMA).into_iter().chain(points(&configured_schema())).collect();
    assert!(all.len() > 250, "the walk finds too little: {}", all.len());
    let missing: Vec<_> = all.difference(&seen).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_definition_of_the_schema_is_used() {
    let all: BTreeSet<_> = points(&SCHEMA).into_iter().chain(points(&configured_schema())).collect();
    for name in SCHEMA["definitions"].as_object().unwrap().keys() {
        let text = format!("\"#/definitions/{name}\"");
        assert!(SCHEMA.to_string().contains(&text) || name == "configured_catalog", "{name}");
        let object = SCHEMA["definitions"][name].get("properties").is_some();
        assert!(!object || all.iter().any(|point| point.starts_with(&format!("{name}/"))), "{name}");
    }
}
