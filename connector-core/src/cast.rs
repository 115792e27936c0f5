//! Casts the fields of a raw record to the types of its schema; everything else stays as it came.
//!
//! Nothing goes through a float, so numbers of any length keep their digits: text is read as Python's `float`
//! reads it, and written as the literal it spells.

use std::{borrow::Cow, collections::HashMap, fmt};

use chrono::{DateTime, NaiveDateTime};
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value, value::RawValue};

use crate::peek::Peek;
use crate::stream::SchemaCast;

/// The top-level fields of a stream that have one plain type, and that type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cast {
    kinds: HashMap<Box<str>, Kind>,
    /// Where times are all that is cast, these fields: few records need it.
    only_times: Option<Peek>,
}

impl Cast {
    /// The cast to the properties of `schema` whose type, "null" aside, is a number, an integer or a string; none where
    /// there is nothing to cast.
    pub(crate) fn of_schema(schema: &Map<String, Value>, cast: SchemaCast) -> Option<Self> {
        let wanted = |kind: &Kind| match cast {
            SchemaCast::None => false,
            SchemaCast::LocalTimes => *kind == Kind::LocalTime,
            SchemaCast::All => true,
        };
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let kinds = properties.filter_map(|(name, property)| {
            Some((Box::from(name.as_str()), Kind::of(property).filter(wanted)?))
        });
        let kinds: HashMap<Box<str>, Kind> = kinds.collect();
        let only_times = (cast == SchemaCast::LocalTimes).then(|| {
            let mut times = Peek::default();
            for name in kinds.keys() {
                times.want(name);
            }
            times
        });
        (!kinds.is_empty()).then_some(Self { kinds, only_times })
    }

    /// Whether there is something to cast in a record; true where that is not cheap to say.
    pub(crate) fn changes(&self, record: &[u8]) -> bool {
        let Some(times) = &self.only_times else { return true };
        let fits = |value: &Value| value.as_str().map_or(value.is_null(), |text| local_time(text).is_none());
        times.values(record).map_or(true, |values| !values.iter().all(fits))
    }

    /// Writes `record` to `out` with its fields cast, in their order, without the `dropped` top-level ones.
    ///
    /// A field that cannot be cast is written as it is, and `warn` is called with its name.
    ///
    /// # Errors
    /// When the record is not a JSON object; `out` then holds a part of it.
    pub(crate) fn apply(
        &self,
        record: &[u8],
        dropped: &[String],
        out: &mut Vec<u8>,
        warn: &mut impl FnMut(&str),
    ) -> Result<(), serde_json::Error> {
        // Checked once here, it is not checked again for each key and value.
        let record = std::str::from_utf8(record).map_err(serde_json::Error::custom)?;
        let mut deserializer = serde_json::Deserializer::from_str(record);
        out.push(b'{');
        deserializer.deserialize_map(Fields { kinds: &self.kinds, dropped, out, warn })?;
        out.push(b'}');
        deserializer.end()
    }
}

struct Fields<'a, W> {
    kinds: &'a HashMap<Box<str>, Kind>,
    dropped: &'a [String],
    out: &'a mut Vec<u8>,
    warn: &'a mut W,
}

impl<'de, W: FnMut(&str)> Visitor<'de> for Fields<'_, W> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { kinds, dropped, out, warn } = self;
        let mut first = true;
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            // A key that is half a surrogate pair is no text, so no schema can name it.
            let name = text(key.get());
            if name.as_deref().is_some_and(|name| dropped.iter().any(|dropped| dropped == name)) {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            out.extend_from_slice(key.get().as_bytes());
            out.push(b':');
            let target = name.as_deref().and_then(|name| Some((name, kinds.get(name)?)));
            match target {
                None => out.extend_from_slice(value.get().as_bytes()),
                Some((name, Kind::LocalTime)) => {
                    if !write_local_time(value.get(), out) {
                        warn(name);
                    }
                }
                Some((_, Kind::String)) => write_string(value.get(), out).map_err(A::Error::custom)?,
                Some((name, kind)) => {
                    if !write_number(value.get(), *kind, out) {
                        warn(name);
                    }
                }
            }
        }
        Ok(())
    }
}

