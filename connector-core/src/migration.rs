//! What earlier versions of a connector called or wrote otherwise, so that their configs, catalogs and states go on being
//! understood.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::failure::Failure;

/// What earlier versions of a connector called or wrote otherwise, oldest first.
///
/// The forms that Airbyte's own frameworks have given to state (one cursor, one for each partition, one for all because
/// there were many; numbers, texts, dates) are read without a word here.
///
/// ```
/// use connector_core::Migrations;
/// let migrations = Migrations::new()
///     .renamed_stream("1.0.0", "shelfs", "shelves")
///     .config("2.0.0", "`shop` is called `shop_id`", |config| match config.remove("shop") {
///         Some(shop) => {
///             config.insert("shop_id".to_owned(), shop);
///             true
///         }
///         None => false,
///     });
/// # drop(migrations);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Migrations {
    renames: Vec<Rename>,
    config: Vec<ConfigMigration>,
}

/// A stream that was called otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Rename {
    pub(crate) since: &'static str,
    pub(crate) before: &'static str,
    now: &'static str,
}

/// How the config of an earlier version becomes one of the next.
#[derive(Clone, Debug)]
pub(crate) struct ConfigMigration {
    pub(crate) since: &'static str,
    pub(crate) what: &'static str,
    pub(crate) change: fn(&mut Map<String, Value>) -> bool,
}

impl Migrations {
    /// Nothing was ever otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that a stream has another name since a version. Catalogs and states with the name from before are understood:
    /// the stream is read under the name that its catalog has.
    #[must_use]
    pub fn renamed_stream(mut self, since: &'static str, before: &'static str, now: &'static str) -> Self {
        self.renames.push(Rename { since, before, now });
        self
    }

    /// Says how a config of before a version is written since: `change` makes a new config of an old one and says whether
    /// it was one. It is used by the command `migrate` alone; `what` tells people what was changed.
    #[must_use]
    pub fn config(
        mut self,
        since: &'static str,
        what: &'static str,
        change: fn(&mut Map<String, Value>) -> bool,
    ) -> Self {
        self.config.push(ConfigMigration { since, what, change });
        self
    }

    /// The name that a stream has today, and the last of the renames that lead there.
    pub(crate) fn today(&self, name: &str) -> Option<(&'static str, &Rename)> {
        let mut last: Option<&Rename> = None;
        for rename in &self.renames {
            if rename.before == last.map_or(name, |last| last.now) {
                last = Some(rename);
            }
        }
        last.map(|rename| (rename.now, rename))
    }

    /// The names that a stream of this name had before, the newest first.
    pub(crate) fn before(&self, name: &str) -> impl Iterator<Item = &'static str> {
        let names = self.renames.iter().rev().map(|rename| rename.before);
        names.filter(move |before| self.today(before).is_some_and(|(now, _)| now == name))
    }

    pub(crate) fn config_migrations(&self) -> &[ConfigMigration] {
        &self.config
    }
}

/// How the state of a stream that an earlier version of the connector wrote becomes one that this version reads.
///
/// ```
/// use connector_core::StateMigration;
/// // Before 3.0.0 the cursor was called `changed`.
/// let renamed = StateMigration::new("3.0.0", "the cursor is called `updated`", |state| match state.remove("changed") {
///     Some(cursor) => {
///         state.insert("updated".to_owned(), cursor);
///         Ok(true)
///     }
///     None => Ok(false),
/// });
/// # drop(renamed);
/// ```
#[derive(Clone)]
pub struct StateMigration {
    pub(crate) since: &'static str,
    pub(crate) what: &'static str,
    change: Arc<ChangeState>,
}

type ChangeState = dyn Fn(&mut Map<String, Value>) -> Result<bool, Failure> + Send + Sync;

impl StateMigration {
    /// `change` makes a state of the version `since` of one of before, and says whether it was one. `what` tells people
    /// what was changed.
    pub fn new(
        since: &'static str,
        what: &'static str,
        change: impl Fn(&mut Map<String, Value>) -> Result<bool, Failure> + Send + Sync + 'static,
    ) -> Self {
        Self { since, what, change: Arc::new(change) }
    }

    pub(crate) fn apply(&self, state: &mut Map<String, Value>) -> Result<bool, Failure> {
        (self.change)(state)
    }
}

impl fmt::Debug for StateMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateMigration")
            .field("since", &self.since)
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_age_lead_to_the_one_of_today() {
        let migrations = Migrations::new()
            .renamed_stream("1", "a", "b")
            .renamed_stream("2", "b", "c")
            .renamed_stream("2", "x", "y");
        for (name, today, since) in
            [("a", Some("c"), "2"), ("b", Some("c"), "2"), ("x", Some("y"), "2"), ("c", None, "")]
        {
            let (now, rename) = migrations.today(name).unzip();
            assert_eq!((now, rename.map_or("", |rename| rename.since)), (today, since), "{name}");
        }
        assert_eq!(migrations.before("c").collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(migrations.before("a").count(), 0);
    }
}
