//! Makes of a config, a configured catalog and states of any version those of today, and says what was changed: the command
//! `migrate` without its files.

mod fields;
mod report;
pub(crate) mod space;

use std::collections::HashMap;

use airbyte_protocol::{ConfiguredCatalog, RawJson};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::cli::{catalog_stream, parse};
use crate::cursor::CursorPolicy;
use crate::emitter::Emitter;
use crate::failure::Failure;
use crate::migration::StateMigration;
use crate::source::{Context, Source};
use crate::state_file;
use crate::stream::Stream;
use crate::stream_set::{Found, SavedStates, StreamSet};

pub(crate) use report::{Row, Section};

/// What the catalog says of a stream because the source says so; all else is the user's choice.
const OFFERED: [&str; 7] = [
    "json_schema",
    "supported_sync_modes",
    "source_defined_cursor",
    "default_cursor_field",
    "source_defined_primary_key",
    "is_resumable",
    "is_file_based",
];

/// Of these, what says nothing of a stream's tables; its fields are compared by themselves.
const OF_NO_MATTER: [&str; 3] = ["json_schema", "is_resumable", "is_file_based"];

/// What nobody has to do anything about.
const NOTHING: &str = "nothing";
const UNCHANGED: &str = "unchanged";
const SAME: &str = "the same, in the form of today";
const REFRESH: &str = "refresh the schema";
const REFRESHED: &str = "Refresh the schema where a platform keeps the catalog; where the file is the catalog, migrate writes it.";
const NOT_OURS: &str = "take it out: it is not a stream of this source";
const NOT_OURS_NOW: &str = "nothing, if the config leaves its stream out for now; else take it out";

/// Something in the form of today, with what is told of it.
pub(crate) struct Migrated<T> {
    pub(crate) now: T,
    pub(crate) section: Section,
}

/// The source as it is today under one config.
pub(crate) struct Today {
    streams: StreamSet,
    now: DateTime<Utc>,
    /// The names that streams had in the catalog, by those of today: a sync reads the states under them.
    configured: HashMap<String, String>,
}

/// Makes a config of today of one of any version.
///
/// # Errors
/// When the source refuses it.
pub(crate) fn config<S: Source>(
    source: &S,
    mut config: Map<String, Value>,
    emitter: &Emitter,
) -> Result<(Migrated<Map<String, Value>>, Today), Failure> {
    let migrations = source.migrations();
    let mut section = Section::new(["since", "what", "to do"]);
    for migration in migrations.config_migrations() {
        if (migration.change)(&mut config) {
            section.push([migration.since, migration.what, NOTHING]);
        }
    }
    let parsed: S::Config = parse(config.clone(), "config")?;
    let streams = source.streams(parsed, Context::new(config.clone(), emitter.clone()))?;
    let streams = StreamSet::new(streams, migrations);
    let today = Today { streams, now: emitter.now(), configured: HashMap::new() };
    Ok((Migrated { now: config, section }, today))
}

