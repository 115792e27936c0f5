//! What all numbers follow from: the seed, and what time it is.

use chrono::{DateTime, Timelike as _};

use super::numbers::Clock;
use crate::{days, seed::Random};

/// What all numbers are made from.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) seed: u64,
    /// Epoch seconds of the moment the data was made for. Days with rows do not move when time goes on.
    pub(crate) made_for: i64,
    /// Epoch seconds.
    pub(crate) now: i64,
    /// Every entity has a row every day.
    pub(crate) daily: bool,
    /// Conversions of a day grow for so many days.
    pub(crate) restated_days: u32,
}

impl History {
    pub(crate) fn clock(&self) -> Clock {
        let now = DateTime::from_timestamp(self.now, 0).unwrap_or_default();
        let today = now.date_naive();
        Clock {
            today,
            day: days::number(today),
            hour: now.hour().into(),
            restated_days: self.restated_days.into(),
        }
    }

    /// What the numbers of an entity follow from.
    pub(crate) fn key(&self, id: &str) -> u64 {
        Random::of(self.seed, id, 0).next()
    }
}
