//! The cursor of a stream whose API cannot filter by time.

use super::{Cursor, CursorFormat, CursorValue, Saved, Window};

/// Everything is asked for; records older than the saved value are dropped, equal ones are kept. A record without a
/// value, or with one that names no moment, is kept and does not move the cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientFiltered {
    /// The record field that orders records in time.
    pub field: String,
    /// How the state holds the value.
    pub format: CursorFormat,
    /// Records before this moment are never wanted.
    pub start: Option<CursorValue>,
}

/// One partition's progress: the bound it filters with and the newest value it has closed.
#[derive(Debug)]
pub(crate) struct ClientFilteredCursor {
    bound: Option<CursorValue>,
    newest: Option<CursorValue>,
}

impl ClientFilteredCursor {
    pub(crate) fn new(policy: &ClientFiltered, saved: Saved) -> Self {
        let saved = match saved {
            Saved::Own(value) | Saved::Shared(value) => Some(value),
            Saved::Nothing => None,
        };
        Self { bound: saved.max(policy.start), newest: None }
    }
}

impl Cursor for ClientFilteredCursor {
    fn windows(&self) -> Vec<Option<Window>> {
        vec![None]
    }

    fn lower_bound(&self) -> Option<CursorValue> {
        self.bound
    }

    fn close(&mut self, _: Option<Window>, newest: Option<CursorValue>) {
        self.newest = self.newest.max(newest);
    }

    fn value(&self) -> Option<CursorValue> {
        self.newest.max(self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> CursorValue {
        CursorValue::from_epoch_seconds(seconds).unwrap()
    }

    fn cursor(start: Option<i64>, saved: Saved) -> ClientFilteredCursor {
        let policy =
            ClientFiltered { field: "t".into(), format: CursorFormat::EpochSeconds, start: start.map(at) };
        ClientFilteredCursor::new(&policy, saved)
    }

    #[test]
    fn starts_at_the_later_of_state_and_start_date() {
        assert_eq!(cursor(Some(5), Saved::Own(at(9))).lower_bound(), Some(at(9)));
        assert_eq!(cursor(Some(5), Saved::Own(at(2))).lower_bound(), Some(at(5)));
        assert_eq!(cursor(None, Saved::Shared(at(9))).lower_bound(), Some(at(9)));
        assert_eq!(cursor(None, Saved::Nothing).lower_bound(), None);
    }

    #[test]
    fn a_partition_nobody_read_yet_is_read_from_the_start() {
        assert_eq!(cursor(Some(5), Saved::Nothing).lower_bound(), Some(at(5)));
    }

    #[test]
    fn never_goes_back() {
        let mut cursor = cursor(None, Saved::Own(at(9)));
        cursor.close(None, None);
        assert_eq!(cursor.value(), Some(at(9)));
        cursor.close(None, Some(at(12)));
        cursor.close(None, Some(at(10)));
        assert_eq!(cursor.value(), Some(at(12)));
    }

    #[test]
    fn what_is_observed_later_does_not_narrow_the_filter_of_this_sync() {
        let mut cursor = cursor(None, Saved::Own(at(9)));
        cursor.close(None, Some(at(12)));
        assert_eq!(cursor.lower_bound(), Some(at(9)));
    }
}
