//! States of custom reports whose status filters were divided: later versions of the official connector keep a cursor for
//! each ad account and part of the filters (`campaign_statuses_chunk` and the like in the partition); here an ad account
//! has one, and its parts are read one after the other.

use std::collections::BTreeMap;

use connector_core::StateMigration;
use serde_json::{Map, Value};

use crate::config::StatusFilter;

/// The keys of a divided filter in a partition, in the order of [`Part`].
const CHUNKS: [&str; 3] = ["campaign_statuses_chunk", "ad_group_statuses_chunk", "ad_statuses_chunk"];

/// The statuses of campaigns, ad groups and ads that one report has rows of; an empty list is all of them.
type Part = [Vec<String>; 3];

/// Makes one cursor of those of an ad account's parts: the oldest, where the parts hold everything that the filters of the
/// config ask for; none where they do not, so that the ad account is read from its start.
pub(super) fn merged(filters: &[StatusFilter]) -> StateMigration {
    let wanted: Vec<Part> = filters.iter().map(part_of_filter).collect();
    let what = "one cursor for each ad account, and not for each part of its status filters";
    StateMigration::new("2.1.13", what, move |state| Ok(merge(state, &wanted)))
}

fn part_of_filter(filter: &StatusFilter) -> Part {
    [
        filter.campaign_statuses.iter().map(ToString::to_string).collect(),
        filter.ad_group_statuses.iter().map(ToString::to_string).collect(),
        filter.ad_statuses.iter().map(ToString::to_string).collect(),
    ]
}

fn merge(state: &mut Map<String, Value>, wanted: &[Part]) -> bool {
    let Some(entries) = state.get_mut("states").and_then(Value::as_array_mut) else { return false };
    let (divided, mut whole): (Vec<_>, Vec<_>) = std::mem::take(entries).into_iter().partition(is_divided);
    if divided.is_empty() {
        *entries = whole;
        return false;
    }
    let mut accounts = BTreeMap::<String, Vec<(Part, Value)>>::new();
    for mut entry in divided {
        let part = take_part(&mut entry);
        accounts.entry(entry["partition"].to_string()).or_default().push((part, entry));
    }
    for (_, parts) in accounts {
        if wanted.iter().all(|wanted| is_held(wanted, &parts)) {
            // Of several cursors of one partition the oldest counts.
            whole.extend(parts.into_iter().map(|(_, entry)| entry));
        }
    }
    *entries = whole;
    true
}

fn is_divided(entry: &Value) -> bool {
    CHUNKS.iter().any(|key| entry["partition"].get(key).is_some())
}

/// Takes the part out of the partition of an entry.
fn take_part(entry: &mut Value) -> Part {
    let texts = |list: Value| {
        list.as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
    };
    CHUNKS.map(|key| {
        let partition = entry.get_mut("partition").and_then(Value::as_object_mut);
        partition.and_then(|partition| partition.remove(key)).map(texts).unwrap_or_default()
    })
}

/// Whether every combination of statuses that is wanted is in one of the parts.
fn is_held(wanted: &Part, parts: &[(Part, Value)]) -> bool {
    let each = |statuses: &[String]| -> Vec<Option<String>> {
        if statuses.is_empty() { vec![None] } else { statuses.iter().cloned().map(Some).collect() }
    };
    let holds = |part: &[String], wanted: &Option<String>| {
        part.is_empty() || wanted.as_ref().is_some_and(|wanted| part.contains(wanted))
    };
    let [campaigns, ad_groups, ads] = wanted.each_ref().map(|statuses| each(statuses));
    campaigns.iter().all(|campaign| {
        ad_groups.iter().all(|ad_group| {
            ads.iter().all(|ad| {
                parts.iter().any(|([campaigns, ad_groups, ads], _)| {
                    holds(campaigns, campaign) && holds(ad_groups, ad_group) && holds(ads, ad)
                })
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(campaigns: &[&str], ads: &[&str]) -> Part {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        [texts(campaigns), Vec::new(), texts(ads)]
    }

    fn entry(account: &str, chunk: &[&str], day: &str) -> Value {
        json!({"partition": {"id": account, "parent_slice": {}, "campaign_statuses_chunk": chunk}, "cursor": {"DATE": day}})
    }

    /// The account and day of each entry that is left.
    fn left(entries: Value, wanted: &[Part]) -> Option<Vec<(String, String)>> {
        let mut state = Map::from_iter([("states".to_owned(), entries)]);
        merge(&mut state, wanted).then(|| {
            let entries = state["states"].as_array().unwrap().iter();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            entries.map(|entry| (text(&entry["partition"]["id"]), text(&entry["cursor"]["DATE"]))).collect()
        })
    }

    #[test]
    fn parts_that_hold_all_filters_become_entries_of_their_account() {
        let entries = json!([
            entry("1", &["RUNNING", "PAUSED"], "2026-11-10"),
            entry("1", &["DRAFT"], "2026-11-03"),
            entry("2", &["RUNNING"], "2026-11-10"),
            {"partition": {"id": "3", "parent_slice": {}}, "cursor": {"DATE": "2026-11-12"}},
        ]);
        let wanted = [part(&["PAUSED", "DRAFT"], &[]), part(&["RUNNING"], &[])];
        let pair = |account: &str, day: &str| (account.to_owned(), day.to_owned());
        let expected = vec![pair("3", "2026-11-12"), pair("1", "2026-11-10"), pair("1", "2026-11-03")];
        assert_eq!(left(entries.clone(), &wanted), Some(expected), "half of account 2 was never read");
        assert_eq!(
            left(entries, &[part(&[], &[])]),
            Some(vec![pair("3", "2026-11-12")]),
            "all statuses are more"
        );
    }

    #[test]
    fn a_filter_that_was_not_divided_holds_everything() {
        let entries = json!([entry("1", &["RUNNING"], "2026-11-10")]);
        assert!(
            left(entries.clone(), &[part(&["RUNNING"], &["PAUSED"])]).is_some_and(|left| left.len() == 1)
        );
        assert!(
            left(entries, &[part(&["RUNNING", "DRAFT"], &["PAUSED"])]).is_some_and(|left| left.is_empty())
        );
    }

    #[test]
    fn other_states_stay_as_they_are() {
        for state in [
            json!({"DATE": "2026-11-10"}),
            json!({"states": []}),
            json!({"states": [{"partition": {"id": "1"}}, 5]}),
        ] {
            let mut changed = state.as_object().unwrap().clone();
            assert!(!merge(&mut changed, &[part(&[], &[])]));
            assert_eq!(Value::Object(changed), state);
        }
    }
}
