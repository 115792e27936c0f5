//! Cuts a body into its rows while it arrives.

use bytes::{Bytes, BytesMut};
use memchr::{memchr2, memchr3};
use serde_json::value::RawValue;

use crate::endpoint::REPORT_DOWNLOAD;
use crate::error::{Error, Result};
use crate::page::{not_an_array, not_an_object};

/// Reads a body that consists of rows, which are objects, in pieces of any size.
///
/// The rows are slices of the pieces, or copies where one row is spread over several. No more than one row is held
/// between two pieces. Every row has gone through `serde_json`.
#[derive(Debug)]
pub(crate) struct Cutter {
    form: Form,
    /// What errors name the body by.
    operation: &'static str,
    expected: Expected,
    /// A token that began in a piece before this one.
    begun: BytesMut,
    scan: Scan,
    /// The bytes before this piece.
    before: u64,
    /// The length of the longest row.
    limit: usize,
}

/// How the rows stand in the body.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// `{"id": [row, …], …}`
    Report,
    /// `[row, …]`
    Array,
}

/// What may come next, but for white space.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    Body,
    FirstKeyOrEnd,
    Key,
    Colon,
    Array,
    FirstRowOrEnd,
    Row,
    CommaInArray,
    CommaInBody,
    Nothing,
    /// The rest of a key.
    InKey,
    /// The rest of a row.
    InRow,
}

impl Cutter {
    /// A cutter of downloads, `{"id": [row, …], …}`, that takes no row longer than `limit` bytes.
    pub(crate) fn report(limit: usize) -> Self {
        Self::new(Form::Report, REPORT_DOWNLOAD.operation, limit)
    }

    /// The same for an answer that is an array, `[row, …]`.
    pub(crate) fn array(operation: &'static str, limit: usize) -> Self {
        Self::new(Form::Array, operation, limit)
    }

    fn new(form: Form, operation: &'static str, limit: usize) -> Self {
        let (begun, scan) = (BytesMut::new(), Scan::default());
        Self { form, operation, expected: Expected::Body, begun, scan, before: 0, limit }
    }

    /// Takes the next piece, and gives the rows that end in it.
    ///
    /// # Errors
    /// [`Error::Decode`]: the body has not the form. [`Error::TooLarge`]: a row is longer than the limit. There is
    /// nothing more to be had from this body then.
    pub(crate) fn push(&mut self, piece: Bytes) -> Result<Vec<Bytes>> {
        let mut rows = Vec::new();
        let mut at = 0;
        while at < piece.len() {
            at = match self.expected {
                Expected::InKey | Expected::InRow => self.rest_of_token(&piece, at, &mut rows)?,
                _ if matches!(piece[at], b' ' | b'\t' | b'\n' | b'\r') => at + 1,
                Expected::FirstRowOrEnd | Expected::Row if piece[at] == b'{' => {
                    self.row(&piece, at, &mut rows)?
                }
                _ => self.mark(&piece, at)?,
            };
        }
        self.before += piece.len() as u64;
        Ok(rows)
    }

    /// Says that the body has ended.
    ///
    /// # Errors
    /// [`Error::Decode`]: it was not at its end.
    pub(crate) fn end(self) -> Result<()> {
        match self.expected {
            Expected::Nothing => Ok(()),
            Expected::Body => Err(self.problem(self.not_the_form(b""))),
            _ => Err(self.problem("ends in the middle".to_owned())),
        }
    }

    /// A byte between keys and rows.
    fn mark(&mut self, piece: &Bytes, at: usize) -> Result<usize> {
        use Expected::{
            Array, Body, Colon, CommaInArray, CommaInBody, FirstKeyOrEnd, FirstRowOrEnd, InKey, Key, Nothing,
            Row,
        };
        self.expected = match (self.expected, piece[at]) {
            (Body, b'{') if self.form == Form::Report => FirstKeyOrEnd,
            (Body, b'[') if self.form == Form::Array => FirstRowOrEnd,
            (FirstKeyOrEnd | Key, b'"') => {
                self.scan = Scan::key();
                self.begun.extend_from_slice(b"\"");
                InKey
            }
            (Colon, b':') => Array,
            (Array, b'[') => FirstRowOrEnd,
            (CommaInArray, b',') => Row,
            (FirstRowOrEnd | CommaInArray, b']') if self.form == Form::Array => Nothing,
            (FirstRowOrEnd | CommaInArray, b']') => CommaInBody,
            (CommaInBody, b',') => Key,
            (FirstKeyOrEnd | CommaInBody, b'}') => Nothing,
            (Body, _) => return Err(self.problem(self.not_the_form(&piece[at..]))),
            (Array, byte) if begins_a_value(byte) => {
                return Err(self.problem("has a value that is no array of rows".to_owned()));
            }
            (FirstRowOrEnd | Row, byte) if begins_a_value(byte) => {
                return Err(self.problem("has a row that is no object".to_owned()));
            }
            _ => return Err(self.not_json(at)),
        };
        Ok(at + 1)
    }

