//! The first command to run: a whole Pinterest account, served by a fake API in this process, is synced by the real
//! connector, first in full, then again with the state it got.
//!
//! The connector is started as a platform starts it, as a program of its own that is given files and writes lines. So
//! that there is nothing to build beside, that program is this one: called with a connector's command, it is the connector.

mod account;
mod platform;
mod progress;
mod requests;
mod table;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{Days, Utc};
use clap::Parser;
use fake_pinterest::{FakePinterest, Fault};

use account::Account;
use platform::{Connection, Sync};
use progress::Progress;

/// Syncs a fake Pinterest account twice, in full and then incrementally, and shows what it took.
#[derive(Parser)]
struct Arguments {
    /// Where the config, the catalog, the state and the lines of both syncs are left
    #[arg(long, default_value = "target/first_sync")]
    folder: PathBuf,
    /// How long the API takes to answer each request, in milliseconds
    #[arg(long, default_value_t = 40)]
    latency: u64,
}

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    if ["spec", "check", "discover", "read"].contains(&command.as_str()) {
        return connector_core::run(source_pinterest::Pinterest::default());
    }
    match show(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "the demonstration could not be run: {error}");
            ExitCode::FAILURE
        }
    }
}

fn show(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let latency = Fault::anywhere().for_ever().delay(Duration::from_millis(arguments.latency));
    let now = Utc::now();
    let fake = FakePinterest::builder().size(account::SIZE).daily_rows().now(now.timestamp()).fault(latency);
    let fake = runtime.block_on(fake.start())?;
    let start = now.date_naive() - Days::new(30);
    let account = Account::open(&fake, start, now);
    let mut config = fake.config();
    config["start_date"] = start.to_string().into();
    let mut connection = Connection::new(arguments.folder.clone(), fake.url(), config)?;
    let streams = connection.choose_all_streams()?;

    let first = sync(&mut connection, &fake, "first sync", "first.jsonl", streams.len())?;
    let wrong = account.differences(&streams, &first);
    let changed = account.change();
    let second = sync(&mut connection, &fake, "second sync", "second.jsonl", streams.len())?;

    let mut out = io::stdout().lock();
    table::write(&mut out, &streams, &first, &second)?;
    wrong.iter().try_for_each(|wrong| writeln!(out, "{wrong}"))?;
    if wrong.is_empty() {
        writeln!(out, "Every record and row of the account came with the first sync, and came once.")?;
    }
    let came = changed.iter().filter(|(stream, id)| second.brought(stream, id)).count();
    writeln!(
        out,
        "Between the syncs {} records changed; {came} of them came with the second.",
        changed.len()
    )?;
    let first_day = |sync: &Sync| sync.first_day.clone().unwrap_or_default();
    writeln!(
        out,
        "Rows came from {} on, then from {} on: the last day is read again, for it was not over.",
        first_day(&first),
        first_day(&second)
    )?;
    writeln!(out, "The lines of both syncs are in {}", connection.folder.canonicalize()?.display())?;
    for error in first.errors.iter().chain(&second.errors) {
        writeln!(out, "error: {error}")?;
    }
    let complete = |sync: &Sync| sync.success && streams.iter().all(|name| sync.is_complete(name));
    Ok(complete(&first) && complete(&second) && wrong.is_empty() && came == changed.len())
}

fn sync(
    connection: &mut Connection,
    fake: &FakePinterest,
    title: &'static str,
    file: &str,
    streams: usize,
) -> io::Result<Sync> {
    fake.clear_requests();
    let mut progress = Progress::new(title, streams);
    let mut sync = connection.sync(file, |stream, so_far| progress.watch(stream, so_far))?;
    progress.finish();
    requests::count(&fake.requests(), &mut sync);
    Ok(sync)
}
