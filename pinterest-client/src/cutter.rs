//! Cuts the body of a report into its rows while it arrives.

use bytes::{Bytes, BytesMut};
use memchr::{memchr2, memchr3};
use serde_json::value::RawValue;

use crate::endpoint::REPORT_DOWNLOAD;
use crate::error::{Error, Result};
use crate::page::not_an_object;

/// Reads a body of the form `{"id": [row, …], …}`, whose rows are objects, in pieces of any size.
///
/// The rows are slices of the pieces, or copies where one row is spread over several. No more than one row is held
/// between two pieces. Every row has gone through `serde_json`.
#[derive(Debug)]
pub(crate) struct Cutter {
    expected: Expected,
    /// A token that began in a piece before this one.
    begun: BytesMut,
    scan: Scan,
    /// The bytes before this piece.
    before: u64,
    /// The length of the longest row.
    limit: usize,
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
    /// A cutter that takes no row longer than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { expected: Expected::Body, begun: BytesMut::new(), scan: Scan::default(), before: 0, limit }
    }

    /// Takes the next piece, and gives the rows that end in it.
    ///
    /// # Errors
    /// [`Error::Decode`]: the body is not a report. [`Error::TooLarge`]: a row is longer than the limit. There is
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
            Expected::Body => Err(problem(not_an_object(b""))),
            _ => Err(problem("ends in the middle".to_owned())),
        }
    }

    /// A byte between keys and rows.
    fn mark(&mut self, piece: &Bytes, at: usize) -> Result<usize> {
        use Expected::{
            Array, Body, Colon, CommaInArray, CommaInBody, FirstKeyOrEnd, FirstRowOrEnd, InKey, Key, Nothing,
            Row,
        };
        self.expected = match (self.expected, piece[at]) {
            (Body, b'{') => FirstKeyOrEnd,
            (FirstKeyOrEnd | Key, b'"') => {
                self.scan = Scan::key();
                self.begun.extend_from_slice(b"\"");
                InKey
            }
            (Colon, b':') => Array,
            (Array, b'[') => FirstRowOrEnd,
            (CommaInArray, b',') => Row,
            (FirstRowOrEnd | CommaInArray, b']') => CommaInBody,
            (CommaInBody, b',') => Key,
            (FirstKeyOrEnd | CommaInBody, b'}') => Nothing,
            (Body, _) => return Err(problem(not_an_object(&piece[at..]))),
            (Array, byte) if begins_a_value(byte) => {
                return Err(problem("has a value that is no array of rows".to_owned()));
            }
            (FirstRowOrEnd | Row, byte) if begins_a_value(byte) => {
                return Err(problem("has a row that is no object".to_owned()));
            }
            _ => return Err(self.not_json(at)),
        };
        Ok(at + 1)
    }

    /// A row begins. Most end in the same piece, and reading them finds where.
    fn row(&mut self, piece: &Bytes, at: usize, rows: &mut Vec<Bytes>) -> Result<usize> {
        let mut values = serde_json::Deserializer::from_slice(&piece[at..]).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(_)) => {
                let end = at + values.byte_offset();
                self.fits(end - at)?;
                rows.push(piece.slice(at..end));
                self.expected = Expected::CommaInArray;
                Ok(end)
            }
            Some(Err(error)) if !error.is_eof() => Err(self.not_json(at)),
            _ => {
                self.scan = Scan::row();
                self.begun.extend_from_slice(b"{");
                self.expected = Expected::InRow;
                Ok(at + 1)
            }
        }
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
            true => Err(Error::TooLarge { endpoint: REPORT_DOWNLOAD.operation, limit: self.limit }),
            false => Ok(()),
        }
    }

    /// Says where, not what.
    fn not_json(&self, at: usize) -> Error {
        problem(format!("is not JSON (near byte {})", self.before + at as u64))
    }
}

fn problem(problem: String) -> Error {
    Error::Decode { endpoint: REPORT_DOWNLOAD.operation, problem }
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
