//! The table of both syncs.

use std::io::{self, Write};
use std::time::Duration;

use crate::platform::{StreamSync, Sync};

/// Writes a row for each stream, in the order of the catalog and by kind, and a last one for the whole sync.
pub(crate) fn write(mut out: impl Write, streams: &[String], first: &Sync, second: &Sync) -> io::Result<()> {
    let heads = "records requests   bytes    time";
    let rule = "-".repeat(30 + 2 * (heads.len() + 3));
    writeln!(out, "{:30} | {:^32} | {:^32}", "", "first sync: in full", "second sync: incremental")?;
    writeln!(out, "{:30} | {heads} | {heads}", "stream")?;
    let mut last = None;
    for name in streams {
        if last != Some(kind(name)) {
            writeln!(out, "{rule}")?;
            last = Some(kind(name));
        }
        let of = |sync: &Sync| sync.streams.get(name).copied().unwrap_or_default();
        writeln!(out, "{name:30} | {} | {}", cells(of(first)), cells(of(second)))?;
    }
    let follow = |sync: &Sync| format!("{:7} {:8} {:7} {:7}", "", sync.polls_and_downloads, "", "");
    writeln!(
        out,
        "{:30} | {} | {}",
        "polls and downloads of reports",
        follow(first),
        follow(second).trim_end()
    )?;
    writeln!(out, "{rule}\n{:30} | {} | {}", "all", cells(total(first)), cells(total(second)))
}

fn kind(stream: &str) -> &str {
    ["_analytics", "_report"].into_iter().find(|kind| stream.ends_with(kind)).unwrap_or_default()
}

/// Streams run side by side, so the time of all is not their sum. The sign-in is not a stream's request.
fn total(sync: &Sync) -> StreamSync {
    let sum = sync.streams.values().fold(StreamSync::default(), |sum, stream| StreamSync {
        records: sum.records + stream.records,
        bytes: sum.bytes + stream.bytes,
        requests: sum.requests + stream.requests,
        ..sum
    });
    StreamSync { requests: sum.requests + sync.polls_and_downloads, time: sync.time, ..sum }
}

fn cells(stream: StreamSync) -> String {
    format!("{:7} {:8} {:>7} {:>7}", stream.records, stream.requests, bytes(stream.bytes), time(stream.time))
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

fn time(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
