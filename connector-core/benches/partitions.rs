//! What a great many partitions cost: memory for each, and the states that are written of them.
//!
//! ```text
//! cargo bench -p connector-core --bench partitions
//! PARTITIONS=4000000 cargo bench -p connector-core --bench partitions
//! ```
//!
//! A parent names the partitions, a million unless `PARTITIONS` says otherwise, and each has one record. One worker reads
//! them, one or 250 at a time, first with nothing saved and then from the state that is left. Each sync runs in a process of
//! its own, so that its peak is its own. A quarter of the partitions is measured beside, for how the cost grows. Exit code 1:
//! a record or a partition is missing, or the states are more than a few times the records.

use std::error::Error;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use std::{env, fs};

use airbyte_protocol::{ConfiguredCatalog, ConfiguredStream, RawJson, Stream as CatalogStream, SyncMode};
use connector_core::testing::{Streams, read_to};
use connector_core::{
    Batch, ClientFiltered, CursorFormat, CursorPolicy, Descriptor, Page, Pages, Partition, Partitions, Slice,
    Stream, WindowUnit, Windowed,
};
use futures::{StreamExt, stream};
use serde_json::{Map, json};

const PAGE: usize = 1_000;
/// A run as a test only shows that the measurement works.
const OF_A_TEST: usize = 5_000;
const MOST_TIMES_THE_RECORDS: f64 = 4.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<_> = env::args().collect();
    if let [_, kind, count, batch, path] = &arguments[..]
        && kind == "sync"
    {
        return sync(count.parse()?, batch.parse()?, path);
    }
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let most = match env::var("PARTITIONS") {
        Ok(count) => count.parse()?,
        Err(_) if is_bench => 1_000_000,
        Err(_) => OF_A_TEST,
    };
    let folder = tempfile::TempDir::new()?;
    let mut is_right = true;
    for batch in [1, 250] {
        for count in [most / 4, most] {
            let state = folder.path().join(format!("{count}-{batch}.json"));
            for what in ["nothing saved", "all saved"] {
                write!(io::stderr(), "{count:>8} partitions, {batch:>3} at a time, {what:<13}: ")?;
                let mut program = Command::new(env::current_exe()?);
                program.args(["sync", &count.to_string(), &batch.to_string()]).arg(&state);
                is_right &= program.status()?.success();
            }
        }
    }
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One sync of so many partitions from the state message in this file, which it replaces.
fn sync(count: usize, batch: usize, path: &str) -> Result<ExitCode, Box<dyn Error>> {
    let saved = saved(path)?.map(|state| ("rows".to_owned(), state)).into_iter().collect();
    let source = Streams(vec![Arc::new(Parents(count)), Arc::new(Rows { batch })]);
    let rows = CatalogStream::new("rows", Map::new(), vec![SyncMode::Incremental]);
    let catalog = ConfiguredCatalog {
        streams: vec![ConfiguredStream::new(rows, SyncMode::Incremental)],
        ..ConfiguredCatalog::default()
    };
    let seen = Arc::new(Mutex::new(Seen::new(path)?));
    let (clock, started) = (Arc::new(chrono::Utc::now), Instant::now());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let output = Output(seen.clone());
    let success = runtime.block_on(read_to(&source, Map::new(), &catalog, saved, clock, output))?;
    let took = started.elapsed().as_secs_f64();
    let peak = peak_kibibytes()? * 1_024.0;

    let seen = seen.lock().map_err(|_| "the output was left in a bad state")?;
    let listed = fs::read_to_string(path)?.matches("\"partition\"").count();
    let times = seen.state_bytes as f64 / seen.record_bytes as f64;
    let is_right = success && seen.records == count && listed == count && times <= MOST_TIMES_THE_RECORDS;
    writeln!(
        io::stderr(),
        "{took:>6.1} s, peak {:>4.0} MiB = {:>4.0} bytes a partition; {:>3} states, the last {:.0} MB, together {times:.1} \
         times the records{}",
        peak / f64::from(1 << 20),
        peak / count as f64,
        seen.states,
        fs::metadata(path)?.len() as f64 / 1e6,
        if is_right { "" } else { "  FAILED" },
    )?;
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The state in the state message of a file, where there is one: cut out of the text, which is large.
fn saved(path: &str) -> Result<Option<RawJson>, Box<dyn Error>> {
    let Ok(mut text) = fs::read_to_string(path) else { return Ok(None) };
    let (before, after) = ("\"stream_state\":", "},\"sourceStats\"");
    let start = text.find(before).ok_or("the file is no state message")? + before.len();
    text.truncate(text.rfind(after).ok_or("the file is no whole state message")?);
    Ok(Some(text[start..].parse()?))
}

fn peak_kibibytes() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak is told here")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Names the partitions.
struct Parents(usize);

impl Stream for Parents {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new("parents", Map::new())
    }

    fn read<'a>(&'a self, _: &'a Slice) -> Pages<'a> {
        let id = |id: usize| json!({"id": (626_735_565_000 + id).to_string()});
        let pages = (0..self.0).step_by(PAGE);
        stream::iter(pages.map(move |first| Page::from_values((first..self.0.min(first + PAGE)).map(id))))
            .boxed()
    }
}

