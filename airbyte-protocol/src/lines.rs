//! Messages as JSON lines: reading them, writing them, and the fast way to write records.

use std::io::{self, BufRead, Write};

use memchr::memchr2;

use crate::{Envelope, Message};

/// Reads messages, one a line. A line that cannot be read is an error; the next line is read all the same.
///
/// ```
/// use airbyte_protocol::{Message, Reader};
/// let lines = "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"hello\"}}\n\nnonsense\n";
/// let mut reader = Reader::new(lines.as_bytes());
/// assert!(matches!(reader.next(), Some(Ok(envelope)) if matches!(envelope.message, Message::Log(_))));
/// assert_eq!(reader.next().unwrap().unwrap_err().to_string(), "line 3 is not a message of the protocol");
/// assert!(reader.next().is_none());
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    line: u64,
    buffer: Vec<u8>,
}

/// Why a line could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The input failed.
    #[error("the input failed after line {line}")]
    Input {
        /// The last line that was read; the first is 1.
        line: u64,
        /// What failed.
        source: io::Error,
    },
    /// The line is no message. Its content is not shown, because it may hold secrets.
    #[error("line {line} is not a message of the protocol")]
    Line {
        /// The line's number; the first is 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl<R: BufRead> Reader<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Self {
        Self { input, line: 0, buffer: Vec::new() }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Envelope, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.buffer.clear();
            match self.input.read_until(b'\n', &mut self.buffer) {
                Ok(0) => return None,
                Ok(_) => self.line += 1,
                Err(source) => return Some(Err(ReadError::Input { line: self.line, source })),
            }
            let text = self.buffer.trim_ascii();
            if !text.is_empty() {
                let line = self.line;
                return Some(serde_json::from_slice(text).map_err(|source| ReadError::Line { line, source }));
            }
        }
    }
}

/// Writes messages, one a line.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self { output, line: Vec::new() }
    }

    /// Writes one message. Line breaks between the tokens of raw JSON are left out.
    ///
    /// # Errors
    /// When the output fails.
    pub fn write(&mut self, message: &Message) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, message)?;
        let mut one_line = Vec::with_capacity(self.line.len() + 1);
        push_on_one_line(&mut one_line, &self.line);
        one_line.push(b'\n');
        self.output.write_all(&one_line)
    }

    /// Hands everything to the operating system.
    ///
    /// # Errors
    /// When the output fails.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// The record lines of one stream: everything around the data is rendered once.
///
/// ```
/// use airbyte_protocol::RecordTemplate;
/// let mut lines = Vec::new();
/// RecordTemplate::new("boards", None).push(&mut lines, b"{\"id\":\n1}", 1795478400000);
/// assert_eq!(
///     String::from_utf8(lines)?,
///     "{\"type\":\"RECORD\",\"record\":{\"stream\":\"boards\",\"data\":{\"id\":1},\"emitted_at\":1795478400000}}\n"
/// );
/// # Ok::<(), std::string::FromUtf8Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordTemplate {
    before: Vec<u8>,
}

impl RecordTemplate {
    /// The template of one stream.
    pub fn new(stream: &str, namespace: Option<&str>) -> Self {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let namespace = namespace.map(|name| format!(r#""namespace":{},"#, quoted(name))).unwrap_or_default();
        let before =
            format!(r#"{{"type":"RECORD","record":{{{namespace}"stream":{},"data":"#, quoted(stream));
        Self { before: before.into_bytes() }
    }

    /// Appends one line. `data` is one JSON value; it is not checked. `emitted_at` is in milliseconds since
    /// 1970-01-01T00:00:00Z.
    pub fn push(&self, lines: &mut Vec<u8>, data: &[u8], emitted_at: i64) {
        lines.reserve(self.before.len() + data.len() + 40);
        lines.extend_from_slice(&self.before);
        push_on_one_line(lines, data);
        // Writing to a Vec cannot fail.
        let _ = writeln!(lines, r#","emitted_at":{emitted_at}}}}}"#);
    }
}

/// Appends JSON without the line breaks between its tokens; inside strings valid JSON has none.
fn push_on_one_line(out: &mut Vec<u8>, mut json: &[u8]) {
    while let Some(position) = memchr2(b'\n', b'\r', json) {
        out.extend_from_slice(&json[..position]);
        json = &json[position + 1..];
    }
    out.extend_from_slice(json);
}