    /// A row begins. Most end in the same piece, and reading them finds where. Why the others cannot be read is not
    /// asked: the middle of a number looks like no number.
    fn row(&mut self, piece: &Bytes, at: usize, rows: &mut Vec<Bytes>) -> Result<usize> {
        let mut values = serde_json::Deserializer::from_slice(&piece[at..]).into_iter::<&RawValue>();
        if let Some(Ok(_)) = values.next() {
            let end = at + values.byte_offset();
            self.fits(end - at)?;
            rows.push(piece.slice(at..end));
            self.expected = Expected::CommaInArray;
            return Ok(end);
        }
        self.scan = Scan::row();
        self.begun.extend_from_slice(b"{");
        self.expected = Expected::InRow;
        Ok(at + 1)
    }

    fn rest_of_token(&mut self, piece: &Bytes, at: usize, rows: &mut Vec<Bytes>) -> Result<usize> {
        let rest = &piece[at..];
        let end = self.scan.end(rest);
        let taken = end.unwrap_or(rest.len());
        self.fits(self.begun.len() + taken)?;
        self.begun.extend_from_slice(&rest[..taken]);
        if end.is_some() {
            let token = self.begun.split().freeze();
            if serde_json::from_slice::<&RawValue>(&token).is_err() {
                return Err(self.not_json(at));
            }
            if self.expected == Expected::InRow {
                rows.push(token);
                self.expected = Expected::CommaInArray;
            } else {
                self.expected = Expected::Colon;
            }
        }
        Ok(at + taken)
    }

    fn fits(&self, length: usize) -> Result<()> {
        match length > self.limit {
            true => Err(Error::TooLarge { endpoint: self.operation, limit: self.limit }),
            false => Ok(()),
        }
    }

    /// Says where, not what.
    fn not_json(&self, at: usize) -> Error {
        self.problem(format!("is not JSON (near byte {})", self.before + at as u64))
    }

    fn not_the_form(&self, body: &[u8]) -> String {
        match self.form {
            Form::Report => not_an_object(body),
            Form::Array => not_an_array(body),
        }
    }

    fn problem(&self, problem: String) -> Error {
        Error::Decode { endpoint: self.operation, problem }
    }
}

fn begins_a_value(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
}

/// Looks for the end of a key or a row, over as many pieces as it takes.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    /// Objects that are open.
    depth: usize,
    in_string: bool,
    /// The piece ended with a backslash.
    escaped: bool,
}

impl Scan {
    /// After the first quote of a key.
    fn key() -> Self {
        Self { depth: 0, in_string: true, escaped: false }
    }

    /// After the first brace of a row.
    fn row() -> Self {
        Self { depth: 1, in_string: false, escaped: false }
    }

