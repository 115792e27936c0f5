//! The schemas of the streams.

use std::sync::Arc;

use connector_core::Failure;
use serde_json::{Map, Value, json};

/// The text of a schema file.
macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("../../schemas/", $name, ".json"))
    };
}

pub(super) use text;

/// The columns that describe instead of count: text, whatever they hold. All others hold numbers.
const TEXT: &[&str] = &[
    "CAMPAIGN_STATUS",
    "CAMPAIGN_BRAND_LABEL",
    "CAMPAIGN_CUSTOM_LABELS",
    "CAMPAIGN_MANAGED_STATUS",
    "CAMPAIGN_OBJECTIVE_TYPE",
    "CAMPAIGN_BUDGET_OPTIMIZATION",
    "IS_PREMIERE_CAMPAIGN",
    "AD_GROUP_NAME",
    "AD_GROUP_STATUS",
    "AD_GROUP_BUDGET_TYPE",
    "AD_GROUP_OPTIMIZATION",
    "AD_NAME",
    "AD_STATUS",
    "PIN_PROMOTION_NAME",
    "PIN_PROMOTION_STATUS",
    "PRODUCT_GROUP_ID",
    "PRODUCT_GROUP_STATUS",
    "PRODUCT_GROUP_AD_IMAGE_TAG",
    "PRODUCT_GROUP_AD_VIDEO_TAG",
    "PRODUCT_ITEM_NAME",
    "PRODUCT_ITEM_IMAGE_URL",
    "PRODUCT_ITEM_PRICE",
    "PRODUCT_ITEM_SALE_PRICE",
    "PRODUCT_ITEM_PRODUCT_URL",
    "PRODUCT_ITEM_PIN_URL",
    "PRODUCT_ITEM_BRAND",
    "PRODUCT_ITEM_DESCRIPTION",
    "PRODUCT_ITEM_PRODUCT_TYPE",
    "PRODUCT_ITEM_PRODUCT_CATEGORY",
    "PRODUCT_ITEM_CURRENCY",
    "PROMO_ID",
    "PROMO_NAME",
    "ORDER_LINE_ID",
    "ORDER_LINE_NAME",
    "STANDARD_AD_FEED_ITEM_ID",
    "TARGETING_TYPE",
    "TARGETING_VALUE",
];

/// A schema, which streams may share.
pub(super) type Schema = Arc<Map<String, Value>>;

/// # Errors
/// The file is broken.
pub(super) fn parse(stream: &str, schema: &str) -> Result<Schema, Failure> {
    serde_json::from_str(schema)
        .map(Arc::new)
        .map_err(|error| Failure::system(format!("the schema of {stream} is broken")).with_source(error))
}

/// The names of its properties.
pub(super) fn names(schema: &Map<String, Value>) -> impl Iterator<Item = &str> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str())
}

/// Adds columns that it does not have yet.
pub(super) fn add<'a>(schema: &mut Schema, columns: impl IntoIterator<Item = &'a str>) {
    let has = |schema: &Schema, column: &str| {
        schema.get("properties").and_then(Value::as_object).is_none_or(|names| names.contains_key(column))
    };
    for column in columns {
        // One that others share is copied only to be changed.
        if has(schema, column) {
            continue;
        }
        let kind = if TEXT.contains(&column) { "string" } else { "number" };
        let described = json!({"description": "A column that the config asks for.", "type": ["null", kind]});
        if let Some(Value::Object(properties)) = Arc::make_mut(schema).get_mut("properties") {
            properties.insert(column.to_owned(), described);
        }
    }
}

#[cfg(test)]
mod tests {
    use pinterest_client::REPORT_COLUMNS;

    use super::*;

    #[test]
    fn columns_of_text_are_columns() {
        let of_targeting = ["TARGETING_TYPE", "TARGETING_VALUE"];
        assert!(TEXT.iter().all(|column| REPORT_COLUMNS.contains(column) || of_targeting.contains(column)));
    }

    #[test]
    fn a_column_is_added_once_and_what_is_there_stays() {
        let mut schema = parse("x", r#"{"properties": {"A": {"type": "string"}}}"#).unwrap();
        add(&mut schema, ["A", "AD_NAME", "TOTAL_IMPRESSION"]);
        assert_eq!(names(&schema).collect::<Vec<_>>(), ["A", "AD_NAME", "TOTAL_IMPRESSION"]);
        let kind = |column: &str| schema["properties"][column]["type"].to_string();
        assert_eq!(kind("A"), r#""string""#);
        assert_eq!(
            (kind("AD_NAME").as_str(), kind("TOTAL_IMPRESSION").as_str()),
            (r#"["null","string"]"#, r#"["null","number"]"#)
        );
    }
}
