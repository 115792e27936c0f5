//! How much memory the release binary takes to read one large report, and large answers of analytics side by side, and how
//! fast it does.
//!
//! ```text
//! cargo bench -p source-pinterest --bench report_memory
//! REPORT_BYTES=3000000000 cargo bench -p source-pinterest --bench report_memory
//! ```
//!
//! The report, a gigabyte unless `REPORT_BYTES` says otherwise, and the answers, a quarter of that together, are made and
//! served in this process while the program reads them in its own, so that the peak is the program's alone. On a machine with few cores the speed is that of all
//! three: of the server, the program and the counting here. Exit code 1: rows are missing, or the peak is too high.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs};

use chrono::{DateTime, NaiveDate};
use fake_pinterest::{Counts, FakePinterest, Fault, Size};
use pinterest_client::ANALYTICS_COLUMNS;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

const REPORT: &str = "campaign_analytics_report";
const ANALYTICS: &str = "campaign_analytics";
/// Answers of analytics: each ad account has fewer campaigns than one holds.
const ANSWERS: usize = 4;
const MOST_MEBIBYTES: f64 = 64.0;
/// A run as a test only shows that the measurement works.
const BYTES_OF_A_TEST: usize = 1_000_000;
const LINES_BETWEEN_SAMPLES: u64 = 1_024;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let is_bench = env::args().any(|argument| argument == "--bench");
    let bytes = match env::var("REPORT_BYTES") {
        Ok(bytes) => bytes.parse()?,
        Err(_) if is_bench => 1_000_000_000,
        Err(_) => BYTES_OF_A_TEST,
    };
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    // The server goes on in threads of its own while this one counts.
    let runtime = tokio::runtime::Runtime::new()?;
    let of_a_report = runtime.block_on(FakePinterest::builder().now(now).start())?;
    let promised = of_a_report.big_reports(bytes);
    let report = is_right(REPORT, &of_a_report, now, promised)?;

    let counts = Counts { ad_accounts: ANSWERS, campaigns: 20, ..Counts::SMALL };
    let builder = FakePinterest::builder().size(Size::Custom(counts)).now(now);
    let of_analytics = runtime.block_on(builder.start())?;
    let (rows, answer) = analytics(yesterday(now), bytes / 4 / ANSWERS);
    of_analytics.add_fault(Fault::on("campaigns/analytics").for_ever().status_with_text(200, answer));
    let accounts =
        of_analytics.truth("campaigns").into_iter().map(|campaign| campaign["ad_account_id"].to_string());
    let accounts = accounts.collect::<BTreeSet<_>>().len() as u64;
    let analytics = is_right(ANALYTICS, &of_analytics, now, rows * accounts)?;
    Ok(if report && analytics { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads a stream that has so many rows, and says how it went.
fn is_right(stream: &str, fake: &FakePinterest, now: i64, promised: u64) -> Result<bool, Box<dyn Error>> {
    let folder = TempDir::new()?;
    let read = Reading::of(start(stream, fake, now, &folder)?)?;
    let peak = read.peak_kibibytes as f64 / 1_024.0;
    let is_right = read.success && read.rows == promised && peak <= MOST_MEBIBYTES && peak > 0.0;
    writeln!(
        io::stderr(),
        "{stream}: {} of {promised} rows, {:.0} MB of messages in {:.1} s from the first row: {:.0} MB/s\n\
         peak resident memory: {peak:.1} MiB of at most {MOST_MEBIBYTES} MiB{}",
        read.rows,
        read.bytes as f64 / 1e6,
        read.time.as_secs_f64(),
        read.bytes as f64 / 1e6 / read.time.as_secs_f64(),
        if is_right { "" } else { "\nFAILED" },
    )?;
    Ok(is_right)
}

fn yesterday(now: i64) -> NaiveDate {
    const DAY: i64 = 86_400;
    DateTime::from_timestamp(now - DAY, 0).unwrap_or_default().date_naive()
}

/// An answer of at least so many bytes, and its rows: each has a value in every column.
fn analytics(day: NaiveDate, bytes: usize) -> (u64, String) {
    let mut row: Map<_, _> =
        ANALYTICS_COLUMNS.iter().map(|name| ((*name).to_owned(), json!(12_345.678))).collect();
    row.insert("DATE".to_owned(), json!(day));
    let row = Value::from(row).to_string();
    let rows = bytes / row.len() + 1;
    (rows as u64, format!("[{}]", vec![row; rows].join(",")))
}

/// Starts the program, with few enough days for one window; of a report only one ad account is read.
fn start(stream: &str, fake: &FakePinterest, now: i64, folder: &TempDir) -> Result<Child, Box<dyn Error>> {
    let mut config = fake.config();
    if stream == REPORT {
        config["account_id"] = json!(fake.edit(|data| data.ad_account_ids()).first());
    }
    config["start_date"] = json!(yesterday(now));
    let configured = json!({"name": stream, "json_schema": {}, "supported_sync_modes": ["incremental"]});
    let configured =
        json!({"stream": configured, "sync_mode": "incremental", "destination_sync_mode": "append"});
    let file = |name: &str, content: Value| -> io::Result<_> {
        let path = folder.path().join(name);
        fs::write(&path, content.to_string())?;
        Ok(path)
    };
    let mut program = Command::new(env!("CARGO_BIN_EXE_source-pinterest"));
    program.env("PINTEREST_API_URL", fake.url()).env_remove("RUST_LOG").arg("read");
    program.arg("--config").arg(file("config.json", config)?);
    program.arg("--catalog").arg(file("catalog.json", json!({ "streams": [configured] }))?);
    Ok(program.stdout(Stdio::piped()).spawn()?)
}

/// What the program wrote, and what it took.
struct Reading {
    success: bool,
    rows: u64,
    bytes: u64,
    /// From the first row to the end.
    time: Duration,
    peak_kibibytes: u64,
}

impl Reading {
    fn of(mut program: Child) -> Result<Self, Box<dyn Error>> {
        let status = format!("/proc/{}/status", program.id());
        let output = program.stdout.take().ok_or("the program has no output")?;
        let mut output = BufReader::with_capacity(1 << 18, output);
        let (mut line, mut first_row) = (Vec::new(), None);
        let mut read = Self { success: false, rows: 0, bytes: 0, time: Duration::ZERO, peak_kibibytes: 0 };
        for number in 0_u64.. {
            line.clear();
            let length = output.read_until(b'\n', &mut line)?;
            if length == 0 {
                break;
            }
            read.bytes += u64::try_from(length)?;
            let is_row = line.starts_with(br#"{"type":"RECORD""#);
            if is_row {
                first_row.get_or_insert_with(Instant::now);
                read.rows += 1;
            }
            // The peak is the kernel's, so it is looked at now and then, and once more at each line of the end.
            if !is_row || number % LINES_BETWEEN_SAMPLES == 0 {
                read.peak_kibibytes = read.peak_kibibytes.max(peak(&status).unwrap_or_default());
            }
        }
        read.time = first_row.map(|first| first.elapsed()).unwrap_or_default();
        read.success = program.wait()?.success();
        Ok(read)
    }
}

/// The most memory that a process had so far, in KiB; nothing once it has ended.
fn peak(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