impl Today {
    /// Makes a configured catalog of today of one of any version: its streams have the names and the schemas of today, and
    /// what the user chose stays.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn catalog(
        &mut self,
        mut catalog: Map<String, Value>,
    ) -> Result<Migrated<Map<String, Value>>, Failure> {
        // Only to refuse what is none: what the protocol does not know shall stay as it is.
        parse::<ConfiguredCatalog>(catalog.clone(), "catalog")?;
        let mut section = Section::new(["stream", "was", "is now", "to do"]);
        let mut seen = HashMap::new();
        if let Some(Value::Array(entries)) = catalog.get_mut("streams") {
            entries.retain_mut(|entry| {
                let (stays, row) = self.catalog_entry(entry, &mut seen);
                if row.says(REFRESH) {
                    section.note(REFRESHED);
                }
                section.push(row);
                stays
            });
        }
        self.configured = seen;
        Ok(Migrated { now: catalog, section })
    }

    /// Renews one entry of a catalog, and says whether it stays.
    fn catalog_entry(&self, entry: &mut Value, seen: &mut HashMap<String, String>) -> (bool, Row) {
        let chosen = entry.get("sync_mode").cloned();
        let offered = entry.get_mut("stream").and_then(Value::as_object_mut);
        let name =
            offered.as_ref().and_then(|stream| stream.get("name")?.as_str()).unwrap_or_default().to_owned();
        let (Some(found), Some(offered)) = (self.streams.find(&name), offered) else {
            let fields = fields::count(entry.pointer("/stream/json_schema"));
            return (true, Row::from([name, fields, "kept as it is".into(), NOT_OURS.into()]));
        };
        let was = words([renamed_from(&found, &name), Some(fields::count(offered.get("json_schema")))]);
        if seen.contains_key(found.name) {
            let now = "left out: it stands there before, and the first counts";
            return (false, Row::from([found.name, &was, now, NOTHING]));
        }
        seen.insert(found.name.to_owned(), name.clone());
        let changes = renew(offered, &**found.stream);
        if found.renamed.is_some() {
            offered.insert("name".to_owned(), found.name.into());
        }
        let now = words([found.renamed.map(|rename| format!("renamed in {}", rename.since)), changes.words]);
        let to_do = self.to_do_in_catalog(&found, chosen.as_ref(), changes.matters);
        let now = if now.is_empty() { UNCHANGED.to_owned() } else { now };
        (true, Row::from([found.name, &was, &now, &to_do]))
    }

    fn to_do_in_catalog(&self, found: &Found<'_>, chosen: Option<&Value>, changed: bool) -> String {
        let incremental = found.stream.cursor().field().is_some();
        let mode = chosen.filter(|mode| !incremental && **mode == "incremental");
        let to_do = words([
            mode.map(|_| "choose full_refresh: it is not read incrementally".to_owned()),
            (changed || found.renamed.is_some()).then(|| REFRESH.to_owned()),
            found.renamed.map(|_| "expect its records under the new name".to_owned()),
        ]);
        if to_do.is_empty() { NOTHING.to_owned() } else { to_do }
    }

    /// Makes states of today of those of any version. Of a stream that was renamed the state under the newest name counts.
    ///
    /// # Errors
    /// When one cannot be understood, or none is of this source.
    pub(crate) fn states(&self, saved: &SavedStates) -> Result<Migrated<SavedStates>, Failure> {
        state_file::check_streams(saved, &self.streams)?;
        let mut section = Section::new(["stream", "was", "is now", "to do"]);
        let mut states = SavedStates::with_capacity(saved.len());
        for (name, state) in saved {
            let Some(found) = self.streams.find(name) else {
                section.push([name, "not known", "kept as it is", NOT_OURS_NOW]);
                states.insert(name.clone(), state.clone());
                continue;
            };
            match self.counting_name(found.name, saved) {
                Some(counts) if counts != name => {
                    let was = format!("named {name}");
                    let now = format!("left out: the state under the name {counts} counts");
                    section.push([found.name, &was, &now, NOTHING]);
                }
                _ => {
                    let (state, row) = self.state(&found, name, state)?;
                    section.push(row);
                    states.insert(found.name.to_owned(), state);
                }
            }
        }
        Ok(Migrated { now: states, section })
    }

    /// The name under which the state of a stream counts: the one that the catalog had, or else the newest.
    fn counting_name<'a>(&'a self, today: &str, saved: &'a SavedStates) -> Option<&'a str> {
        let configured = self.configured.get(today).filter(|name| saved.contains_key(*name));
        configured.map(String::as_str).or_else(|| self.streams.saved_name(today, saved))
    }

    fn state(&self, found: &Found<'_>, name: &str, saved: &RawJson) -> Result<(RawJson, Row), Failure> {
        let stream = found.stream;
        let before =
            self.streams.understand(stream, Some(saved), self.now).map_err(|error| error.in_stream(name))?;
        let was = words([
            renamed_from(found, name),
            Some(words_of(&before.state.in_words(), stream.cursor(), saved)),
        ]);
        let advice = before.state.is_shared().then(|| stream.advice_on_shared_cursor()).flatten();
        let written = before.state.rewritten();
        let now = if space::is_all_that_differs(written.get().as_bytes(), saved.get().as_bytes())
            && found.renamed.is_none()
        {
            UNCHANGED.to_owned()
        } else {
            let after = self.streams.understand(stream, Some(&written), self.now);
            let after = after.map_err(|error| error.in_stream(found.name))?.state.in_words();
            let applied = before.migrations.iter().map(applied).collect::<Vec<_>>().join("; ");
            // Of a cursor that stays what it was only the form is another.
            let after = if was.ends_with(&after) { SAME.to_owned() } else { after };
            words([Some(after), Some(applied).filter(|applied| !applied.is_empty())])
        };
        let to_do = advice.unwrap_or_else(|| NOTHING.to_owned());
        Ok((written, Row::from([found.name, &was, &now, &to_do])))
    }
}

fn applied(migration: &StateMigration) -> String {
    format!("since {}: {}", migration.since, migration.what)
}

/// What a state holds; a full-refresh stream keeps no more than a mark, whatever stands there.
fn words_of(held: &str, policy: CursorPolicy, saved: &RawJson) -> String {
    let says_nothing = ["{}", "null"].contains(&saved.get().replace([' ', '\n', '\r', '\t'], "").as_str());
    if policy == CursorPolicy::FullRefresh && held == "nothing yet" && !says_nothing {
        return "a mark of a full refresh".to_owned();
    }
    held.to_owned()
}

fn renamed_from(found: &Found<'_>, name: &str) -> Option<String> {
    found.renamed.map(|_| format!("named {name}"))
}

/// What was said otherwise of a stream.
#[derive(Default)]
struct Renewed {
    words: Option<String>,
    /// Whether its tables or the way it is read are others; how it is described is nobody's business but a reader's.
    matters: bool,
}

/// Says of a stream what the source says of it today; tells what was otherwise.
fn renew(offered: &mut Map<String, Value>, stream: &dyn Stream) -> Renewed {
    let Ok(Value::Object(today)) = serde_json::to_value(catalog_stream(stream)) else {
        return Renewed::default();
    };
    let fields = fields::changes(offered.get("json_schema"), today.get("json_schema"));
    let mut changed = Vec::new();
    for key in OFFERED {
        let (before, now) = (offered.get(key), today.get(key));
        if before == now || (says_nothing(before) && says_nothing(now)) {
            continue;
        }
        changed.push(key);
        match now {
            Some(now) => drop(offered.insert(key.to_owned(), now.clone())),
            None => drop(offered.shift_remove(key)),
        }
    }
    let matters = fields.is_some() || changed.iter().any(|key| !OF_NO_MATTER.contains(key));
    let rest: Vec<_> = changed.iter().copied().filter(|key| *key != "json_schema").collect();
    let schema =
        fields.or_else(|| changed.contains(&"json_schema").then(|| "fields described anew".to_owned()));
    let rest = (!rest.is_empty()).then(|| format!("{} as of today", rest.join(", ")));
    Renewed { words: Some(words([schema, rest])).filter(|words| !words.is_empty()), matters }
}

/// Whether a key might as well be absent.
fn says_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(_) => false,
    }
}

fn words(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
