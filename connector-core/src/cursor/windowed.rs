//! The cursor of a stream whose API takes a date range.

use chrono::{Datelike, Days, NaiveDate};

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
    /// What a record stands for. Windows do not part one, but where a start or the step leaves no choice.
    pub unit: WindowUnit,
}

/// The time that a record of a windowed stream stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowUnit {
    /// A day, or a part of one.
    #[default]
    Day,
    /// A week that begins on Monday.
    Week,
    /// A month.
    Month,
}

impl WindowUnit {
    /// The first day of the unit that holds this day.
    fn start(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => day,
            Self::Week => days_before(day, day.weekday().num_days_from_monday()),
            Self::Month => day.with_day(1).unwrap_or(day),
        }
    }
}

impl Windowed {
    /// The oldest day that the API serves.
    pub(crate) fn oldest(&self, today: NaiveDate) -> NaiveDate {
        days_before(today, self.horizon_days)
    }

    /// The first day that is ever asked for.
    fn earliest(&self, today: NaiveDate) -> NaiveDate {
        let oldest = self.oldest(today);
        self.start.map_or(oldest, |start| start.max(oldest))
    }

    /// The start that was wanted and the later one that the API allows, where they differ.
    pub(crate) fn moved_start(&self, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let (wanted, earliest) = (self.start?, self.earliest(today));
        (wanted < earliest).then_some((wanted, earliest))
    }
}

/// What is known of a partition when it starts.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) saved: Saved,
    /// All of these days were final when they were read.
    pub(crate) settled: Option<Window>,
    /// Windows of which an earlier sync kept something: they stay as they are.
    pub(crate) kept: Vec<Window>,
    /// Windows that an earlier sync of this day has closed behind one that was open.
    pub(crate) closed: Vec<ClosedWindow>,
}

/// A window that was read before an earlier one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ClosedWindow {
    pub(crate) window: Window,
    pub(crate) newest: Option<CursorValue>,
}

/// One partition's progress over its windows.
#[derive(Debug)]
pub(crate) struct WindowedCursor {
    value: CursorValue,
    windows: Vec<(Window, Progress)>,
    /// Of these an earlier sync has kept something, perhaps a report of its day.
    kept: Vec<Window>,
    /// The first day wanted, when the windows begin earlier.
    bound: Option<CursorValue>,
    settled: Option<Window>,
    /// Days up to this one are final now.
    final_now: Option<NaiveDate>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Progress {
    Open,
    /// An earlier sync has read it, when fewer days may have been final.
    ClosedBefore(Option<CursorValue>),
    Closed(Option<CursorValue>),
}

impl WindowedCursor {
    /// `final_now`: the API calls the numbers of the days up to this one final.
    pub(crate) fn new(
        policy: &Windowed,
        known: Known,
        today: NaiveDate,
        final_now: Option<NaiveDate>,
    ) -> Self {
        let earliest = policy.earliest(today);
        let (first, value) = match known.saved {
            Saved::Nothing => (earliest, CursorValue::from_date(earliest)),
            Saved::Own(value) | Saved::Shared(value) => {
                let again = policy.unit.start(days_before(value.date(), policy.lookback_days)).max(earliest);
                // Whoever does not ask what is final wants all days again, and so does who wants days that were not read
                // when the others were final.
                let settled = known.settled.filter(|days| final_now.is_some() && days.start <= again);
                let unsettled = settled.and_then(|days| days.end.succ_opt());
                let again = unsettled.map_or(again, |unsettled| again.max(policy.unit.start(unsettled)));
                // A saved day in the future asks for nothing, with or without days to read again.
                let first = if value.date() > today { value.date() } else { again };
                (first, CursorValue::from_date(value.date().max(earliest)))
            }
        };
        let fixed = known.kept.iter().copied().chain(known.closed.iter().map(|closed| closed.window));
        let windows = cut_around(fixed.collect(), first, today, policy);
        let progress = |window: &Window| {
            let closed = known.closed.iter().find(|closed| closed.window == *window);
            closed.map_or(Progress::Open, |closed| Progress::ClosedBefore(closed.newest))
        };
        let windows = windows.into_iter().map(|window| (window, progress(&window))).collect();
        Self { value, windows, kept: known.kept, bound: None, settled: known.settled, final_now }
    }
}

/// The settled days with those of a window that was read when the days up to this one were final. They have no gap: of days
/// that lie apart the later are kept.
fn with_settled(settled: Option<Window>, read: Window, final_now: Option<NaiveDate>) -> Option<Window> {
    let Some(end) = final_now.map(|day| day.min(read.end)).filter(|end| *end >= read.start) else {
        return settled;
    };
    let joins = |days: &Window| {
        days.end.succ_opt().is_some_and(|next| next >= read.start)
            && end.succ_opt().is_some_and(|next| next >= days.start)
    };
    Some(settled.filter(joins).map_or(Window { start: read.start, end }, |days| Window {
        start: days.start.min(read.start),
        end: days.end.max(end),
    }))
}

fn days_before(date: NaiveDate, days: u32) -> NaiveDate {
    date.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN)
}

