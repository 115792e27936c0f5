//! Batches that cannot be served at once: halved down to one partition, without asking for ever.
//!
//! A batch may fail because it is too large, because of one of its partitions, or because nothing works at the moment.
//! Halving finds out: a smaller batch is served, all but one partition are served, or not even single partitions are.
//! In the last case nothing is halved any more; what is left is asked for once as it is, and the first answer ends
//! the suspicion. What has failed until then waits; when nothing else is left, the smallest of it is looked into a few
//! times more, in case that there are just many bad partitions side by side.

use airbyte_protocol::FailureType;

use crate::failure::Failure;
use crate::slice::Slice;

/// Nothing seems to work when single partitions of halved batches have failed with this weight together, and nothing was
/// served in between.
const OUTAGE: usize = 64;
/// The weight of a failure that may pass, which has been tried again for a while: in a stream of which nothing was served
/// at all, and in one that has shown that it works.
const OF_PASSING: [usize; 2] = [32, 16];
/// The weight of a refusal: it comes at once, and often speaks of the one partition.
const OF_REFUSAL: usize = 1;
/// So often what has failed is looked into once more while nothing is served, in a stream of which nothing was served at
/// all, and in one that has shown that it works.
const LAST_LOOKS: [usize; 2] = [2, 8];

/// What one stream has learned of its batches in this sync.
#[derive(Debug)]
pub(super) struct Batches {
    /// The largest size that is still worth asking for.
    largest: usize,
    /// Whether a batch, or a part of one, has failed since something was served.
    failing: bool,
    /// The weight of single partitions of halved batches that failed since something was served.
    failed_alone: usize,
    last_looks: usize,
    works: bool,
}

/// What becomes of a slice that failed.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Its halves are read in its place.
    Halves(Vec<Slice>),
    /// It waits until something else is served.
    Later,
    /// It has failed for good.
    Failed,
}

impl Default for Batches {
    fn default() -> Self {
        Self { largest: usize::MAX, failing: false, failed_alone: 0, last_looks: 0, works: false }
    }
}

impl Batches {
    /// The parts of a slice that is larger than what could be served before.
    pub(super) fn too_large(&self, slice: &Slice) -> Option<Vec<Slice>> {
        (slice.partitions().len() > self.largest).then(|| slice.parts_of(self.largest))
    }

    /// Whether to find out with one slice at a time what is wrong.
    pub(super) fn one_at_a_time(&self) -> bool {
        self.failing && !self.is_outage()
    }

    fn is_outage(&self) -> bool {
        self.failed_alone >= OUTAGE
    }

    /// A slice was read to its end. When all parts of a batch were, its size was the matter.
    pub(super) fn served(&mut self, slice: &Slice) {
        *self = Self { largest: self.largest, works: true, ..Self::default() };
        if let Some(whole) = slice.whole()
            && let (true, Some(refused)) = (whole.part_served(), whole.refused)
        {
            self.largest = self.largest.min(refused.div_ceil(2));
        }
    }

    /// Says what becomes of a slice that failed.
    pub(super) fn failed(&mut self, slice: &Slice, failure: &Failure) -> Verdict {
        if slice.partitions().len() > 1 && failure.is_divisible() {
            self.failing = true;
            let halves = slice.halves().filter(|_| !self.is_outage());
            return halves.map_or(Verdict::Later, Verdict::Halves);
        }
        if slice.whole().is_some() {
            self.failing = true;
            let passing = failure.failure_type() == FailureType::TransientError;
            self.failed_alone += if passing { OF_PASSING[usize::from(self.works)] } else { OF_REFUSAL };
        }
        Verdict::Failed
    }