/// One record for each partition: by time where one is read at a time, by day where many are.
struct Rows {
    batch: usize,
}

impl Stream for Rows {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new("rows", Map::new())
    }

    fn partitions(&self) -> Partitions {
        Partitions::ChildrenOf { parent: "parents".into(), key: "id".into() }
    }

    fn batch(&self) -> Batch {
        match self.batch {
            1 => Batch::One,
            size => Batch::UpTo { size, partition_of: "id".into() },
        }
    }

    fn cursor(&self) -> CursorPolicy {
        let field = "updated".into();
        match self.batch {
            1 => CursorPolicy::ClientFiltered(ClientFiltered {
                field,
                format: CursorFormat::EpochSeconds,
                start: None,
                reread_shared: false,
            }),
            _ => CursorPolicy::Windowed(Windowed {
                field,
                start: None,
                horizon_days: 89,
                step_days: 90,
                lookback_days: 0,
                unit: WindowUnit::Day,
            }),
        }
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        // Today where days are asked for, so that the second sync asks for it again.
        let updated = slice.window().map_or_else(|| json!(1_700_000_000), |window| json!(window.end));
        let record = |partition: &Partition| json!({"id": partition.get("id"), "updated": updated});
        stream::iter([Page::from_values(slice.partitions().iter().map(record))]).boxed()
    }
}

/// Counts what is written, and keeps the last state in a file.
struct Output(Arc<Mutex<Seen>>);

struct Seen {
    state: File,
    line: Line,
    records: usize,
    record_bytes: usize,
    states: usize,
    state_bytes: usize,
}

/// What the line that is being written is.
#[derive(Clone, Copy)]
enum Line {
    Unknown,
    Record,
    State,
    Other,
}

impl Seen {
    fn new(path: &str) -> io::Result<Self> {
        let state = File::create(path)?;
        Ok(Self { state, line: Line::Unknown, records: 0, record_bytes: 0, states: 0, state_bytes: 0 })
    }

    /// Takes a part of a line, the first with its type.
    fn part(&mut self, part: &[u8]) -> io::Result<()> {
        if let Line::Unknown = self.line {
            self.line = match part {
                [b'{', b'"', b't', b'y', b'p', b'e', b'"', b':', b'"', b'R', ..] => Line::Record,
                [b'{', b'"', b't', b'y', b'p', b'e', b'"', b':', b'"', b'S', ..] => Line::State,
                _ => Line::Other,
            };
            if let Line::State = self.line {
                self.state.set_len(0)?;
                self.state.rewind()?;
            }
        }
        let ends = usize::from(part.ends_with(b"\n"));
        match self.line {
            Line::Record => {
                self.records += ends;
                self.record_bytes += part.len();
            }
            Line::State => {
                self.states += ends;
                self.state_bytes += part.len();
                self.state.write_all(part)?;
            }
            Line::Unknown | Line::Other => {}
        }
        if ends == 1 {
            self.line = Line::Unknown;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut seen = self.0.lock().map_err(|_| io::Error::other("the output was left in a bad state"))?;
        bytes.split_inclusive(|byte| *byte == b'\n').try_for_each(|part| seen.part(part))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
