//! Groups partitions into slices: those that share a parent and windows, up to what one request takes.

use std::collections::{HashMap, VecDeque};

use crate::cursor::Window;
use crate::failure::Failure;
use crate::partition::Partition;
use crate::slice::Slice;

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
            self.release(|candidate| *candidate == group);
        }
    }

    /// No more partitions come from under this parent.
    pub(super) fn parent_is_read(&mut self, parent: &Partition) {
        self.release(|(candidate, _)| candidate == parent);
    }

    /// No more partitions come at all.
    pub(super) fn all_known(&mut self) {
        self.release(|_| true);
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

    fn release(&mut self, which: impl Fn(&(Partition, Vec<Option<Window>>)) -> bool) {
        for ((_, windows), partitions) in self.filling.extract_if(|group, _| which(group)) {
            for window in windows {
                self.ready.push_back(Slice::new(partitions.clone(), window));
            }
        }
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

    #[test]
    fn partitions_of_different_parents_or_windows_share_no_batch() {
        let day = Some(Window { start: "2026-11-01".parse().unwrap(), end: "2026-11-02".parse().unwrap() });
        let mut plan = Plan::new(10);
        plan.add(under("A", 1), vec![None]);
        plan.add(under("A", 2), vec![day]);
        plan.add(under("B", 3), vec![None]);
        plan.all_known();
        assert_eq!(sizes(&mut plan), [1, 1, 1]);
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
