//! Walks through a schema, alone or beside a value: which fields and enum values it names, and which of them the value
//! has. Knows what `schema.json` uses: `$ref`, `oneOf` told apart by `type`, `properties`, `items`, `enum`, `const`.

use std::collections::BTreeSet;

use serde_json::Value;

/// What a value has of a schema.
#[derive(Debug, Default)]
pub(crate) struct Visited {
    /// Fields that are there, optional fields that are not, and enum values, by their place in the schema.
    pub(crate) points: BTreeSet<String>,
    /// Every field the schema names: the JSON pointer of its object, and its name.
    pub(crate) fields: Vec<(String, String)>,
}

/// Everything that [`visit`] could find.
pub(crate) fn points(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(schema, schema, "", &mut found, &mut BTreeSet::new());
    found
}

/// Walks through a value that the schema allows.
pub(crate) fn visit(schema: &Value, value: &Value) -> Visited {
    let mut visited = Visited::default();
    walk(schema, schema, "", value, "", &mut visited);
    visited
}

/// The definition that a schema refers to, and its place; the schema itself where it refers to none.
fn resolve<'a>(root: &'a Value, schema: &'a Value, place: &str) -> (&'a Value, String) {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            let name = reference.strip_prefix("#/definitions/").unwrap();
            (&root["definitions"][name], name.to_owned())
        }
        None => (schema, place.to_owned()),
    }
}

fn kind_of(branch: &Value) -> &str {
    branch["properties"]["type"]["const"].as_str().unwrap()
}

fn is_required(schema: &Value, field: &str) -> bool {
    schema["required"].as_array().unwrap().iter().any(|name| name == field)
}

fn collect(
    root: &Value,
    schema: &Value,
    place: &str,
    found: &mut BTreeSet<String>,
    done: &mut BTreeSet<String>,
) {
    let (schema, place) = resolve(root, schema, place);
    if !done.insert(place.clone()) {
        return;
    }
    for branch in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        collect(root, branch, &format!("{place}/{}", kind_of(branch)), found, done);
    }
    for value in schema.get("enum").and_then(Value::as_array).into_iter().flatten() {
        found.insert(format!("{place}={value}"));
    }
    for (field, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let place = format!("{place}/{field}");
        found.insert(format!("{place} there"));
        if !is_required(schema, field) {
            found.insert(format!("{place} absent"));
        }
        collect(root, inner, &place, found, done);
    }
    if let Some(items) = schema.get("items") {
        collect(root, items, &format!("{place}/[]"), found, done);
    }
}

fn walk(root: &Value, schema: &Value, place: &str, value: &Value, pointer: &str, visited: &mut Visited) {
    let (schema, place) = resolve(root, schema, place);
    if let Some(branches) = schema.get("oneOf").and_then(Value::as_array) {
        let branch = branches.iter().find(|branch| value["type"] == kind_of(branch)).unwrap();
        return walk(root, branch, &format!("{place}/{}", kind_of(branch)), value, pointer, visited);
    }
    if schema.get("enum").is_some() {
        visited.points.insert(format!("{place}={value}"));
    }
    for (field, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let place = format!("{place}/{field}");
        match value.get(field) {
            Some(content) => {
                visited.points.insert(format!("{place} there"));
                visited.fields.push((pointer.to_owned(), field.clone()));
                walk(root, inner, &place, content, &format!("{pointer}/{field}"), visited);
            }
            None => {
                visited.points.insert(format!("{place} absent"));
            }
        }
    }
    if let Some(items) = schema.get("items") {
        for (index, item) in value.as_array().unwrap().iter().enumerate() {
            walk(root, items, &format!("{place}/[]"), item, &format!("{pointer}/{index}"), visited);
        }
    }
}
