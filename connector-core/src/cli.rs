//! The program of a connector: `spec`, `check`, `discover` and `read`, as platforms call them, `migrate` and `plan` for people.

mod migrate;
pub(crate) mod plan;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use airbyte_protocol::{
    Catalog, ConfiguredCatalog, ConnectionStatus, Stream as CatalogStream, SyncMode, Writer,
};
use chrono::Utc;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value};

use crate::emitter::{Clock, Emitter, OutputClosed};
use crate::engine;
use crate::failure::Failure;
use crate::fault;
use crate::reporting;
use crate::source::{Context, Source};
use crate::state_file;
use crate::stream::Stream;
use crate::stream_set::{SavedStates, StreamSet};

/// The bytes that a pipe is asked to hold: what Linux gives to anybody.
#[cfg(target_os = "linux")]
const PIPE: usize = 1024 * 1024;

#[derive(Debug, Parser)]
#[command(version, about = "An Airbyte source: writes the messages of the protocol to standard output")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    OfProtocol(OfProtocol),
    /// Writes the config, the catalog and the state of an earlier version as today's, and says what changes
    Migrate(migrate::Arguments),
    /// Says how many requests a sync would need, and how long that takes at the limits; nothing is synced
    Plan(plan::Arguments),
}

/// What platforms ask for.
#[derive(Debug, Subcommand)]
enum OfProtocol {
    /// Writes what the config looks like
    Spec,
    /// Says whether a config works
    Check {
        /// The config, a JSON file
        #[arg(long)]
        config: PathBuf,
    },
    /// Writes the streams that the config offers
    Discover {
        /// The config, a JSON file
        #[arg(long)]
        config: PathBuf,
    },
    /// Reads the configured streams
    Read(SyncFiles),
}

/// What a sync is made from.
#[derive(Debug, clap::Args)]
struct SyncFiles {
    /// The config, a JSON file
    #[arg(long)]
    config: PathBuf,
    /// The configured catalog, a JSON file
    #[arg(long)]
    catalog: PathBuf,
    /// The state an earlier run wrote: a JSON file, or the output of that run
    #[arg(long)]
    state: Option<PathBuf>,
}

