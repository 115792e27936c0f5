//! The pins of boards, also of boards with more pins than Pinterest lists.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use connector_core::{
    Batch, Cost, CursorPolicy, Descriptor, Failure, Page, Pages, Partitions, RawRecord, Slice, Stream,
};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use pinterest_client::model::Board;
use pinterest_client::{Args, Client, Error, RawPage, endpoint};

use super::listings::Listing;
use super::{id, page};
use crate::policy;

/// The kinds of pins that a listing can be filtered by. Source: schema `CreativeType` of the OpenAPI description;
/// `SHOP_THE_PIN` is left out, which `COLLECTION` has replaced.
const CREATIVE_TYPES: [&str; 12] = [
    "REGULAR",
    "VIDEO",
    "SHOPPING",
    "CAROUSEL",
    "MAX_VIDEO",
    "COLLECTION",
    "IDEA",
    "SHOWCASE",
    "QUIZ",
    "COLLAGE",
    "MAX_WIDTH_REGULAR_COLLECTION",
    "MAX_WIDTH_VIDEO_COLLECTION",
];

/// The listing of a board's pins. Where Pinterest lists no more of them, the board is read once more by kind of pin and
/// by section, and each pin is handed on once.
pub(super) struct BoardPins(pub(super) Listing);

impl Stream for BoardPins {
    fn descriptor(&self) -> Descriptor {
        self.0.descriptor()
    }

    fn partitions(&self) -> Partitions {
        self.0.partitions()
    }

    fn cursor(&self) -> CursorPolicy {
        self.0.cursor()
    }

    fn batch(&self) -> Batch {
        self.0.batch()
    }

    fn cost(&self, slice: &Slice, records: Option<u64>) -> Cost {
        self.0.cost(slice, records)
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        let client = match self.0.client(slice) {
            Ok(client) => client,
            Err(failure) => return stream::iter([Err(failure)]).boxed(),
        };
        let args = self.0.args(slice);
        let walk = Walk {
            current: client.list(&endpoint::BOARD_PINS, args.clone()).pages_ahead().boxed(),
            client,
            args,
            rest: VecDeque::new(),
            parts: 0,
            pins: Pins::default(),
        };
        stream::try_unfold(walk, Walk::page).boxed()
    }
}

/// The way through a board's pins.
struct Walk {
    client: Client,
    /// Those of the listing of the whole board.
    args: Args,
    current: BoxStream<'static, Result<RawPage, Error>>,
    /// The listings after this one; empty while the whole board is listed.
    rest: VecDeque<Part>,
    /// How many listings were needed beside that of the whole board.
    parts: usize,
    pins: Pins,
}

enum Part {
    OfType(&'static str),
    OfSection(String),
}

impl Walk {
    async fn page(mut self) -> Result<Option<(Page, Self)>, Failure> {
        loop {
            match self.current.next().await {
                Some(Ok(found)) => {
                    let found = self.pins.new_ones(page(found));
                    return Ok(Some((found, self)));
                }
                // The listing of a part has an end, too; another may hold the rest.
                Some(Err(error)) if self.parts > 0 && policy::is_past_the_last_page(&error) => {}
                Some(Err(error)) if policy::is_past_the_last_page(&error) => self.divide().await?,
                Some(Err(error)) => return Err(policy::failure(error)),
                None if self.parts == 0 => return Ok(None),
                None => {}
            }
            let Some(part) = self.rest.pop_front() else { return self.count().await.map(|()| None) };
            self.current = self.list(part).boxed();
        }
    }

    /// Finds the parts that can be listed alone.
    async fn divide(&mut self) -> Result<(), Failure> {
        self.rest = CREATIVE_TYPES.iter().map(|kind| Part::OfType(kind)).collect();
        let mut sections = self.client.list(&endpoint::BOARD_SECTIONS, self.args.clone()).pages().boxed();
        // Page by page: each holds a worker.
        while let Some(page) = sections.try_next().await.map_err(policy::failure)? {
            let ids = page.items.iter().filter_map(|section| id(section));
            self.rest.extend(ids.map(|id| Part::OfSection(id.to_owned())));
        }
        self.parts = self.rest.len();
        Ok(())
    }

    fn list(
        &self,
        part: Part,
    ) -> impl futures::Stream<Item = Result<RawPage, Error>> + Send + 'static + use<> {
        let args = self.args.clone();
        match part {
            Part::OfType(kind) => {
                self.client.list(&endpoint::BOARD_PINS, args.query("creative_types", kind)).pages_ahead()
            }
            Part::OfSection(id) => {
                self.client.list(&endpoint::BOARD_SECTION_PINS, args.path("section_id", id)).pages_ahead()
            }
        }
    }

    /// # Errors
    /// The board has pins that none of the listings held.
    async fn count(self) -> Result<(), Failure> {
        let board: Board =
            self.client.get_as(&endpoint::BOARD, self.args.clone()).await.map_err(policy::failure)?;
        let read = self.pins.seen.len();
        let missing = |count: usize| count.saturating_sub(read);
        match board.pin_count.and_then(|count| usize::try_from(count).ok()) {
            Some(count) if missing(count) == 0 => {
                tracing::info!(
                    "the {count} pins of board {} were read in {} listings",
                    board.id,
                    self.parts + 1
                );
                Ok(())
            }
            Some(count) => Err(Failure::config(format!(
                "{} of the board's {count} pins are missing: Pinterest lists no more than 100,000 of a board, of a \
                 creative type and of a section. Move pins to sections, or to another board",
                missing(count)
            ))),
            None => Err(Failure::config(format!(
                "{read} pins were read, but Pinterest lists no more than 100,000 of a board, and does not say how many \
                 it has"
            ))),
        }
    }
}

/// The pins that were handed on, by the hashes of their ids.
#[derive(Default)]
struct Pins {
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl Pins {
    /// Those of a page that were not handed on before.
    fn new_ones(&mut self, page: Page) -> Page {
        let is_new = |record: &RawRecord| {
            id(record.as_bytes()).is_none_or(|id| self.seen.insert(self.hasher.hash_one(id)))
        };
        Page { records: page.records.into_iter().filter(is_new).collect() }
    }
}
