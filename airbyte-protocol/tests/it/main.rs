//! Lines of the protocol, read and written again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod messages;
mod schema;
mod schema_walk;

use airbyte_protocol::{Envelope, Message, RawJson, Reader, Record, RecordTemplate, SyncMode, Writer};
use proptest::prelude::*;
use serde_json::Value;

/// One line of each message type, with fields that this crate does not know at every level.
const LINES: &str = include_str!("fixtures/lines.jsonl");

fn read(line: &str) -> Envelope {
    serde_json::from_str(line).unwrap()
}

#[test]
fn every_line_comes_back_byte_for_byte() {
    for line in LINES.lines() {
        assert_eq!(serde_json::to_string(&read(line)).unwrap(), line);
    }
}

#[test]
fn every_message_type_is_known() {
    let unknown: Vec<_> =
        LINES.lines().filter(|line| matches!(read(line).message, Message::Unknown(_))).collect();
    assert_eq!(unknown, [r#"{"type":"WEATHER","weather":{"sky":"blue"},"n":1}"#]);
    assert_eq!(LINES.lines().count(), 17);
}

#[test]
fn a_bad_line_is_told_without_its_content_and_the_next_one_is_read() {
    let text = "{\"type\":\"LOG\",\"log\":{\"message\":\"my secret\"}}\n{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"x\"}}\n";
    let mut reader = Reader::new(text.as_bytes());
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "line 1 is not a message of the protocol");
    assert!(reader.next().unwrap().is_ok());
}

#[test]
fn a_body_that_is_missing_is_an_error() {
    for kind in [
        "RECORD",
        "STATE",
        "LOG",
        "SPEC",
        "CONNECTION_STATUS",
        "CATALOG",
        "TRACE",
        "CONTROL",
        "DESTINATION_CATALOG",
    ] {
        let error =
            serde_json::from_str::<Envelope>(&format!(r#"{{"type":"{kind}"}}"#)).unwrap_err().to_string();
        assert!(error.contains("missing field"), "{kind}: {error}");
    }
}

#[test]
fn record_data_keeps_digits_order_and_nulls() {
    let data = r#"{"z":123456789012345678901234567890,"a":1.10,"n":null,"u":"\u00fc"}"#;
    let line =
        format!(r#"{{"type":"RECORD","record":{{"stream":"s","data":{data},"emitted_at":1,"new":2}}}}"#);
    let Message::Record(record) = read(&line).message else { unreachable!("a record") };
    assert_eq!(record.data.get(), data);
}

#[test]
fn a_sync_mode_nobody_knows_is_kept() {
    assert_eq!(SyncMode::from("weekly".to_owned()), SyncMode::Other("weekly".to_owned()));
}

#[test]
fn control_shows_no_config_in_debug() {
    let line = LINES.lines().find(|line| line.contains("CONNECTOR_CONFIG")).unwrap();
    assert!(line.contains("hush"));
    assert!(!format!("{:?}", read(line)).contains("hush"));
}

proptest! {
    #[test]
    fn the_template_writes_what_the_message_would(stream in ".*", namespace in proptest::option::of(".*"), key in ".*", text in ".*", at in any::<i64>()) {
        let data = Value::Object([(key, Value::from(text))].into_iter().collect());
        let pretty = serde_json::to_string_pretty(&data).unwrap();
        let mut fast = Vec::new();
        RecordTemplate::new(&stream, namespace.as_deref()).push(&mut fast, pretty.as_bytes(), at);
        prop_assert_eq!(fast.iter().filter(|byte| **byte == b'\n').count(), 1);
        let mut record = Record::new(stream.as_str(), RawJson::from(data), at);
        record.namespace = namespace;
        let message = Message::from(record);
        prop_assert_eq!(&read(std::str::from_utf8(&fast).unwrap()).message, &message);
        let mut slow = Vec::new();
        Writer::new(&mut slow).write(&message).unwrap();
        prop_assert_eq!(read(std::str::from_utf8(&slow).unwrap()).message, message);
    }
}
