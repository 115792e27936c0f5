//! Batches that cannot be served at once: halved down to one partition, without asking for ever.

use crate::failure::Failure;
use crate::slice::Slice;

/// After so many single partitions of halved batches have failed, with nothing read in between, it is not the size.
const HOPELESS: usize = 8;

/// What one stream has learned of its batches in this sync.
#[derive(Debug)]
pub(super) struct Batches {
    /// The largest size that is still worth asking for.
    largest: usize,
    /// Single partitions of halved batches that failed since something was read.
    failed_alone: usize,
}

impl Default for Batches {
    fn default() -> Self {
        Self { largest: usize::MAX, failed_alone: 0 }
    }
}

impl Batches {
    /// The parts of a slice that is larger than what could be served before.
    pub(super) fn too_large(&self, slice: &Slice) -> Option<Vec<Slice>> {
        (slice.partitions().len() > self.largest).then(|| slice.parts_of(self.largest))
    }

    /// Whether a slice need not be asked for: it is a part of a batch that failed, and so did everything since.
    pub(super) fn is_hopeless(&self, slice: &Slice) -> bool {
        slice.whole().is_some() && self.failed_alone >= HOPELESS
    }

    /// A slice was read to its end. When both halves of a batch were, its size was the matter.
    pub(super) fn served(&mut self, slice: &Slice) {
        self.failed_alone = 0;
        if let Some(whole) = slice.whole()
            && let (true, Some(refused)) = (whole.part_served(), whole.refused)
        {
            self.largest = self.largest.min(refused.div_ceil(2));
        }
    }

    /// The halves to read in the place of a slice that failed; `None` when it has failed for good.
    pub(super) fn failed(&mut self, slice: &Slice, failure: &Failure) -> Option<Vec<Slice>> {
        if slice.partitions().len() > 1 {
            let worth_it = failure.is_divisible() && self.failed_alone < HOPELESS;
            return if worth_it { slice.halves() } else { None };
        }
        self.failed_alone += usize::from(slice.whole().is_some());
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::Partition;

    fn batch(size: usize) -> Slice {
        let partition = |id: usize| Partition::root().child([("id", id.to_string())]);
        Slice::new((0..size).map(partition).collect::<Vec<_>>(), None)
    }

    fn refused() -> Failure {
        Failure::system("too many").divisible()
    }

    /// Asks for batches of these sizes from a server that serves `limit` at once; returns how often it was asked, and
    /// how many partitions were read.
    fn ask(batches: &mut Batches, sizes: &[usize], limit: usize) -> (usize, usize) {
        let (mut asked, mut read) = (0, 0);
        let mut open: Vec<Slice> = sizes.iter().rev().map(|size| batch(*size)).collect();
        while let Some(slice) = open.pop() {
            if let Some(parts) = batches.too_large(&slice) {
                open.extend(parts.into_iter().rev());
                continue;
            }
            if batches.is_hopeless(&slice) {
                continue;
            }
            asked += 1;
            if slice.partitions().len() <= limit {
                read += slice.partitions().len();
                batches.served(&slice);
            } else if let Some(halves) = batches.failed(&slice, &refused()) {
                open.extend(halves.into_iter().rev());
            }
        }
        (asked, read)
    }

    #[test]
    fn a_size_that_was_refused_is_not_asked_for_again() {
        let mut batches = Batches::default();
        let first = ask(&mut batches, &[250], 50);
        assert_eq!(first.1, 250);
        let later = ask(&mut batches, &[250, 250], 50);
        assert_eq!(later, (16, 500), "8 parts of 32");
        assert!(first.0 > 8 && first.0 <= 15, "{}", first.0);
    }

    #[test]
    fn one_bad_partition_does_not_make_batches_smaller() {
        let mut batches = Batches::default();
        let mut open = vec![batch(16)];
        let bad = batch(16).partitions()[5].clone();
        let (mut read, mut lost) = (0, 0);
        while let Some(slice) = open.pop() {
            if !slice.partitions().contains(&bad) {
                batches.served(&slice);
                read += slice.partitions().len();
            } else if let Some(halves) = batches.failed(&slice, &refused()) {
                open.extend(halves);
            } else {
                lost += slice.partitions().len();
            }
        }
        assert_eq!((read, lost), (15, 1));
        assert!(batches.too_large(&batch(16)).is_none());
    }

    #[test]
    fn an_outage_is_not_asked_about_partition_by_partition() {
        let mut batches = Batches::default();
        let (asked, read) = ask(&mut batches, &[250, 250, 250], 0);
        assert_eq!(read, 0);
        assert!(asked < 30, "{asked}");
        // A single answer shows that the outage is over.
        batches.served(&batch(1));
        assert_eq!(ask(&mut batches, &[250], 250), (1, 250));
    }

    #[test]
    fn what_a_smaller_batch_cannot_help_is_not_halved() {
        assert!(Batches::default().failed(&batch(8), &Failure::config("sign in again")).is_none());
    }
}
