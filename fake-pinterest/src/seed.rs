//! Seeded data: the same seed, sizes and `now` give the same records, byte for byte.

mod ad_accounts;
mod ads;
mod audiences;
mod boards;
mod catalogs;
mod random;
mod words;

use chrono::DateTime;

pub(crate) use random::Random;

use crate::data::{Data, Place};

const DAY: i64 = 24 * 60 * 60;

/// How many records to make, over all ad accounts together.
///
/// ```
/// use fake_pinterest::{Counts, Size};
///
/// let many_ads = Size::Custom(Counts { ads: 200_000, ..Counts::SMALL });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the number of what it names")]
pub struct Counts {
    /// The last ad account has nothing in it when there is more than one.
    pub ad_accounts: usize,
    pub campaigns: usize,
    pub ad_groups: usize,
    pub ads: usize,
    pub audiences: usize,
    pub customer_lists: usize,
    pub conversion_tags: usize,
    /// Keywords of ad groups. Each ad account with campaigns has one more, of a campaign.
    pub keywords: usize,
    /// The last board has nothing in it when there is more than one.
    pub boards: usize,
    pub board_sections: usize,
    /// Pins on boards; two of three lie in a section where the board has one.
    pub pins: usize,
    pub catalogs: usize,
    pub feeds: usize,
    pub product_groups: usize,
}

impl Counts {
    /// Nothing at all: a user without ad accounts, boards and catalogs.
    pub const NONE: Self = Self {
        ad_accounts: 0,
        campaigns: 0,
        ad_groups: 0,
        ads: 0,
        audiences: 0,
        customer_lists: 0,
        conversion_tags: 0,
        keywords: 0,
        boards: 0,
        board_sections: 0,
        pins: 0,
        catalogs: 0,
        feeds: 0,
        product_groups: 0,
    };
    /// Enough of everything for tests.
    pub const SMALL: Self = Self {
        ad_accounts: 3,
        campaigns: 12,
        ad_groups: 30,
        ads: 60,
        audiences: 6,
        customer_lists: 6,
        conversion_tags: 5,
        keywords: 90,
        boards: 6,
        board_sections: 8,
        pins: 40,
        catalogs: 3,
        feeds: 4,
        product_groups: 9,
    };
    /// The account of a believable shop, some 20,000 records.
    pub const DEMO: Self = Self {
        ad_accounts: 3,
        campaigns: 120,
        ad_groups: 900,
        ads: 8_000,
        audiences: 300,
        customer_lists: 60,
        conversion_tags: 12,
        keywords: 6_000,
        boards: 60,
        board_sections: 240,
        pins: 4_000,
        catalogs: 3,
        feeds: 9,
        product_groups: 600,
    };
}

impl Default for Counts {
    fn default() -> Self {
        Self::SMALL
    }
}

/// How much data the fake holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Size {
    /// [`Counts::SMALL`].
    #[default]
    Small,
    /// [`Counts::DEMO`].
    Demo,
    /// As many as you say.
    Custom(Counts),
}

impl Size {
    fn counts(self) -> Counts {
        match self {
            Self::Small => Counts::SMALL,
            Self::Demo => Counts::DEMO,
            Self::Custom(counts) => counts,
        }
    }
}

/// What all records are made from.
#[derive(Debug)]
struct Plan {
    seed: u64,
    /// Epoch seconds.
    now: i64,
    counts: Counts,
    ad_accounts: Vec<String>,
}

/// Makes all records.
pub(crate) fn data(seed: u64, now: i64, size: Size) -> Data {
    let counts = size.counts();
    let ad_accounts =
        (0..counts.ad_accounts).map(|index| id(&mut Random::of(seed, "ad account", index), "5497", 8, index));
    let plan = Plan { seed, now, counts, ad_accounts: ad_accounts.collect() };
    let mut data = Data::default();
    ad_accounts::make(&plan, &mut data);
    let ad_groups = ads::make(&plan, &mut data);
    audiences::make(&plan, &mut data);
    ads::make_keywords(&plan, &ad_groups, &mut data);
    boards::make(&plan, &mut data);
    catalogs::make(&plan, &mut data);
    data
}

impl Plan {
    fn random(&self, name: &str, index: usize) -> Random {
        Random::of(self.seed, name, index)
    }

    /// The ad account of the `index`-th of `count` records: neighbours share one, the last account gets none.
    fn ad_account(&self, index: usize, count: usize) -> Option<&str> {
        let holders = self.ad_accounts.len().saturating_sub(1).max(1);
        self.ad_accounts.get(share(index, count, holders)).map(String::as_str)
    }

    fn of_user(&self, index: usize, count: usize) -> Place {
        Place::of_user(self.ad_account(index, count))
    }

    /// Epoch seconds, up to so many days before `now`.
    fn past(&self, random: &mut Random, days: i64) -> i64 {
        self.now - random.between(0, days * DAY)
    }
}

/// Which of `holders` the `index`-th of `count` belongs to, in even runs.
fn share(index: usize, count: usize, holders: usize) -> usize {
    index * holders / count.max(1)
}

