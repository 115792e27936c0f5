//! The names of columns: which may be asked for, and what was meant by one that may not.

use std::cmp::Reverse;
use std::collections::HashSet;

use pinterest_client::{ANALYTICS_COLUMNS, REPORT_COLUMNS};

/// What Pinterest refuses in reports of product items.
pub(crate) const OF_ADS: [&str; 6] =
    ["AD_ID", "AD_NAME", "AD_STATUS", "PIN_PROMOTION_ID", "PIN_PROMOTION_NAME", "PIN_PROMOTION_STATUS"];

/// What columns are asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Analytics,
    Report,
    ReportOfProductItems,
}

impl Kind {
    const fn allowed(self) -> &'static [&'static str] {
        match self {
            Self::Analytics => ANALYTICS_COLUMNS,
            Self::Report | Self::ReportOfProductItems => REPORT_COLUMNS,
        }
    }
}

/// The columns, each once, in the order of their first places: one that stands there again says nothing new.
pub(super) fn each_once(mut columns: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    columns.retain(|column| seen.insert(column.clone()));
    columns
}

/// What is wrong with these columns.
pub(super) fn check(columns: &[String], kind: Kind) -> Result<(), String> {
    if columns.is_empty() {
        return Err("at least one column is needed".to_owned());
    }
    for column in columns {
        if !kind.allowed().contains(&column.as_str()) {
            return Err(unknown(column, kind));
        }
        if kind == Kind::ReportOfProductItems && OF_ADS.contains(&column.as_str()) {
            return Err(format!(
                "{column} cannot be asked of product items: Pinterest refuses {} there",
                OF_ADS.join(", ")
            ));
        }
    }
    Ok(())
}

fn unknown(column: &str, kind: Kind) -> String {
    let (allowed, place) = match kind {
        Kind::Analytics => (
            kind.allowed(),
            "columns of analytics, which Pinterest's API reference lists for ad_account/analytics",
        ),
        _ => (kind.allowed(), "columns of reports, which the specification lists"),
    };
    let closest = match closest(column, allowed).as_slice() {
        [] => String::new(),
        closest => format!("; close to it: {}", closest.join(", ")),
    };
    format!("{column:?} is none of the {} {place}{closest}", allowed.len())
}

/// Up to three names that share the most with this one, and at least a fifth.
fn closest<'a>(name: &str, names: &[&'a str]) -> Vec<&'a str> {
    let pairs = pairs(name);
    let mut names: Vec<_> = names
        .iter()
        .map(|known| (likeness(&pairs, known), *known))
        .filter(|(likeness, _)| *likeness >= 200)
        .collect();
    names.sort_by_key(|(likeness, _)| Reverse(*likeness));
    names.into_iter().take(3).map(|(_, known)| known).collect()
}

/// The pairs of neighbours: unlike the number of edits, they find `SPEND_IN_DOLLAR` for `spend`.
fn pairs(name: &str) -> Vec<[u8; 2]> {
    let name = name.to_ascii_uppercase();
    name.as_bytes().windows(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// The share of pairs that both have, in thousandths.
fn likeness(name: &[[u8; 2]], known: &str) -> usize {
    let mut rest = pairs(known);
    let all = name.len() + rest.len();
    let both = name.iter().filter(|pair| {
        let at = rest.iter().position(|other| other == *pair);
        at.map(|at| rest.swap_remove(at)).is_some()
    });
    2000 * both.count() / all.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(columns: &[&str], kind: Kind) -> String {
        let columns: Vec<_> = columns.iter().map(|column| (*column).to_owned()).collect();
        check(&columns, kind).unwrap_err()
    }

    #[test]
    fn every_column_that_exists_may_be_asked_for() {
        for kind in [Kind::Analytics, Kind::Report] {
            let columns: Vec<_> = kind.allowed().iter().map(|column| (*column).to_owned()).collect();
            assert_eq!(check(&columns, kind), Ok(()));
        }
        assert!(OF_ADS.iter().all(|column| REPORT_COLUMNS.contains(column)));
    }

    #[test]
    fn what_was_meant_is_told() {
        for (written, meant) in [
            ("SPEND", "SPEND_IN_DOLLAR"),
            ("spend_in_dollar", "SPEND_IN_DOLLAR"),
            ("SPEND_IN_MICRODOLLAR", "SPEND_IN_MICRO_DOLLAR"),
            ("IMPRESSIONS_1", "IMPRESSION_1"),
            ("CAMPAGN_NAME", "CAMPAIGN_NAME"),
        ] {
            let error = error(&["PIN_ID", written], Kind::Report);
            let start =
                format!("{written:?} is none of the 613 columns of reports, which the specification lists");
            assert!(error.starts_with(&start), "{error}");
            assert!(error.split("close to it: ").nth(1).unwrap().contains(meant), "{error}");
            assert_eq!(error.matches(", ").count(), 1 + 2, "{error}");
        }
        for nothing_like_it in ["", "?", "§§", "SAVE"] {
            assert!(!error(&[nothing_like_it], Kind::Report).contains("close"));
        }
    }

    #[test]
    fn a_column_of_reports_alone_is_refused_for_analytics() {
        let error = error(&["AD_STATUS"], Kind::Analytics);
        assert!(
            error.starts_with(
                "\"AD_STATUS\" is none of the 175 columns of analytics, which Pinterest's API reference"
            ),
            "{error}"
        );
    }

    #[test]
    fn no_column_is_refused() {
        assert_eq!(error(&[], Kind::Report), "at least one column is needed");
    }

    #[test]
    fn a_column_keeps_its_first_place() {
        let columns = ["PIN_ID", "CTR", "PIN_ID", "CTR", "AD_ID", "PIN_ID"].map(str::to_owned);
        assert_eq!(each_once(columns.to_vec()), ["PIN_ID", "CTR", "AD_ID"]);
        assert!(each_once(Vec::new()).is_empty());
    }

    #[test]
    fn columns_of_ads_are_refused_for_product_items() {
        for column in OF_ADS {
            let error = error(&["SPEND_IN_DOLLAR", column], Kind::ReportOfProductItems);
            assert!(error.starts_with(&format!("{column} cannot be asked of product items")), "{error}");
            assert!(OF_ADS.iter().all(|column| error.contains(column)), "{error}");
        }
    }
}
