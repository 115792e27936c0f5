//! The command `migrate`: reads the files of a connection, makes them today's, and tells people what changes. Nothing is
//! written before everything is read and understood.

mod files;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use airbyte_protocol::{State, StreamDescriptor};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{as_json, read_bytes, states};
use crate::emitter::{Clock, Emitter};
use crate::failure::Failure;
use crate::fault;
use crate::migrate::{self, Migrated, Section, space};
use crate::reporting;
use crate::source::Source;
use crate::stream_set::SavedStates;

use files::Done;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The config, a JSON file
    #[arg(long)]
    config: PathBuf,
    /// The configured catalog, a JSON file
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// The state an earlier run wrote: a JSON file, or the output of that run
    #[arg(long)]
    state: Option<PathBuf>,
    #[command(flatten)]
    way: Way,
}

/// What becomes of the files.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Way {
    /// Only say what would change
    #[arg(long)]
    check: bool,
    /// Replace the files that change, and keep each as it was in a .bak file beside it
    #[arg(long)]
    in_place: bool,
    /// Write all files to this folder, which must not have them
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// A file of the connection, as it is and as it will be.
struct File {
    what: &'static str,
    path: PathBuf,
    before: Vec<u8>,
    now: String,
    /// Whether it says something else now; how it is laid out says nothing.
    changes: bool,
    section: Section,
    /// Whether it holds secrets.
    secret: bool,
}

/// Does what the arguments say and tells it to `output`; `Ok(false)` after a failure, which standard error tells.
pub(super) async fn obey<S: Source, W: Write>(
    source: &S,
    arguments: &Arguments,
    mut output: W,
    clock: Clock,
) -> io::Result<bool> {
    reporting::log_to_people();
    // Messages of the protocol are not for people.
    let (emitter, _) = Emitter::start(io::sink(), clock);
    let done = fault::catch(async { migrate_files(source, arguments, &emitter) }).await.flatten();
    match done {
        Ok(report) => {
            output.write_all(report.as_bytes())?;
            output.flush()?;
            Ok(true)
        }
        Err(failure) => {
            writeln!(io::stderr(), "error: {failure}")?;
            Ok(false)
        }
    }
}

fn migrate_files<S: Source>(source: &S, arguments: &Arguments, emitter: &Emitter) -> Result<String, Failure> {
    let files = read(source, arguments, emitter)?;
    let done = match &arguments.way {
        Way { to: Some(folder), .. } => Some(files::write_to(folder, &files)?),
        Way { in_place: true, .. } => Some(files::replace(&files)?),
        Way { .. } => None,
    };
    Ok(report(&files, done.as_deref()))
}

/// Reads the files and makes them today's.
fn read<S: Source>(source: &S, arguments: &Arguments, emitter: &Emitter) -> Result<Vec<File>, Failure> {
    let path = &arguments.config;
    let before = read_bytes(path, "config")?;
    let given: Map<String, Value> = as_json(&before, path, "config")?;
    let (config, mut today) =
        migrate::config(source, given.clone(), emitter).map_err(|error| about(error, path))?;
    let mut files = vec![File { secret: true, ..object("config", path, before, &given, config)? }];
    if let Some(path) = &arguments.catalog {
        let before = read_bytes(path, "catalog")?;
        let given: Map<String, Value> = as_json(&before, path, "catalog")?;
        let catalog = today.catalog(given.clone()).map_err(|error| about(error, path))?;
        files.push(object("catalog", path, before, &given, catalog)?);
    }
    if let Some(path) = &arguments.state {
        let before = read_bytes(path, "state")?;
        let states = states(&before, path).and_then(|states| today.states(&states));
        let states = states.map_err(|error| about(error, path))?;
        let now = messages(states.now)?;
        files.push(File {
            what: "state",
            path: path.clone(),
            // It can be large, so it is compared as it stands.
            changes: !space::is_all_that_differs(&before, now.as_bytes()),
            before,
            now,
            section: states.section,
            secret: false,
        });
    }
    Ok(files)
}

/// A file that holds one object.
fn object(
    what: &'static str,
    path: &Path,
    before: Vec<u8>,
    given: &Map<String, Value>,
    migrated: Migrated<Map<String, Value>>,
) -> Result<File, Failure> {
    let (now, changes) = (pretty(&migrated.now)?, migrated.now != *given);
    Ok(File { what, path: path.to_owned(), before, now, changes, section: migrated.section, secret: false })
}

fn about(failure: Failure, path: &Path) -> Failure {
    failure.about(path.display())
}

fn pretty(object: &Map<String, Value>) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(object).map_err(not_json)?;
    Ok(text + "\n")
}

/// A list of messages, one in a line.
fn messages(states: SavedStates) -> Result<String, Failure> {
    let mut lines = Vec::with_capacity(states.len());
    for (name, state) in states {
        let line = one_line(&State::stream(StreamDescriptor::new(name), state))?;
        lines.push(line);
    }
    Ok(if lines.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", lines.join(",\n")) })
}

/// In JSON a line ends only where white space may stand.
fn one_line(state: &State) -> Result<String, Failure> {
    Ok(json(state)?.replace(['\n', '\r'], ""))
}

fn json<T: Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(not_json)
}

fn not_json(error: serde_json::Error) -> Failure {
    Failure::system("a migrated file cannot be written as JSON").with_source(error)
}

/// What stood in each file, what stands there now, and where.
fn report(files: &[File], done: Option<&[Done]>) -> String {
    let mut text = String::new();
    for (index, file) in files.iter().enumerate() {
        let changes = if file.changes { "changes" } else { "nothing changes" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {}: {changes}", file.what, file.path.display());
        text.push_str(&file.section.render());
        let _ = match done.and_then(|done| done.get(index)) {
            None => writeln!(text),
            Some(done) => writeln!(text, "{done}\n"),
        };
    }
    text.push_str(match done {
        None => "Nothing was written: --check only says what would change.\n",
        Some(_) => "Done. Another run changes nothing more.\n",
    });
    text
}
