//! The numbers of a day, and how they go on changing.

use chrono::NaiveDate;

use crate::{days, seed::Random};

/// The numbers of one entity on one day, or of several days together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) spend_in_micros: u64,
    pub(crate) paid_impressions: u64,
    pub(crate) earned_impressions: u64,
    pub(crate) clicks: u64,
    pub(crate) paid_engagements: u64,
    pub(crate) engagements: u64,
    pub(crate) conversions: u64,
    pub(crate) checkouts: u64,
    pub(crate) checkout_value_in_micros: u64,
    pub(crate) page_visits: u64,
}

impl Numbers {
    pub(crate) fn add(&mut self, other: &Self) {
        self.spend_in_micros += other.spend_in_micros;
        self.paid_impressions += other.paid_impressions;
        self.earned_impressions += other.earned_impressions;
        self.clicks += other.clicks;
        self.paid_engagements += other.paid_engagements;
        self.engagements += other.engagements;
        self.conversions += other.conversions;
        self.checkouts += other.checkouts;
        self.checkout_value_in_micros += other.checkout_value_in_micros;
        self.page_visits += other.page_visits;
    }

    /// The same with each number that is no conversion changed.
    fn map_delivery(self, change: impl Fn(u64) -> u64) -> Self {
        Self {
            spend_in_micros: change(self.spend_in_micros),
            paid_impressions: change(self.paid_impressions),
            earned_impressions: change(self.earned_impressions),
            clicks: change(self.clicks),
            paid_engagements: change(self.paid_engagements),
            engagements: change(self.engagements),
            ..self
        }
    }
}

/// Today and how much of it has passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) today: NaiveDate,
    /// [`today`](Self::today) as a number.
    pub(super) day: i64,
    pub(super) hour: u64,
    pub(super) restated_days: i64,
}

impl Clock {
    /// How many hours of a day have rows now.
    pub(crate) fn hours(&self, day: i64) -> u64 {
        if day == self.day { self.hour + 1 } else { 24 }
    }

    /// The numbers of a day as of now: today's are those of the hours so far, and conversions are still coming in.
    pub(crate) fn of_day(&self, key: u64, day: i64) -> Numbers {
        let numbers = self.settled(key, day);
        if day == self.day { numbers.map_delivery(|whole| so_far(whole, self.hour)) } else { numbers }
    }

    /// The numbers of one hour. Pinterest has no conversions by the hour.
    pub(crate) fn of_hour(&self, key: u64, day: i64, hour: u64) -> Numbers {
        let is_last = hour == 23 && day != self.day;
        self.settled(key, day).map_delivery(|whole| {
            let until = if is_last { whole } else { so_far(whole, hour) };
            until - hour.checked_sub(1).map_or(0, |before| so_far(whole, before))
        })
    }

    /// The numbers of a day when it is over.
    fn settled(&self, key: u64, day: i64) -> Numbers {
        let random = &mut Random::of(key ^ day.unsigned_abs(), "", 0);
        let (a, b) = (random.next(), random.next());
        let age = (self.day - day).clamp(0, self.restated_days).unsigned_abs();
        let paid_impressions = 100 + a % 50_000;
        let clicks = 2 + paid_impressions / (20 + (a >> 32) % 80);
        let paid_engagements = clicks + 2 + (a >> 40) % 500;
        let checkouts = b % 10 + age;
        Numbers {
            spend_in_micros: paid_impressions * (1_000 + (b >> 8) % 9_000),
            paid_impressions,
            earned_impressions: 50 + (a >> 20) % 1_000,
            clicks,
            paid_engagements,
            engagements: paid_engagements + 2 + (b >> 16) % 300,
            conversions: 1 + (b >> 24) % 40 + age * (1 + (b >> 32) % 3),
            checkouts,
            checkout_value_in_micros: checkouts * (5_000_000 + (b >> 40) % 90 * 1_000_000),
            page_visits: 10 + (b >> 48) % 200 + age * 2,
        }
    }

    /// Whether the conversions of a day, and its other numbers, will not change any more.
    pub(crate) fn is_ready(&self, day: NaiveDate) -> (bool, bool) {
        let age = self.day - days::number(day);
        (age > self.restated_days, age > 0)
    }
}

/// The part of a day's number that has come in by the end of an hour. A little comes only after midnight.
fn so_far(whole: u64, hour: u64) -> u64 {
    whole * (hour + 1) / 25
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::History;

    const NOW: i64 = 1_795_478_400;
    const DAY: i64 = 86_400;

    fn history(now: i64) -> History {
        History { seed: 1, made_for: NOW, now, daily: false, restated_days: 45 }
    }

    fn today() -> i64 {
        days::number(history(NOW).clock().today)
    }

    #[test]
    fn conversions_grow_with_each_day_until_they_are_settled() {
        let day = today();
        for age in 0..60 {
            let [now, later] = [age, age + 1].map(|age| history(NOW + age * DAY).clock().of_day(7, day));
            let pairs = [
                (now.conversions, later.conversions),
                (now.checkouts, later.checkouts),
                (now.checkout_value_in_micros, later.checkout_value_in_micros),
                (now.page_visits, later.page_visits),
            ];
            if age < 45 {
                assert!(pairs.iter().all(|(now, later)| now < later), "day {age}: {pairs:?}");
            } else {
                assert_eq!(now, later, "day {age}");
            }
            let (conversions_ready, others_ready) =
                history(NOW + age * DAY).clock().is_ready(history(NOW).clock().today);
            assert_eq!((conversions_ready, others_ready), (age > 45, age > 0), "day {age}");
        }
    }

    #[test]
    fn the_numbers_of_today_are_complete_a_day_later() {
        let day = today();
        for hour in [0, 23] {
            let partial = history(NOW + hour * 3_600).clock().of_day(7, day);
            let whole = history(NOW + DAY).clock().of_day(7, day);
            assert!(partial.paid_impressions < whole.paid_impressions, "hour {hour}");
            assert!(partial.spend_in_micros < whole.spend_in_micros && partial.clicks < whole.clicks);
            assert_eq!(whole.clicks, history(NOW + 2 * DAY).clock().of_day(7, day).clicks);
        }
    }

    #[test]
    fn the_hours_of_a_day_add_up_to_it() {
        for now in [NOW + 5 * 3_600, NOW + DAY] {
            let clock = history(now).clock();
            let mut sum = Numbers::default();
            for hour in 0..clock.hours(today()) {
                sum.add(&clock.of_hour(7, today(), hour));
            }
            let day = clock.of_day(7, today());
            assert_eq!((sum.clicks, sum.spend_in_micros), (day.clicks, day.spend_in_micros));
        }
    }
}