/// What Airbyte's schemas call times without time zone.
const LOCAL_TIME: &str = "timestamp_without_timezone";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Number,
    Integer,
    String,
    /// A time that its schema calls one without time zone.
    LocalTime,
}

impl Kind {
    /// The only type of a property besides "null", if it is one that is cast to.
    fn of(property: &Value) -> Option<Self> {
        let types = property.get("type")?;
        let types = types.as_array().map_or(std::slice::from_ref(types), Vec::as_slice);
        let mut types = types.iter().filter_map(Value::as_str).filter(|name| *name != "null");
        let kind = match types.next()? {
            "number" => Self::Number,
            "integer" => Self::Integer,
            "string" if property.get("airbyte_type").is_some_and(|kind| kind == LOCAL_TIME) => {
                Self::LocalTime
            }
            "string" => Self::String,
            _ => return None,
        };
        types.next().is_none().then_some(kind)
    }
}

/// Writes a time with an offset as the same moment in UTC without one, and everything else as it is; says whether it is a
/// time, or null.
fn write_local_time(value: &str, out: &mut Vec<u8>) -> bool {
    let text = text(value);
    let local = text.as_deref().and_then(local_time);
    match &local {
        // Digits and marks, nothing that JSON escapes.
        Some(local) => out.extend_from_slice(format!("\"{local}\"").as_bytes()),
        None => out.extend_from_slice(value.as_bytes()),
    }
    local.is_some() || value == "null" || text.is_some_and(|text| text.parse::<NaiveDateTime>().is_ok())
}

/// The moment in UTC, without its offset, of a time that has one.
fn local_time(text: &str) -> Option<String> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    Some(moment.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f").to_string())
}

/// Writes text and null as they are, and the JSON text of anything else as a string.
fn write_string(value: &str, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    if value.starts_with('"') || value == "null" {
        out.extend_from_slice(value.as_bytes());
        return Ok(());
    }
    serde_json::to_writer(out, value)
}

/// Writes `value` as a number, or as it is when it is none; says whether it was one, or null.
///
/// An integer is a literal of digits only: `12.0` and `1e3` are not looked into and stay as they are.
fn write_number(value: &str, kind: Kind, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let integer = kind == Kind::Integer;
    let is_number = match value.as_bytes() {
        [b'"', ..] => text(value).is_some_and(|text| write_literal(&text, out)),
        [b'{' | b'[', ..] => false,
        truth @ (b"true" | b"false") => {
            out.push(if truth == b"true" { b'1' } else { b'0' });
            out.extend_from_slice(if integer { b"" } else { b".0" });
            true
        }
        number_or_null => {
            out.extend_from_slice(number_or_null);
            true
        }
    };
    let fits = is_number && !(integer && out[start..].iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')));
    if !fits {
        out.truncate(start);
        out.extend_from_slice(value.as_bytes());
    }
    fits
}

/// Writes text that Python's `float` reads as a finite number: a JSON literal as it is, `+5`, `007`, `.5`, `5.`
/// and `1_000` as the literal they mean. Digits are ASCII only.
///
/// Says whether it was a number; if not, `out` may hold a part.
fn write_literal(text: &str, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let rest = match text.trim().as_bytes() {
        [b'-', rest @ ..] => {
            out.push(b'-');
            rest
        }
        [b'+', rest @ ..] => rest,
        rest => rest,
    };

    let (whole, rest) = split_digits(rest);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => {
            let (fraction, rest) = split_digits(rest);
            (Some(fraction), rest)
        }
        _ => (None, rest),
    };
    if whole.is_empty() && fraction.is_none_or(<[u8]>::is_empty) {
        return false;
    }
    let zeros = whole.iter().take_while(|byte| matches!(byte, b'0' | b'_')).count();
    write_digits(&whole[zeros..], out);
    if let Some(fraction) = fraction {
        out.push(b'.');
        write_digits(fraction, out);
    }

    let [mark @ (b'e' | b'E'), rest @ ..] = rest else {
        // Without an exponent, 308 digits are the most that is finite whatever they are.
        return rest.is_empty() && (whole.len() <= 308 || is_finite(&out[start..]));
    };
    out.push(*mark);
    let exponent = match rest {
        [sign @ (b'+' | b'-'), rest @ ..] => {
            out.push(*sign);
            rest
        }
        _ => rest,
    };
    let (exponent, rest) = split_digits(exponent);
    write_digits(exponent, out);
    !exponent.is_empty() && rest.is_empty() && is_finite(&out[start..])
}

