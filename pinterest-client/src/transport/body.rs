//! Bodies that arrive: taken whole, or cut into rows meanwhile.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, stream};

use super::http;
use crate::cutter::Cutter;
use crate::error::{Error, Result};

/// Rows are handed over when so many bytes have been received for them, and no more are taken at once.
const GROUP: usize = 64 * 1024;

/// A body that comes from the network.
pub(crate) struct Incoming {
    response: Box<reqwest::Response>,
    operation: &'static str,
    silence: Duration,
}

impl Incoming {
    /// The body of a response, of a server that may stay silent for so long.
    pub(crate) fn new(response: reqwest::Response, operation: &'static str, silence: Duration) -> Self {
        Self { response: Box::new(response), operation, silence }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        http::within(self.operation, self.silence, self.response.chunk()).await
    }

    /// What comes first, without the white space before it.
    ///
    /// # Errors
    /// The connection broke.
    pub(super) async fn first(&mut self) -> Result<Option<Bytes>> {
        while let Some(mut chunk) = self.chunk().await? {
            let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            if let Some(begin) = chunk.iter().position(|byte| !is_blank(byte)) {
                return Ok(Some(chunk.split_off(begin)));
            }
        }
        Ok(None)
    }

    /// All that comes after `first`, and before that itself.
    ///
    /// # Errors
    /// The connection broke; [`Error::TooLarge`]: it is longer than `limit`.
    pub(super) async fn whole(
        mut self,
        first: Option<Bytes>,
        limit: usize,
        buffers: &Buffers,
    ) -> Result<Bytes> {
        let too_large = Error::TooLarge { endpoint: self.operation, limit };
        let announced = self.response.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(too_large);
        }
        let mut body = buffers.take();
        body.bytes.reserve(usize::try_from(announced).unwrap_or(0));
        let mut next = first;
        loop {
            let chunk = match next.take() {
                Some(chunk) => chunk,
                None => match self.chunk().await? {
                    Some(chunk) => chunk,
                    None => return Ok(Bytes::from_owner(body)),
                },
            };
            if body.bytes.len() + chunk.len() > limit {
                return Err(too_large);
            }
            body.bytes.extend_from_slice(&chunk);
        }
    }
}

/// Buffers of bodies that are dropped, to be filled again: memory that is given back to the system and asked for anew costs
/// more than the copy into it.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// So many are kept …
    const MOST: usize = 4;
    /// … of these sizes.
    const KEPT: RangeInclusive<usize> = 64 * 1024..=2 * 1024 * 1024;

    fn take(&self) -> Buffer {
        let bytes = self.spare().pop().unwrap_or_default();
        Buffer { bytes, buffers: self.clone() }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Buffer {
    bytes: Vec<u8>,
    buffers: Buffers,
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut spare = self.buffers.spare();
        if spare.len() < Buffers::MOST && Buffers::KEPT.contains(&self.bytes.capacity()) {
            self.bytes.clear();
            spare.push(std::mem::take(&mut self.bytes));
        }
    }
}

/// The rows of a body, cut while it arrives.
pub(crate) struct BodyRows {
    rest: Option<Incoming>,
    /// What has been received and is not cut yet.
    chunk: Bytes,
    /// None when the body has ended as it should.
    cutter: Option<Cutter>,
    group: Vec<Bytes>,
    /// The bytes that the group keeps in memory.
    held: usize,
}

impl BodyRows {
    /// The rows of a body that begins like this and goes on with the rest, if there is one.
    pub(crate) fn new(begin: Bytes, rest: Option<Incoming>, cutter: Cutter) -> Self {
        Self { rest, chunk: begin, cutter: Some(cutter), group: Vec::new(), held: 0 }
    }

    /// The next rows; none when the body has ended as it should. May be dropped and called again.
    ///
    /// # Errors
    /// The connection broke, or the body is not what the cutter takes.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Bytes>>> {
        while let Some(cutter) = &mut self.cutter
            && self.held < GROUP
        {
            if self.chunk.is_empty() {
                let next = match &mut self.rest {
                    Some(rest) => rest.chunk().await?,
                    None => None,
                };
                match next {
                    Some(chunk) => self.chunk = chunk,
                    None => {
                        let ended = self.cutter.take().map_or(Ok(()), Cutter::end);
                        ended?;
                    }
                }
                continue;
            }
            let piece = self.chunk.split_to(self.chunk.len().min(GROUP));
            let length = piece.len();
            let rows = cutter.push(piece)?;
            // A row keeps all of its chunk, however small it is.
            if !rows.is_empty() {
                self.held += length;
                self.group.extend(rows);
            }
        }
        self.held = 0;
        let rows = std::mem::take(&mut self.group);
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// All that [`next`](Self::next) gives. After an error there is nothing more.
    pub(crate) fn groups(self) -> impl Stream<Item = Result<Vec<Bytes>>> + Send + 'static {
        stream::try_unfold(self, |mut rows| async move { Ok(rows.next().await?.map(|group| (group, rows))) })
    }
}
