//! An output that is slow, and one that is gone.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use connector_core::{Page, Pages};
use futures::{StreamExt, stream};
use serde_json::json;

use crate::made::{Made, Table, page};

/// An output that takes nothing until it is opened; then it counts lines.
#[derive(Clone, Default)]
struct Valve(Arc<(Mutex<(bool, usize)>, Condvar)>);

impl Valve {
    fn open(&self) {
        self.0.0.lock().unwrap().0 = true;
        self.0.1.notify_all();
    }

    fn lines(&self) -> usize {
        self.0.0.lock().unwrap().1
    }
}

impl Write for Valve {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.1.wait_while(self.0.0.lock().unwrap(), |(open, _)| !*open).unwrap();
        state.1 += bytes.iter().filter(|byte| **byte == b'\n').count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe whose reader goes away after so many bytes.
#[derive(Clone)]
struct Pipe {
    room: usize,
    taken: Arc<Mutex<Vec<u8>>>,
    refused: Arc<AtomicUsize>,
}

impl Pipe {
    fn with_room_for(room: usize) -> Self {
        Self { room, taken: Arc::default(), refused: Arc::default() }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = self.taken.lock().unwrap();
        let takes = bytes.len().min(self.room - taken.len());
        if takes == 0 {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        taken.extend_from_slice(&bytes[..takes]);
        Ok(takes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Pages of one size, counted as they are read.
fn counted_pages(count: usize, page: Page, read: &Arc<AtomicUsize>) -> Pages<'static> {
    let read = read.clone();
    stream::iter(0..count)
        .map(move |_| {
            read.fetch_add(1, Ordering::Relaxed);
            Ok(page.clone())
        })
        .boxed()
}

/// How many pages are read while the output takes nothing. All of them are written once it does.
async fn pages_read_ahead(pages: usize, page: Page) -> usize {
    let read = Arc::new(AtomicUsize::new(0));
    let (counter, records) = (read.clone(), pages * page.records.len());
    let source = Made::of([&Table::new("rows", move |_| counted_pages(pages, page.clone(), &counter))]);
    let output = Valve::default();
    let mut sync = Box::pin(source.sync_to(output.clone()));
    // The clock is paused: it moves when nothing else can, which is when all wait for the output.
    let ended = tokio::time::timeout(Duration::from_secs(60), &mut sync).await;
    assert!(ended.is_err(), "the sync ended before its output was taken");
    let ahead = read.load(Ordering::Relaxed);
    output.open();
    assert!(sync.await.unwrap());
    assert!(output.lines() > records);
    assert_eq!(read.load(Ordering::Relaxed), pages);
    ahead
}

#[tokio::test(start_paused = true)]
async fn large_pages_are_read_ahead_up_to_a_bound_in_bytes() {
    let text = "x".repeat(1024);
    let page = Page::from_values((0..128).map(|id| json!({"id": id, "text": text}))).unwrap();
    // 8 MiB in the queue, a page at the writer and one at the reader.
    let ahead = pages_read_ahead(200, page).await;
    assert!((1..=66).contains(&ahead), "{ahead}");
}

#[tokio::test(start_paused = true)]
async fn small_pages_are_read_ahead_up_to_a_bound_in_number() {
    // 256 in the queue, and what fits the writer's buffer of 64 KiB: lines of more than 70 bytes.
    let ahead = pages_read_ahead(5_000, page(0..1)).await;
    assert!((1..=256 + 64 * 1024 / 70).contains(&ahead), "{ahead}");
}

#[tokio::test(start_paused = true)]
async fn a_closed_pipe_ends_the_sync_and_nothing_is_written_behind_it() {
    for room in [0, 1, 150, 5_000, 64 * 1024, 1_000_000] {
        let endless = |_| stream::repeat_with(|| Ok(page(0..1000))).boxed();
        let tables = [&Table::new("rows", endless), &Table::new("more", endless).each(0..9)];
        let pipe = Pipe::with_room_for(room);
        let ended = Made::of(tables).sync_to(pipe.clone()).await;
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::BrokenPipe, "room for {room}");
        assert_eq!(pipe.taken.lock().unwrap().len(), room);
        assert_eq!(pipe.refused.load(Ordering::Relaxed), 1, "writes after the pipe was closed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_pipe_ends_a_sync_that_waits_for_its_source() {
    let silent = Table::new("rows", |_| stream::pending().boxed());
    let ended = Made::of([&silent]).sync_to(Pipe::with_room_for(1)).await;
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}
