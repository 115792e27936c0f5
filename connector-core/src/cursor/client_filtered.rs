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
    /// Whether a partition that has no cursor of its own yet, but shared one with all others, is read from the start: a
    /// shared cursor moves with the newest record of any partition, and may have passed older ones of this one.
    pub reread_shared: bool,
}

/// One partition's progress: the bound it filters with and the newest value it has closed.
#[derive(Debug)]
pub(crate) struct ClientFilteredCursor {
    bound: Option<CursorValue>,
    newest: Option<CursorValue>,
    read: bool,
}

impl ClientFilteredCursor {
    pub(crate) fn new(policy: &ClientFiltered, saved: Saved) -> Self {
        let saved = match saved {
            Saved::Own(value) => Some(value),
            Saved::Shared(value) => Some(value).filter(|_| !policy.reread_shared),
            Saved::Nothing => None,
        };
        Self { bound: saved.max(policy.start), newest: None, read: false }
    }
}

impl Cursor for ClientFilteredCursor {
    fn windows(&self) -> Vec<Option<Window>> {
        vec![None]
    }

    fn lower_bound(&self) -> Option<CursorValue> {
        self.bound
    }

    fn is_read(&self) -> bool {
        self.read
    }

    fn close(&mut self, _: Option<Window>, newest: Option<CursorValue>) {
        self.read = true;
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
        ClientFilteredCursor::new(&policy(start), saved)
    }

    fn policy(start: Option<i64>) -> ClientFiltered {
        let format = CursorFormat::EpochSeconds;
        ClientFiltered { field: "t".into(), format, start: start.map(at), reread_shared: false }
    }

    #[test]
    fn a_shared_cursor_can_be_left_aside() {
        let policy = ClientFiltered { reread_shared: true, ..policy(Some(5)) };
        let bound = |saved| ClientFilteredCursor::new(&policy, saved).lower_bound();
        assert_eq!(bound(Saved::Shared(at(9))), Some(at(5)));
        assert_eq!(bound(Saved::Own(at(9))), Some(at(9)));
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
