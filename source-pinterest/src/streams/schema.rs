//! The schemas of the streams.

use connector_core::Failure;
use serde_json::{Map, Value, json};

/// The text of a schema file.
macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("../../schemas/", $name, ".json"))
    };
}

pub(super) use text;

/// Parts of the names of columns that hold text. All others hold numbers.
const TEXT: [&str; 12] = [
    "_ID",
    "_NAME",
    "_STATUS",
    "_TYPE",
    "_VALUE_TEXT",
    "_URL",
    "_BRAND",
    "_DESCRIPTION",
    "_CATEGORY",
    "_CURRENCY",
    "_LABEL",
    "_OPTIMIZATION",
];

/// # Errors
/// The file is broken.
pub(super) fn parse(stream: &str, schema: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(schema)
        .map_err(|error| Failure::system(format!("the schema of {stream} is broken")).with_source(error))
}

/// The names of its properties.
pub(super) fn names(schema: &Map<String, Value>) -> impl Iterator<Item = &str> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str())
}

/// Adds columns that it does not have yet.
pub(super) fn add<'a>(schema: &mut Map<String, Value>, columns: impl IntoIterator<Item = &'a str>) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for column in columns {
        let text = TEXT.iter().any(|ending| column.ends_with(ending));
        let kind = if text { "string" } else { "number" };
        properties.entry(column).or_insert_with(
            || json!({"description": "A column that the config asks for.", "type": ["null", kind]}),
        );
    }
}
