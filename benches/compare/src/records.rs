//! Counts records in what a connector writes, without reading it as JSON.

use memchr::memchr;

/// How a line with a record begins. The official connector puts no space after the colon either.
const RECORD: &[u8] = b"{\"type\":\"RECORD\"";

/// Counts bytes, and lines that begin as a record does.
#[derive(Debug, Default)]
pub struct Counter {
    bytes: u64,
    records: u64,
    /// How much of the beginning of a record the current line has so far; `None`: it is none, or is counted.
    matched: Matched,
}

#[derive(Debug, Clone, Copy)]
enum Matched {
    SoFar(usize),
    Over,
}

impl Default for Matched {
    fn default() -> Self {
        Self::SoFar(0)
    }
}

impl Counter {
    /// Counts the next bytes.
    pub fn add(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            if let Matched::SoFar(matched) = self.matched {
                let wanted = &RECORD[matched..];
                let common = wanted.iter().zip(bytes).take_while(|(wanted, byte)| wanted == byte).count();
                if common == wanted.len() {
                    self.records += 1;
                    self.matched = Matched::Over;
                } else if common == bytes.len() {
                    self.matched = Matched::SoFar(matched + common);
                    return;
                } else {
                    self.matched = Matched::Over;
                }
                bytes = &bytes[common..];
            }
            let Some(end) = memchr(b'\n', bytes) else { return };
            self.matched = Matched::default();
            bytes = &bytes[end + 1..];
        }
    }

    /// How many bytes there were.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many records there were.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_same_wherever_the_text_is_cut() {
        let text = b"{\"type\":\"LOG\"}\n{\"type\":\"RECORD\",\"x\":\"{\\\"type\\\":\\\"RECORD\\\"\"}\n\n{\"type\":\"REC\n{\"type\":\"RECORD\"}";
        for first in 0..text.len() {
            for second in first..text.len() {
                let mut counter = Counter::default();
                [&text[..first], &text[first..second], &text[second..]]
                    .iter()
                    .for_each(|part| counter.add(part));
                assert_eq!((counter.records(), counter.bytes()), (2, text.len() as u64), "{first} {second}");
            }
        }
    }
}
