//! Prepared bytes in which only numbers of a fixed width change.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// A place in the bytes for a number: how wide it is, and what it is, which only the owner knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hole<K> {
    at: usize,
    width: usize,
    kind: K,
}

/// Bytes with places for numbers. Copies are given back when they are sent, so that later ones need only the numbers.
#[derive(Debug)]
pub struct Template<K> {
    bytes: Vec<u8>,
    holes: Vec<Hole<K>>,
    spare: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl<K: Copy> Template<K> {
    /// A template to be written from the start.
    #[must_use]
    pub fn new() -> Self {
        Self { bytes: Vec::new(), holes: Vec::new(), spare: Arc::default() }
    }

    /// Adds a text that stays.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    /// Adds a text in which each of the `marks` may stand once or more; there the numbers go.
    #[must_use]
    pub fn marked(mut self, text: &str, marks: &[(&str, K)]) -> Self {
        let start = self.bytes.len();
        for &(mark, kind) in marks {
            let found = text.match_indices(mark);
            self.holes.extend(found.map(|(at, _)| Hole { at: start + at, width: mark.len(), kind }));
        }
        self.text(text)
    }

    /// Adds another template so many times, with `between` in between; `kind` makes the kind of a place from its kind
    /// there and from the number of the copy.
    #[must_use]
    pub fn repeated<L: Copy>(
        mut self,
        other: &Template<L>,
        times: usize,
        between: &str,
        kind: impl Fn(L, usize) -> K,
    ) -> Self {
        for time in 0..times {
            if time > 0 {
                self.bytes.extend_from_slice(between.as_bytes());
            }
            let start = self.bytes.len();
            self.bytes.extend_from_slice(&other.bytes);
            self.holes.extend(other.holes.iter().map(|hole| Hole {
                at: start + hole.at,
                width: hole.width,
                kind: kind(hole.kind, time),
            }));
        }
        self
    }

    /// How many bytes a copy has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A copy with these numbers, filled up with zeros from the left. Digits for which there is no room are cut off.
    #[must_use]
    pub fn filled(&self, number: impl Fn(K) -> u64) -> Bytes {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut bytes = spare.unwrap_or_else(|| self.bytes.clone());
        for hole in &self.holes {
            let mut rest = number(hole.kind);
            for digit in bytes[hole.at..hole.at + hole.width].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        Bytes::from_owner(Lent { bytes, home: Arc::clone(&self.spare) })
    }
}

impl<K: Copy> Default for Template<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// A copy that goes back to its template.
struct Lent {
    bytes: Vec<u8>,
    home: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.home.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_is_used_again_holds_only_its_own_numbers() {
        let row = Template::new().marked("<####>", &[("####", ())]);
        let rows = Template::new().text("[").repeated(&row, 2, ",", |(), copy| copy).text("]");
        assert_eq!(&rows.filled(|copy| 9_000 + copy as u64)[..], b"[<9000>,<9001>]");
        assert_eq!(&rows.filled(|copy| copy as u64)[..], b"[<0000>,<0001>]");
        assert_eq!(rows.len(), 15);
    }
}