/// Windows from `first` to `last`, those that are kept as they are among them.
fn cut_around(mut kept: Vec<Window>, first: NaiveDate, last: NaiveDate, policy: &Windowed) -> Vec<Window> {
    kept.sort_by_key(|window| window.start);
    let mut windows = Vec::new();
    let mut next = Some(first);
    for window in kept {
        let Some(start) = next else { break };
        let fits = (window.end - window.start).num_days() < i64::from(policy.step_days.max(1));
        if window.start < start || window.end < window.start || window.end > last || !fits {
            continue;
        }
        if let Some(before) = window.start.pred_opt() {
            windows.extend(cut(start, before, policy));
        }
        next = window.end.succ_opt();
        windows.push(window);
    }
    windows.extend(next.into_iter().flat_map(|start| cut(start, last, policy)));
    windows
}

/// Windows of at most `step_days` from `first` to `last`, without gap or overlap.
fn cut(first: NaiveDate, last: NaiveDate, policy: &Windowed) -> impl Iterator<Item = Window> {
    let (step, unit) = (u64::from(policy.step_days.max(1)), policy.unit);
    let mut next = Some(first);
    std::iter::from_fn(move || {
        let start = next.filter(|start| *start <= last)?;
        let longest = start.checked_add_days(Days::new(step)).filter(|end| *end <= last);
        // Where it cannot reach the end, it ends before a unit begins.
        let whole = longest.map(|next| Some(unit.start(next)).filter(|next| *next > start).unwrap_or(next));
        let end = whole.and_then(|next| next.pred_opt()).unwrap_or(last);
        next = end.succ_opt();
        Some(Window { start, end })
    })
}

impl Cursor for WindowedCursor {
    fn windows(&self) -> Vec<Option<Window>> {
        let open = self.windows.iter().filter(|(_, progress)| *progress == Progress::Open);
        open.map(|(window, _)| Some(*window)).collect()
    }

    fn lower_bound(&self) -> Option<CursorValue> {
        self.bound
    }

    fn ask_for(&mut self, windows: &[Option<Window>]) {
        self.bound = self.windows.first().map(|(window, _)| CursorValue::from_date(window.start));
        let windows = windows.iter().flatten();
        self.windows = windows.map(|window| (*window, Progress::Open)).collect();
    }

    fn is_read(&self) -> bool {
        self.windows.iter().all(|(_, progress)| *progress != Progress::Open)
    }

    fn close(&mut self, window: Option<Window>, newest: Option<CursorValue>) {
        for (candidate, progress) in &mut self.windows {
            if Some(*candidate) == window {
                *progress = Progress::Closed(newest);
            }
        }
        let mut final_now = self.final_now;
        for (window, progress) in &self.windows {
            let newest = match progress {
                Progress::Open => break,
                Progress::ClosedBefore(newest) => {
                    final_now = None;
                    newest
                }
                Progress::Closed(newest) if self.kept.contains(window) => {
                    final_now = None;
                    newest
                }
                Progress::Closed(newest) => {
                    // Of days before the bound nothing was written.
                    let start = self.bound.map_or(window.start, |bound| window.start.max(bound.date()));
                    self.settled = with_settled(self.settled, Window { start, ..*window }, final_now);
                    newest
                }
            };
            self.value = newest.map_or(self.value, |newest| newest.max(self.value));
        }
    }

    fn value(&self) -> Option<CursorValue> {
        Some(self.value)
    }

    fn settled(&self) -> Option<Window> {
        self.settled
    }

