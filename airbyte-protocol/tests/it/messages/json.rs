//! What messages are made of: texts, numbers, JSON.

use airbyte_protocol::RawJson;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// A field that may be absent: as often there as not.
/// Boxed, because a message is a deep type of strategies and its values lie on the stack.
pub(super) fn maybe<S: Strategy + 'static>(of: S) -> BoxedStrategy<Option<S::Value>> {
    proptest::option::of(of).boxed()
}

/// A name, any text, or what JSON must escape.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,8}", ".{0,6}", "[\\x00-\\x1f\"\\\\\u{2028}\u{1f4cc}]{1,4}"]
}

/// Milliseconds since 1970-01-01T00:00:00Z.
pub(super) fn moment() -> impl Strategy<Value = f64> {
    (any::<u32>(), 0..1_000_u16).prop_map(|(seconds, millis)| f64::from(seconds) * 1000. + f64::from(millis))
}

/// Up to two of something.
pub(super) fn some<S: Strategy + 'static>(of: S) -> BoxedStrategy<Vec<S::Value>> {
    vec(of, 0..3).boxed()
}

/// The path of a field.
pub(super) fn path() -> BoxedStrategy<Vec<String>> {
    some(text())
}

/// An object of any content, for example a JSON Schema.
pub(super) fn object() -> impl Strategy<Value = Map<String, Value>> {
    some((text(), value())).prop_map(Map::from_iter)
}

/// An object as text, with line breaks between its tokens or without.
pub(super) fn raw_object() -> impl Strategy<Value = RawJson> {
    (object(), any::<bool>()).prop_map(|(object, pretty)| {
        let object = Value::Object(object);
        if !pretty {
            return object.into();
        }
        serde_json::to_string_pretty(&object).unwrap().replace('\n', "\r\n").parse().unwrap()
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i16>().prop_map(|number| Value::from(f64::from(number) / 4.)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            some(inner.clone()).prop_map(Value::from),
            some((text(), inner)).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}
