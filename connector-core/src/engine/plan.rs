//! Groups partitions into slices: those that share a parent and windows, up to what one request takes. Of what is left
//! when all partitions of a parent are known, those with neighbouring starts share a request that begins with the earliest.

use std::collections::{HashMap, VecDeque};

use chrono::NaiveDate;

use crate::cursor::Window;
use crate::failure::Failure;
use crate::partition::Partition;
use crate::slice::Slice;

/// A partition that is asked for in windows of others.
pub(crate) type Shared = (Partition, Vec<Option<Window>>);

/// The partitions of one parent that are not in a batch yet, by their windows.
type Groups = HashMap<Vec<Option<Window>>, Vec<Partition>>;

/// The slices of one stream that wait to be read, and the batches that are not full yet.
#[derive(Debug)]
pub(crate) struct Plan {
    batch_size: usize,
    /// By parent and windows.
    filling: HashMap<Partition, Groups>,
    ready: VecDeque<Slice>,
    /// Slices that failed and wait for a better moment, and why they failed.
    later: Vec<(Slice, Failure)>,
}

impl Plan {
    pub(crate) fn new(batch_size: usize) -> Self {
        Self {
            batch_size: batch_size.max(1),
            filling: HashMap::new(),
            ready: VecDeque::new(),
            later: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, partition: Partition, windows: Vec<Option<Window>>) {
        if self.batch_size == 1 {
            return self.release(vec![partition], windows);
        }
        let groups = self.filling.entry(partition.parent()).or_default();
        let batch = groups.entry(windows.clone()).or_default();
        batch.push(partition);
        if batch.len() >= self.batch_size {
            let full = std::mem::take(batch);
            groups.remove(&windows);
            self.release(full, windows);
        }
    }

    /// No more partitions come from under this parent. Returns those that are asked for more than they need, with the
    /// windows they are asked for.
    pub(crate) fn parent_is_read(&mut self, parent: &Partition) -> Vec<Shared> {
        self.filling.remove(parent).map_or_else(Vec::new, |groups| self.release_rest(groups))
    }

    /// No more partitions come at all. Returns what [`parent_is_read`](Self::parent_is_read) does.
    pub(crate) fn all_known(&mut self) -> Vec<Shared> {
        let parents = std::mem::take(&mut self.filling);
        parents.into_values().flat_map(|groups| self.release_rest(groups)).collect()
    }

    /// A batch that is not read at once: its parts are next.
    pub(super) fn in_parts(&mut self, parts: Vec<Slice>) {
        for part in parts.into_iter().rev() {
            self.ready.push_front(part);
        }
    }

    /// A slice that failed is tried again when something else was served.
    pub(super) fn later(&mut self, slice: Slice, failure: Failure) {
        self.later.push((slice, failure));
    }

    /// Something was served: what waited for that is read.
    pub(super) fn try_again(&mut self) {
        self.ready.extend(self.later.drain(..).map(|(slice, _)| slice));
    }

    /// Nothing else is left: the smallest slice that waits is read. False when there is none.
    pub(super) fn try_smallest(&mut self) -> bool {
        let sizes = self.later.iter().enumerate();
        let smallest = sizes.min_by_key(|(_, (slice, _))| slice.partitions().len());
        let Some((index, _)) = smallest else { return false };
        self.ready.push_back(self.later.swap_remove(index).0);
        true
    }

    /// What has waited in vain.
    pub(super) fn given_up(&mut self) -> Vec<(Slice, Failure)> {
        std::mem::take(&mut self.later)
    }

    pub(crate) fn next(&mut self) -> Option<Slice> {
        self.ready.pop_front()
    }

    fn release(&mut self, partitions: Vec<Partition>, windows: Vec<Option<Window>>) {
        for window in windows {
            self.ready.push_back(Slice::new(partitions.clone(), window));
        }
    }

    fn release_rest(&mut self, groups: Groups) -> Vec<Shared> {
        let last = groups
            .keys()
            .filter_map(|windows| windows.last().copied().flatten())
            .map(|window| window.end)
            .max();
        let (mut rest, mut shared) = (Vec::new(), Vec::new());
        for (windows, partitions) in groups {
            if is_whole(&windows, last) {
                rest.extend(partitions.into_iter().map(|partition| (partition, windows.clone())));
            } else {
                // Others would miss the days that are left out here.
                for batch in partitions.chunks(self.batch_size) {
                    self.release(batch.to_vec(), windows.clone());
                }
            }
        }
        rest.sort_by_key(|(_, windows)| windows.first().copied().flatten().map(|window| window.start));
        for batch in rest.chunks(self.batch_size) {
            let windows = batch[0].1.clone();
            let more = batch.iter().filter(|(_, own)| *own != windows);
            shared.extend(more.map(|(partition, _)| (partition.clone(), windows.clone())));
            self.release(batch.iter().map(|(partition, _)| partition.clone()).collect(), windows);
        }
        shared
    }
}

/// Whether windows leave out no day from the first to this last one; what is asked for without days does not.
fn is_whole(windows: &[Option<Window>], last: Option<NaiveDate>) -> bool {
    let days = windows.iter().flatten();
    let next = days.clone().skip(1).map(|window| Some(window.start));
    days.clone().map(|window| window.end.succ_opt()).zip(next).all(|(after, next)| after == next)
        && days.last().map(|window| window.end) == last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn under(parent: &str, id: u32) -> Partition {
        Partition::root().child([("id", parent)]).child([("id", id.to_string())])
    }

    fn sizes(plan: &mut Plan) -> Vec<usize> {
        std::iter::from_fn(|| plan.next()).map(|slice| slice.partitions().len()).collect()
    }

    #[test]
    fn a_full_batch_is_ready_and_the_rest_waits_for_the_end_of_its_parent() {
        let mut plan = Plan::new(2);
        for id in 0..3 {
            plan.add(under("A", id), vec![None]);
        }
        plan.add(under("B", 9), vec![None]);
        assert_eq!(sizes(&mut plan), [2]);
        plan.parent_is_read(&Partition::root().child([("id", "A")]));
        assert_eq!(sizes(&mut plan), [1]);
        plan.all_known();
        assert_eq!(sizes(&mut plan), [1]);
    }

    fn until_the_24th(start: &str) -> Option<Window> {
        Some(Window { start: start.parse().unwrap(), end: "2026-11-24".parse().unwrap() })
    }

    #[test]
    fn partitions_of_different_parents_share_no_batch() {
        let mut plan = Plan::new(10);
        for parent in ["A", "B"] {
            plan.add(under(parent, 1), vec![None]);
        }
        assert!(plan.all_known().is_empty());
        assert_eq!(sizes(&mut plan), [1, 1]);
    }

    #[test]
    fn a_full_batch_shares_its_windows_and_the_rest_is_asked_for_from_the_earliest_start() {
        let mut plan = Plan::new(2);
        let starts = ["2026-11-20", "2026-11-02", "2026-11-20", "2026-11-23", "2026-11-01"];
        for (id, start) in (0..).zip(starts) {
            plan.add(under("A", id), vec![until_the_24th(start)]);
        }
        let full = plan.next().unwrap();
        assert_eq!(
            (full.partitions(), full.window().copied()),
            (&[under("A", 0), under("A", 2)][..], until_the_24th("2026-11-20"))
        );
        assert!(plan.next().is_none());
        let shared = plan.parent_is_read(&Partition::root().child([("id", "A")]));
        assert_eq!(shared, [(under("A", 1), vec![until_the_24th("2026-11-01")])]);
        let first = plan.next().unwrap();
        assert_eq!(first.partitions(), [under("A", 4), under("A", 1)]);
        assert_eq!(first.window().copied(), until_the_24th("2026-11-01"));
        assert_eq!(plan.next().unwrap().partitions(), [under("A", 3)]);
        assert!(plan.next().is_none() && plan.all_known().is_empty());
    }

    #[test]
    fn a_partition_that_leaves_out_days_shares_its_windows_with_no_other() {
        let days = |start: &str, end: &str| {
            Some(Window { start: start.parse().unwrap(), end: end.parse().unwrap() })
        };
        let holed = vec![days("2026-11-01", "2026-11-05"), days("2026-11-11", "2026-11-24")];
        let short = vec![days("2026-11-02", "2026-11-05")];
        let whole = vec![days("2026-11-03", "2026-11-12"), days("2026-11-13", "2026-11-24")];
        let mut plan = Plan::new(10);
        for (id, windows) in (0..).zip([&holed, &short, &whole, &vec![until_the_24th("2026-11-20")]]) {
            plan.add(under("A", id), windows.clone());
        }
        let shared = plan.parent_is_read(&Partition::root().child([("id", "A")]));
        assert_eq!(shared, [(under("A", 3), whole.clone())]);
        let mut asked = HashMap::<_, Vec<_>>::new();
        while let Some(slice) = plan.next() {
            asked.entry(slice.partitions().to_vec()).or_default().push(slice.window().copied());
        }
        let expected = [(vec![0], holed), (vec![1], short), (vec![2, 3], whole)];
        let of = |ids: Vec<u32>| ids.into_iter().map(|id| under("A", id)).collect::<Vec<_>>();
        assert_eq!(asked, expected.map(|(ids, windows)| (of(ids), windows)).into());
    }

    #[test]
    fn a_batch_has_one_slice_for_each_window() {
        let day = |start: &str| Some(Window { start: start.parse().unwrap(), end: start.parse().unwrap() });
        let mut plan = Plan::new(2);
        for id in 0..2 {
            plan.add(under("A", id), vec![day("2026-11-01"), day("2026-11-02")]);
        }
        assert_eq!(sizes(&mut plan), [2, 2]);
    }
}
