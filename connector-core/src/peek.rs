//! Reads a few top-level fields of a raw record and stops at the last one wanted.

use serde::de::{DeserializeSeed, Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// The fields that are looked for, by position.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peek {
    fields: Vec<String>,
}

impl Peek {
    /// The position under which a field's value is found; the same for the same field.
    pub(crate) fn want(&mut self, field: &str) -> usize {
        self.fields.iter().position(|known| known == field).unwrap_or_else(|| {
            self.fields.push(field.to_owned());
            self.fields.len() - 1
        })
    }

    /// The values of the wanted fields; `Null` for one that is absent.
    ///
    /// # Errors
    /// When the record is not a JSON object, as far as it was read.
    pub(crate) fn values(&self, record: &[u8]) -> Result<Vec<Value>, serde_json::Error> {
        let mut found = Found { values: vec![Value::Null; self.fields.len()], missing: self.fields.len() };
        let mut deserializer = serde_json::Deserializer::from_slice(record);
        let outcome = deserializer.deserialize_map(FieldVisitor { fields: &self.fields, found: &mut found });
        match outcome {
            // The visitor stops early, which the deserializer takes for an error.
            Err(error) if found.missing > 0 => Err(error),
            _ => Ok(found.values),
        }
    }
}

struct Found {
    values: Vec<Value>,
    missing: usize,
}

struct FieldVisitor<'a> {
    fields: &'a [String],
    found: &'a mut Found,
}

impl<'de> Visitor<'de> for FieldVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a record, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = vec![false; self.fields.len()];
        while let Some(wanted) = map.next_key_seed(Position(self.fields))? {
            let Some(position) = wanted else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            self.found.values[position] = map.next_value()?;
            if !std::mem::replace(&mut seen[position], true) {
                self.found.missing -= 1;
            }
            if self.found.missing == 0 {
                return Err(A::Error::custom("found all"));
            }
        }
        Ok(())
    }
}

/// Turns a key into its position among the wanted fields without keeping the key.
struct Position<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for Position<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Position<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a field name")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|field| field == key))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn peek(fields: &[&str], record: &str) -> Result<Vec<Value>, serde_json::Error> {
        let mut peek = Peek::default();
        for field in fields {
            peek.want(field);
        }
        peek.values(record.as_bytes())
    }

    #[test]
    fn finds_fields_in_any_order() {
        let values = peek(&["b", "a"], r#"{"x": [1, {"a": 9}], "a": "1", "b": 2.5}"#).unwrap();
        assert_eq!(values, [json!(2.5), json!("1")]);
    }

    #[test]
    fn an_absent_field_is_null() {
        assert_eq!(peek(&["a", "b"], r#"{"b": 1}"#).unwrap(), [json!(null), json!(1)]);
    }

    #[test]
    fn reads_an_escaped_name() {
        assert_eq!(peek(&["a"], r#"{"\u0061": 1}"#).unwrap(), [json!(1)]);
    }

    #[test]
    fn does_not_read_on_after_the_last_wanted_field() {
        assert_eq!(peek(&["a"], r#"{"a": 1, broken"#).unwrap(), [json!(1)]);
        assert!(peek(&["b"], r#"{"a": 1, broken"#).is_err());
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for text in ["[]", "1", "\"a\"", "", "null"] {
            assert!(peek(&["a"], text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_same_field_has_one_position() {
        let mut peek = Peek::default();
        assert_eq!((peek.want("a"), peek.want("b"), peek.want("a")), (0, 1, 0));
    }
}