/// Runs a connector with the arguments of this process; its output is standard output.
///
/// The exit code is 0 on success, 1 after a failure (which a TRACE message told, for `migrate` and `plan` standard error), 2 for
/// unusable arguments. A `check` that fails has succeeded in finding out: exit code 0 and a CONNECTION_STATUS of FAILED.
pub fn run<S: Source>(source: S) -> ExitCode {
    let (name, version) = source.name_and_version();
    let parser = Arguments::command().name(name).version(version);
    let parsed = parser.try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and usage are for people; where to and the exit code are clap's business.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if let Command::OfProtocol(OfProtocol::Spec) = arguments.command {
        let written = Writer::new(io::stdout().lock()).write(&source.spec().into());
        return if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(io::stderr(), "the program cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    fault::log_panics();
    widen_output();
    match runtime.block_on(obey(&source, arguments.command, io::stdout(), Arc::new(Utc::now))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "the output cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A pipe holds 64 KiB unless asked for more, half of what is written at once: whoever writes and whoever reads would wait
/// for each other all the time. Where the system allows no more, or it is no pipe, it stays as it is.
fn widen_output() {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(io::stdout(), PIPE);
}

/// Does what arguments say, without the program's name; `None` when they are unusable.
pub(crate) async fn command<S: Source, W: Write + Send + 'static>(
    source: &S,
    arguments: &[&str],
    output: W,
    clock: Clock,
) -> Option<io::Result<bool>> {
    let arguments =
        Arguments::try_parse_from(std::iter::once("source").chain(arguments.iter().copied())).ok()?;
    Some(obey(source, arguments.command, output, clock).await)
}

/// Does what a command says; `Ok(true)` on success. The output is written to its end either way.
async fn obey<S: Source, W: Write + Send + 'static>(
    source: &S,
    command: Command,
    output: W,
    clock: Clock,
) -> io::Result<bool> {
    let command = match command {
        Command::OfProtocol(command) => command,
        Command::Migrate(arguments) => return migrate::obey(source, &arguments, output, clock).await,
        Command::Plan(arguments) => return plan::obey(source, &arguments, output, clock).await,
    };
    let (emitter, written) = Emitter::start(output, clock);
    reporting::log_to(&emitter);
    let work = async {
        match command {
            OfProtocol::Spec => emitter.message(source.spec()).await.map(|()| true),
            OfProtocol::Check { config } => check(source, &config, &emitter).await,
            OfProtocol::Discover { config } => discover(source, &config, &emitter).await,
            OfProtocol::Read(SyncFiles { config, catalog, state }) => {
                match (read_inputs(&config, &catalog), read_state(state.as_deref())) {
                    (Ok((config, catalog)), Ok(state)) => {
                        read(source, config, &catalog, state, &emitter).await
                    }
                    (Ok((_, catalog)), Err(failure)) => {
                        engine::read_nothing(&catalog, &[failure], &emitter).await.map(|()| false)
                    }
                    (Err(failure), _) => emitter.failure(&failure).await.map(|()| false),
                }
            }
        }
    };
    let success = telling_faults(&emitter, work).await;
    drop(emitter);
    written.wait().await?;
    Ok(success.unwrap_or(false))
}

/// Does the work of a command; a panic in it is told like any failure, and its message is the last one.
pub(crate) async fn telling_faults(
    emitter: &Emitter,
    work: impl Future<Output = Result<bool, OutputClosed>>,
) -> Result<bool, OutputClosed> {
    match fault::catch(work).await {
        Ok(success) => success,
        Err(failure) => emitter.failure(&failure).await.map(|()| false),
    }
}

type Inputs = (Map<String, Value>, ConfiguredCatalog);

fn read_inputs(config: &Path, catalog: &Path) -> Result<Inputs, Failure> {
    Ok((read_json(config, "config")?, parse(read_json(catalog, "catalog")?, "catalog")?))
}

fn read_state(state: Option<&Path>) -> Result<SavedStates, Failure> {
    state.map_or_else(|| Ok(SavedStates::new()), |path| states(&read_bytes(path, "state")?, path))
}

async fn check<S: Source>(source: &S, config: &Path, emitter: &Emitter) -> Result<bool, OutputClosed> {
    let raw: Map<String, Value> = match read_json(config, "config") {
        Ok(raw) => raw,
        Err(failure) => return emitter.failure(&failure).await.map(|()| false),
    };
    let outcome = match parse_config::<S>(&raw) {
        Ok(config) => source.check(config, Context::new(raw, emitter.clone())).await,
        Err(failure) => Err(failure),
    };
    let status = match outcome {
        Ok(()) => ConnectionStatus::succeeded(),
        Err(failure) => ConnectionStatus::failed(failure.to_string()),
    };
    emitter.message(status).await.map(|()| true)
}

async fn discover<S: Source>(source: &S, config: &Path, emitter: &Emitter) -> Result<bool, OutputClosed> {
    let streams = read_json(config, "config").and_then(|raw: Map<String, Value>| {
        let config = parse_config::<S>(&raw)?;
        source.streams(config, Context::new(raw, emitter.clone()))
    });
    match streams {
        Ok(streams) => {
            let streams = streams.iter().map(|stream| catalog_stream(&**stream)).collect();
            emitter.message(Catalog { streams, ..Catalog::default() }).await.map(|()| true)
        }
        Err(failure) => emitter.failure(&failure).await.map(|()| false),
    }
}

/// Reads the configured streams; `Ok(true)` when all were read to their end.
pub(crate) async fn read<S: Source>(
    source: &S,
    raw: Map<String, Value>,
    catalog: &ConfiguredCatalog,
    saved: SavedStates,
    emitter: &Emitter,
) -> Result<bool, OutputClosed> {
    match prepare(source, raw, emitter).await {
        Ok((streams, options)) => match state_file::check_streams(&saved, &streams) {
            Ok(()) => engine::read(&streams, catalog, saved, emitter, &options).await,
            Err(failure) => engine::read_nothing(catalog, &[failure], emitter).await.map(|()| false),
        },
        Err(failure) => engine::read_nothing(catalog, &[failure], emitter).await.map(|()| false),
    }
}

/// The streams of a config that a read can use, and how to read them.
async fn prepare<S: Source>(
    source: &S,
    raw: Map<String, Value>,
    emitter: &Emitter,
) -> Result<(StreamSet, engine::Options), Failure> {
    let config = parse_config::<S>(&raw)?;
    let context = Context::new(raw, emitter.clone());
    source.prepare(&config, context.clone()).await?;
    let options = engine::Options { concurrency: source.concurrency(&config), now: emitter.now() };
    Ok((StreamSet::new(source.streams(config, context)?, source.migrations()), options))
}

/// What the catalog says of a stream.
pub(crate) fn catalog_stream(stream: &dyn Stream) -> CatalogStream {
    let descriptor = stream.descriptor();
    let cursor = stream.cursor().field().map(str::to_owned);
    let mut modes = vec![SyncMode::FullRefresh];
    modes.extend(cursor.is_some().then_some(SyncMode::Incremental));
    let mut offered =
        CatalogStream::new(descriptor.name, Arc::unwrap_or_clone(descriptor.json_schema), modes);
    if !descriptor.primary_key.is_empty() {
        offered.source_defined_primary_key =
            Some(descriptor.primary_key.into_iter().map(|field| vec![field]).collect());
    }
    offered.is_resumable = Some(cursor.is_some());
    offered.is_file_based = Some(false);
    if let Some(field) = cursor {
        offered.source_defined_cursor = Some(true);
        offered.default_cursor_field = Some(vec![field]);
    }
    offered
}

fn read_bytes(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        Failure::config(format!("the {what} file {} cannot be read: {error}", path.display()))
    })
}