    fn closed_ahead(&self) -> Vec<ClosedWindow> {
        let ahead = self.windows.iter().skip_while(|(_, progress)| *progress != Progress::Open);
        let closed = ahead.filter_map(|(window, progress)| match progress {
            Progress::Open => None,
            Progress::ClosedBefore(newest) | Progress::Closed(newest) => {
                Some(ClosedWindow { window: *window, newest: *newest })
            }
        });
        closed.collect()
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
            unit: WindowUnit::Day,
        }
    }

    fn known(saved: Saved) -> Known {
        Known { saved, settled: None, kept: Vec::new(), closed: Vec::new() }
    }

    fn cursor(policy: &Windowed, saved: Saved) -> WindowedCursor {
        WindowedCursor::new(policy, known(saved), day("2026-11-24"), None)
    }

    fn window(start: &str, end: &str) -> Window {
        Window { start: day(start), end: day(end) }
    }

    fn windows(policy: &Windowed, saved: Saved) -> Vec<(String, String)> {
        told(&cursor(policy, saved))
    }

    fn told(cursor: &WindowedCursor) -> Vec<(String, String)> {
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
        let cursor = cursor(&policy(None), Saved::Own(at("3021-01-01")));
        assert_eq!(cursor.windows(), []);
        assert_eq!(cursor.value(), Some(at("3021-01-01")));
    }

    #[test]
    fn resumes_at_the_first_window_not_closed() {
        let mut cursor = cursor(&policy(None), Saved::Nothing);
        let all = cursor.windows();
        cursor.close(all[1], Some(at("2026-10-20")));
        assert_eq!(cursor.value(), Some(at("2026-08-27")));
        cursor.close(all[0], None);
        assert_eq!(cursor.value(), Some(at("2026-10-20")));
    }

    #[test]
    fn a_window_without_rows_does_not_move_it() {
        let mut cursor = cursor(&policy(None), Saved::Own(at("2026-11-10")));
        let window = cursor.windows()[0];
        cursor.close(window, None);
        assert_eq!(cursor.value(), Some(at("2026-11-10")));
    }

    #[test]
    fn a_partition_that_nobody_has_read_starts_at_its_own_start() {
        let policy = policy(Some("2026-11-01"));
        let expected = pairs(&[("2026-11-01", "2026-11-24")]);
        assert_eq!(windows(&policy, Saved::Nothing), expected);
        assert_eq!(windows(&policy, Saved::Shared(at("2026-11-20"))), pairs(&[("2026-11-20", "2026-11-24")]));
    }

    #[test]
    fn a_start_that_the_api_does_not_reach_is_told() {
        let today = day("2026-11-24");
        assert_eq!(policy(Some("2026-11-01")).moved_start(today), None);
        assert_eq!(policy(None).moved_start(today), None);
        let moved = Some((day("2020-01-01"), day("2026-08-27")));
        assert_eq!(policy(Some("2020-01-01")).moved_start(today), moved);
    }

    #[test]
    fn windows_do_not_part_a_month_or_a_week() {
        let months = Windowed { unit: WindowUnit::Month, ..policy(Some("2026-09-10")) };
        assert_eq!(
            windows(&months, Saved::Nothing),
            pairs(&[
                ("2026-09-10", "2026-09-30"),
                ("2026-10-01", "2026-10-30"),
                ("2026-10-31", "2026-11-24")
            ]),
            "30 days do not hold October"
        );
        let months = Windowed { step_days: 62, ..months };
        assert_eq!(
            windows(&months, Saved::Nothing),
            pairs(&[("2026-09-10", "2026-10-31"), ("2026-11-01", "2026-11-24")])
        );
        let weeks = Windowed { unit: WindowUnit::Week, ..policy(Some("2026-10-14")) };
        assert_eq!(
            windows(&weeks, Saved::Nothing),
            pairs(&[("2026-10-14", "2026-11-08"), ("2026-11-09", "2026-11-24")])
        );
        let again = Windowed { lookback_days: 3, ..weeks };
        assert_eq!(windows(&again, Saved::Own(at("2026-11-16"))), pairs(&[("2026-11-09", "2026-11-24")]));
    }

    #[test]
    fn a_window_of_which_something_is_kept_stays_as_it_is() {
        let kept = vec![window("2026-11-20", "2026-11-24"), window("2026-10-01", "2026-10-09")];
        let known = Known { saved: Saved::Own(at("2026-09-28")), settled: None, kept, closed: Vec::new() };
        let cursor = WindowedCursor::new(&policy(None), known.clone(), day("2026-11-24"), None);
        let expected = pairs(&[
            ("2026-09-28", "2026-09-30"),
            ("2026-10-01", "2026-10-09"),
            ("2026-10-10", "2026-11-08"),
            ("2026-11-09", "2026-11-19"),
            ("2026-11-20", "2026-11-24"),
        ]);
        assert_eq!(told(&cursor), expected);
        // One that is read already, in part or whole, or that has no end in this sync is of no use.
        let later = Known { saved: Saved::Own(at("2026-10-05")), ..known };
        let cursor = WindowedCursor::new(&policy(None), later, day("2026-11-23"), None);
        assert_eq!(told(&cursor), pairs(&[("2026-10-05", "2026-11-03"), ("2026-11-04", "2026-11-23")]));
    }

    #[test]
    fn a_window_that_is_longer_than_the_api_takes_now_is_cut_anew() {
        let kept = vec![window("2026-10-01", "2026-11-20")];
        let known = Known { saved: Saved::Own(at("2026-10-01")), settled: None, kept, closed: Vec::new() };
        let cursor = WindowedCursor::new(&policy(None), known, day("2026-11-24"), None);
        assert_eq!(told(&cursor), pairs(&[("2026-10-01", "2026-10-30"), ("2026-10-31", "2026-11-24")]));
    }

    #[test]
    fn windows_that_were_read_before_an_earlier_one_are_not_read_again() {
        let today = day("2026-11-24");
        let mut first = cursor(&policy(None), Saved::Nothing);
        let all = first.windows();
        first.close(all[1], Some(at("2026-10-20")));
        first.close(all[2], None);
        let closed = first.closed_ahead();
        assert_eq!(closed.len(), 2);
        let known =
            Known { saved: Saved::Own(first.value().unwrap()), settled: None, kept: Vec::new(), closed };
        let mut second = WindowedCursor::new(&policy(None), known, today, None);
        assert_eq!(second.windows(), all[..1]);
        second.close(all[0], Some(at("2026-09-01")));
        assert_eq!(second.value(), Some(at("2026-10-20")));
        assert!(second.closed_ahead().is_empty(), "nothing is open before them");
    }

    #[test]
    fn days_that_were_final_when_they_were_read_are_not_read_again() {
        let policy = Windowed { lookback_days: 10, ..policy(None) };
        let today = day("2026-11-24");
        let mut first = WindowedCursor::new(&policy, known(Saved::Nothing), today, Some(day("2026-11-20")));
        assert_eq!(first.settled(), None);
        let all = first.windows();
        first.close(all[1], None);
        assert_eq!(first.settled(), None, "the window before it is open");
        first.close(all[0], None);
        assert_eq!(first.settled(), Some(window("2026-08-27", "2026-10-25")));
        first.close(all[2], Some(at("2026-11-12")));
        assert_eq!(
            (first.settled(), first.value()),
            (Some(window("2026-08-27", "2026-11-20")), Some(at("2026-11-12")))
        );
        let again = |settled| {
            let known =
                Known { saved: Saved::Own(at("2026-11-12")), settled, kept: Vec::new(), closed: Vec::new() };
            told(&WindowedCursor::new(&policy, known, today, Some(day("2026-11-20"))))
        };
        assert_eq!(again(None), pairs(&[("2026-11-02", "2026-11-24")]));
        assert_eq!(again(Some(window("2026-10-01", "2026-11-05"))), pairs(&[("2026-11-06", "2026-11-24")]));
        let later = again(Some(window("2026-11-03", "2026-11-05")));
        assert_eq!(later, again(None), "the 2nd was never read");
        assert_eq!(again(first.settled()), pairs(&[("2026-11-21", "2026-11-24")]));
        let known = Known {
            saved: Saved::Own(at("2026-11-12")),
            settled: first.settled(),
            kept: Vec::new(),
            closed: Vec::new(),
        };
        let unasked = told(&WindowedCursor::new(&policy, known, today, None));
        assert_eq!(unasked, again(None), "nobody asks what is final");
    }

    #[test]
    fn settled_days_have_no_gap_and_none_that_was_not_read() {
        let read = |settled, start: &str, end: &str, last| {
            with_settled(settled, window(start, end), Some(day(last)))
        };
        let known = Some(window("2026-10-10", "2026-10-20"));
        for (start, end, last, expected) in [
            ("2026-10-15", "2026-10-31", "2026-10-25", ("2026-10-10", "2026-10-25")),
            ("2026-10-21", "2026-10-31", "2026-11-25", ("2026-10-10", "2026-10-31")),
            ("2026-10-01", "2026-10-09", "2026-11-25", ("2026-10-01", "2026-10-20")),
            ("2026-10-21", "2026-10-31", "2026-10-20", ("2026-10-10", "2026-10-20")),
            ("2026-10-22", "2026-10-31", "2026-10-25", ("2026-10-22", "2026-10-25")),
        ] {
            assert_eq!(
                read(known, start, end, last),
                Some(window(expected.0, expected.1)),
                "{start} {end} {last}"
            );
        }
        assert_eq!(read(None, "2026-10-22", "2026-10-31", "2026-10-21"), None);
    }

    #[test]
    fn a_window_that_an_earlier_sync_has_closed_is_not_settled_by_what_is_final_now() {
        let mut first = cursor(&policy(None), Saved::Nothing);
        let all = first.windows();
        first.close(all[1], None);
        let (closed, saved) = (first.closed_ahead(), Saved::Own(first.value().unwrap()));
        let known = Known { saved, settled: None, kept: Vec::new(), closed };
        let today = day("2026-11-24");
        let mut second = WindowedCursor::new(&policy(None), known, today, Some(day("2026-11-20")));
        for window in second.windows() {
            second.close(window, None);
        }
        assert_eq!(second.settled(), Some(window("2026-08-27", "2026-09-25")));
    }

    #[test]
    fn a_window_of_which_an_earlier_sync_has_kept_something_is_not_settled() {
        let kept = vec![window("2026-11-01", "2026-11-10")];
        let known = Known { saved: Saved::Own(at("2026-10-20")), settled: None, kept, closed: Vec::new() };
        let mut cursor =
            WindowedCursor::new(&policy(None), known, day("2026-11-24"), Some(day("2026-11-20")));
        for window in cursor.windows() {
            cursor.close(window, None);
        }
        assert_eq!(cursor.settled(), Some(window("2026-10-20", "2026-10-31")));
    }

    #[test]
    fn days_that_only_others_wanted_are_not_settled() {
        let policy = policy(None);
        let saved = known(Saved::Own(at("2026-11-20")));
        let mut cursor = WindowedCursor::new(&policy, saved, day("2026-11-24"), Some(day("2026-11-22")));
        let windows = [Some(window("2026-11-01", "2026-11-15")), Some(window("2026-11-16", "2026-11-24"))];
        cursor.ask_for(&windows);
        for window in windows {
            cursor.close(window, None);
        }
        assert_eq!(cursor.settled(), Some(window("2026-11-20", "2026-11-22")));
    }

    #[test]
    fn windows_of_others_bring_no_older_days() {
        let mut cursor = cursor(&policy(None), Saved::Own(at("2026-11-20")));
        assert_eq!(cursor.lower_bound(), None);
        let shared = [Some(window("2026-10-01", "2026-10-30")), Some(window("2026-10-31", "2026-11-24"))];
        cursor.ask_for(&shared);
        assert_eq!(cursor.lower_bound(), Some(at("2026-11-20")));
        cursor.close(shared[0], None);
        assert_eq!(cursor.value(), Some(at("2026-11-20")));
        cursor.close(shared[1], Some(at("2026-11-22")));
        assert_eq!(cursor.value(), Some(at("2026-11-22")));
    }

    proptest! {
        #[test]
        fn windows_cover_every_day_once(back in 0_u64..400, step in 1_u32..200, unit in 0_usize..3) {
            let today = day("2026-11-24");
            let first = today.checked_sub_days(Days::new(back)).unwrap();
            let unit = [WindowUnit::Day, WindowUnit::Week, WindowUnit::Month][unit];
            let policy = Windowed { step_days: step, unit, ..policy(None) };
            let mut expected = first;
            for window in cut(first, today, &policy) {
                prop_assert_eq!(window.start, expected);
                prop_assert!(window.end >= window.start && window.end <= today);
                prop_assert!((window.end - window.start).num_days() < i64::from(step));
                expected = window.end.succ_opt().unwrap();
            }
            prop_assert_eq!(expected, today.succ_opt().unwrap());
        }
    }
}
