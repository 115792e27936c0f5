//! Every state that a version of the official connector or of this one has written is understood: nothing is missed, nothing
//! older than the cursor comes again, and what is left has the form of today.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use airbyte_protocol::{Message, RawJson, StateKind, StreamStatus};
use chrono::{DateTime, NaiveDate, Utc};
use connector_core::testing::Run;
use fake_pinterest::{Builder, Counts, FakePinterest, Fault, ReportStep, Size, operation_of};
use serde_json::{Value, json};

use crate::connection::{Connection, as_numbers, assert_complete, assert_incomplete, in_order};
use crate::program::{Files, Output, run_against};

const ENTITIES: [&str; 3] = ["campaigns", "ad_groups", "ads"];
/// One partition for each ad account, and rows by day.
const OF_ACCOUNTS: [&str; 5] =
    ["ad_account_analytics", "advertiser_report", "campaign_analytics_report", "keyword_report", CUSTOM];
/// One partition for each campaign, ad group or ad, and rows by day.
const OF_ENTITIES: [&str; 3] = ["campaign_analytics", "ad_group_analytics", "ad_analytics"];
const OF_USER: &str = "user_account_analytics";
const CUSTOM: &str = "custom_mine";
const CUSTOM_COLUMNS: [&str; 4] = ["AD_ACCOUNT_ID", "CAMPAIGN_ID", "IMPRESSION_1", "CLICKTHROUGH_1"];
/// What streams were called before version 1, and what they are called since.
const RENAMED: [(&str, &str); 2] = [
    ("advertizer_report", "advertiser_report"),
    ("advertizer_targeting_report", "advertiser_targeting_report"),
];

const NOW: &str = "2026-11-24T00:00:00Z";
const DAY: i64 = 86_400;
/// The moments of the tables, in days before today: the start date, one before it, where cursors stand, and one to come.
const MOMENTS: [(&str, i64); 5] =
    [("START", START), ("BEFORE", 16), ("EARLY", EARLY), ("LATE", LATE), ("FUTURE", -365)];
const START: i64 = 12;
const EARLY: i64 = 8;
const LATE: i64 = 4;
/// On which days before today the entities of each ad account changed, one after the other: on the days of the cursors,
/// and before and after each moment.
const CHANGES: [i64; 7] = [14, 10, EARLY, LATE, 2, 6, 3];
/// All that the tables ask for is younger.
const LONG_AGO: i64 = 20;

/// One cursor for the whole stream: all streams of version 1, reports up to 2.1.9, the user's analytics for ever.
///
/// In the tables stand the version, what it is, from where each partition is wanted (see [`Starts`]), and the state.
/// `$field` is the name of the cursor; `$EARLY` a moment as the cursor of today, `$early` as the one of 2.0; `$EARLY.number`
/// and `$EARLY.day` only the moment; `$a` and `$b` partitions of two ad accounts, `$a.id` and `$a.parent` parts of one.
const FLAT: &str = r#"
1.3.3 | as it is written | all EARLY | $early
1.3.3 | a number | all EARLY | {"$field": $EARLY.number}
1.3.3 | a number with a point | all EARLY | {"$field": $EARLY.number.0}
1.3.3 | digits | all EARLY | {"$field": "$EARLY.number"}
1.3.3 | a day | all EARLY | {"$field": "$EARLY.day"}
1.3.3 | a day and a time | all EARLY | {"$field": "$EARLY.dayT00:00:00"}
1.3.3 | a day and a time of a zone | all EARLY | {"$field": "$EARLY.dayT00:00:00Z"}
1.3.3 | a time of another zone | all EARLY | {"$field": "$EARLY.dayT02:00:00+02:00"}
1.3.3 | all records were older than the start date | all START | {"$field": $START.number.0}
1.3.3 | no record had a time | all START | {"$field": "$START.day"}
1.3.3 | from before the start date | all BEFORE | $before
1.3.3 | from the future | all FUTURE | $future
"#;

/// Nothing that says where to go on.
const NOTHING: &str = r#"
any | null | first sync | null
1.3.3 | no record came | first sync | {}
1.3.3 | the mark of a full refresh | first sync | {"__ab_full_refresh_state_message": true}
2.1.8 | the mark of a full refresh | first sync | {"__ab_full_refresh_sync_complete": true}
2.1.8 | a page of a full refresh | first sync | {"next_page_token": "p1"}
2.1.12 | the mark of a full refresh | first sync | {"__ab_no_cursor_state_message": true}
"#;