fn read_json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, Failure> {
    as_json(&read_bytes(path, what)?, path, what)
}

/// The states in a file; that of a run that was killed in the middle of a letter ends before it.
fn states(file: &[u8], path: &Path) -> Result<SavedStates, Failure> {
    let whole = match std::str::from_utf8(file) {
        Err(error) if error.error_len().is_none() => &file[..error.valid_up_to()],
        _ => file,
    };
    state_file::read(text(whole, path, "state")?)
}

/// The text of a file, without the mark that some programs put before it.
fn text<'a>(file: &'a [u8], path: &Path, what: &str) -> Result<&'a str, Failure> {
    let text = std::str::from_utf8(file).map(|text| text.trim_start_matches('\u{feff}'));
    text.map_err(|error| {
        Failure::config(format!(
            "the {what} file {} cannot be read: it is no UTF-8 text: {error}",
            path.display()
        ))
    })
}

fn as_json<T: DeserializeOwned>(file: &[u8], path: &Path, what: &str) -> Result<T, Failure> {
    serde_json::from_str(text(file, path, what)?).map_err(|error| {
        let why = match error.classify() {
            // It would show what stands there, perhaps a bare secret.
            Category::Data => "something else stands there".to_owned(),
            Category::Io | Category::Syntax | Category::Eof => error.to_string(),
        };
        Failure::config(format!("the {what} file {} is not a JSON object: {why}", path.display()))
    })
}

pub(crate) fn parse<T: DeserializeOwned>(map: Map<String, Value>, what: &str) -> Result<T, Failure> {
    serde_path_to_error::deserialize(Value::Object(map)).map_err(|error| {
        Failure::config(format!("the {what} is wrong at `{}`: {}", error.path(), error.inner()))
    })
}

fn parse_config<S: Source>(raw: &Map<String, Value>) -> Result<S::Config, Failure> {
    parse(raw.clone(), "config")
        .map_err(|failure| Failure::config(format!("Config validation error: {failure}")))
}
