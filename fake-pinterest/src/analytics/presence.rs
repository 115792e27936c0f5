//! The days on which an entity has rows.

use chrono::DateTime;

use super::history::History;
use crate::{days, seed::Random};

/// The oldest day that has rows, counted from the day the data was made for.
const OLDEST: i64 = 900;

/// The days on which an entity has rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Always,
    /// From a first to a last day; one run lies further back than analytics reach.
    Runs([Option<(i64, i64)>; 3]),
}

impl Presence {
    pub(crate) fn has(self, day: i64) -> bool {
        match self {
            Self::Always => true,
            Self::Runs(runs) => runs.iter().flatten().any(|(first, last)| (*first..=*last).contains(&day)),
        }
    }
}

impl History {
    /// The days of an entity that runs for a few days at a time.
    pub(crate) fn short(&self, key: u64) -> Presence {
        self.presence(key, 1, 8, !key.is_multiple_of(7))
    }

    /// The days of an ad account, which runs for weeks unless there is nothing in it.
    pub(crate) fn long(&self, key: u64, has_campaigns: bool) -> Presence {
        self.presence(key, 20, 40, has_campaigns)
    }

    fn presence(&self, key: u64, shortest: i64, longest: i64, any: bool) -> Presence {
        if self.daily {
            return Presence::Always;
        }
        if !any {
            return Presence::Runs([None; 3]);
        }
        let random = &mut Random::of(key, "run", 0);
        let made_for = DateTime::from_timestamp(self.made_for, 0).unwrap_or_default();
        let anchor = days::number(made_for.date_naive());
        let mut run = |nearest: i64, farthest: i64| {
            let first = anchor - random.between(nearest, farthest);
            (first, first + random.between(shortest, longest) - 1)
        };
        // One in eight began a short while ago, so that some go on today.
        let recent = if (key >> 8).is_multiple_of(8) { run(0, 3) } else { run(longest, 89) };
        let again = (key >> 24).is_multiple_of(4).then(|| run(longest, 89));
        let old = (key >> 16).is_multiple_of(3).then(|| run(100 + longest, OLDEST));
        Presence::Runs([Some(recent), again, old])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_478_400;

    fn history(now: i64) -> History {
        History { seed: 1, made_for: NOW, now, daily: false, restated_days: 45 }
    }

    fn today() -> i64 {
        days::number(history(NOW).clock().today)
    }

    #[test]
    fn entities_have_short_runs_and_every_seventh_none() {
        let (history, today) = (history(NOW), today());
        let lives: Vec<Presence> = (0..7_000).map(|id| history.short(history.key(&id.to_string()))).collect();
        let count = |range: std::ops::RangeInclusive<i64>| -> Vec<usize> {
            let days = |life: &Presence| range.clone().filter(|day| life.has(today - day)).count();
            lives.iter().map(days).collect()
        };
        let recent = count(0..=89);
        assert!(recent.iter().all(|days| *days <= 16));
        let none = recent.iter().filter(|days| **days == 0).count();
        assert!((900..1_100).contains(&none), "{none}");
        let with_today = lives.iter().filter(|life| life.has(today)).count();
        assert!((300..1_200).contains(&with_today), "{with_today}");
        let old = count(100..=900);
        assert!(old.iter().filter(|days| **days > 0).count() > 1_000);
        assert_eq!(count(90..=99).iter().sum::<usize>(), 0);
    }

    #[test]
    fn every_entity_has_every_day_when_told_so() {
        let daily = History { daily: true, ..history(NOW) };
        assert_eq!(daily.short(7), Presence::Always);
        assert_eq!(daily.long(7, false), Presence::Always);
    }
}