/// A cursor for each partition: 2.0.0 to 2.1.8, and 2.1.9 to 2.1.12.
const EACH: &str = r#"
2.0.0 | no partition | first sync | {"states": []}
2.0.0 | others were not reached | a EARLY | {"states": [{"partition": $a, "cursor": $early}]}
2.1.8 | two partitions | a EARLY, b LATE | {"states": [{"partition": $b, "cursor": $late}, {"partition": $a, "cursor": $early}]}
2.1.8 | the mark of a full refresh | b LATE | {"states": [{"partition": $a, "cursor": {"__ab_full_refresh_sync_complete": true}}, {"partition": $b, "cursor": $late}]}
2.1.8 | nothing of a partition | b LATE | {"states": [{"partition": $a, "cursor": {}}, {"partition": $b, "cursor": $late}]}
2.1.12 | no partition | first sync | {"states": [], "lookback_window": 0, "use_global_cursor": false}
2.1.12 | the middle of a first sync | a START, b LATE | {"use_global_cursor": false, "states": [{"partition": $a, "cursor": $START}, {"partition": $b, "cursor": $LATE}], "lookback_window": 0}
2.1.12 | a partition has failed | a START, b LATE | {"use_global_cursor": false, "states": [{"partition": $a, "cursor": $START}, {"partition": $b, "cursor": $LATE}], "lookback_window": 0, "parent_state": {}}
2.1.12 | the end of a sync | a EARLY, b LATE | {"use_global_cursor": false, "states": [{"partition": $a, "cursor": $EARLY}, {"partition": $b, "cursor": $LATE}], "state": $LATE, "lookback_window": 1, "parent_state": {}}
2.1.12 | others are not listed | a EARLY | {"use_global_cursor": false, "states": [{"partition": $a, "cursor": $EARLY}], "state": $LATE, "lookback_window": 100000, "parent_state": {}}
2.1.12 | keys in another order | a EARLY, b LATE | {"parent_state": {}, "lookback_window": 1, "state": $LATE, "states": [{"cursor": $EARLY, "partition": {"parent_slice": $a.parent, "id": "$a.id"}}, {"cursor": $LATE, "partition": $b}], "use_global_cursor": false}
2.1.12 | a partition that is gone | 549700000001 LATE, a EARLY | {"use_global_cursor": false, "states": [{"partition": {"id": "549700000001", "parent_slice": $a.parent}, "cursor": $LATE}, {"partition": $a, "cursor": $EARLY}], "state": $LATE, "lookback_window": 1, "parent_state": {}}
2.1.12 | the id is a number | a EARLY | {"states": [{"partition": {"id": $a.id, "parent_slice": $a.parent}, "cursor": $EARLY}]}
2.1.12 | the id is a number, and a newer text | a EARLY | {"states": [{"partition": {"id": $a.id, "parent_slice": $a.parent}, "cursor": $EARLY}, {"partition": $a, "cursor": $LATE}], "state": $LATE, "lookback_window": 1}
2.1.12 | the id is a number, and an older text | a EARLY | {"states": [{"partition": {"id": $a.id, "parent_slice": $a.parent}, "cursor": $LATE}, {"partition": $a, "cursor": $EARLY}], "state": $LATE, "lookback_window": 1}
2.1.12 | no parent | a EARLY, b LATE | {"states": [{"partition": {"id": "$a.id"}, "cursor": $EARLY}, {"partition": {"id": $b.id}, "cursor": $LATE}]}
2.1.12 | the parent is empty | a EARLY, b LATE | {"states": [{"partition": {"id": "$a.id", "parent_slice": {}}, "cursor": $EARLY}, {"partition": {"id": "$b.id", "parent_slice": {}}, "cursor": $LATE}]}
2.1.12 | the parent is null | a EARLY | {"states": [{"partition": {"id": "$a.id", "parent_slice": null}, "cursor": $EARLY}]}
2.1.12 | older without the parent | a EARLY | {"states": [{"partition": {"id": "$a.id"}, "cursor": $EARLY}, {"partition": $a, "cursor": $LATE}]}
2.1.12 | newer without the parent | a EARLY | {"states": [{"partition": $a, "cursor": $EARLY}, {"partition": {"id": "$a.id"}, "cursor": $LATE}]}
2.1.12 | from the future | a FUTURE, b LATE | {"states": [{"partition": $a, "cursor": $FUTURE}, {"partition": $b, "cursor": $LATE}], "state": $LATE, "lookback_window": 1}
2.1.12 | from before the start date | a BEFORE, b LATE | {"states": [{"partition": $a, "cursor": $BEFORE}, {"partition": $b, "cursor": $LATE}], "state": $LATE, "lookback_window": 1}
"#;

/// One cursor for all partitions: 2.1.9 to 2.1.12 where there were many, and this connector in an upgrade that was not
/// finished.
const SHARED: &str = r#"
2.1.12 | many, none was read | first sync | {"use_global_cursor": true, "lookback_window": 0, "parent_state": {}}
2.1.12 | many | all LATE | {"use_global_cursor": true, "state": $LATE, "lookback_window": 0, "parent_state": {}}
2.1.12 | many, no lookback | all LATE | {"use_global_cursor": true, "state": $LATE}
2.1.12 | many, a second back | all LATE - 1 | {"use_global_cursor": true, "state": $LATE, "lookback_window": 1, "parent_state": {}}
2.1.12 | many, a day back | all LATE - 86400 | {"use_global_cursor": true, "state": $LATE, "lookback_window": 86400, "parent_state": {}}
2.1.12 | many, more than a day back | all LATE - 86401 | {"use_global_cursor": true, "state": $LATE, "lookback_window": 86401, "parent_state": {}}
2.1.12 | many, back before the start date | all LATE - 1036800 | {"use_global_cursor": true, "state": $LATE, "lookback_window": 1036800, "parent_state": {}}
2.1.12 | no list | all LATE - 172800 | {"use_global_cursor": false, "state": $LATE, "lookback_window": 172800, "parent_state": {}}
2.1.12 | an empty list | all LATE - 100000 | {"use_global_cursor": false, "states": [], "state": $LATE, "lookback_window": 100000, "parent_state": {}}
2.1.12 | alone | all LATE | {"state": $LATE}
this | an upgrade | a LATE, others EARLY | {"use_global_cursor": false, "states": [{"partition": $a, "cursor": $LATE}], "state": $EARLY, "lookback_window": 0, "parent_state": {}, "state_is_for_all": true}
this | an upgrade, back before its cursor | a LATE, b LATE, others EARLY - 86401 | {"use_global_cursor": false, "states": [{"partition": $a, "cursor": $LATE}, {"partition": $b, "cursor": $LATE}], "state": $EARLY, "lookback_window": 86401, "parent_state": {}, "state_is_for_all": true}
"#;

/// Ad accounts with something from before and after each cursor, the last of them empty but for its rows.
struct Shop {
    connection: Connection,
    /// Midnight of the day of the tests.
    today: i64,
}

/// What the fake has of a stream.
struct Truth<'a> {
    stream: &'a str,
    today: i64,
    /// The partitions by their ids.
    partitions: BTreeMap<String, Value>,
    records: Vec<Truthful>,
}

struct Truthful {
    partition: String,
    time: i64,
    record: Value,
}

/// From where each partition is wanted: `all MOMENT`, or `a MOMENT, b MOMENT, others MOMENT`, each with seconds to
/// subtract. Others are read from the start date if nothing is said of them.
#[derive(Clone, Default)]
struct Starts {
    of: BTreeMap<String, i64>,
    others: Option<i64>,
}

/// A row of the tables, of a stream of the fake.
struct Saved {
    what: String,
    state: Value,
    starts: Starts,
}

fn date(moment: i64) -> NaiveDate {
    DateTime::from_timestamp(moment, 0).unwrap().date_naive()
}

fn midnight(date: NaiveDate) -> i64 {
    date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The name of the cursor in records and states.
fn field(stream: &str) -> &'static str {
    match stream {
        OF_USER => "date",
        stream if ENTITIES.contains(&stream) => "updated_time",
        _ => "DATE",
    }
}

/// The partition that a record belongs to.
fn id_of(stream: &str, record: &Value) -> String {
    let column = match stream {
        OF_USER => return String::new(),
        stream if ENTITIES.contains(&stream) => "ad_account_id",
        "campaign_analytics" => "CAMPAIGN_ID",
        "ad_group_analytics" => "AD_GROUP_ID",
        "ad_analytics" => "AD_ID",
        _ => "AD_ACCOUNT_ID",
    };
    text(&record[column]).to_owned()
}

