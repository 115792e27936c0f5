//! Says before anything is run what a sync will cost: the requests of each stream, by the same windows, batches and states that
//! the sync will use.
//!
//! [`Cost`] is what a stream says of a slice, [`Budget`] what the API allows. What the partitions of a child are is known
//! from its parent (`ask.rs`), or else as of the last sync, from the states of the parent's children.

mod ask;
mod budget;
mod cost;
mod node;
mod report;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use airbyte_protocol::ConfiguredCatalog;
use chrono::{DateTime, Utc};

use crate::failure::Failure;
use crate::partition::Partition;
use crate::slice::Slice;
use crate::stream::{Partitions, Stream};
use crate::stream_set::{SavedStates, StreamSet};

use ask::Seen;
pub use budget::Budget;
pub(crate) use cost::Amount;
pub use cost::{Certainty, Cost};
use node::{Done, Group, Known, Node, nodes};

/// Stands for the key of a record that nobody knows yet.
const SOME_KEY: &str = "?";

/// What a sync will cost.
#[derive(Debug)]
pub(crate) struct Forecast {
    /// Those of the catalog in its order, then parents that are read for their keys alone.
    pub(crate) streams: Vec<StreamForecast>,
    pub(crate) budgets: Vec<Budget>,
    /// The requests that it took to find out.
    pub(crate) asked: u64,
    /// Whether some parents could have been counted and were not.
    pub(crate) could_count: bool,
}

/// What a stream will cost.
#[derive(Debug)]
pub(crate) struct StreamForecast {
    /// Its name in the catalog.
    pub(crate) name: String,
    /// Whether nobody configured it and it is read for the keys of its children.
    pub(crate) keys_only: bool,
    /// How many partitions it has; `None` when nobody knows.
    pub(crate) partitions: Option<Amount>,
    /// By the budgets they count against.
    pub(crate) requests: Vec<(Option<Cow<'static, str>>, Amount)>,
}

/// Forecasts a sync. Parents that are read as a whole or by a fixed list are asked for their records, with `count` the others,
/// too.
///
/// # Errors
/// What is wrong with the catalog and the states, or the first parent that could not be asked.
pub(crate) async fn forecast(
    streams: &StreamSet,
    catalog: &ConfiguredCatalog,
    saved: &SavedStates,
    now: DateTime<Utc>,
    count: bool,
) -> Result<Forecast, Vec<Failure>> {
    let nodes = nodes(streams, catalog, saved, now)?;
    let mut forecasting = Forecasting { streams, saved, now, count, nodes, asked: 0, could_count: false };
    forecasting.run().await.map_err(|failure| vec![failure])?;
    let Forecasting { nodes, asked, could_count, .. } = forecasting;
    let streams = nodes.into_iter().filter_map(|node| Some(node.done?.forecast)).collect();
    Ok(Forecast { streams, budgets: Vec::new(), asked, could_count })
}

struct Forecasting<'a> {
    streams: &'a StreamSet,
    saved: &'a SavedStates,
    now: DateTime<Utc>,
    count: bool,
    nodes: Vec<Node>,
    asked: u64,
    could_count: bool,
}

