//! Progress on standard error: one moving line on a terminal, a line for each finished stream anywhere else.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::platform::StreamSync;

pub(crate) struct Progress {
    name: &'static str,
    bar: ProgressBar,
    records: HashMap<String, u64>,
}

impl Progress {
    pub(crate) fn new(name: &'static str, streams: usize) -> Self {
        let bar = ProgressBar::new(streams as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:20}] {pos}/{len} streams, {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(name);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { name, bar, records: HashMap::new() }
    }

    /// Notes that a stream went on or ended.
    pub(crate) fn watch(&mut self, stream: &str, sync: &StreamSync) {
        self.records.insert(stream.to_owned(), sync.records);
        if !sync.complete {
            self.bar.set_message(format!("{} records, now {stream}", self.total()));
            return;
        }
        self.bar.inc(1);
        if !io::stderr().is_terminal() {
            // Nobody can be told when standard error is closed.
            let _ = writeln!(io::stderr(), "{}: {stream} is complete, {} records", self.name, sync.records);
        }
    }

    pub(crate) fn finish(self) {
        self.bar.finish_with_message(format!("{} records", self.total()));
    }

    fn total(&self) -> u64 {
        self.records.values().sum()
    }
}
