//! The fields that a schema describes, and how those of two schemas differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// So many names are told; of more only the number.
const FEW: usize = 4;

/// The types of each field by its path, for example `bid.amount`.
type Fields = BTreeMap<String, BTreeSet<String>>;

/// How many fields a schema describes, in words.
pub(super) fn count(schema: Option<&Value>) -> String {
    match fields(schema).len() {
        1 => "1 field".to_owned(),
        many => format!("{many} fields"),
    }
}

/// Which fields are new, gone or of another type, in words; `None` where there are none.
pub(super) fn changes(before: Option<&Value>, now: Option<&Value>) -> Option<String> {
    let (before, now) = (fields(before), fields(now));
    let new = now.keys().filter(|path| !before.contains_key(*path));
    let retyped = now.iter().filter(|(path, types)| before.get(*path).is_some_and(|before| before != *types));
    let gone = before.keys().filter(|path| !now.contains_key(*path));
    let told: Vec<_> = [told(new, "new"), told(retyped.map(|(path, _)| path), "retyped"), told(gone, "gone")]
        .into_iter()
        .flatten()
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn told<'a>(paths: impl Iterator<Item = &'a String>, what: &str) -> Option<String> {
    let paths: Vec<_> = paths.map(String::as_str).collect();
    let fields = if paths.len() == 1 { "field" } else { "fields" };
    match paths.len() {
        0 => None,
        few @ ..=FEW => Some(format!("{few} {fields} {what} ({})", paths.join(", "))),
        many => Some(format!("{many} {fields} {what}")),
    }
}

fn fields(schema: Option<&Value>) -> Fields {
    let mut fields = Fields::new();
    if let Some(schema) = schema {
        collect(schema, "", &mut fields);
    }
    fields
}

/// Collects the fields of an object, and those of the objects in it and in its lists.
fn collect(schema: &Value, path: &str, fields: &mut Fields) {
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        fields.insert(path.clone(), types(property));
        collect(property, &path, fields);
    }
    if let Some(items) = schema.get("items") {
        collect(items, path, fields);
    }
}

/// The types of a field, those of a list with what it lists. That it may be null says nothing: any field may be.
fn types(property: &Value) -> BTreeSet<String> {
    let named = |value: &Value| value.as_str().map(str::to_owned);
    let mut types: BTreeSet<String> = match property.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(named).collect(),
        Some(one) => named(one).into_iter().collect(),
        None => BTreeSet::new(),
    };
    types.remove("null");
    // A text with and without it becomes columns of different types.
    types.extend(property.get("airbyte_type").and_then(named));
    for key in ["anyOf", "oneOf"] {
        types.extend(property.get(key).and_then(Value::as_array).into_iter().flatten().flat_map(self::types));
    }
    if let Some(items) = property.get("items") {
        types.extend(self::types(items).into_iter().map(|of| format!("list of {of}")));
    }
    types
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_that_are_new_gone_or_of_another_type_are_told() {
        let text = json!({"type": ["null", "string"], "description": "any"});
        let number = json!({"type": "number"});
        let object = |properties: Value| json!({"type": "object", "properties": properties});
        let list = |items: Value| json!({"type": ["array", "null"], "items": items});
        for (before, now, expected) in [
            (json!({"a": text}), json!({"a": {"type": "string"}}), None),
            (json!({}), json!({"a": text}), Some("1 field new (a)")),
            (json!({"a": text}), json!({}), Some("1 field gone (a)")),
            (
                json!({"a": text}),
                json!({"a": {"type": "string", "airbyte_type": "timestamp_without_timezone"}}),
                Some("1 field retyped (a)"),
            ),
            (
                json!({"a": text, "b": number}),
                json!({"a": number, "b": text}),
                Some("2 fields retyped (a, b)"),
            ),
            (
                json!({"a": list(text.clone())}),
                json!({"a": list(number.clone())}),
                Some("1 field retyped (a)"),
            ),
            (
                json!({"a": object(json!({"x": text})), "b": list(object(json!({})))}),
                json!({"a": object(json!({"y": text})), "b": list(object(json!({"z": text})))}),
                Some("2 fields new (a.y, b.z), 1 field gone (a.x)"),
            ),
            (json!({}), json!({"a": text, "b": text, "c": text, "d": text, "e": text}), Some("5 fields new")),
        ] {
            let told = changes(Some(&object(before)), Some(&object(now)));
            assert_eq!(told.as_deref(), expected);
        }
        assert_eq!(changes(None, None), None);
        assert_eq!([count(None), count(Some(&object(json!({"a": 1}))))], ["0 fields", "1 field"]);
    }
}