    /// Nothing is left but what has failed: whether to look into it once more.
    pub(super) fn look_again(&mut self) -> bool {
        if self.is_outage() {
            self.failing = false;
            self.failed_alone = 0;
            self.last_looks += 1;
        }
        self.last_looks < LAST_LOOKS[usize::from(self.works)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use super::*;
    use crate::partition::Partition;

    fn batch(size: usize) -> Slice {
        let partition = |id: usize| Partition::root().child([("id", id.to_string())]);
        Slice::new((0..size).map(partition).collect::<Vec<_>>(), None)
    }

    /// Asks for batches of these sizes, one after the other, as the engine does; returns how often it was asked, and how
    /// many partitions were read.
    fn ask(
        batches: &mut Batches,
        sizes: &[usize],
        failure: &Failure,
        serves: impl Fn(&Slice) -> bool,
    ) -> (usize, usize) {
        let (mut asked, mut read) = (0, 0);
        let mut plan = Plan::new(1);
        plan.in_parts(sizes.iter().map(|size| batch(*size)).collect());
        loop {
            let Some(slice) = plan.next() else {
                if !batches.look_again() || !plan.try_smallest() {
                    return (asked, read);
                }
                continue;
            };
            if let Some(parts) = batches.too_large(&slice) {
                plan.in_parts(parts);
                continue;
            }
            asked += 1;
            if serves(&slice) {
                read += slice.partitions().len();
                batches.served(&slice);
                plan.try_again();
                continue;
            }
            match batches.failed(&slice, failure) {
                Verdict::Halves(halves) => plan.in_parts(halves),
                Verdict::Later => plan.later(slice, refused()),
                Verdict::Failed => {}
            }
        }
    }

    fn refused() -> Failure {
        Failure::system("too many").divisible()
    }

    fn down() -> Failure {
        Failure::transient("down").divisible()
    }

    fn up_to(size: usize) -> impl Fn(&Slice) -> bool {
        move |slice| slice.partitions().len() <= size
    }

    /// All but partitions with these numbers.
    fn without(bad: impl Fn(usize) -> bool) -> impl Fn(&Slice) -> bool {
        move |slice| {
            let ids = slice.partitions().iter().filter_map(|partition| partition.get("id")?.parse().ok());
            !ids.into_iter().any(&bad)
        }
    }

    #[test]
    fn a_size_that_was_refused_is_not_asked_for_again() {
        for failure in [refused(), down()] {
            let mut batches = Batches::default();
            assert_eq!(ask(&mut batches, &[250], &failure, up_to(50)).1, 250);
            let later = ask(&mut batches, &[250, 250], &failure, up_to(50));
            assert_eq!(later, (16, 500), "8 parts of 32");
        }
    }

    #[test]
    fn bad_partitions_cost_no_others() {
        for (bad, count) in [(5..6, 1), (100..108, 8), (0..40, 40), (3..249, 246)] {
            let (_, read) =
                ask(&mut Batches::default(), &[250, 250], &refused(), without(|id| bad.contains(&id)));
            assert_eq!(read, 500 - 2 * count, "{bad:?} are refused");
        }
        for (bad, count) in [(5..6, 1), (100..108, 8), (235..250, 15)] {
            let (_, read) =
                ask(&mut Batches::default(), &[250, 250], &down(), without(|id| bad.contains(&id)));
            assert_eq!(read, 500 - 2 * count, "{bad:?} fail");
        }
        for failure in [refused(), down()] {
            let (_, read) = ask(&mut Batches::default(), &[250, 250], &failure, without(|id| id % 3 == 0));
            assert_eq!(read, 500 - 2 * 84);
        }
    }

    #[test]
    fn one_bad_partition_does_not_make_batches_smaller() {
        let mut batches = Batches::default();
        ask(&mut batches, &[16], &refused(), without(|id| id == 5));
        assert!(batches.too_large(&batch(16)).is_none());
    }

    #[test]
    fn an_outage_is_not_asked_about_partition_by_partition() {
        for (failure, most) in [(down(), 40 + 40), (refused(), 40 + 400)] {
            let mut batches = Batches::default();
            let (asked, read) = ask(&mut batches, &[250; 40], &failure, |_| false);
            assert_eq!(read, 0);
            assert!(asked < most, "{asked}");
            // A single answer shows that it is over.
            batches.served(&batch(1));
            assert_eq!(ask(&mut batches, &[250], &failure, |_| true), (1, 250));
        }
    }

    #[test]
    fn what_a_smaller_batch_cannot_help_is_not_halved() {
        let verdict = Batches::default().failed(&batch(8), &Failure::config("sign in again"));
        assert!(matches!(verdict, Verdict::Failed));
    }

    #[test]
    fn what_is_wrong_is_found_out_with_one_slice_at_a_time() {
        let mut batches = Batches::default();
        assert!(!batches.one_at_a_time());
        let Verdict::Halves(halves) = batches.failed(&batch(2), &down()) else { panic!("not halved") };
        assert!(batches.one_at_a_time());
        for half in &halves {
            batches.failed(half, &down());
        }
        assert!(!batches.one_at_a_time(), "nothing works: what is left is asked for once, side by side");
        batches.served(&batch(1));
        assert!(!batches.one_at_a_time());
    }
}
