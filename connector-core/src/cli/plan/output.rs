//! An output that messages and people share, one after the other.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// An output of several owners.
pub(super) struct SharedOutput<W>(Arc<Mutex<Inner<W>>>);

struct Inner<W> {
    output: W,
    written: bool,
}

impl<W> SharedOutput<W> {
    pub(super) fn of(output: W) -> Self {
        Self(Arc::new(Mutex::new(Inner { output, written: false })))
    }

    /// Whether anything was written.
    pub(super) fn was_written_to(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).written
    }
}

impl<W> Clone for SharedOutput<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Write> Write for SharedOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.written |= !bytes.is_empty();
        inner.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).output.flush()
    }
}