impl Forecasting<'_> {
    /// Goes from the parents to the children.
    async fn run(&mut self) -> Result<(), Failure> {
        loop {
            let is_next = |node: &Node| node.done.is_none() && node.partitions.is_some();
            let Some(index) = self.nodes.iter().position(is_next) else { break };
            self.node(index).await?;
        }
        match self.nodes.iter().find(|node| node.done.is_none()) {
            Some(node) => Err(Failure::system("it is a parent of its own").in_stream(&node.name)),
            None => Ok(()),
        }
    }

    /// Cuts the slices of a stream, finds out what its children are, and says what it costs.
    async fn node(&mut self, index: usize) -> Result<(), Failure> {
        let partitions = self.nodes[index].partitions.clone().unwrap_or(Known::Not);
        let example = self.example(index, &partitions);
        let groups = match &partitions {
            Known::All(groups) => groups.clone(),
            Known::LastSync(list) => vec![Group { parents: Vec::new(), partitions: list.clone() }],
            Known::Not => vec![Group { parents: Vec::new(), partitions: vec![example.clone()] }],
        };
        let node = &mut self.nodes[index];
        // Which days are final matters to days only that were final before.
        if node.configured
            && node.state.has_settled_days()
            && let Some(day) = node.stream.final_up_to().await
        {
            node.state.final_up_to(day);
        }
        let (slices, count) = node.slices(&groups);
        let (seen, children) = self.children(index, &partitions, &slices).await?;
        let records = match (&seen, children.is_empty()) {
            (Some(_), _) => None,
            (None, false) => by_parent(&children),
            (None, true) => by_parent(&self.unwanted_children(index, &partitions)),
        };
        let node = &mut self.nodes[index];
        let forecast = StreamForecast {
            name: node.name.clone(),
            keys_only: !node.configured,
            partitions: match &partitions {
                Known::All(_) => Some(Amount::certain(count)),
                Known::LastSync(_) => Some(Amount::certain(count).estimated()),
                Known::Not => None,
            },
            requests: node.requests(&slices, seen.as_deref(), records.as_ref(), &partitions),
        };
        node.done = Some(Done { forecast, example });
        for child in &mut self.nodes {
            if let Some((_, key)) = child.parent.as_ref().filter(|(parent, _)| *parent == index) {
                let known = children.iter().find(|(of, _)| of == key);
                child.partitions = known.map(|(_, known)| known.clone());
            }
        }
        Ok(())
    }

    /// One of a stream's partitions, or one as they would be.
    fn example(&self, index: usize, partitions: &Known) -> Partition {
        let known = match partitions {
            Known::All(groups) => groups.iter().find_map(|group| group.partitions.first()),
            Known::LastSync(list) => list.first(),
            Known::Not => None,
        };
        let made = || {
            let (parent, key) = self.nodes[index].parent.as_ref()?;
            let above = &self.nodes[*parent].done.as_ref()?.example;
            Some(above.child([(Arc::clone(key), SOME_KEY)]))
        };
        known.cloned().or_else(made).unwrap_or_default()
    }

    /// What the slices of a stream have, where they are asked, and the partitions of its children by their keys.
    async fn children(
        &mut self,
        index: usize,
        partitions: &Known,
        slices: &[Slice],
    ) -> Result<(Option<Vec<Seen>>, Vec<(Arc<str>, Known)>), Failure> {
        let node = &self.nodes[index];
        if node.keys.is_empty() {
            return Ok((None, Vec::new()));
        }
        let is_cheap = node.parent.is_none();
        if matches!(partitions, Known::All(_)) && (self.count || is_cheap || slices.is_empty()) {
            let seen = ask::ask(&*node.stream, slices, &node.keys).await;
            let mut seen = seen.map_err(|failure| failure.in_stream(&node.name))?;
            let costs = slices.iter().zip(&seen).map(|(slice, seen)| match node.stream.cost(slice, None) {
                Cost { requests, certainty: Certainty::Certain, .. } => requests,
                _ => seen.requests(),
            });
            self.asked += costs.sum::<u64>();
            let keys = node.keys.iter().enumerate();
            let children = keys.map(|(key, name)| {
                let groups = slices.iter().zip(&mut seen).map(|(slice, seen)| Group {
                    parents: slice.partitions().to_vec(),
                    partitions: std::mem::take(&mut seen.partitions[key]),
                });
                (Arc::clone(name), Known::All(groups.collect()))
            });
            let children = children.collect();
            return Ok((Some(seen), children));
        }
        self.could_count = true;
        let children = node.keys.iter().map(|key| (Arc::clone(key), self.last_sync(index, key, partitions)));
        Ok((None, children.collect()))
    }

    /// What the last sync knew of the children of a stream of which none is wanted.
    fn unwanted_children(&self, index: usize, partitions: &Known) -> Vec<(Arc<str>, Known)> {
        let own_name = &self.nodes[index].own_name;
        let keys = self.streams.iter().filter_map(|stream| match stream.partitions() {
            Partitions::ChildrenOf { parent, key } if parent == *own_name => Some(Arc::<str>::from(key)),
            _ => None,
        });
        let keys: BTreeSet<_> = keys.collect();
        keys.into_iter()
            .map(|key| {
                let known = self.last_sync(index, &key, partitions);
                (key, known)
            })
            .collect()
    }

    /// The partitions that children of a stream had in the last sync, by the states of all children that the source has.
    fn last_sync(&self, index: usize, key: &Arc<str>, parents: &Known) -> Known {
        let parent = &self.nodes[index].own_name;
        let is_child = |stream: &&Arc<dyn Stream>| match stream.partitions() {
            Partitions::ChildrenOf { parent: of, key: by } => of == *parent && *by == **key,
            Partitions::Single | Partitions::Each(_) => false,
        };
        let mut listed = indexmap::IndexSet::new();
        for stream in self.streams.iter().filter(is_child) {
            let name = stream.descriptor().name;
            let understood;
            let state = match self.nodes.iter().find(|node| node.own_name == name && node.configured) {
                Some(node) => &node.state,
                // The sync does not look at the state of a stream that it does not read, so it may be anything.
                None => {
                    match self.streams.understand(stream, self.streams.saved(&name, self.saved), self.now) {
                        Ok(found) => {
                            understood = found;
                            &understood.state
                        }
                        Err(_) => continue,
                    }
                }
            };
            listed.extend(state.listed_partitions().cloned());
        }
        if listed.is_empty() {
            return Known::Not;
        }
        if let Known::All(groups) = parents {
            let there: HashSet<_> = groups.iter().flat_map(|group| &group.partitions).collect();
            listed.retain(|partition| !partition.has_parent() || there.contains(&partition.parent()));
        }
        Known::LastSync(listed.into_iter().collect())
    }
}

/// How many records each partition of a parent had in the last sync, by the partitions of its children.
fn by_parent(children: &[(Arc<str>, Known)]) -> Option<HashMap<Partition, u64>> {
    let mut records = None;
    for (_, known) in children {
        let Known::LastSync(partitions) = known else { continue };
        let mut of_key = HashMap::<_, u64>::new();
        for partition in partitions {
            *of_key.entry(partition.parent()).or_default() += 1;
        }
        let records = records.get_or_insert_with(HashMap::<_, u64>::new);
        for (parent, count) in of_key {
            let known = records.entry(parent).or_default();
            *known = count.max(*known);
        }
    }
    records
}
