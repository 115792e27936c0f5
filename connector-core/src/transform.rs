//! Takes fields out of a raw record; everything else stays byte for byte as it came.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Writes `record` to `out` without the named top-level fields.
///
/// # Errors
/// When the record is not a JSON object.
pub(crate) fn without_fields(
    record: &[u8],
    fields: &[String],
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(record);
    out.push(b'{');
    deserializer.deserialize_map(Copy { fields, out })?;
    out.push(b'}');
    deserializer.end()
}

struct Copy<'a> {
    fields: &'a [String],
    out: &'a mut Vec<u8>,
}

impl<'de> Visitor<'de> for Copy<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut first = true;
        while let Some(key) = map.next_key::<String>()? {
            let value: &RawValue = map.next_value()?;
            if self.fields.contains(&key) {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            serde_json::to_writer(&mut *self.out, &key).map_err(serde::de::Error::custom)?;
            self.out.push(b':');
            self.out.extend_from_slice(value.get().as_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(record: &str, fields: &[&str]) -> String {
        let fields: Vec<_> = fields.iter().map(|field| (*field).to_owned()).collect();
        let mut out = Vec::new();
        without_fields(record.as_bytes(), &fields, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn takes_a_field_out_wherever_it_stands() {
        let record = r#"{"a":1,"secret":{"x":[1,2]},"b":9007199254740993}"#;
        assert_eq!(without(record, &["secret"]), r#"{"a":1,"b":9007199254740993}"#);
        assert_eq!(without(record, &["a"]), r#"{"secret":{"x":[1,2]},"b":9007199254740993}"#);
        assert_eq!(without(record, &["a", "b", "secret"]), "{}");
    }

    #[test]
    fn a_name_written_with_escapes_is_the_same_name() {
        assert_eq!(without(r#"{"\u0073ecret":1,"b":2}"#, &["secret"]), r#"{"b":2}"#);
    }

    #[test]
    fn nested_fields_of_that_name_stay() {
        assert_eq!(without(r#"{"a":{"secret":1}}"#, &["secret"]), r#"{"a":{"secret":1}}"#);
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        let mut out = Vec::new();
        assert!(without_fields(b"[1]", &["a".to_owned()], &mut out).is_err());
        assert!(without_fields(br#"{"a":1} x"#, &["b".to_owned()], &mut out).is_err());
    }
}
