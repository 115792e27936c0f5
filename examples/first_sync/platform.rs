//! What a platform does with a connector: runs it, keeps its lines, its state and its config.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use airbyte_protocol::{Message, Reader, StateKind, StreamStatus};
use serde_json::{Value, json};

/// A connection: a folder with the config, the catalog and what each sync wrote.
pub(crate) struct Connection {
    pub(crate) folder: PathBuf,
    pub(crate) url: String,
    config: Value,
    state: HashMap<String, Value>,
}

/// What one sync brought.
#[derive(Default)]
pub(crate) struct Sync {
    pub(crate) streams: HashMap<String, StreamSync>,
    pub(crate) records: HashMap<String, Vec<Identity>>,
    pub(crate) errors: Vec<String>,
    /// Requests for reports that are made, which name no stream.
    pub(crate) polls_and_downloads: usize,
    /// The oldest day of which rows came.
    pub(crate) first_day: Option<String>,
    pub(crate) time: Duration,
    pub(crate) success: bool,
}

impl Sync {
    pub(crate) fn is_complete(&self, stream: &str) -> bool {
        self.streams.get(stream).is_some_and(|stream| stream.complete)
    }

    pub(crate) fn brought(&self, stream: &str, record: &Identity) -> bool {
        self.records.get(stream).is_some_and(|records| records.contains(record))
    }
}

/// The hash of what tells a record apart, so that no record need be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity(u64);

impl Identity {
    /// A record is told apart by its id. A row of numbers has none: all it holds tells it apart, with ids that stand as
    /// text here and as numbers there.
    pub(crate) fn of(record: &Value) -> Self {
        let mut hasher = DefaultHasher::new();
        let mut add = |value: &Value| match value {
            Value::String(text) => text.hash(&mut hasher),
            other => other.to_string().hash(&mut hasher),
        };
        match (record.get("id"), record) {
            (Some(id), _) => add(id),
            (None, Value::Object(row)) => row.values().for_each(add),
            (None, other) => add(other),
        }
        Self(hasher.finish())
    }
}

/// What one sync brought of one stream.
#[derive(Clone, Copy, Default)]
pub(crate) struct StreamSync {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) requests: usize,
    pub(crate) time: Duration,
    pub(crate) complete: bool,
    pub(crate) started: Option<Instant>,
}

impl Connection {
    pub(crate) fn new(folder: PathBuf, url: String, config: Value) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, url, config, state: HashMap::new() })
    }

    /// The streams that the connector offers, all chosen, incremental where they can be.
    pub(crate) fn choose_all_streams(&self) -> io::Result<Vec<String>> {
        let config = self.keep("config.json", &self.config)?;
        let mut streams = Vec::new();
        let output = self.connector("discover").arg("--config").arg(config).output()?;
        for line in Reader::new(output.stdout.as_slice()) {
            if let Message::Catalog(catalog) = line.map_err(io::Error::other)?.message {
                streams = catalog.streams;
            }
        }
        let configured = streams.iter().map(|stream| {
            let mode = if stream.default_cursor_field.is_some() { "incremental" } else { "full_refresh" };
            json!({"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"})
        });
        self.keep("catalog.json", &json!({"streams": configured.collect::<Vec<_>>()}))?;
        Ok(streams.into_iter().map(|stream| stream.name).collect())
    }

    /// Runs the connector once; its lines go to a file of this name, and what they say to `watch` as they come.
    pub(crate) fn sync(&mut self, name: &str, mut watch: impl FnMut(&str, &StreamSync)) -> io::Result<Sync> {
        let begin = Instant::now();
        let mut command = self.connector("read");
        command.arg("--config").arg(self.keep("config.json", &self.config)?);
        command.arg("--catalog").arg(self.folder.join("catalog.json"));
        if !self.state.is_empty() {
            let states: Vec<_> = self.state.values().collect();
            command.arg("--state").arg(self.keep("state.json", &json!(states))?);
        }
        let mut connector = command.stdout(Stdio::piped()).spawn()?;
        let lines = connector.stdout.take().map(BufReader::new);
        let mut file = BufWriter::new(File::create(self.folder.join(name))?);
        let mut sync = Sync::default();
        for line in lines.into_iter().flat_map(BufRead::lines) {
            let line = line?;
            writeln!(file, "{line}")?;
            self.take(&line, &mut sync, &mut watch);
        }
        file.flush()?;
        sync.success = connector.wait()?.success();
        sync.time = begin.elapsed();
        Ok(sync)
    }

    fn take(&mut self, line: &str, sync: &mut Sync, watch: &mut impl FnMut(&str, &StreamSync)) {
        for envelope in Reader::new(line.as_bytes()).flatten() {
            match envelope.message {
                Message::Record(record) => {
                    let stream = sync.streams.entry(record.stream.to_string()).or_default();
                    stream.records += 1;
                    stream.bytes += line.len() as u64 + 1;
                    watch(&record.stream, stream);
                    let data: Value = record.data.parse().unwrap_or_default();
                    let day = data.get("DATE").or(data.get("date")).and_then(Value::as_str);
                    if let Some(day) = day
                        && sync.first_day.as_deref().is_none_or(|first| day < first)
                    {
                        sync.first_day = Some(day.to_owned());
                    }
                    sync.records.entry(record.stream.to_string()).or_default().push(Identity::of(&data));
                }
                Message::State(state) => {
                    if let StateKind::Stream(body) = &state.kind {
                        let name = body.stream_descriptor.name.clone();
                        self.state.insert(name, json!({"type": "STREAM", "stream": body}));
                    }
                }
                Message::Control(control) => {
                    if let Some(changed) = control.connector_config {
                        self.config = Value::Object(changed.config);
                    }
                }
                Message::Trace(trace) => {
                    sync.errors.extend(trace.error.map(|error| error.message));
                    if let Some(status) = trace.stream_status {
                        let name = status.stream_descriptor.name;
                        let stream = sync.streams.entry(name.clone()).or_default();
                        if status.status == StreamStatus::Started {
                            stream.started = Some(Instant::now());
                        }
                        stream.time = stream.started.map(|started| started.elapsed()).unwrap_or_default();
                        stream.complete = status.status == StreamStatus::Complete;
                        watch(&name, stream);
                    }
                }
                _ => {}
            }
        }
    }

    /// This program is the connector too, when it is called with a connector's command.
    fn connector(&self, command: &str) -> Command {
        let program = std::env::current_exe().unwrap_or_default();
        let mut connector = Command::new(program);
        connector.env("PINTEREST_API_URL", &self.url).arg(command);
        connector
    }

    fn keep(&self, name: &str, content: &Value) -> io::Result<PathBuf> {
        let path: PathBuf = Path::join(&self.folder, name);
        std::fs::write(&path, format!("{content:#}\n"))?;
        Ok(path)
    }
}