/// An id in Pinterest's manner: digits only, too long for a double in most kinds. Ascending in `index`, never twice.
fn id(random: &mut Random, prefix: &str, width: usize, index: usize) -> String {
    const STEP: u64 = 7_919;
    let number = index as u64 * STEP + random.below(STEP);
    format!("{prefix}{number:0width$}")
}

/// A time as boards and pins write it: no zone, meaning UTC.
fn local_time(epoch_seconds: i64) -> String {
    format_time(epoch_seconds, "%Y-%m-%dT%H:%M:%S")
}

/// A time as catalogs write it, with the zone.
fn utc_time(epoch_seconds: i64) -> String {
    format_time(epoch_seconds, "%Y-%m-%dT%H:%M:%SZ")
}

fn format_time(epoch_seconds: i64, format: &str) -> String {
    DateTime::from_timestamp(epoch_seconds, 0).unwrap_or_default().format(format).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use serde_json::Value;

    use super::*;

    const NOW: i64 = 1_795_478_400;

    fn small() -> Data {
        data(1, NOW, Size::Small)
    }

    #[test]
    fn the_same_seed_gives_the_same_data() {
        let text = |seed, now| {
            let data = data(seed, now, Size::Small);
            let records = crate::data::stream_names().map(|stream| Value::from(data.records(stream)));
            (Value::from_iter(records).to_string(), data.user().to_string())
        };
        assert_eq!(text(7, NOW), text(7, NOW));
        assert_ne!(text(7, NOW), text(8, NOW));
        assert_ne!(text(7, NOW), text(7, NOW + 1));
    }

    /// Every value of a record, at any depth.
    fn values(value: &Value) -> Vec<&Value> {
        let inner: Vec<&Value> = match value {
            Value::Array(items) => items.iter().flat_map(values).collect(),
            Value::Object(fields) => fields.values().flat_map(values).collect(),
            _ => Vec::new(),
        };
        [vec![value], inner].concat()
    }

    #[test]
    fn every_stream_has_what_breaks_careless_programs() {
        let data = small();
        for stream in crate::data::stream_names() {
            let records = data.records(stream);
            let has = |test: &dyn Fn(&Value) -> bool| records.iter().flat_map(values).any(test);
            assert!(has(&Value::is_null), "{stream} has no null");
            assert!(
                has(&|value| value.as_u64().is_some_and(|number| number > 1 << 53)),
                "{stream}: no large integer"
            );
            assert!(
                has(&|value| value.as_str().is_some_and(|text| !text.is_ascii())),
                "{stream}: ASCII only"
            );
            let ids: HashSet<_> = records.iter().map(|record| record["id"].as_str().unwrap()).collect();
            assert_eq!(ids.len(), records.len(), "{stream} has an id twice");
            assert!(ids.iter().all(|id| crate::query::check_id("id", id).is_ok()), "{stream}: {ids:?}");
        }
    }

    #[test]
    fn children_belong_to_parents_of_the_same_account() {
        let data = small();
        let by_id = |stream| -> HashMap<String, Value> {
            data.records(stream)
                .into_iter()
                .map(|record| (record["id"].as_str().unwrap().into(), record))
                .collect()
        };
        let (campaigns, ad_groups) = (by_id("campaigns"), by_id("ad_groups"));
        for ad_group in ad_groups.values() {
            let campaign = &campaigns[ad_group["campaign_id"].as_str().unwrap()];
            assert_eq!(campaign["ad_account_id"], ad_group["ad_account_id"]);
        }
        for ad in data.records("ads") {
            let ad_group = &ad_groups[ad["ad_group_id"].as_str().unwrap()];
            assert_eq!(ad["campaign_id"], ad_group["campaign_id"]);
            assert_eq!(ad["ad_account_id"], ad_group["ad_account_id"]);
        }
        let empty = data.ad_account_ids().pop().unwrap();
        for stream in ["campaigns", "ad_groups", "ads", "audiences", "customer_lists", "conversion_tags"] {
            assert!(data.records(stream).iter().all(|record| record["ad_account_id"] != empty), "{stream}");
        }
    }

    #[test]
    fn lists_have_ties_in_time_and_records_that_are_not_shown() {
        let data = small();
        for stream in ["campaigns", "ad_groups", "ads"] {
            let records = data.records(stream);
            let times: HashSet<_> =
                records.iter().map(|record| record["updated_time"].as_i64().unwrap()).collect();
            assert!(times.len() < records.len(), "{stream}: no two records of one second");
            let statuses: HashSet<_> =
                records.iter().map(|record| record["status"].as_str().unwrap()).collect();
            assert_eq!(statuses, HashSet::from(["ACTIVE", "PAUSED", "ARCHIVED", "DRAFT"]), "{stream}");
            assert!(data.default_truth(stream).len() < records.len(), "{stream}: all are shown");
        }
    }

    /// One field of each stream, or of an object in it, that Pinterest's description does not have.
    const UNKNOWN_FIELDS: &[(&str, &str)] = &[
        ("ad_accounts", "/owner/verified"),
        ("campaigns", "/experiment/notes"),
        ("ad_groups", "/experiment/share"),
        ("ads", "/spend_in_micro_currency"),
        ("audiences", "/overlap/share"),
        ("keywords", "/experiment/bucket"),
        ("conversion_tags", "/owner_note"),
        ("customer_lists", "/exceptions/sample"),
        ("boards", "/layout/theme"),
        ("board_sections", "/position/pinned"),
        ("board_pins", "/ai_generated/labels"),
        ("board_section_pins", "/ai_generated/score"),
        ("catalogs", "/owner/email"),
        ("catalogs_feeds", "/preferred_processing_schedule/days"),
        ("catalogs_product_groups", "/revision"),
    ];

    #[test]
    fn every_stream_has_a_field_that_nobody_knows() {
        let data = small();
        assert!(UNKNOWN_FIELDS.iter().map(|(stream, _)| *stream).eq(crate::data::stream_names()));
        for (stream, field) in UNKNOWN_FIELDS {
            let records = data.records(stream);
            assert!(records.iter().any(|record| record.pointer(field).is_some()), "{stream} {field}");
        }
    }

    #[test]
    fn no_id_is_given_twice_even_among_kinds() {
        let data = small();
        // Pins of sections are pins of boards too.
        let streams = crate::data::stream_names().filter(|stream| *stream != "board_section_pins");
        let ids: Vec<Value> =
            streams.flat_map(|stream| data.records(stream)).map(|record| record["id"].clone()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    }

    #[test]
    fn keywords_pins_and_product_groups_have_their_parents() {
        let data = small();
        let ids = |stream| -> HashSet<Value> {
            data.records(stream).into_iter().map(|record| record["id"].clone()).collect()
        };
        let (campaigns, ad_groups) = (ids("campaigns"), ids("ad_groups"));
        for keyword in data.records("keywords") {
            let parents = if keyword["parent_type"] == "campaign" { &campaigns } else { &ad_groups };
            assert!(parents.contains(&keyword["parent_id"]), "{keyword}");
        }
        let (boards, sections, feeds) = (ids("boards"), ids("board_sections"), ids("catalogs_feeds"));
        let last_board = &data.records("boards").pop().unwrap()["id"];
        for pin in data.records("board_pins") {
            assert!(boards.contains(&pin["board_id"]) && pin["board_id"] != *last_board, "{pin}");
            assert!(
                pin["board_section_id"].is_null() || sections.contains(&pin["board_section_id"]),
                "{pin}"
            );
        }
        assert!(
            data.records("catalogs_product_groups").iter().all(|group| feeds.contains(&group["feed_id"]))
        );
    }

    #[test]
    fn some_keywords_lie_where_no_list_leads_to() {
        let data = small();
        let reached = data.default_truth("keywords");
        assert!(!reached.is_empty() && reached.len() < data.records("keywords").len());
        assert!(reached.iter().all(|keyword| keyword["parent_type"] == "adgroup"));
    }

    #[test]
    fn nothing_happened_after_now() {
        let data = small();
        for stream in crate::data::stream_names() {
            for record in data.records(stream) {
                let times = record.as_object().unwrap().iter().filter(|(name, _)| {
                    let ends = ["_at", "_time", "_timestamp", "_time_ms"];
                    ends.iter().any(|end| name.ends_with(end)) && *name != "end_time"
                });
                for (name, time) in times {
                    let seconds = match time {
                        // Milliseconds have three digits more.
                        Value::Number(number) => {
                            number.as_i64().map(|time| if time > 100 * NOW { time / 1_000 } else { time })
                        }
                        Value::String(text) => {
                            let text = text.trim_end_matches('Z').parse::<chrono::NaiveDateTime>();
                            Some(text.unwrap().and_utc().timestamp())
                        }
                        _ => None,
                    };
                    assert!(
                        seconds.is_none_or(|seconds| (1..=NOW).contains(&seconds)),
                        "{stream} {name}: {time}"
                    );
                }
            }
        }
    }

    #[test]
    fn feeds_have_credentials_to_be_hidden_and_one_has_none() {
        let feeds = small().records("catalogs_feeds");
        let with = feeds.iter().filter(|feed| feed["credentials"]["password"].is_string()).count();
        assert_eq!((with, feeds.len()), (3, 4));
    }

    #[test]
    fn nothing_asked_for_gives_nothing() {
        let nothing = data(1, 0, Size::Custom(Counts::NONE));
        assert!(crate::data::stream_names().all(|stream| nothing.records(stream).is_empty()));
        // Children without any parent have no place.
        let orphans = Counts { ad_accounts: 0, boards: 0, ..Counts::SMALL };
        let orphans = data(1, 0, Size::Custom(orphans));
        let of_the_user = ["catalogs", "catalogs_feeds", "catalogs_product_groups"];
        for stream in crate::data::stream_names().filter(|stream| !of_the_user.contains(stream)) {
            assert!(orphans.records(stream).is_empty(), "{stream}");
        }
    }
}
