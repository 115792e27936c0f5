//! [`Owners`]: which partition of a slice a record belongs to.

use std::collections::HashMap;

use serde_json::Value;

use crate::partition::{Partition, as_text};
use crate::slice::Slice;

/// Which partition of a slice a record belongs to.
pub(crate) enum Owners {
    /// The only one.
    Only,
    /// The one that the value at this position names.
    Named(usize, HashMap<String, usize>),
}

impl Owners {
    /// `partition_of` is the position of the value that names the partition, where slices may have several.
    pub(crate) fn of(partition_of: Option<usize>, slice: &Slice) -> Self {
        let Some(position) = partition_of.filter(|_| slice.partitions().len() > 1) else {
            return Self::Only;
        };
        let names = slice.partitions().iter().map(Partition::only_text);
        let named = names.enumerate().filter_map(|(index, name)| Some((name?.to_owned(), index)));
        Self::Named(position, named.collect())
    }

    /// The index of the partition; none when the record names none of them.
    pub(crate) fn index(&self, values: &[Value]) -> Option<usize> {
        match self {
            Self::Only => Some(0),
            Self::Named(position, indexes) => match values.get(*position)? {
                Value::String(name) => indexes.get(name).copied(),
                other => indexes.get(as_text(other.clone()).as_str()?).copied(),
            },
        }
    }
}