    /// The position after the end, if it is here.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = usize::from(std::mem::take(&mut self.escaped));
        while at < bytes.len() {
            let rest = &bytes[at..];
            let found =
                if self.in_string { memchr2(b'"', b'\\', rest) } else { memchr3(b'"', b'{', b'}', rest) };
            let found = at + found?;
            at = found + 1;
            match bytes[found] {
                b'\\' if at == bytes.len() => self.escaped = true,
                b'\\' => at += 1,
                b'"' => self.in_string = !self.in_string,
                b'{' => self.depth += 1,
                _ => self.depth -= 1,
            }
            if self.depth == 0 && !self.in_string {
                return Some(at);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use proptest::prelude::*;
    use proptest::sample::Index;
    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
    use serde_json::{Map, Value, json};

    use super::*;

    const LIMIT: usize = 1 << 20;

    fn array(limit: usize) -> Cutter {
        Cutter::array("ads/analytics", limit)
    }

    /// Cuts a body that arrives in pieces which begin at these positions.
    fn cut(mut cutter: Cutter, body: &[u8], borders: &[usize]) -> Result<Vec<Bytes>> {
        let body = Bytes::copy_from_slice(body);
        let mut borders: Vec<usize> = borders.iter().map(|border| *border.min(&body.len())).collect();
        borders.extend([0, body.len()]);
        borders.sort_unstable();
        let mut rows = Vec::new();
        for ends in borders.windows(2) {
            rows.extend(cutter.push(body.slice(ends[0]..ends[1]))?);
        }
        cutter.end()?;
        Ok(rows)
    }

    /// The rows of the body in one piece; a body in pieces of a byte is judged in the same way.
    fn rows(cutter: fn(usize) -> Cutter, body: &str) -> Result<Vec<String>> {
        let every: Vec<usize> = (0..body.len()).collect();
        let whole = cut(cutter(LIMIT), body.as_bytes(), &[]);
        let bytes = cut(cutter(LIMIT), body.as_bytes(), &every);
        assert_eq!(whole.as_ref().ok(), bytes.as_ref().ok(), "{body}");
        if let (Err(Error::Decode { problem: whole, .. }), Err(Error::Decode { problem: bytes, .. })) =
            (&whole, &bytes)
        {
            let words = |problem: &str| problem.split(" (").next().map(str::to_owned);
            assert_eq!(words(whole), words(bytes), "{body}");
        }
        Ok(whole?.iter().map(|row| String::from_utf8(row.to_vec()).unwrap()).collect())
    }

    fn problem(cutter: fn(usize) -> Cutter, body: &str) -> String {
        match rows(cutter, body).unwrap_err() {
            Error::Decode { endpoint, problem } if endpoint == cutter(0).operation => problem,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn rows_come_in_order_with_every_byte_they_had() {
        let rows = |body| rows(Cutter::report, body);
        assert_eq!(rows("{}").unwrap(), [""; 0]);
        assert_eq!(rows(" { \"1\" : [ ] ,\r\n \"2\":[]\t} \n").unwrap(), [""; 0]);
        let body =
            "{\"1\":[{\"a\" : 12345678901234567890.50,\n\"b\":\"}\\\"{\"},{}], \"1\":[{\"c\":{\"d\":[{}]}}]}";
        let expected = ["{\"a\" : 12345678901234567890.50,\n\"b\":\"}\\\"{\"}", "{}", "{\"c\":{\"d\":[{}]}}"];
        assert_eq!(rows(body).unwrap(), expected);
        assert_eq!(rows(r#"{"a\"]}\\":[{"x":"\\"}]}"#).unwrap(), [r#"{"x":"\\"}"#]);
    }

    #[test]
    fn an_array_is_cut_as_a_report_is() {
        let rows = |body| rows(array, body).unwrap();
        assert_eq!(rows("[]"), [""; 0]);
        assert_eq!(rows(" [\t] \r\n"), [""; 0]);
        let body = "\n[ {\"a\" : [1, {}],\n\"b\":\"]}\\\"\"},{} ,\r\n{\"c\":{\"d\":[[]]}}] ";
        assert_eq!(rows(body), ["{\"a\" : [1, {}],\n\"b\":\"]}\\\"\"}", "{}", "{\"c\":{\"d\":[[]]}}"]);
    }

    #[test]
    fn what_is_no_array_is_said_without_showing_it() {
        for (body, expected) in [
            ("", "is empty"),
            ("<html>secret</html>", "is a web page, not JSON"),
            ("null", "is not a JSON array"),
            (r#"{"code":7,"message":"secret"}"#, "is an object, not an array"),
            ("[1]", "has a row that is no object"),
            (r#"[{},["secret"]]"#, "has a row that is no object"),
            ("[", "ends in the middle"),
            (r#"[{"a":"secret"}"#, "ends in the middle"),
            (r#"[{"a":"secret"#, "ends in the middle"),
            ("[{}],", "is not JSON (near byte 4)"),
            ("[{},]", "is not JSON (near byte 4)"),
            ("[{}{}]", "is not JSON (near byte 3)"),
            ("[]]", "is not JSON (near byte 2)"),
        ] {
            assert_eq!(problem(array, body), expected, "{body}");
        }
    }

    #[test]
    fn a_row_within_a_piece_is_a_slice_of_it() {
        let piece = Bytes::from_static(b"{\"1\":[{\"a\":1},{\"b\"");
        let rows = Cutter::report(LIMIT).push(piece.clone()).unwrap();
        assert_eq!(rows, ["{\"a\":1}"]);
        assert!(piece.as_ptr_range().contains(&rows[0].as_ptr()));
    }

    #[test]
    fn what_is_no_report_is_said_without_showing_it() {
        for (body, expected) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("<!DOCTYPE html><html>secret</html>", "is a web page, not JSON"),
            (r#"<?xml version="1.0"?><Error><Code>secret</Code></Error>"#, "is a web page, not JSON"),
            ("null", "is not a JSON object"),
            ("secret", "is not a JSON object"),
            ("[]", "is an array, not an object"),
            (r#"{"1":null}"#, "has a value that is no array of rows"),
            (r#"{"1":{"a":"secret"}}"#, "has a value that is no array of rows"),
            (r#"{"code":7,"message":"secret"}"#, "has a value that is no array of rows"),
            (r#"{"1":[1]}"#, "has a row that is no object"),
            (r#"{"1":["secret"]}"#, "has a row that is no object"),
            (r#"{"1":[{},null]}"#, "has a row that is no object"),
            (r#"{"1":[{}"#, "ends in the middle"),
            (r#"{"1":[{"a":"}]}"#, "ends in the middle"),
            (r#"{"1"#, "ends in the middle"),
            (r#"{"1":[]}}"#, "is not JSON (near byte 8)"),
            (r#"{"1":[],}"#, "is not JSON (near byte 8)"),
            (r#"{"1":[{},]}"#, "is not JSON (near byte 9)"),
            (r#"{"1":[{}{}]}"#, "is not JSON (near byte 8)"),
            (r#"{"1" []}"#, "is not JSON (near byte 5)"),
            (r#"{1:[]}"#, "is not JSON (near byte 1)"),
            ("{\u{c}}", "is not JSON (near byte 1)"),
        ] {
            assert_eq!(problem(Cutter::report, body), expected, "{body}");
        }
        for row in [r#"{"secret"}"#, r#"{"a":[}"#, r#"{"a":"\x"}"#, "{\"a\":\"\n\"}", r#"{"a":01}"#] {
            let problem = problem(Cutter::report, &format!(r#"{{"1":[{row}]}}"#));
            assert!(problem.starts_with("is not JSON (near byte "), "{row}: {problem}");
        }
        assert!(cut(Cutter::report(LIMIT), b"{\"1\":[{\"a\":\"\xff\"}]}", &[]).is_err());
        assert!(cut(Cutter::report(LIMIT), b"{\"\xff\":[]}", &[]).is_err());
    }

    #[test]
    fn a_row_or_a_key_beyond_the_limit_is_refused_and_memory_stays_bounded() {
        let long = "x".repeat(100);
        for body in [format!(r#"{{"1":[{{"a":"{long}"}}]}}"#), format!(r#"{{"{long}":[]}}"#)] {
            let every: Vec<usize> = (0..body.len()).collect();
            for borders in [&[][..], &[50], &every] {
                let error = cut(Cutter::report(60), body.as_bytes(), borders).unwrap_err();
                assert!(
                    matches!(error, Error::TooLarge { endpoint: "report/download", limit: 60 }),
                    "{error}"
                );
            }
            assert!(cut(Cutter::report(110), body.as_bytes(), &every).is_ok());
        }
        let mut cutter = Cutter::report(60);
        cutter.push(Bytes::from_static(b"{\"1\":[")).unwrap();
        for _ in 0..1000 {
            assert_eq!(cutter.push(Bytes::from_static(b"{\"a\":1}, {\"b\":\"")).unwrap().len(), 1);
            assert_eq!(cutter.push(Bytes::from_static(b"}\"}   ,")).unwrap(), ["{\"b\":\"}\"}"]);
            assert!(cutter.begun.capacity() < 200);
        }
    }

    /// What the whole body holds, as `serde_json` reads it; a row is what begins with a brace.
    fn read_at_once(body: &[u8]) -> Option<Vec<&[u8]>> {
        struct Body<'a>(Vec<&'a RawValue>);

        impl<'de> Deserialize<'de> for Body<'de> {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_map(Self(Vec::new()))
            }
        }

        impl<'de> Visitor<'de> for Body<'de> {
            type Value = Self;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a report")
            }

            fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
                while map.next_key::<&RawValue>()?.is_some() {
                    self.0.extend(map.next_value::<Vec<&RawValue>>()?);
                }
                Ok(self)
            }
        }

        let rows: Vec<&[u8]> = serde_json::from_slice::<Body>(body)
            .ok()?
            .0
            .into_iter()
            .map(|row| row.get().as_bytes())
            .collect();
        rows.iter().all(|row| row.starts_with(b"{")).then_some(rows)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            "[\"\\\\{}\\[\\]a\u{e9}\n]{0,6}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                row(inner).prop_map(Value::Object),
            ]
        })
    }

    fn row(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::btree_map("[\"\\\\{}a-c]{0,4}", value, 0..4)
            .prop_map(|row| row.into_iter().collect())
    }

    fn body() -> impl Strategy<Value = String> {
        let rows = prop::collection::vec(row(value()), 0..4);
        let body = prop::collection::btree_map(any::<String>(), rows, 0..4);
        (body, any::<bool>()).prop_map(|(body, pretty)| match (json!(body), pretty) {
            (body, true) => format!("{body:#}"),
            (body, false) => body.to_string(),
        })
    }

    fn borders() -> impl Strategy<Value = Vec<Index>> {
        prop::collection::vec(any::<Index>(), 0..12)
    }

    fn within(borders: &[Index], body: &[u8]) -> Vec<usize> {
        borders.iter().map(|border| border.index(body.len() + 1)).collect()
    }

    /// The rows of an array, as `serde_json` reads it.
    fn array_at_once(body: &[u8]) -> Option<Vec<&[u8]>> {
        let rows: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
        rows.iter().map(|row| row.get().starts_with('{').then_some(row.get().as_bytes())).collect()
    }

    fn array_body() -> impl Strategy<Value = String> {
        (prop::collection::vec(row(value()), 0..8), any::<bool>()).prop_map(|(rows, pretty)| match pretty {
            true => format!("{:#}", json!(rows)),
            false => json!(rows).to_string(),
        })
    }

    /// Either form, with what reads it in another way.
    fn form() -> impl Strategy<Value = (Form, String)> {
        prop_oneof![
            body().prop_map(|body| (Form::Report, body)),
            array_body().prop_map(|body| (Form::Array, body)),
        ]
    }

    fn cut_form(form: Form, body: &[u8], borders: &[Index]) -> Result<Vec<Bytes>> {
        let cutter = if form == Form::Report { Cutter::report(LIMIT) } else { array(LIMIT) };
        cut(cutter, body, &within(borders, body))
    }

    fn at_once(form: Form, body: &[u8]) -> Option<Vec<Bytes>> {
        let rows = if form == Form::Report { read_at_once(body) } else { array_at_once(body) };
        rows.map(|rows| rows.into_iter().map(Bytes::copy_from_slice).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn rows_are_the_same_wherever_the_body_is_cut((form, body) in form(), borders in borders()) {
            let rows = cut_form(form, body.as_bytes(), &borders).unwrap();
            prop_assert_eq!(rows, at_once(form, body.as_bytes()).unwrap());
        }

        #[test]
        fn a_body_that_is_cut_short_is_an_error((form, body) in form(), borders in borders(), kept in any::<Index>()) {
            let body = &body.as_bytes()[..kept.index(body.len())];
            prop_assert!(cut_form(form, body, &borders).is_err());
        }

        #[test]
        fn a_body_with_a_wrong_byte_is_taken_only_if_serde_takes_it(
            (form, body) in form(),
            borders in borders(),
            at in any::<Index>(),
            byte in prop::sample::select(b"\"\\{}[],:0 \x0ca\xff".to_vec()),
        ) {
            let mut body = body.into_bytes();
            let at = at.index(body.len());
            body[at] = byte;
            prop_assert_eq!(cut_form(form, &body, &borders).ok(), at_once(form, &body));
        }
    }
}
