//! Reads a few top-level fields of a raw record and stops at the last one wanted.
//!
//! A record has been read as JSON by whoever made it, so that what is not wanted is skipped without being looked at: only
//! quotes, backslashes and brackets count.

use std::borrow::Cow;

use memchr::memchr2;
use serde::de::Error as _;
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
    /// When the record is not a JSON object, as far as it was looked at.
    pub(crate) fn values(&self, record: &[u8]) -> Result<Vec<Value>, serde_json::Error> {
        let mut values = vec![None; self.fields.len()];
        if !values.is_empty() {
            self.find(record, &mut values)?;
        }
        Ok(values.into_iter().map(Option::unwrap_or_default).collect())
    }

    fn find(&self, record: &[u8], values: &mut [Option<Value>]) -> Result<(), serde_json::Error> {
        let mut missing = values.len();
        let mut rest = Rest { bytes: record, at: 0 };
        rest.expect(b'{')?;
        if rest.next_is(b'}') {
            return Ok(());
        }
        loop {
            let (key, escaped) = rest.key()?;
            rest.expect(b':')?;
            let value = rest.value()?;
            if let Some(position) = self.position(key, escaped)?
                && values[position].replace(serde_json::from_slice(value)?).is_none()
            {
                missing -= 1;
            }
            if missing == 0 || rest.next_is(b'}') {
                return Ok(());
            }
            rest.expect(b',')?;
        }
    }

    /// The position of a key, which stands in quotes.
    fn position(&self, key: &[u8], escaped: bool) -> Result<Option<usize>, serde_json::Error> {
        let name = match escaped {
            true => Cow::Owned(serde_json::from_slice::<String>(key)?.into_bytes()),
            false => Cow::Borrowed(&key[1..key.len() - 1]),
        };
        Ok(self.fields.iter().position(|field| field.as_bytes() == &*name))
    }
}

/// What of a record has not been looked at.
struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn next_is(&mut self, byte: u8) -> bool {
        self.peek() == Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), serde_json::Error> {
        if !self.next_is(byte) {
            return Err(self.broken());
        }
        self.at += 1;
        Ok(())
    }

    /// The key that comes next, with its quotes, and whether it holds escapes.
    fn key(&mut self) -> Result<(&'a [u8], bool), serde_json::Error> {
        if !self.next_is(b'"') {
            return Err(self.broken());
        }
        let start = self.at;
        let escaped = self.skip_text()?;
        Ok((&self.bytes[start..self.at], escaped))
    }

    /// The value that comes next.
    fn value(&mut self) -> Result<&'a [u8], serde_json::Error> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => drop(self.skip_text()?),
            Some(b'{' | b'[') => self.skip_brackets()?,
            Some(_) => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                // One that nothing follows may be cut short.
                let length = self.bytes[start..].iter().position(ends).ok_or_else(|| self.broken())?;
                self.at = start + length;
            }
            None => {}
        }
        if self.at == start { Err(self.broken()) } else { Ok(&self.bytes[start..self.at]) }
    }

    /// Over a text, from its first quote on. Says whether it holds escapes.
    fn skip_text(&mut self) -> Result<bool, serde_json::Error> {
        self.at += 1;
        let mut escaped = false;
        while let Some(next) = self.bytes.get(self.at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            self.at += next + 1;
            if self.bytes[self.at - 1] == b'"' {
                return Ok(escaped);
            }
            escaped = true;
            self.at += 1;
        }
        Err(self.broken())
    }

    /// Over an object or an array, from its first bracket on.
    fn skip_brackets(&mut self) -> Result<(), serde_json::Error> {
        let mut open = 0_usize;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_text()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
        Err(self.broken())
    }

    fn broken(&self) -> serde_json::Error {
        serde_json::Error::custom(format_args!("no JSON object, at byte {}", self.at.min(self.bytes.len())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

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

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\"\\\\{}\\[\\]:, ]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"\\\\]{0,2}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn finds_what_a_parser_finds(
            fields in prop::collection::btree_map("[a-c\"\\\\ü]{0,2}", value(), 0..6),
            pretty in any::<bool>(),
        ) {
            let record = Value::Object(fields.into_iter().collect::<Map<_, _>>());
            let text = if pretty { format!("{record:#}") } else { record.to_string() };
            let names = ["a", "b", "ab", "\"", "ü"];
            let expected = names.map(|name| record.get(name).cloned().unwrap_or_default());
            prop_assert_eq!(peek(&names, &text).unwrap(), expected);
        }

        #[test]
        fn what_ends_in_the_middle_is_an_error_or_was_found_before(
            fields in prop::collection::btree_map("[a-c]{1,2}", value(), 0..6),
            kept in any::<prop::sample::Index>(),
        ) {
            let record = Value::Object(fields.into_iter().collect::<Map<_, _>>());
            let text = record.to_string().into_bytes();
            let mut peek = Peek::default();
            peek.want("a");
            if let Ok(values) = peek.values(&text[..kept.index(text.len())]) {
                prop_assert_eq!(Some(&values[0]), record.get("a"));
            }
        }

        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40), tokens in "[{}\\[\\]\",:a1\\\\]{0,20}") {
            let mut peek = Peek::default();
            peek.want("a");
            let _ = peek.values(&bytes);
            let _ = peek.values(tokens.as_bytes());
        }
    }
}
