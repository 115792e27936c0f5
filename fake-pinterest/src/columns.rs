//! The columns that Pinterest's description knows, and the ones a request chose.

use std::{collections::HashSet, sync::LazyLock};

use crate::answer::ApiError;

/// The columns of analytics, as the description of their `columns` parameter lists them.
pub(crate) const OF_ANALYTICS: &str = include_str!("columns/analytics.txt");
/// The columns of reports: the schema `ReportingColumnAsync`.
pub(crate) const OF_REPORTS: &str = include_str!("columns/report.txt");

/// The names of a list of columns.
pub(crate) type Names = LazyLock<HashSet<&'static str>>;

/// The names of [`OF_ANALYTICS`].
pub(crate) static NAMES_OF_ANALYTICS: Names = LazyLock::new(|| OF_ANALYTICS.lines().collect());
/// The names of [`OF_REPORTS`].
pub(crate) static NAMES_OF_REPORTS: Names = LazyLock::new(|| OF_REPORTS.lines().collect());

/// The columns that rows have beside their date and the id of their level.
#[derive(Debug, Clone)]
pub(crate) enum Columns {
    All,
    These(HashSet<String>),
}

impl Columns {
    /// What a request names; each must be one of the known ones.
    pub(crate) fn choose(known: &Names, names: &[&str]) -> Result<Self, ApiError> {
        if names.is_empty() {
            return Err(ApiError::bad_request("'columns' must name one column at least"));
        }
        match names.iter().find(|name| !known.contains(**name)) {
            Some(name) => Err(ApiError::bad_request(format!("'columns' does not know '{name}'"))),
            None => Ok(Self::These(names.iter().map(|&name| name.to_owned()).collect())),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => names.contains(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole() {
        for (list, count) in [(OF_ANALYTICS, 175), (OF_REPORTS, 613)] {
            let names: HashSet<&str> = list.lines().collect();
            assert_eq!((names.len(), list.lines().count()), (count, count));
            assert!(names.iter().all(|name| !name.is_empty() && name.trim() == *name));
        }
    }

    #[test]
    fn only_known_columns_can_be_chosen_and_one_at_least() {
        let chosen = Columns::choose(&NAMES_OF_ANALYTICS, &["CTR", "AD_ID"]).unwrap();
        assert!(chosen.has("CTR") && !chosen.has("SPEND_IN_DOLLAR"));
        assert!(Columns::choose(&NAMES_OF_ANALYTICS, &[]).is_err());
        assert!(Columns::choose(&NAMES_OF_ANALYTICS, &["CTR", "PRODUCT_GROUP_ID"]).is_err());
        assert!(Columns::choose(&NAMES_OF_REPORTS, &["CTR", "PRODUCT_GROUP_ID"]).is_ok());
    }
}
