//! Asks for the records of a parent: how many there are, in how many pages, and which partitions its children have.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use crate::failure::Failure;
use crate::owners::Owners;
use crate::partition::Partition;
use crate::peek::Peek;
use crate::slice::Slice;
use crate::stream::{Batch, Page, Stream};

/// So many slices are asked for at once.
const AT_ONCE: usize = 16;

/// What a slice has.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) pages: u64,
    /// The partitions that its records make, for each key.
    pub(super) partitions: Vec<Vec<Partition>>,
}

/// The fields that are looked at in the records of a parent.
struct Look<'a> {
    peek: Peek,
    partition_of: Option<usize>,
    /// The keys of the children with their positions.
    keys: Vec<(&'a Arc<str>, usize)>,
}

/// Reads the slices of a parent; nothing is kept of them but the keys.
///
/// # Errors
/// The first slice that cannot be read.
pub(super) async fn ask(
    stream: &dyn Stream,
    slices: &[Slice],
    keys: &[Arc<str>],
) -> Result<Vec<Seen>, Failure> {
    let mut peek = Peek::default();
    let partition_of = match stream.batch() {
        Batch::One => None,
        Batch::UpTo { partition_of, .. } => Some(peek.want(&partition_of)),
    };
    let keys = keys.iter().map(|key| (key, peek.want(key))).collect();
    let look = &Look { peek, partition_of, keys };
    let seen = slices.iter().map(|slice| async move {
        let seen = see(stream, slice, look).await;
        seen.map_err(|failure| match slice.partition().is_root() && slice.window().is_none() {
            true => failure,
            false => failure.about(slice),
        })
    });
    // Boxed, because the compiler cannot see through so many layers of lifetimes.
    stream::iter(seen.collect::<Vec<_>>()).buffered(AT_ONCE).boxed().try_collect().await
}

async fn see(stream: &dyn Stream, slice: &Slice, look: &Look<'_>) -> Result<Seen, Failure> {
    let mut seen = Seen { pages: 0, partitions: vec![Vec::new(); look.keys.len()] };
    let owners = Owners::of(look.partition_of, slice);
    let mut pages = stream.read(slice);
    while let Some(page) = pages.next().await {
        seen.pages += 1;
        look.page(&page?, slice, &owners, &mut seen.partitions)?;
    }
    Ok(seen)
}

impl Look<'_> {
    fn page(
        &self,
        page: &Page,
        slice: &Slice,
        owners: &Owners,
        partitions: &mut [Vec<Partition>],
    ) -> Result<(), Failure> {
        for record in &page.records {
            let values = self.peek.values(record.as_bytes());
            let values = values
                .map_err(|error| Failure::system("a record is not a JSON object").with_source(error))?;
            for ((key, position), partitions) in self.keys.iter().zip(&mut *partitions) {
                let value = values.get(*position).unwrap_or(&Value::Null);
                if value.is_null() {
                    continue;
                }
                let owner = owners.index(&values).and_then(|index| slice.partitions().get(index));
                let owner = owner.ok_or_else(|| {
                    Failure::system(format!("a record belongs to none of the partitions asked for ({slice})"))
                })?;
                partitions.push(owner.child([(Arc::clone(key), value.clone())]));
            }
        }
        Ok(())
    }
}