/// The moment that orders a record.
fn time_of(stream: &str, record: &Value) -> i64 {
    let time = &record[field(stream)];
    time.as_i64().unwrap_or_else(|| midnight(text(time).parse().unwrap()))
}

/// A cursor as it is written today.
fn rendered(stream: &str, moment: i64) -> String {
    if ENTITIES.contains(&stream) { moment.to_string() } else { date(moment).to_string() }
}

/// A cursor object as it is written since 2.1.9.
fn cursor(stream: &str, moment: i64) -> Value {
    json!({ field(stream): rendered(stream, moment) })
}

/// A cursor object as versions up to 2.1.8 wrote it.
fn cursor_of_2_0(stream: &str, moment: i64) -> Value {
    let value = if ENTITIES.contains(&stream) { json!(moment) } else { json!(date(moment)) };
    json!({ field(stream): value })
}

/// Whether a cursor has one key only, with digits or a day in a text.
fn is_cursor(stream: &str, cursor: &Value) -> bool {
    let value = cursor[field(stream)].as_str().unwrap_or_default();
    let is_moment = if ENTITIES.contains(&stream) {
        !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
    } else {
        value.parse::<NaiveDate>().is_ok_and(|day| day.to_string() == value)
    };
    is_moment && keys(cursor) == [field(stream)]
}

fn partition(id: &str, parent: &Value) -> Value {
    json!({"id": id, "parent_slice": parent})
}

fn entry(partition: &Value, cursor: &Value) -> Value {
    json!({"partition": partition, "cursor": cursor})
}

fn ensure(is_so: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(wrong()) }
}

impl Starts {
    fn all(moment: i64) -> Self {
        Self { others: Some(moment), ..Self::default() }
    }

    fn parse(text: &str, moment: impl Fn(&str) -> i64, id: impl Fn(&str) -> String) -> Self {
        let mut starts = Self::default();
        for part in text.split(", ").filter(|part| *part != "first sync") {
            let (who, when) = part.split_once(' ').unwrap();
            let (when, less) = when.split_once(" - ").unwrap_or((when, "0"));
            let moment = moment(when) - less.parse::<i64>().unwrap();
            match who {
                "all" | "others" => starts.others = Some(moment),
                who => {
                    starts.of.insert(id(who), moment);
                }
            }
        }
        starts
    }
}

