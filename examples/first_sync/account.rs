//! The account that is synced: what the connector must deliver of it, and what a day changes.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use fake_pinterest::{Counts, FakePinterest, ReportStep, Size};
use serde_json::Value;

use crate::platform::{Identity, Sync};

/// A shop whose ads have all run every day: each of them has a row for each day, and so has what holds them.
pub(crate) const SIZE: Size = Size::Custom(Counts {
    ad_accounts: 2,
    campaigns: 60,
    ad_groups: 250,
    ads: 1_000,
    keywords: 1_200,
    product_groups: 200,
    board_sections: 120,
    ..Counts::DEMO
});

/// What has a time of its last edit.
const ENTITIES: [&str; 3] = ["campaigns", "ad_groups", "ads"];

/// The account as of the first sync, from the start date on.
pub(crate) struct Account<'a> {
    fake: &'a FakePinterest,
    start: NaiveDate,
    now: DateTime<Utc>,
}

impl<'a> Account<'a> {
    /// Everything was edited after the start date, for what was not would be left out. Reports are ready at the first
    /// poll, so that nobody waits for a fake.
    pub(crate) fn open(fake: &'a FakePinterest, start: NaiveDate, now: DateTime<Utc>) -> Self {
        let account = Self { fake, start, now };
        account.edit(1, |number| now.timestamp() - 60 * (number as i64 + 1));
        fake.script_every_report([ReportStep::Finished]);
        account
    }

    /// What is wrong with a first sync, in words: records that are missing, unknown or there twice.
    pub(crate) fn differences(&self, streams: &[String], sync: &Sync) -> Vec<String> {
        let mut wrong = Vec::new();
        for stream in streams {
            let mut open: HashMap<Identity, i64> = HashMap::new();
            for record in self.truth(stream) {
                *open.entry(Identity::of(&record)).or_default() += 1;
            }
            for identity in sync.records.get(stream).into_iter().flatten() {
                *open.entry(*identity).or_default() -= 1;
            }
            let missing: i64 = open.values().filter(|count| **count > 0).sum();
            let too_many: i64 = -open.values().filter(|count| **count < 0).sum::<i64>();
            if missing > 0 || too_many > 0 {
                wrong.push(format!(
                    "{stream}: {missing} records are missing, {too_many} came twice or are not of the account"
                ));
            }
        }
        wrong
    }

    fn truth(&self, stream: &str) -> Vec<Value> {
        if stream.ends_with("_analytics") || stream.ends_with("_report") {
            return self.fake.rows(stream, self.start, self.now.date_naive());
        }
        let mut records = self.fake.truth(stream);
        if ENTITIES.contains(&stream) {
            let start = self.start.and_time(NaiveTime::MIN).and_utc().timestamp();
            records.retain(|record| record["updated_time"].as_i64().is_none_or(|time| time >= start));
        }
        records
    }

    /// What a day changes: every so many campaigns, ad groups and ads are edited.
    pub(crate) fn change(&self) -> Vec<(&'static str, Identity)> {
        self.edit(20, |_| self.now.timestamp() + 60)
    }

    /// `time`: when, by the number of the edit.
    fn edit(&self, every: usize, time: impl Fn(usize) -> i64) -> Vec<(&'static str, Identity)> {
        let mut edited = Vec::new();
        for stream in ENTITIES {
            for (number, record) in self.fake.truth(stream).iter().step_by(every).enumerate() {
                let Some(id) = record["id"].as_str() else { continue };
                if self.fake.edit(|data| data.touch(stream, id, time(number))) {
                    edited.push((stream, Identity::of(record)));
                }
            }
        }
        edited
    }
}
