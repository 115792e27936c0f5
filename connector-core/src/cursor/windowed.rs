//! The cursor of a stream whose API takes a date range.

use chrono::{Days, NaiveDate};

use super::{Cursor, CursorValue, Saved, Window};

/// The time from the saved value to today is cut into windows. The saved day is read again, because it may have
/// been incomplete. The state moves over the rows of closed windows without a gap: a window that failed holds it
/// back, and a window without rows does not move it.
#[derive(Clone, Debug, PartialEq)]
pub struct Windowed {
    /// The record field that holds the day.
    pub field: String,
    /// The first day wanted; `None`: as far back as the API serves.
    pub start: Option<NaiveDate>,
    /// How many days before today the API serves at most.
    pub horizon_days: u32,
    /// The longest window, in days, both ends counted. At least 1.
    pub step_days: u32,
    /// How many days before the saved value are read again because their numbers still settle.
    pub lookback_days: u32,
}

/// One partition's progress over its windows.
#[derive(Debug)]
pub(crate) struct WindowedCursor {
    value: CursorValue,
    windows: Vec<(Window, Progress)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Progress {
    Open,
    Closed(Option<CursorValue>),
}

impl WindowedCursor {
    pub(crate) fn new(policy: &Windowed, saved: Saved, today: NaiveDate) -> Self {
        let oldest = days_before(today, policy.horizon_days);
        let earliest = policy.start.map_or(oldest, |start| start.max(oldest));
        let (first, value) = match saved {
            Saved::Nothing => (earliest, CursorValue::from_date(earliest)),
            Saved::Own(value) | Saved::Shared(value) | Saved::Fallback(value) => {
                let again = days_before(value.date(), policy.lookback_days);
                // A saved day in the future asks for nothing, with or without days to read again.
                let first = if value.date() > today { value.date() } else { again.max(earliest) };
                (first, CursorValue::from_date(value.date().max(earliest)))
            }
        };
        let windows = cut(first, today, policy.step_days.max(1));
        Self { value, windows: windows.map(|window| (window, Progress::Open)).collect() }
    }
}

fn days_before(date: NaiveDate, days: u32) -> NaiveDate {
    date.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN)
}

/// Windows of `step` days from `first` to `last`, without gap or overlap.
fn cut(first: NaiveDate, last: NaiveDate, step: u32) -> impl Iterator<Item = Window> {
    let mut next = Some(first);
    std::iter::from_fn(move || {
        let start = next.filter(|start| *start <= last)?;
        let end = start.checked_add_days(Days::new(u64::from(step) - 1)).unwrap_or(last).min(last);
        next = end.succ_opt();
        Some(Window { start, end })
    })
}

impl Cursor for WindowedCursor {
    fn windows(&self) -> Vec<Option<Window>> {
        self.windows.iter().map(|(window, _)| Some(*window)).collect()
    }

    fn lower_bound(&self) -> Option<CursorValue> {
        None
    }

    fn close(&mut self, window: Option<Window>, newest: Option<CursorValue>) {
        for (candidate, progress) in &mut self.windows {
            if Some(*candidate) == window {
                *progress = Progress::Closed(newest);
            }
        }
        for (_, progress) in &self.windows {
            match progress {
                Progress::Open => break,
                Progress::Closed(newest) => {
                    self.value = newest.map_or(self.value, |newest| newest.max(self.value))
                }
            }
        }
    }

    fn value(&self) -> Option<CursorValue> {
        Some(self.value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> CursorValue {
        CursorValue::from_date(day(text))
    }

    fn policy(start: Option<&str>) -> Windowed {
        Windowed {
            field: "DATE".into(),
            start: start.map(day),
            horizon_days: 89,
            step_days: 30,
            lookback_days: 0,
        }
    }

    fn windows(policy: &Windowed, saved: Saved) -> Vec<(String, String)> {
        let cursor = WindowedCursor::new(policy, saved, day("2026-11-24"));
        let windows = cursor.windows().into_iter().flatten();
        windows.map(|window| (window.start.to_string(), window.end.to_string())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(start, end)| ((*start).to_owned(), (*end).to_owned())).collect()
    }

    #[test]
    fn without_a_start_it_goes_back_to_the_horizon() {
        let expected = pairs(&[
            ("2026-08-27", "2026-09-25"),
            ("2026-09-26", "2026-10-25"),
            ("2026-10-26", "2026-11-24"),
        ]);
        assert_eq!(windows(&policy(None), Saved::Nothing), expected);
        assert_eq!(windows(&policy(Some("2020-01-01")), Saved::Nothing), expected);
        assert_eq!(windows(&policy(None), Saved::Own(at("2020-01-01"))), expected);
    }

    #[test]
    fn a_day_more_than_a_step_makes_a_window_of_one_day() {
        assert_eq!(
            windows(&policy(Some("2026-10-26")), Saved::Nothing),
            pairs(&[("2026-10-26", "2026-11-24")])
        );
        assert_eq!(
            windows(&policy(Some("2026-10-25")), Saved::Nothing),
            pairs(&[("2026-10-25", "2026-11-23"), ("2026-11-24", "2026-11-24")])
        );
    }

    #[test]
    fn the_saved_day_is_read_again() {
        assert_eq!(
            windows(&policy(None), Saved::Own(at("2026-11-24"))),
            pairs(&[("2026-11-24", "2026-11-24")])
        );
    }

    #[test]
    fn days_that_still_settle_are_read_again_but_not_before_the_start() {
        let policy = Windowed { lookback_days: 5, ..policy(Some("2026-11-18")) };
        assert_eq!(windows(&policy, Saved::Own(at("2026-11-24"))), pairs(&[("2026-11-19", "2026-11-24")]));
        assert_eq!(windows(&policy, Saved::Own(at("2026-11-20"))), pairs(&[("2026-11-18", "2026-11-24")]));
    }

    #[test]
    fn a_saved_day_in_the_future_asks_for_nothing_and_is_kept() {
        let cursor = WindowedCursor::new(&policy(None), Saved::Own(at("3021-01-01")), day("2026-11-24"));
        assert_eq!(cursor.windows(), []);
        assert_eq!(cursor.value(), Some(at("3021-01-01")));
    }

    #[test]
    fn resumes_at_the_first_window_not_closed() {
        let mut cursor = WindowedCursor::new(&policy(None), Saved::Nothing, day("2026-11-24"));
        let all = cursor.windows();
        cursor.close(all[1], Some(at("2026-10-20")));
        assert_eq!(cursor.value(), Some(at("2026-08-27")));
        cursor.close(all[0], None);
        assert_eq!(cursor.value(), Some(at("2026-10-20")));
    }

    #[test]
    fn a_window_without_rows_does_not_move_it() {
        let mut cursor = WindowedCursor::new(&policy(None), Saved::Own(at("2026-11-10")), day("2026-11-24"));
        let window = cursor.windows()[0];
        cursor.close(window, None);
        assert_eq!(cursor.value(), Some(at("2026-11-10")));
    }

    proptest! {
        #[test]
        fn windows_cover_every_day_once(back in 0_u64..400, step in 1_u32..200) {
            let today = day("2026-11-24");
            let first = today.checked_sub_days(Days::new(back)).unwrap();
            let mut expected = first;
            for window in cut(first, today, step) {
                prop_assert_eq!(window.start, expected);
                prop_assert!(window.end >= window.start && window.end <= today);
                prop_assert!((window.end - window.start).num_days() < i64::from(step));
                expected = window.end.succ_opt().unwrap();
            }
            prop_assert_eq!(expected, today.succ_opt().unwrap());
        }
    }
}
