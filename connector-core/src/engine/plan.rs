//! Groups partitions into slices: those that share a parent and windows, up to what one request takes. Of what is left
//! when all partitions of a parent are known, those with neighbouring starts share a request that begins with the earliest.

use std::collections::{HashMap, VecDeque};

use crate::cursor::Window;
use crate::failure::Failure;
use crate::partition::Partition;
use crate::slice::Slice;

/// A partition that is asked for in windows of others.
pub(super) type Shared = (Partition, Vec<Option<Window>>);

/// The slices of one stream that wait to be read, and the batches that are not full yet.
#[derive(Debug)]
pub(super) struct Plan {
    batch_size: usize,
    filling: HashMap<(Partition, Vec<Option<Window>>), Vec<Partition>>,
    ready: VecDeque<Slice>,
    /// Slices that failed and wait for a better moment, and why they failed.
    later: Vec<(Slice, Failure)>,
}

impl Plan {
    pub(super) fn new(batch_size: usize) -> Self {
        Self {
            batch_size: batch_size.max(1),
            filling: HashMap::new(),
            ready: VecDeque::new(),
            later: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, partition: Partition, windows: Vec<Option<Window>>) {
        let group = (partition.parent(), windows);
        let batch = self.filling.entry(group.clone()).or_default();
        batch.push(partition);
        if batch.len() >= self.batch_size {
            let full = std::mem::take(batch);
            self.filling.remove(&group);
            self.release(full, group.1);
        }
    }

    /// No more partitions come from under this parent. Returns those that are asked for more than they need, with the
    /// windows they are asked for.
    pub(super) fn parent_is_read(&mut self, parent: &Partition) -> Vec<Shared> {
        self.release_rest(|candidate| candidate == parent)
    }

    /// No more partitions come at all. Returns what [`parent_is_read`](Self::parent_is_read) does.
    pub(super) fn all_known(&mut self) -> Vec<Shared> {
        self.release_rest(|_| true)
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

    pub(super) fn next(&mut self) -> Option<Slice> {
        self.ready.pop_front()
    }

    fn release(&mut self, partitions: Vec<Partition>, windows: Vec<Option<Window>>) {
        for window in windows {
            self.ready.push_back(Slice::new(partitions.clone(), window));
        }
    }

    fn release_rest(&mut self, of: impl Fn(&Partition) -> bool) -> Vec<Shared> {
        let mut parents = HashMap::<_, Vec<_>>::new();
        for ((parent, windows), partitions) in self.filling.extract_if(|(parent, _), _| of(parent)) {
            let alone = partitions.into_iter().map(|partition| (partition, windows.clone()));
            parents.entry(parent).or_default().extend(alone);
        }
        let mut shared = Vec::new();
        for (_, mut rest) in parents {
            rest.sort_by_key(|(_, windows)| windows.first().copied().flatten().map(|window| window.start));
            for batch in rest.chunks(self.batch_size) {
                let windows = batch[0].1.clone();
                let more = batch.iter().filter(|(_, own)| *own != windows);
                shared.extend(more.map(|(partition, _)| (partition.clone(), windows.clone())));
                self.release(batch.iter().map(|(partition, _)| partition.clone()).collect(), windows);
            }
        }
        shared
    }
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
    fn a_batch_has_one_slice_for_each_window() {
        let day = |start: &str| Some(Window { start: start.parse().unwrap(), end: start.parse().unwrap() });
        let mut plan = Plan::new(2);
        for id in 0..2 {
            plan.add(under("A", id), vec![day("2026-11-01"), day("2026-11-02")]);
        }
        assert_eq!(sizes(&mut plan), [2, 2]);
    }
}
