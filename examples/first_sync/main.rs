//! The first command to run: a whole Pinterest account, served by a fake API in this process, is synced by the real
//! connector, first in full, then again with the state it got.
//!
//! The connector is started as a platform starts it, as a program of its own that is given files and writes lines. So
//! that there is nothing to build beside, that program is this one: called with a connector's command, it is the connector.

mod platform;
mod progress;
mod table;

use std::collections::HashSet;
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use fake_pinterest::{FakePinterest, Fault, Size, operation_of};
use serde_json::Value;

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
    let now = chrono::Utc::now().timestamp();
    let fake = FakePinterest::builder().size(Size::Demo).now(now).fault(latency).start();
    let fake = runtime.block_on(fake)?;
    let mut connection = Connection::new(arguments.folder.clone(), fake.url(), fake.config())?;
    let streams = connection.choose_all_streams()?;

    let first = sync(&mut connection, &fake, "first sync", "first.jsonl", streams.len())?;
    let changed = change(&fake, now);
    let second = sync(&mut connection, &fake, "second sync", "second.jsonl", streams.len())?;

    let mut out = io::stdout().lock();
    table::write(&mut out, &streams, &first, &second)?;
    let all_there = equals_the_account(&mut out, &fake, &streams, &first, &second)?;
    let arrived = changed
        .iter()
        .filter(|(stream, id)| second.records.get(*stream).is_some_and(|records| records.contains(id)));
    let arrived = arrived.count();
    writeln!(
        out,
        "Between the syncs {} records changed; {arrived} of them came with the second.",
        changed.len()
    )?;
    writeln!(out, "The lines of both syncs are in {}", connection.folder.canonicalize()?.display())?;
    for error in first.errors.iter().chain(&second.errors) {
        writeln!(out, "error: {error}")?;
    }
    Ok(first.success && second.success && all_there && arrived == changed.len())
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
    let requests = fake.requests();
    for (name, stream) in &mut sync.streams {
        let operation = Some(operation_of(name));
        stream.requests = requests.iter().filter(|request| request.operation == operation).count();
    }
    Ok(sync)
}

/// What a day at the shop changes: some campaigns, ad groups and ads of each ad account are edited.
fn change(fake: &FakePinterest, now: i64) -> Vec<(&'static str, String)> {
    let mut changed = Vec::new();
    for (stream, every) in [("campaigns", 40), ("ad_groups", 100), ("ads", 400)] {
        let mut ids: Vec<String> = fake.truth(stream).iter().step_by(every).filter_map(id).collect();
        ids.retain(|id| fake.edit(|data| data.touch(stream, id, now + 60)));
        changed.extend(ids.into_iter().map(|id| (stream, id)));
    }
    changed
}

fn id(record: &Value) -> Option<String> {
    Some(record.get("id")?.as_str()?.to_owned())
}

/// Says whether every record of the account came with the first sync, once.
fn equals_the_account(
    mut out: impl Write,
    fake: &FakePinterest,
    streams: &[String],
    first: &Sync,
    second: &Sync,
) -> io::Result<bool> {
    let mut same = true;
    let complete = |sync: &Sync, name: &str| sync.streams.get(name).is_some_and(|stream| stream.complete);
    for name in streams {
        let truth: HashSet<String> = fake.truth(name).iter().filter_map(id).collect();
        let came = first.records.get(name).map_or(&[][..], Vec::as_slice);
        let distinct: HashSet<String> = came.iter().cloned().collect();
        let missing = truth.difference(&distinct).count();
        if missing > 0 || distinct.len() != came.len() || !complete(first, name) || !complete(second, name) {
            same = false;
            writeln!(
                out,
                "{name}: {missing} records are missing, {} came twice",
                came.len() - distinct.len()
            )?;
        }
    }
    if same {
        writeln!(out, "Every record of the account came with the first sync, and came once.")?;
    }
    Ok(same)
}