impl Truth<'_> {
    fn ago(&self, days: i64) -> i64 {
        self.today - days * DAY
    }

    /// What is said of a partition: where it goes on.
    fn cursor(&self, starts: &Starts, id: &str) -> i64 {
        starts.of.get(id).copied().or(starts.others).unwrap_or(self.ago(START))
    }

    /// Where a partition starts.
    fn start(&self, starts: &Starts, id: &str) -> i64 {
        let start = self.cursor(starts, id).max(self.ago(START));
        if ENTITIES.contains(&self.stream) { start } else { midnight(date(start)) }
    }

    /// What the stream must deliver.
    fn since(&self, starts: &Starts) -> Vec<Value> {
        let records = self.records.iter();
        let records = records.filter(|record| record.time >= self.start(starts, &record.partition));
        in_order(records.map(|record| record.record.clone()).collect())
    }

    /// The cursor that each partition must have afterwards: its newest record, or where it started.
    fn after(&self, starts: &Starts) -> Starts {
        let mut of: BTreeMap<_, _> =
            self.partitions.keys().map(|id| (id.clone(), self.start(starts, id))).collect();
        for record in &self.records {
            let cursor = of.get_mut(&record.partition).unwrap();
            *cursor = record.time.max(*cursor);
        }
        Starts { of, others: None }
    }

    /// Fails when a connector that passes over the cursor of a partition would deliver the same of it.
    fn assert_that_it_matters(&self, starts: &Starts, what: &str) {
        for id in self.partitions.keys() {
            let times = self.records.iter().filter(|record| record.partition == *id);
            let times: Vec<_> = times.map(|record| record.time).collect();
            if times.is_empty() {
                continue;
            }
            let (cursor, start) = (self.cursor(starts, id), self.start(starts, id));
            assert!(times.iter().any(|time| *time < start), "{what}: nothing of {id} is old");
            assert_eq!(times.iter().any(|time| *time >= start), cursor <= self.today, "{what}: {id}");
            // Whether the start date or the cursor counts can be seen.
            let (first, last) = (cursor.min(self.ago(START)), cursor.max(self.ago(START)));
            let between = times.iter().any(|time| (first..last).contains(time));
            assert!(first == last || between, "{what}: nothing of {id} between start date and cursor");
        }
    }

    fn check_records(&self, run: &Run, expected: &[Value]) -> Result<(), String> {
        check_records(self.stream, run, expected)
    }

    /// A state of the form of 2.1.12, with the cursor that each partition must have.
    fn check_state(&self, saved: &Saved, state: &Value) -> Result<(), String> {
        let stream = self.stream;
        let cursors = self.after(&saved.starts).of;
        if stream == OF_USER {
            let expected = cursor(stream, cursors[""]);
            return ensure(*state == expected, || format!("it is not {expected}"));
        }
        let expected = ["use_global_cursor", "states", "state", "lookback_window", "parent_state"];
        ensure(keys(state) == expected, || format!("keys are {:?}", keys(state)))?;
        ensure(
            state["use_global_cursor"] == false
                && is_cursor(stream, &state["state"])
                && state["lookback_window"].is_u64()
                && state["parent_state"] == json!({}),
            || "the values of its keys are of another form".to_owned(),
        )?;
        let mut expected: BTreeMap<_, _> = self
            .partitions
            .iter()
            .map(|(id, partition)| (partition.to_string(), cursor(stream, cursors[id])))
            .collect();
        // Those of accounts that are gone stay as they were.
        let before = saved.state["states"].as_array().into_iter().flatten();
        let gone = before.filter(|entry| {
            let id = &entry["partition"]["id"];
            id.as_str().is_some_and(|id| !cursors.contains_key(id))
        });
        expected.extend(gone.map(|entry| (entry["partition"].to_string(), entry["cursor"].clone())));
        let entries = state["states"].as_array().unwrap();
        let found: BTreeMap<_, _> =
            entries.iter().map(|entry| (entry["partition"].to_string(), entry["cursor"].clone())).collect();
        let differ = |some: &BTreeMap<String, Value>, others: &BTreeMap<String, Value>| {
            let differ = some.iter().filter(|(partition, cursor)| others.get(*partition) != Some(cursor));
            differ
                .map(|(partition, cursor)| format!("{partition} at {cursor}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let keys_are_right = entries.iter().all(|entry| keys(entry) == ["partition", "cursor"]);
        ensure(keys_are_right && entries.len() == found.len() && found == expected, || {
            let (more, less) = (differ(&found, &expected), differ(&expected, &found));
            format!("partitions: {more}, instead of {less}")
        })
    }
}

fn check_records(stream: &str, run: &Run, expected: &[Value]) -> Result<(), String> {
    let complete = run.statuses(stream).last() == Some(&StreamStatus::Complete);
    ensure(run.success && complete, || format!("{:?} {:?}", run.statuses(stream), run.errors()))?;
    let records = in_order(run.records(stream));
    let not_in = |some: &[Value], others: &[Value]| {
        let others: BTreeSet<_> = others.iter().map(ToString::to_string).collect();
        some.iter().filter(|record| !others.contains(&record.to_string())).count()
    };
    let (missed, older) = (not_in(expected, &records), not_in(&records, expected));
    ensure(records == expected, || {
        format!("{} records of {}: {missed} are missed, {older} are too old", records.len(), expected.len())
    })
}

impl Shop {
    async fn open() -> Self {
        Self::open_to(FakePinterest::builder(), NOW.parse().unwrap()).await
    }

    async fn open_to(fake: Builder, now: DateTime<Utc>) -> Self {
        let counts =
            Counts { ad_accounts: 4, campaigns: 24, ad_groups: 24, ads: 24, keywords: 12, ..Counts::SMALL };
        let fake = fake.now(now.timestamp()).size(Size::Custom(counts)).daily_rows();
        let mut connection = Connection::to(fake).await;
        connection.now = now;
        connection.fake.script_every_report([ReportStep::Finished]);
        let shop = Self { connection, today: midnight(now.date_naive()) };
        for stream in ENTITIES {
            shop.spread_changes(stream);
        }
        let start = json!(date(shop.ago(START)));
        let report = json!({"name": "mine", "level": "CAMPAIGN", "granularity": "DAY", "columns": CUSTOM_COLUMNS,
            "start_date": start});
        shop.with(&[("start_date", start), ("custom_reports", json!([report]))])
    }

    fn with(mut self, keys: &[(&str, Value)]) -> Self {
        self.connection.config.extend(keys.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        self
    }

    fn ago(&self, days: i64) -> i64 {
        self.today - days * DAY
    }

    fn spread_changes(&self, stream: &str) {
        let mut days = BTreeMap::<String, _>::new();
        for record in self.connection.fake.truth(stream) {
            let days = days.entry(id_of(stream, &record)).or_insert_with(|| CHANGES.into_iter().cycle());
            let moment = self.ago(days.next().unwrap());
            self.connection.fake.edit(|data| assert!(data.touch(stream, text(&record["id"]), moment)));
        }
    }

    fn accounts(&self) -> Vec<String> {
        self.connection.fake.edit(|data| data.ad_account_ids())
    }

    fn partitions(&self, stream: &str) -> BTreeMap<String, Value> {
        if stream == OF_USER {
            return BTreeMap::from([(String::new(), json!({}))]);
        }
        let of_entities = OF_ENTITIES.contains(&stream);
        let parent = if of_entities { stream.replace("_analytics", "s") } else { "ad_accounts".to_owned() };
        let parents = self.connection.fake.truth(&parent).into_iter();
        let partitions = parents.map(|parent| {
            let (id, account) = (text(&parent["id"]), &parent["ad_account_id"]);
            let above = if of_entities { partition(text(account), &json!({})) } else { json!({}) };
            (id.to_owned(), partition(id, &above))
        });
        partitions.collect()
    }

    /// All that the fake has of a stream, whatever its age.
    fn truth<'a>(&self, stream: &'a str) -> Truth<'a> {
        let fake = &self.connection.fake;
        let (from, to) = (date(self.ago(LONG_AGO)), date(self.today));
        let records = match stream {
            CUSTOM => {
                let mut rows = as_numbers(fake.rows_of_level("CAMPAIGN", from, to));
                let is_asked_for = |column: &str| column == "DATE" || CUSTOM_COLUMNS.contains(&column);
                for row in &mut rows {
                    row.as_object_mut().unwrap().retain(|column, _| is_asked_for(column));
                }
                rows
            }
            stream if ENTITIES.contains(&stream) => self.connection.truth(stream),
            stream if stream.ends_with("_report") => as_numbers(fake.rows(stream, from, to)),
            stream => fake.rows(stream, from, to),
        };
        let records = records.into_iter().map(|record| Truthful {
            partition: id_of(stream, &record),
            time: time_of(stream, &record),
            record,
        });
        Truth { stream, today: self.today, partitions: self.partitions(stream), records: records.collect() }
    }

    /// The rows of a table, with what this shop has of a stream put in.
    fn rows(&self, stream: &str, table: &str) -> Vec<Saved> {
        let all = self.partitions(stream);
        let mut words = vec![("$field".to_owned(), field(stream).to_owned())];
        for (name, days) in MOMENTS {
            let (moment, small) = (self.ago(days), name.to_lowercase());
            words.push((format!("${name}.number"), moment.to_string()));
            words.push((format!("${name}.day"), date(moment).to_string()));
            words.push((format!("${name}"), cursor(stream, moment).to_string()));
            words.push((format!("${small}"), cursor_of_2_0(stream, moment).to_string()));
        }
        let mut ids = BTreeMap::new();
        for (name, account) in ["a", "b"].into_iter().zip(self.accounts()) {
            let is_of_it = |(id, partition): &(&String, &Value)| {
                **id == account || partition["parent_slice"]["id"] == account
            };
            let Some((id, partition)) = all.iter().find(is_of_it) else { continue };
            words.push((format!("${name}.id"), id.clone()));
            words.push((format!("${name}.parent"), partition["parent_slice"].to_string()));
            words.push((format!("${name}"), partition.to_string()));
            ids.insert(name, id.clone());
        }
        let moment = |name: &str| self.ago(MOMENTS.into_iter().find(|(known, _)| *known == name).unwrap().1);
        let id = |name: &str| ids.get(name).cloned().unwrap_or_else(|| name.to_owned());
        let rows = table.lines().filter(|line| !line.is_empty()).map(|line| {
            let [version, what, starts, state] =
                line.splitn(4, " | ").collect::<Vec<_>>().try_into().unwrap();
            let state = words.iter().fold(state.to_owned(), |state, (word, is)| state.replace(word, is));
            Saved {
                what: format!("{stream}, {version}, {what}"),
                state: serde_json::from_str(&state).unwrap(),
                starts: Starts::parse(starts, moment, id),
            }
        });
        rows.collect()
    }

    /// A state that lists every partition, of 2.0 and of today.
    fn whole(&self, stream: &str) -> [Saved; 2] {
        let moments = [EARLY, LATE].map(|days| self.ago(days)).into_iter().cycle();
        let (of, partitions): (BTreeMap<_, _>, Vec<_>) = self
            .partitions(stream)
            .into_iter()
            .zip(moments)
            .map(|((id, partition), moment)| ((id, moment), (partition, moment)))
            .unzip();
        let states = |cursor: fn(&str, i64) -> Value| -> Vec<Value> {
            let entries = partitions.iter();
            entries.map(|(partition, moment)| entry(partition, &cursor(stream, *moment))).collect()
        };
        let today = json!({"use_global_cursor": false, "states": states(cursor),
            "state": cursor(stream, self.ago(LATE)), "lookback_window": 1, "parent_state": {}});
        [("2.0.0", json!({"states": states(cursor_of_2_0)})), ("2.1.12", today)].map(|(version, state)| {
            let what = format!("{stream}, {version}, all partitions");
            Saved { what, state, starts: Starts { of: of.clone(), others: None } }
        })
    }

    /// A sync that begins with this state.
    async fn sync_from(&mut self, stream: &str, state: Value) -> Run {
        self.connection.state.clear();
        self.connection.state.insert(stream.to_owned(), state.into());
        self.connection.sync(&[stream]).await
    }

    /// Reads with a state, and once more with what that leaves; tells what is not as it must be.
    async fn read_twice(&mut self, truth: &Truth<'_>, saved: &Saved) -> Result<(), String> {
        let run = self.sync_from(truth.stream, saved.state.clone()).await;
        truth.check_records(&run, &truth.since(&saved.starts))?;
        let state = self.connection.state_of(truth.stream);
        truth.check_state(saved, &state).map_err(|wrong| format!("{wrong}: {state}"))?;

        let run = self.connection.sync(&[truth.stream]).await;
        let expected = truth.since(&truth.after(&saved.starts));
        truth.check_records(&run, &expected).map_err(|wrong| format!("the second sync: {wrong}"))?;
        let mut next = self.connection.state_of(truth.stream);
        if let Some(seconds) = next.get_mut("lookback_window") {
            // It follows how long a sync took.
            *seconds = state["lookback_window"].clone();
        }
        ensure(next == state, || format!("the second sync made {next} of {state}"))
    }

    async fn read_all(&mut self, stream: &str, table: &[Saved]) {
        let (truth, mut wrong) = (self.truth(stream), Vec::new());
        for saved in table {
            truth.assert_that_it_matters(&saved.starts, &saved.what);
            let read = self.read_twice(&truth, saved).await;
            wrong.extend(read.err().map(|wrong| format!("{}: {wrong}", saved.what)));
        }
        assert!(wrong.is_empty(), "{} of {} states:\n{}", wrong.len(), table.len(), wrong.join("\n"));
    }
}

async fn read_every_state_of(streams: &[&str]) {
    let mut shop = Shop::open().await;
    for stream in streams {
        let tables = if *stream == OF_USER { &[FLAT, NOTHING][..] } else { &[FLAT, NOTHING, EACH, SHARED] };
        let mut table: Vec<_> = tables.iter().flat_map(|table| shop.rows(stream, table)).collect();
        if *stream != OF_USER {
            table.extend(shop.whole(stream));
        }
        shop.read_all(stream, &table).await;
    }
}

#[tokio::test]
async fn every_state_of_campaigns_ad_groups_and_ads_ever_written_is_understood() {
    read_every_state_of(&ENTITIES).await;
}

#[tokio::test]
async fn every_state_of_an_accounts_analytics_ever_written_is_understood() {
    read_every_state_of(&[OF_USER, "ad_account_analytics"]).await;
}

#[tokio::test]
async fn every_state_of_campaign_analytics_ever_written_is_understood() {
    read_every_state_of(&["campaign_analytics"]).await;
}

#[tokio::test]
async fn every_state_of_ad_group_analytics_ever_written_is_understood() {
    read_every_state_of(&["ad_group_analytics"]).await;
}

#[tokio::test]
async fn every_state_of_ad_analytics_ever_written_is_understood() {
    read_every_state_of(&["ad_analytics"]).await;
}

#[tokio::test]
async fn every_state_of_reports_ever_written_is_understood() {
    read_every_state_of(&["advertiser_report", "campaign_analytics_report", "keyword_report"]).await;
}

#[tokio::test]
async fn every_state_of_custom_reports_ever_written_is_understood() {
    read_every_state_of(&[CUSTOM]).await;
}

#[tokio::test]
async fn full_refresh_streams_are_read_as_a_whole_whatever_mark_an_earlier_sync_left() {
    let mut shop = Shop::open().await;
    let boards = shop.connection.fake.truth("boards");
    let done = json!({"__ab_full_refresh_sync_complete": true});
    let parts = boards.iter().map(|board| entry(&partition(text(&board["id"]), &json!({})), &done));
    let parts = json!({"states": parts.collect::<Vec<_>>()});
    let marks = [
        ("1.3.3", json!({"__ab_full_refresh_state_message": true})),
        ("2.0.0", json!({})),
        ("2.1.8, a page", json!({"next_page_token": "p1"})),
        ("2.1.8, whole", done.clone()),
        ("2.1.8, parts", parts),
        ("2.1.12", json!({"__ab_no_cursor_state_message": true})),
    ];
    for stream in ["boards", "board_sections", "keywords"] {
        let truth = shop.connection.truth(stream);
        assert!(truth.len() > 1, "{stream}");
        for (what, mark) in &marks {
            let run = shop.sync_from(stream, mark.clone()).await;
            assert_complete(&run, stream);
            assert_eq!(in_order(run.records(stream)), truth, "{stream}, {what}");
            let after = shop.connection.state_of(stream);
            assert_eq!(after, json!({"__ab_no_cursor_state_message": true}), "{stream}, {what}");
        }
    }
}

#[tokio::test]
async fn without_a_start_date_partitions_that_a_state_does_not_list_go_back_as_far_as_pinterest_does() {
    let mut shop = Shop::open().await;
    shop.connection.config.remove("start_date");
    for stream in ["campaigns", "ad_account_analytics", "campaign_analytics"] {
        let known = shop
            .rows(stream, "2.0.0 | one | a EARLY | {\"states\": [{\"partition\": $a, \"cursor\": $early}]}");
        let (one, start) = known[0].starts.of.first_key_value().unwrap();
        let run = shop.sync_from(stream, known[0].state.clone()).await;
        let mut expected = match stream {
            "campaigns" => shop.connection.truth(stream),
            _ => shop.connection.fake.rows(stream, date(shop.ago(89)), date(shop.today)),
        };
        let is_of_it = |record: &Value| id_of(stream, record) == *one;
        let all = expected.len();
        expected.retain(|record| !is_of_it(record) || time_of(stream, record) >= *start);
        assert!(expected.len() < all && expected.iter().any(is_of_it), "{stream}");
        assert_complete(&run, stream);
        assert_eq!(in_order(run.records(stream)), in_order(expected), "{stream}");
    }
}

/// What a run of one stream had written before each of its STATE messages, and that state.
fn cuts(run: &Run, stream: &str) -> Vec<(Vec<Value>, RawJson)> {
    let (mut before, mut cuts) = (Vec::new(), Vec::new());
    for message in &run.messages {
        match message {
            Message::Record(record) if &*record.stream == stream => {
                before.push(record.data.parse::<Value>().unwrap());
            }
            Message::State(state) => {
                let StateKind::Stream(body) = &state.kind else { continue };
                assert_eq!(body.stream_descriptor.name, stream);
                cuts.push((before.clone(), body.stream_state.clone().unwrap()));
            }
            _ => {}
        }
    }
    cuts
}

fn is_for_all(state: &Value) -> bool {
    state.get("state_is_for_all") == Some(&json!(true))
}

/// Records that may have come twice, once.
fn once(records: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let records: BTreeMap<_, _> = records.into_iter().map(|record| (record.to_string(), record)).collect();
    records.into_values().collect()
}

impl Shop {
    /// Puts an ad account beside the others that has all that the first one has; tells its id.
    fn open_an_account(&self) -> String {
        let account = "549799999999".to_owned();
        let first = self.accounts().remove(0);
        self.connection.fake.edit(|data| {
            let mut opened = data.records("ad_accounts").remove(0);
            opened["id"] = json!(account);
            data.upsert("ad_accounts", opened);
            for (index, mut campaign) in data.records("campaigns").into_iter().enumerate() {
                if campaign["ad_account_id"] == first {
                    campaign["ad_account_id"] = json!(account);
                    campaign["id"] = json!(format!("6267999{index:05}"));
                    data.upsert("campaigns", campaign);
                }
            }
        });
        account
    }

    /// A new ad account is read from the start date, as an upgrade that is finished says nothing of it.
    async fn assert_that_a_new_account_is_read_from_the_start(&mut self, stream: &str) {
        let before = self.partitions(stream);
        let account = self.open_an_account();
        let truth = self.truth(stream);
        truth.assert_that_it_matters(&Starts::all(self.ago(EARLY)), stream);
        let is_new = |record: &Value| !before.contains_key(&id_of(stream, record));
        let mut expected = truth.since(&Starts::default());
        expected.retain(is_new);
        let run = self.connection.sync(&[stream]).await;
        assert_complete(&run, stream);
        let mut records = run.records(stream);
        records.retain(is_new);
        assert!(!expected.is_empty());
        assert_eq!(in_order(records), expected, "{stream}: {account}");
    }
}

const INTERRUPTED: [&str; 2] = ["campaigns", "campaign_analytics"];

#[tokio::test]
async fn an_upgrade_that_is_interrupted_goes_on_without_a_gap_and_without_anything_older() {
    for stream in INTERRUPTED {
        let mut shop = Shop::open().await.with(&[("num_threads", json!(1))]);
        let starts = Starts::all(shop.ago(EARLY));
        shop.truth(stream).assert_that_it_matters(&starts, stream);
        let expected = shop.truth(stream).since(&starts);
        let whole = shop.sync_from(stream, cursor_of_2_0(stream, shop.ago(EARLY))).await;
        check_records(stream, &whole, &expected).unwrap();
        let cuts = cuts(&whole, stream);
        let mut some = 0;
        for (before, state) in &cuts {
            let saved: Value = state.parse().unwrap();
            let rest = shop.sync_from(stream, saved.clone()).await;
            assert_complete(&rest, stream);
            let rest = rest.records(stream);
            some += usize::from(rest.len() < expected.len());
            assert_eq!(once(before.iter().chain(&rest).cloned()), expected, "{stream}: from {saved}");
            assert!(!is_for_all(&shop.connection.state_of(stream)), "{stream}: from {saved}");
        }
        assert!(some > 1, "{stream}: {some} of {}", cuts.len());
        let (_, last) = cuts.last().unwrap();
        assert!(!is_for_all(&last.parse().unwrap()), "{stream}: {last:?}");
        shop.connection.state.insert(stream.to_owned(), last.clone());
        shop.assert_that_a_new_account_is_read_from_the_start(stream).await;
    }
}

#[tokio::test]
async fn an_upgrade_in_which_a_part_failed_goes_on_without_a_gap_and_without_anything_older() {
    for (stream, part) in INTERRUPTED.into_iter().flat_map(|stream| [(stream, true), (stream, false)]) {
        let small = FakePinterest::builder().max_page_size(2);
        let mut shop = Shop::open_to(small, NOW.parse().unwrap()).await;
        let what = format!(
            "{stream}, {}",
            if part { "an account fails" } else { "the list of accounts breaks off" }
        );
        let expected = shop.truth(stream).since(&Starts::all(shop.ago(EARLY)));
        let fault = if part {
            Fault::on(operation_of(stream)).path_contains(&shop.accounts()[1])
        } else {
            Fault::on("ad_accounts/list").on_later_pages()
        };
        shop.connection.fake.add_fault(fault.for_ever().status(403));
        let failed = shop.sync_from(stream, cursor_of_2_0(stream, shop.ago(EARLY))).await;
        assert_incomplete(&failed, stream);
        let before = failed.records(stream);
        assert!(!before.is_empty() && before.len() < expected.len(), "{what}");
        let state = shop.connection.state_of(stream);
        // An account that is known has a cursor of its own, whether it can be read or not.
        assert_eq!(is_for_all(&state), !part, "{what}: {state}");
        let known = state["states"].as_array().unwrap().len();
        assert_eq!(known == shop.partitions(stream).len(), part, "{what}: {state}");

        shop.connection.fake.clear_faults();
        let rest = shop.connection.sync(&[stream]).await;
        assert_complete(&rest, stream);
        assert_eq!(once(before.into_iter().chain(rest.records(stream))), expected, "{what}");
        let state = shop.connection.state_of(stream);
        assert!(!is_for_all(&state), "{what}: {state}");
        shop.assert_that_a_new_account_is_read_from_the_start(stream).await;
    }
}

impl Shop {
    /// A cursor that all partitions share, in each of its forms.
    fn shared(&self, stream: &str) -> [Value; 3] {
        let late = cursor(stream, self.ago(LATE));
        [
            cursor_of_2_0(stream, self.ago(LATE)),
            json!({"use_global_cursor": true, "state": late, "lookback_window": 0, "parent_state": {}}),
            json!({"use_global_cursor": false, "states": [], "state": late, "lookback_window": 0}),
        ]
    }
}

#[tokio::test]
async fn campaigns_ad_groups_and_ads_are_read_anew_once_after_an_upgrade_where_the_config_says_so() {
    for stream in ENTITIES {
        for again in [json!(null), json!(false), json!(true)] {
            let mut shop = Shop::open().await.with(&[("reread_after_upgrade", again.clone())]);
            let truth = shop.truth(stream);
            let late = Starts::all(shop.ago(LATE));
            truth.assert_that_it_matters(&late, stream);
            let starts = if again == json!(true) { Starts::default() } else { late };
            for state in shop.shared(stream) {
                let saved =
                    Saved { what: format!("{stream}, {again}, {state}"), state, starts: starts.clone() };
                // The second sync goes on where the first one ended, whatever the key says.
                let read = shop.read_twice(&truth, &saved).await;
                read.map_err(|wrong| format!("{}: {wrong}", saved.what)).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn cursors_of_partitions_count_whether_or_not_the_config_says_to_read_anew() {
    let mut shop = Shop::open().await.with(&[("reread_after_upgrade", json!(true))]);
    for stream in ENTITIES {
        let mut table = shop.rows(stream, EACH);
        table.extend(shop.whole(stream));
        shop.read_all(stream, &table).await;
    }
}

#[tokio::test]
async fn analytics_and_reports_go_on_at_a_shared_cursor_whether_or_not_the_config_says_to_read_anew() {
    let mut shop = Shop::open().await.with(&[("reread_after_upgrade", json!(true))]);
    for stream in [&[OF_USER][..], &OF_ACCOUNTS, &OF_ENTITIES].concat() {
        let late = Starts::all(shop.ago(LATE));
        let forms = shop.shared(stream).into_iter().take(if stream == OF_USER { 1 } else { 3 });
        let saved = |state: Value| Saved { what: format!("{stream}, {state}"), state, starts: late.clone() };
        let table: Vec<_> = forms.map(saved).collect();
        shop.read_all(stream, &table).await;
    }
}

#[tokio::test]
async fn reading_anew_that_is_interrupted_is_finished_by_the_next_sync() {
    for stream in ENTITIES {
        let keys = [("reread_after_upgrade", json!(true)), ("num_threads", json!(1))];
        let mut shop = Shop::open().await.with(&keys);
        let expected = shop.truth(stream).since(&Starts::default());
        let whole = shop.sync_from(stream, cursor_of_2_0(stream, shop.ago(LATE))).await;
        let cuts = cuts(&whole, stream);
        assert!(cuts.len() > 2, "{stream}: {}", cuts.len());
        let mut some = 0;
        for (before, state) in cuts {
            let saved: Value = state.parse().unwrap();
            let rest = shop.sync_from(stream, saved.clone()).await.records(stream);
            some += usize::from(rest.len() < expected.len());
            assert_eq!(once(before.into_iter().chain(rest)), expected, "{stream}: from {saved}");
        }
        assert!(some > 1, "{stream}: every sync reads all");
    }
}

#[tokio::test]
async fn streams_with_a_name_from_before_version_1_are_read_under_the_names_of_their_catalog() {
    let mut shop = Shop::open().await;
    for (before, now) in RENAMED {
        let (truth, starts) = (shop.truth(now), Starts::all(shop.ago(EARLY)));
        truth.assert_that_it_matters(&starts, now);
        for (catalog, saved_as) in [(before, before), (before, now), (now, before), (now, now)] {
            let what = format!("{catalog} with a state of {saved_as}");
            let state = cursor_of_2_0(now, shop.ago(EARLY)).into();
            shop.connection.state = HashMap::from([(saved_as.to_owned(), state)]);
            let run = shop.connection.sync(&[catalog]).await;
            let read = check_records(catalog, &run, &truth.since(&starts));
            read.map_err(|wrong| format!("{what}: {wrong}")).unwrap();
            let other = if catalog == before { now } else { before };
            assert!(run.records(other).is_empty() && run.statuses(other).is_empty(), "{what}");
            assert!(run.saved().keys().eq([catalog]), "{what}: {:?}", run.saved());

            // What it leaves is a state like any other, under the name of the catalog.
            let again = shop.connection.sync(&[catalog]).await;
            let read = check_records(catalog, &again, &truth.since(&truth.after(&starts)));
            read.map_err(|wrong| format!("{what}, the second sync: {wrong}")).unwrap();
        }
    }
}

impl Shop {
    /// Open today, with a config that serves many runs of the program.
    async fn open_for_programs() -> Self {
        Self::open_to(FakePinterest::builder().keep_refresh_token(), Utc::now()).await
    }
}

/// Runs the program on a stream with a state file.
async fn read_with(shop: &Shop, stream: &str, state: Option<String>) -> Output {
    let (url, config) = (shop.connection.fake.url(), Value::from(shop.connection.config.clone()).to_string());
    let stream = stream.to_owned();
    let output = tokio::task::spawn_blocking(move || {
        let files = Files::new();
        let (config, catalog) = (files.write("config.json", config), files.catalog(&stream, "incremental"));
        let state = state.map(|state| files.write("state.json", state));
        let mut flags: Vec<(&str, PathBuf)> = vec![("--config", config), ("--catalog", catalog)];
        flags.extend(state.map(|state| ("--state", state)));
        let flags: Vec<_> = flags.iter().map(|(flag, path)| (*flag, path.as_path())).collect();
        run_against(&url, "read", &flags)
    });
    output.await.unwrap()
}

fn records(output: &Output) -> Vec<Value> {
    let records = output.lines.iter().filter(|line| line["type"] == "RECORD");
    in_order(records.map(|line| line["record"]["data"].clone()).collect())
}

fn message(stream: &str, namespace: Option<&Value>, state: Option<&Value>) -> Value {
    let mut body = json!({"stream_descriptor": {"name": stream}});
    if let Some(namespace) = namespace {
        body["stream_descriptor"]["namespace"] = namespace.clone();
    }
    if let Some(state) = state {
        body["stream_state"] = state.clone();
    }
    json!({"type": "STREAM", "stream": body})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_from_before_version_1_is_told_with_the_one_it_has_now() {
    let shop = Shop::open_for_programs().await;
    for (before, now) in RENAMED {
        for (catalog, saved_as, told) in [(before, before, true), (before, now, true), (now, now, false)] {
            let what = format!("{catalog} with a state of {saved_as}");
            let flat = cursor_of_2_0(now, shop.ago(EARLY));
            let state = json!([message(saved_as, None, Some(&flat))]).to_string();
            let output = read_with(&shop, catalog, Some(state)).await;
            assert_eq!(output.code, Some(0), "{what}: {:?}", output.errors());
            assert!(output.lines.iter().filter(|line| line["type"] == "RECORD").count() > 0, "{what}");
            let names = output.lines.iter().flat_map(|line| {
                let descriptors = [&line["state"]["stream"], &line["trace"]["stream_status"]];
                let described = descriptors.map(|owner| &owner["stream_descriptor"]["name"]);
                [described[0], described[1], &line["record"]["stream"]].map(Value::as_str)
            });
            assert_eq!(names.flatten().collect::<BTreeSet<_>>(), BTreeSet::from([catalog]), "{what}");
            let is_warning = |line: &&Value| {
                line["log"]["level"] == "WARN"
                    && [before, now].iter().all(|name| text(&line["log"]["message"]).contains(*name))
            };
            let warnings = output.lines.iter().filter(is_warning).count();
            assert_eq!(warnings > 0, told, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_file_of_every_form_is_read_whatever_namespace_its_streams_have() {
    const STREAM: &str = "campaigns";
    let shop = Shop::open_for_programs().await;
    let early = shop.ago(EARLY);
    let truth = shop.truth(STREAM);
    let (expected, everything) = (truth.since(&Starts::all(early)), truth.since(&Starts::default()));
    assert!(!expected.is_empty() && expected.len() < everything.len());
    let flat = cursor_of_2_0(STREAM, early);
    let newer = cursor_of_2_0(STREAM, shop.ago(LATE));
    let of = |namespace: Value| message(STREAM, Some(&namespace), Some(&flat));
    let plain = message(STREAM, None, Some(&flat));
    let line = |message: &Value| json!({"type": "STATE", "state": message});
    let global = |stream: &Value| json!({"type": "GLOBAL", "global": {"stream_states": [stream["stream"]]}});
    let shared =
        json!({"type": "GLOBAL", "global": {"shared_state": {"x": 1}, "stream_states": [plain["stream"]]}});
    let record =
        json!({"type": "RECORD", "record": {"stream": STREAM, "data": {"id": "1"}, "emitted_at": 1}});
    let log = json!({"type": "LOG", "log": {"level": "INFO", "message": "x"}});
    let lines = |lines: &[&Value]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let of_state = [
        ("a list", json!([plain]).to_string()),
        ("a list, the namespace null", json!([of(json!(null))]).to_string()),
        ("a list, the namespace a text", json!([of(json!("shop"))]).to_string()),
        (
            "a list with counts",
            json!([{"type": "STREAM", "stream": plain["stream"],
            "sourceStats": {"recordCount": 2.0}}])
            .to_string(),
        ),
        ("a list with other streams", json!([message("boards", None, Some(&json!({}))), plain]).to_string()),
        ("one message", plain.to_string()),
        ("one message, the namespace null", of(json!(null)).to_string()),
        ("one message, over several lines", format!("{plain:#}\n")),
        ("GLOBAL in a list", json!([global(&plain)]).to_string()),
        ("GLOBAL, the namespace null", json!([global(&of(json!(null)))]).to_string()),
        ("GLOBAL, the namespace a text", json!([global(&of(json!("shop")))]).to_string()),
        ("GLOBAL with something shared", shared.to_string()),
        ("a map of streams", json!({ STREAM: flat }).to_string()),
        ("a map in a message", json!([{"type": "LEGACY", "data": { STREAM: flat }}]).to_string()),
        (
            "lines",
            lines(&[&log, &line(&message(STREAM, None, Some(&newer))), &record, &line(&of(json!(null)))]),
        ),
        ("lines without an end", lines(&[&line(&plain), &record]).trim_end().to_owned()),
    ];
    for (what, state) in of_state {
        let output = read_with(&shop, STREAM, Some(state)).await;
        assert_eq!(output.code, Some(0), "{what}: {:?}", output.errors());
        assert_eq!(records(&output), expected, "{what}");
    }
    for (what, state) in [
        ("no state in the message", json!([message(STREAM, None, None)])),
        ("no state, the namespace null", json!([message(STREAM, Some(&json!(null)), None)])),
        ("null in the message", json!([message(STREAM, None, Some(&json!(null)))])),
        ("an empty list", json!([])),
        ("an empty map", json!({})),
        ("a map with nothing of the stream", json!({ STREAM: {} })),
    ] {
        let output = read_with(&shop, STREAM, Some(state.to_string())).await;
        assert_eq!(output.code, Some(0), "{what}: {:?}", output.errors());
        assert_eq!(records(&output), everything, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_output_of_a_sync_is_a_state_file_for_the_next_one() {
    const STREAM: &str = "campaigns";
    let shop = Shop::open_for_programs().await;
    let (truth, all) = (shop.truth(STREAM), Starts::default());
    let first = read_with(&shop, STREAM, None).await;
    assert_eq!(records(&first), truth.since(&all));
    let lines = first.lines.iter().map(|line| format!("{line}\n")).collect();
    let second = read_with(&shop, STREAM, Some(lines)).await;
    let expected = truth.since(&truth.after(&all));
    assert!(!expected.is_empty() && expected.len() < truth.since(&all).len());
    assert_eq!(second.code, Some(0), "{:?}", second.errors());
    assert_eq!(records(&second), expected);
}