/// Splits off the digits that `text` begins with; single underscores may stand between them.
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let mut end = 0;
    loop {
        end += match &text[end..] {
            [b'0'..=b'9', ..] => 1,
            [b'_', b'0'..=b'9', ..] if end > 0 => 2,
            _ => return text.split_at(end),
        };
    }
}

/// Writes digits without their underscores, and 0 for none.
fn write_digits(digits: &[u8], out: &mut Vec<u8>) {
    if digits.is_empty() {
        out.push(b'0');
    }
    out.extend(digits.iter().filter(|byte| **byte != b'_'));
}

/// Readers of JSON refuse a number beyond the range of a double.
fn is_finite(literal: &[u8]) -> bool {
    std::str::from_utf8(literal).is_ok_and(|literal| literal.parse().is_ok_and(f64::is_finite))
}

/// The text of a JSON string, borrowed when it has no escapes.
fn text(literal: &str) -> Option<Cow<'_, str>> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(literal).ok().map(Cow::Owned) } else { Some(inner.into()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn cast() -> Cast {
        let schema = json!({"type": "object", "properties": {
            "number": {"type": ["null", "number"]},
            "integer": {"type": "integer"},
            "string": {"type": ["string", "null"], "format": "date"},
            "either": {"type": ["number", "string"]},
            "flag": {"type": "boolean"},
            "list": {"type": ["null", "array"], "items": {"type": "number"}},
            "object": {"type": "object", "properties": {"number": {"type": "number"}}},
            "nothing": {"type": "null"},
            "anything": {},
            "time": {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_without_timezone"},
            "moment": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone"},
        }});
        Cast::of_schema(schema.as_object().unwrap(), SchemaCast::All).unwrap()
    }

    /// The record after the cast, and the fields that could not be cast.
    fn apply(record: &str, dropped: &[&str]) -> (String, Vec<String>) {
        let dropped: Vec<_> = dropped.iter().map(|field| (*field).to_owned()).collect();
        let (mut out, mut warned) = (Vec::new(), Vec::new());
        cast()
            .apply(record.as_bytes(), &dropped, &mut out, &mut |field| warned.push(field.to_owned()))
            .unwrap();
        (String::from_utf8(out).unwrap(), warned)
    }

    /// The value of one field after the cast; `None` when it cannot be cast and stayed as it is.
    fn value(field: &str, value: &str) -> Option<String> {
        let (record, warned) = apply(&format!("{{\"{field}\":{value}}}"), &[]);
        let after = record.strip_prefix(&format!("{{\"{field}\":")).unwrap().strip_suffix('}').unwrap();
        if warned.is_empty() {
            return Some(after.to_owned());
        }
        assert_eq!((after, warned.as_slice()), (value, [field.to_owned()].as_slice()));
        None
    }

    #[test]
    fn a_local_time_has_no_offset() {
        for (before, after) in [
            (r#""2022-03-14T15:15:22""#, Some(r#""2022-03-14T15:15:22""#)),
            (r#""2022-03-14T15:15:22.5""#, Some(r#""2022-03-14T15:15:22.5""#)),
            (r#""2022-03-14T15:15:22Z""#, Some(r#""2022-03-14T15:15:22""#)),
            (r#""2022-03-14T15:15:22.125+00:00""#, Some(r#""2022-03-14T15:15:22.125""#)),
            (r#""2022-03-14T23:15:22-05:00""#, Some(r#""2022-03-15T04:15:22""#)),
            ("null", Some("null")),
            (r#""soon""#, None),
            ("1647270922", None),
        ] {
            assert_eq!(value("time", before).as_deref(), after, "{before}");
        }
        let moment = r#""2022-03-14T15:15:22Z""#;
        assert_eq!(value("moment", moment).as_deref(), Some(moment));
    }

    #[test]
    fn where_only_times_are_cast_a_record_that_fits_is_not_touched() {
        let schema = json!({"properties": {
            "number": {"type": "number"},
            "time": {"type": "string", "airbyte_type": "timestamp_without_timezone"},
        }});
        let of = |cast| Cast::of_schema(schema.as_object().unwrap(), cast);
        assert!(of(SchemaCast::None).is_none());
        let cast = of(SchemaCast::LocalTimes).unwrap();
        assert!(!cast.changes(br#"{"number": "1", "time": "2022-03-14T15:15:22"}"#));
        assert!(!cast.changes(br#"{"number": "1", "time": null}"#));
        let record = br#"{"number": "1", "time": "2022-03-14T15:15:22Z"}"#;
        assert!(cast.changes(record));
        let mut out = Vec::new();
        cast.apply(record, &[], &mut out, &mut |field| panic!("{field} fits")).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"number":"1","time":"2022-03-14T15:15:22"}"#);
    }

    #[test]
    fn casts_to_a_number_or_warns() {
        let ninety_digits = "1234567890".repeat(9);
        let too_large = format!("\"{}\"", "9".repeat(309));
        let largest = "1".repeat(309);
        for (before, after) in [
            // A number stays as it is written.
            ("12", Some("12")),
            ("-0", Some("-0")),
            ("9007199254740993", Some("9007199254740993")),
            ("0.1000000000000000055511151231257827", Some("0.1000000000000000055511151231257827")),
            ("1.50", Some("1.50")),
            ("1E+3", Some("1E+3")),
            ("1e999", Some("1e999")),
            (&ninety_digits, Some(&*ninety_digits)),
            // So does the literal of a number in text.
            (r#""12""#, Some("12")),
            (r#""-0""#, Some("-0")),
            (r#""12.50""#, Some("12.50")),
            (r#""1e3""#, Some("1e3")),
            (r#""1E-03""#, Some("1E-03")),
            (r#""9007199254740993""#, Some("9007199254740993")),
            (r#"" 5 ""#, Some("5")),
            (r#""\t5\r\n""#, Some("5")),
            (r#""\u0035\u00a0""#, Some("5")),
            (&format!("\"{ninety_digits}\""), Some(&*ninety_digits)),
            (&format!("\"{largest}\""), Some(&*largest)),
            // Other ways to write a number become a literal.
            (r#""+5""#, Some("5")),
            (r#""007""#, Some("7")),
            (r#""-007""#, Some("-7")),
            (r#""000""#, Some("0")),
            (r#""00.10""#, Some("0.10")),
            (r#""5.""#, Some("5.0")),
            (r#"".5""#, Some("0.5")),
            (r#""-.5e1""#, Some("-0.5e1")),
            (r#""+5.E+1""#, Some("5.0E+1")),
            (r#""1_000""#, Some("1000")),
            (r#""0_0_1.0_5e1_0""#, Some("1.05e10")),
            // Truth is a number, nothing is nothing.
            ("true", Some("1.0")),
            ("false", Some("0.0")),
            ("null", Some("null")),
            // What is left.
            (r#""abc""#, None),
            (r#""""#, None),
            (r#"" ""#, None),
            (r#""inf""#, None),
            (r#""-Infinity""#, None),
            (r#""nan""#, None),
            (r#""null""#, None),
            (r#""true""#, None),
            (r#""+""#, None),
            (r#"".""#, None),
            (r#""-.""#, None),
            (r#""e5""#, None),
            (r#"".e5""#, None),
            (r#""1e""#, None),
            (r#""1e+""#, None),
            (r#""1e5.0""#, None),
            (r#""1.2.3""#, None),
            (r#""--1""#, None),
            (r#""+ 1""#, None),
            (r#""1 2""#, None),
            (r#""1,000""#, None),
            (r#""0x10""#, None),
            (r#""12%""#, None),
            (r#""2026-11-01""#, None),
            (r#""_1""#, None),
            (r#""1_""#, None),
            (r#""1__0""#, None),
            (r#""1_.5""#, None),
            (r#""1._5""#, None),
            (r#""1_e5""#, None),
            (r#""1e_5""#, None),
            (r#""1e999""#, None),
            (&too_large, None),
            (r#""\ud800""#, None),
            (r#""١٢""#, None),
            (r#"{"a":1}"#, None),
            ("[ 1 ]", None),
        ] {
            assert_eq!(value("number", before).as_deref(), after, "{before}");
        }
    }

    #[test]
    fn casts_to_an_integer_of_digits_only_or_warns() {
        for (before, after) in [
            ("12", Some("12")),
            ("-123456789012345678901234567890", Some("-123456789012345678901234567890")),
            (r#"" +1_000""#, Some("1000")),
            (r#""9007199254740993""#, Some("9007199254740993")),
            ("true", Some("1")),
            ("false", Some("0")),
            ("null", Some("null")),
            ("12.5", None),
            ("12.0", None),
            ("1e3", None),
            (r#""12.0""#, None),
            (r#""1e3""#, None),
            (r#""5.""#, None),
            (r#""abc""#, None),
            ("{}", None),
            ("[]", None),
        ] {
            assert_eq!(value("integer", before).as_deref(), after, "{before}");
        }
    }

    #[test]
    fn casts_to_a_string() {
        for (before, after) in [
            (r#""text""#, r#""text""#),
            (r#""\u00e9\/ \ud800 é""#, r#""\u00e9\/ \ud800 é""#),
            ("123", r#""123""#),
            ("1.50", r#""1.50""#),
            ("-1E5", r#""-1E5""#),
            ("9007199254740993", r#""9007199254740993""#),
            ("true", r#""true""#),
            ("false", r#""false""#),
            ("null", "null"),
            ("[ ]", r#""[ ]""#),
            (r#"{"a": "\"é\n"}"#, r#""{\"a\": \"\\\"é\\n\"}""#),
        ] {
            assert_eq!(value("string", before).as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn what_has_no_single_plain_type_passes_untouched() {
        for field in ["either", "flag", "list", "object", "nothing", "anything", "unknown", ""] {
            for untouched in ["1", r#"" 1 ""#, "true", "null", r#"{ "number":"1" }"#, "[\"1\"]"] {
                assert_eq!(value(field, untouched).as_deref(), Some(untouched), "{field}");
            }
        }
        let (record, warned) = apply(r#" { "a" : "1" , "number" : [ "1",2 ] } "#, &[]);
        assert_eq!((&*record, &*warned), (r#"{"a":"1","number":[ "1",2 ]}"#, &["number".to_owned()][..]));
    }

    #[test]
    fn a_schema_without_properties_casts_nothing() {
        for schema in [json!({}), json!({"properties": null}), json!({"properties": {"a": true}})] {
            assert!(Cast::of_schema(schema.as_object().unwrap(), SchemaCast::All).is_none(), "{schema}");
        }
    }

    #[test]
    fn drops_fields_wherever_they_stand_and_without_a_warning() {
        let record =
            r#"{"number":"x","secret":{"number":1},"integer":"2","\u0073ecret":3,"z":{"secret":"4"}}"#;
        let after = r#"{"integer":2,"z":{"secret":"4"}}"#;
        assert_eq!(apply(record, &["secret", "number"]), (after.to_owned(), vec![]));
        assert_eq!(apply("{}", &["secret"]).0, "{}");
        assert_eq!(apply(r#"{"secret":1}"#, &["secret"]).0, "{}");
    }

    #[test]
    fn a_name_written_with_escapes_is_the_same_name_and_stays_as_written() {
        let record = r#"{"\u006eumber":"1","strin\u0067":2,"\ud800":3,"a\"\n":4,"n\u0075mber":"x"}"#;
        let after = r#"{"\u006eumber":1,"strin\u0067":"2","\ud800":3,"a\"\n":4,"n\u0075mber":"x"}"#;
        assert_eq!(apply(record, &[]), (after.to_owned(), vec!["number".to_owned()]));
    }

    #[test]
    fn a_name_that_comes_twice_stays_twice() {
        let (record, warned) = apply(r#"{"number":"1","a":1,"number":"x","a":1,"number":true}"#, &[]);
        assert_eq!(record, r#"{"number":1,"a":1,"number":"x","a":1,"number":1.0}"#);
        assert_eq!(warned, ["number"]);
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        let records: [&[u8]; 11] = [
            b"[1]",
            b"1",
            b"\"{}\"",
            b"null",
            b"",
            b"{\"a\":1} x",
            b"{\"number\":\"1\"",
            b"{\"a\":01}",
            b"{1:1}",
            b"{\"a\":1,}",
            b"{\"a\":\"\xff\"}",
        ];
        for record in records {
            let outcome = cast().apply(record, &[], &mut Vec::new(), &mut |_| ());
            assert!(outcome.is_err(), "{}", String::from_utf8_lossy(record));
        }
    }

    /// A number as JSON writes it.
    fn number() -> impl Strategy<Value = String> {
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?"
    }

    fn is_number(literal: &str) -> bool {
        literal.starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }

    /// Any value as JSON writes it, with white space where it may be.
    fn literal() -> impl Strategy<Value = String> {
        let text =
            prop_oneof![any::<String>(), number(), " ?[+-]?[0-9_]{0,3}\\.?[0-9_]{0,3}(e[+-]?[0-9_]{0,3})?"];
        let leaf = prop_oneof![
            number(),
            text.prop_map(|text| serde_json::to_string(&text).unwrap()),
            "null|true|false",
            r#""(\\u00[2-7][0-9a-f]){0,3}""#,
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..3);
            let object = prop::collection::vec(("[a-c]", inner), 0..3);
            prop_oneof![
                list.prop_map(|items| format!("[ {} ]", items.join(",\n"))),
                object.prop_map(|fields| object_of(&fields)),
            ]
        })
    }

    fn object_of(fields: &[(String, String)]) -> String {
        let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{} : {value}", json!(key))).collect();
        format!("{{ {} }}", fields.join(" , "))
    }

    /// The fields of an object in their order, each value as it is written.
    fn fields_of(object: &str) -> Vec<(String, String)> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, String)>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    fields.push((key, value.get().to_owned()));
                }
                Ok(fields)
            }
        }
        serde_json::Deserializer::from_str(object).deserialize_map(InOrder).unwrap()
    }

    proptest! {
        #[test]
        fn casting_changes_only_what_has_a_target_and_only_once(
            fields in prop::collection::vec(
                (prop_oneof!["number|integer|string|either|flag", any::<String>()], literal()), 0..8,
            ),
        ) {
            let (record, warned) = apply(&object_of(&fields), &[]);
            let parsed: Result<Value, _> = serde_json::from_str(&record);
            prop_assert!(parsed.is_ok(), "{record}");
            prop_assert_eq!(apply(&record, &[]), (record.clone(), warned.clone()));

            let after = fields_of(&record);
            prop_assert_eq!(after.len(), fields.len());
            let mut warned = warned.iter();
            for ((key, before), (key_after, after)) in fields.iter().zip(&after) {
                prop_assert_eq!(key, key_after);
                let is_kept = before == after;
                match key.as_str() {
                    "number" | "integer" => {
                        let is_whole = !after.contains(['.', 'e', 'E']);
                        let fits = after == "null" || is_number(after) && (is_whole || key == "number");
                        prop_assert!(is_kept || fits && !is_number(before));
                        prop_assert!(fits || warned.next() == Some(key));
                    }
                    "string" if is_number(before) => prop_assert_eq!(after, &format!("\"{before}\"")),
                    "string" if before.starts_with('"') || before == "null" => prop_assert!(is_kept),
                    "string" => prop_assert_eq!(after, &json!(before).to_string()),
                    _ => prop_assert!(is_kept),
                }
            }
            prop_assert_eq!(warned.next(), None);
        }

        #[test]
        fn a_number_in_text_keeps_its_literal(
            number in number(), before in "[ \t\u{a0}]{0,2}", after in "[ \n]{0,2}",
        ) {
            let text = json!(format!("{before}{number}{after}")).to_string();
            prop_assert_eq!(value("number", &text), Some(number));
        }

        #[test]
        fn text_becomes_the_number_it_means(
            text in "[+-]?[0-9_]{0,4}\\.?[0-9_]{0,4}([eE][+-]?[0-9_]{0,3})?",
        ) {
            if let Some(after) = value("number", &json!(text).to_string()) {
                let meant: f64 = text.replace('_', "").parse().unwrap();
                prop_assert!(meant.is_finite());
                prop_assert_eq!(serde_json::from_str::<&RawValue>(&after).unwrap().get(), &after);
                prop_assert_eq!(after.parse::<f64>().unwrap(), meant);
            } else {
                prop_assert!(text.contains('_') || !text.parse().is_ok_and(f64::is_finite));
            }
        }
    }
}
