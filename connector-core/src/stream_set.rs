//! [`StreamSet`]: the streams of a source by their names, those of today and those of before, and their saved states.

use std::collections::HashMap;
use std::sync::Arc;

use airbyte_protocol::RawJson;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde_json::Value;

use crate::failure::Failure;
use crate::migration::{Migrations, Rename, StateMigration};
use crate::partition::Division;
use crate::state::StreamState;
use crate::stream::{Partitions, Stream};

/// The saved state of each stream, by the name it was saved under, in the order of the file.
pub(crate) type SavedStates = IndexMap<String, RawJson>;

/// The streams that a config offers.
pub(crate) struct StreamSet {
    /// In the order of the catalog.
    streams: Vec<Arc<dyn Stream>>,
    by_name: HashMap<String, usize>,
    migrations: Migrations,
}

/// A stream that a name means.
pub(crate) struct Found<'a> {
    pub(crate) stream: &'a Arc<dyn Stream>,
    /// Its name of today.
    pub(crate) name: &'a str,
    /// The rename since which it has that name, where it was called otherwise.
    pub(crate) renamed: Option<&'a Rename>,
}

/// What migrations made of a saved state.
pub(crate) struct Understood {
    pub(crate) state: StreamState,
    /// The migrations that it needed.
    pub(crate) migrations: Vec<StateMigration>,
}

impl StreamSet {
    pub(crate) fn new(streams: Vec<Arc<dyn Stream>>, migrations: Migrations) -> Self {
        let names = streams.iter().map(|stream| stream.descriptor().name);
        let by_name = names.enumerate().map(|(index, name)| (name, index)).collect();
        Self { streams, by_name, migrations }
    }

    /// All of them, in the order of the catalog.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn Stream>> {
        self.streams.iter()
    }

    /// The stream that a catalog or a state means.
    pub(crate) fn find(&self, name: &str) -> Option<Found<'_>> {
        // A stream of today has its name, whatever was called so before.
        let known = |name: &str, renamed| {
            let (name, index) = self.by_name.get_key_value(name)?;
            Some(Found { stream: &self.streams[*index], name, renamed })
        };
        known(name, None).or_else(|| {
            let (today, rename) = self.migrations.today(name)?;
            known(today, Some(rename))
        })
    }

    /// The state of the stream that a catalog calls so: saved under this name, or under another name of the stream.
    pub(crate) fn saved<'a>(&self, name: &str, saved: &'a SavedStates) -> Option<&'a RawJson> {
        let found = self.find(name)?;
        saved.get(name).or_else(|| saved.get(self.saved_name(found.name, saved)?))
    }

    /// The name under which the state of a stream was saved, by its name of today: of several the newest counts.
    pub(crate) fn saved_name<'a>(&self, today: &str, saved: &'a SavedStates) -> Option<&'a str> {
        // What another stream is called today is that stream's.
        let mut names = self.migrations.before(today).filter(|name| !self.by_name.contains_key(*name));
        let before = || names.find_map(|name| saved.get_key_value(name));
        saved.get_key_value(today).or_else(before).map(|(name, _)| name.as_str())
    }

    /// Reads the state of a stream.
    ///
    /// # Errors
    /// A config failure with the path of what is wrong.
    pub(crate) fn understand(
        &self,
        stream: &Arc<dyn Stream>,
        saved: Option<&RawJson>,
        now: DateTime<Utc>,
    ) -> Result<Understood, Failure> {
        let possible = saved.map_or_else(Vec::new, |_| stream.state_migrations());
        let (mut changed, mut migrations) = (None, Vec::new());
        if let (Some(saved), false) = (saved, possible.is_empty())
            && let Ok(Value::Object(mut state)) = saved.parse::<Value>()
        {
            for migration in possible {
                if migration.apply(&mut state)? {
                    migrations.push(migration);
                }
            }
            changed = (!migrations.is_empty()).then(|| RawJson::from(Value::Object(state)));
        }
        let saved = changed.as_ref().or(saved);
        let division = self.division(stream);
        let state = StreamState::new(stream.cursor(), division.as_ref(), saved, now)?;
        Ok(Understood { state, migrations })
    }

    /// By which keys a stream is divided; `None` when that cannot be said.
    fn division(&self, stream: &Arc<dyn Stream>) -> Option<Division> {
        let mut levels = Vec::new();
        let mut partitions = stream.partitions();
        loop {
            match partitions {
                Partitions::Single => return Some(Division(levels)),
                Partitions::Each(list) => {
                    levels.extend(Division::of(list.first()?).0);
                    return Some(Division(levels));
                }
                Partitions::ChildrenOf { parent, key } => {
                    // Parents that go round would never end.
                    let parent = self.by_name.get(&parent).filter(|_| levels.len() <= self.streams.len())?;
                    levels.push(vec![key.into()]);
                    partitions = self.streams[*parent].partitions();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;
    use serde_json::json;

    use super::*;
    use crate::slice::Slice;
    use crate::stream::{Descriptor, Pages};

    struct Named(&'static str);

    impl Stream for Named {
        fn descriptor(&self) -> Descriptor {
            Descriptor::new(self.0, serde_json::Map::new())
        }

        fn read<'a>(&'a self, _: &'a Slice) -> Pages<'a> {
            futures::stream::empty().boxed()
        }
    }

    #[test]
    fn a_name_of_before_that_another_stream_has_today_is_that_streams() {
        let set = |names: &[&'static str]| {
            let streams = names.iter().map(|name| Arc::new(Named(name)) as Arc<dyn Stream>);
            StreamSet::new(streams.collect(), Migrations::new().renamed_stream("1", "a", "b"))
        };
        let saved = SavedStates::from_iter([("a".to_owned(), RawJson::from(json!({"updated": 100})))]);
        for (names, means, has_state) in [(&["b"][..], "b", true), (&["a", "b"], "a", false)] {
            let set = set(names);
            assert_eq!(set.find("a").unwrap().name, means);
            assert_eq!(set.saved("b", &saved).is_some(), has_state);
        }
    }
}
