//! States of custom reports whose status filters were divided: later versions of the official connector keep a cursor for
//! each ad account and part of the filters (`campaign_statuses_chunk` and the like in the partition); here an ad account
//! has one, and its parts are read one after the other.

use std::collections::BTreeMap;

use connector_core::{Failure, StateMigration};
use serde_json::{Map, Value, json};

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
    StateMigration::new("2.1.13", what, move |state| merge(state, &wanted))
}

fn part_of_filter(filter: &StatusFilter) -> Part {
    [
        filter.campaign_statuses.iter().map(ToString::to_string).collect(),
        filter.ad_group_statuses.iter().map(ToString::to_string).collect(),
        filter.ad_statuses.iter().map(ToString::to_string).collect(),
    ]
}

fn merge(state: &mut Map<String, Value>, wanted: &[Part]) -> Result<bool, Failure> {
    let Some(entries) = state.get_mut("states").and_then(Value::as_array_mut) else { return Ok(false) };
    let mut accounts = BTreeMap::<String, Vec<(usize, Part)>>::new();
    for (index, entry) in entries.iter_mut().enumerate().filter(|(_, entry)| is_divided(entry)) {
        let part = take_part(entry).map_err(|key| {
            Failure::config(format!("`states[{index}].partition.{key}` is no list of statuses"))
        })?;
        accounts.entry(entry["partition"].to_string()).or_default().push((index, part));
    }
    for (account, parts) in &accounts {
        // Of several cursors of one partition the oldest counts.
        if !wanted.iter().all(|wanted| is_held(wanted, parts)) {
            tracing::warn!(
                "the state of a custom report has not all of its status filters for {account}: it is read from the start"
            );
            for (index, _) in parts {
                entries[*index]["cursor"] = json!({});
            }
        }
    }
    Ok(!accounts.is_empty())
}

fn is_divided(entry: &Value) -> bool {
    CHUNKS.iter().any(|key| entry["partition"].get(key).is_some())
}

/// Takes the part out of the partition of an entry, or tells the key that holds none.
fn take_part(entry: &mut Value) -> Result<Part, &'static str> {
    let mut part = Part::default();
    for (statuses, key) in part.iter_mut().zip(CHUNKS) {
        let partition = entry.get_mut("partition").and_then(Value::as_object_mut);
        if let Some(chunk) = partition.and_then(|partition| partition.shift_remove(key)) {
            *statuses = serde_json::from_value(chunk).map_err(|_| key)?;
        }
    }
    Ok(part)
}

/// Whether every combination of statuses that is wanted is in one of the parts.
fn is_held(wanted: &Part, parts: &[(usize, Part)]) -> bool {
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
                parts.iter().any(|(_, [campaigns, ad_groups, ads])| {
                    holds(campaigns, campaign) && holds(ad_groups, ad_group) && holds(ads, ad)
                })
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(campaigns: &[&str], ads: &[&str]) -> Part {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        [texts(campaigns), Vec::new(), texts(ads)]
    }

    fn entry(account: &str, chunk: &[&str], day: &str) -> Value {
        json!({"partition": {"id": account, "parent_slice": {}, "campaign_statuses_chunk": chunk}, "cursor": {"DATE": day}})
    }

    /// The account and day of each entry.
    fn merged(entries: Value, wanted: &[Part]) -> Vec<(String, Option<String>)> {
        let mut state = json!({"states": entries, "state": {"DATE": "2026-11-22"}});
        assert!(merge(state.as_object_mut().unwrap(), wanted).unwrap());
        assert_eq!(state["state"]["DATE"], "2026-11-22");
        let of = |entry: &Value| {
            assert_eq!(entry["partition"].as_object().unwrap().len(), 2, "{entry}");
            let text = |value: &Value| value.as_str().map(str::to_owned);
            (text(&entry["partition"]["id"]).unwrap(), text(&entry["cursor"]["DATE"]))
        };
        state["states"].as_array().unwrap().iter().map(of).collect()
    }

    fn expected(entries: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
        let day = |day: &str| Some(day.to_owned()).filter(|day| !day.is_empty());
        entries.iter().map(|(account, of)| ((*account).to_owned(), day(of))).collect()
    }

    #[test]
    fn parts_that_hold_all_filters_become_entries_of_their_account() {
        let entries = json!([
            entry("1", &["RUNNING", "PAUSED"], "2026-11-10"),
            entry("2", &["RUNNING"], "2026-11-10"),
            {"partition": {"id": "3", "parent_slice": {}}, "cursor": {"DATE": "2026-11-12"}},
            entry("1", &["DRAFT"], "2026-11-03"),
        ]);
        let wanted = [part(&["PAUSED", "DRAFT"], &[]), part(&["RUNNING"], &[])];
        let half_of_2 = [("1", "2026-11-10"), ("2", ""), ("3", "2026-11-12"), ("1", "2026-11-03")];
        assert_eq!(merged(entries.clone(), &wanted), expected(&half_of_2));
        let all_statuses = [("1", ""), ("2", ""), ("3", "2026-11-12"), ("1", "")];
        assert_eq!(merged(entries, &[part(&[], &[])]), expected(&all_statuses));
    }

    #[test]
    fn a_filter_that_was_not_divided_holds_everything() {
        let entries = json!([entry("1", &["RUNNING"], "2026-11-10")]);
        for (campaigns, day) in [(&["RUNNING"][..], "2026-11-10"), (&["RUNNING", "DRAFT"], "")] {
            assert_eq!(merged(entries.clone(), &[part(campaigns, &["PAUSED"])]), expected(&[("1", day)]));
        }
    }

    #[test]
    fn other_states_stay_as_they_are() {
        for state in [
            json!({"DATE": "2026-11-10"}),
            json!({"states": []}),
            json!({"states": [{"partition": {"id": "1"}}, 5]}),
        ] {
            let mut changed = state.as_object().unwrap().clone();
            assert!(!merge(&mut changed, &[part(&[], &[])]).unwrap());
            assert_eq!(Value::Object(changed), state);
        }
    }

    #[test]
    fn what_is_no_list_of_statuses_is_refused_with_its_path() {
        for chunk in [json!("RUNNING"), json!(null), json!([1])] {
            let mut state = json!({"states": [
                {"partition": {"id": "1"}, "cursor": {}},
                {"partition": {"id": "1", "ad_statuses_chunk": chunk}, "cursor": {}}]});
            let told = merge(state.as_object_mut().unwrap(), &[part(&[], &[])]).unwrap_err();
            assert!(told.to_string().contains("`states[1].partition.ad_statuses_chunk`"), "{told}");
        }
    }
}
