//! [`Node`]: a stream that the sync will read, its slices and what they cost.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use airbyte_protocol::ConfiguredCatalog;
use chrono::{DateTime, Utc};

use super::StreamForecast;
use super::ask::Seen;
use super::cost::{Amount, Certainty};
use crate::engine;
use crate::engine::plan::{Plan, Shared};
use crate::failure::Failure;
use crate::partition::Partition;
use crate::slice::Slice;
use crate::state::StreamState;
use crate::stream::{Batch, Partitions, Stream};
use crate::stream_set::{SavedStates, StreamSet};

/// A stream that the sync will read.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) own_name: String,
    pub(super) stream: Arc<dyn Stream>,
    pub(super) configured: bool,
    pub(super) state: StreamState,
    pub(super) parent: Option<(usize, Arc<str>)>,
    /// The keys of the children that the sync will read.
    pub(super) keys: Vec<Arc<str>>,
    /// Known when its parent is done.
    pub(super) partitions: Option<Known>,
    pub(super) done: Option<Done>,
}

/// What is known of a stream when its slices are cut.
pub(super) struct Done {
    pub(super) forecast: StreamForecast,
    /// One of its partitions, or what stands for one.
    pub(super) example: Partition,
}

/// The partitions of a stream.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// These, as the slices of the parent bring them.
    All(Vec<Group>),
    /// These, when an earlier sync read them.
    LastSync(Vec<Partition>),
    /// Nobody knows.
    Not,
}

/// Partitions that come from one slice of the parent.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) parents: Vec<Partition>,
    pub(super) partitions: Vec<Partition>,
}

/// The streams that the sync will read, parents that nobody configured included.
pub(super) fn nodes(
    streams: &StreamSet,
    catalog: &ConfiguredCatalog,
    saved: &SavedStates,
    now: DateTime<Utc>,
) -> Result<Vec<Node>, Vec<Failure>> {
    let (mut states, mut wrong) = engine::understand(streams, catalog, saved, now);
    let (mut nodes, mut names) = (Vec::<Node>::new(), HashSet::new());
    for configured in &catalog.streams {
        let name = &configured.stream.name;
        if !names.insert(name) {
            continue;
        }
        match engine::wanted(streams, name, &configured.sync_mode) {
            // What is wrong with the state of one that has none here was told.
            Ok(found) => nodes.extend(
                states.remove(name).map(|state| Node::new(name, Arc::clone(found.stream), true, state)),
            ),
            Err(failure) => wrong.push(failure),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut next = 0;
    while let Some(Node { name, stream, .. }) = nodes.get(next) {
        if let Partitions::ChildrenOf { parent, key } = stream.partitions() {
            let known = nodes.iter().position(|node| node.own_name == parent);
            let index = known.unwrap_or(nodes.len());
            if known.is_none() {
                let missing = || {
                    vec![
                        Failure::system(format!("its parent stream {parent} does not exist")).in_stream(name),
                    ]
                };
                let stream = streams.find(&parent).ok_or_else(missing)?.stream;
                let state = streams.understand(stream, None, now).map_err(|failure| vec![failure])?.state;
                nodes.push(Node::new(&parent, Arc::clone(stream), false, state));
            }
            let key = Arc::<str>::from(key);
            if !nodes[index].keys.contains(&key) {
                nodes[index].keys.push(Arc::clone(&key));
            }
            nodes[next].parent = Some((index, key));
        }
        next += 1;
    }
    Ok(nodes)
}

impl Node {
    fn new(name: &str, stream: Arc<dyn Stream>, configured: bool, state: StreamState) -> Self {
        let own = |partitions| Some(Known::All(vec![Group { parents: Vec::new(), partitions }]));
        Self {
            name: name.to_owned(),
            own_name: stream.descriptor().name,
            partitions: match stream.partitions() {
                Partitions::Single => own(vec![Partition::root()]),
                Partitions::Each(list) => own(list),
                Partitions::ChildrenOf { .. } => None,
            },
            stream,
            configured,
            state,
            parent: None,
            keys: Vec::new(),
            done: None,
        }
    }

    /// Cuts the slices of these partitions as the sync will, and counts the partitions.
    pub(super) fn slices(&mut self, groups: &[Group]) -> (Vec<Slice>, u64) {
        let batch_size = match self.stream.batch() {
            Batch::One => 1,
            Batch::UpTo { size, .. } => size,
        };
        let (mut plan, mut slices, mut count) = (Plan::new(batch_size), Vec::new(), 0);
        for group in groups {
            for partition in &group.partitions {
                let Some(windows) = self.state.open(partition) else { continue };
                count += 1;
                if !windows.is_empty() {
                    plan.add(partition.clone(), windows);
                }
            }
            for parent in &group.parents {
                let shared = plan.parent_is_read(parent);
                self.share(shared);
            }
            slices.extend(std::iter::from_fn(|| plan.next()));
        }
        let shared = plan.all_known();
        self.share(shared);
        slices.extend(std::iter::from_fn(|| plan.next()));
        (slices, count)
    }

    fn share(&mut self, shared: Vec<Shared>) {
        for (partition, windows) in shared {
            self.state.ask_for(&partition, &windows);
        }
    }

    /// What its slices cost. `seen` is what they have, where they were asked; `records` how many records a partition had in the
    /// last sync.
    pub(super) fn requests(
        &self,
        slices: &[Slice],
        seen: Option<&[Seen]>,
        records: Option<&HashMap<Partition, u64>>,
        partitions: &Known,
    ) -> Vec<(Option<Cow<'static, str>>, Amount)> {
        let mut requests = Vec::<(Option<Cow<'static, str>>, Amount)>::new();
        for (index, slice) in slices.iter().enumerate() {
            let mut cost = self.stream.cost(slice, None);
            let amount = if cost.certainty == Certainty::Certain {
                cost.amount()
            } else if let Some(seen) = seen.and_then(|seen| seen.get(index)) {
                Amount::certain(seen.requests())
            } else if let Some(records) = records {
                let of = |partition: &Partition| records.get(partition).copied().unwrap_or_default();
                cost = self.stream.cost(slice, Some(slice.partitions().iter().map(of).sum()));
                cost.amount().estimated()
            } else {
                cost.amount()
            };
            let amount = match partitions {
                Known::All(_) => amount,
                Known::LastSync(_) => amount.estimated(),
                Known::Not => amount.or_more(),
            };
            match requests.iter_mut().find(|(budget, _)| *budget == cost.budget) {
                Some((_, sum)) => *sum = *sum + amount,
                None => requests.push((cost.budget, amount)),
            }
        }
        requests
    }
}

impl Seen {
    /// One request for each page; a slice without pages was asked for, too.
    pub(super) fn requests(&self) -> u64 {
        self.pages.max(1)
    }
}
