//! The streams that are listings: a table, and the engine's view of one row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connector_core::{
    Batch, ClientFiltered, Cost, CursorFormat, CursorPolicy, CursorValue, Descriptor, Failure, Page, Pages,
    Partitions, Slice, Stream,
};
use futures::{StreamExt, TryStreamExt, stream};
use pinterest_client::{Args, Client, Endpoint, Error, Paging, endpoint};

use super::ad_accounts::AdAccounts;
use super::board_pins::BoardPins;
use super::schema::{self, Schema};
use super::{client_for, page};
use crate::config::Config;
use crate::policy;
use crate::sign_in::SignIn;

/// What to do when a saved state has one cursor for all ad accounts.
const REREAD: &str = "set \"reread_after_upgrade\": true in the config for one sync: one cursor for all ad accounts may \
                      have left out records of some";

/// One stream: what differs from the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamDef {
    pub(super) name: &'static str,
    endpoint: &'static Endpoint,
    schema: &'static str,
    parent: Option<&'static str>,
    /// The path values or the query parameter that the partition and its parent fill, outermost last.
    keys: &'static [Key],
    /// Whether records have an `updated_time` that the API cannot filter by.
    incremental: bool,
    /// Whether `status` of the config is sent.
    statuses: bool,
    /// Whether `account_id` of the config is sent as `ad_account_id`.
    account: bool,
    batch: BatchDef,
    dropped_fields: &'static [&'static str],
    /// Whether a conflict means that the account has no catalog.
    empty_without_catalog: bool,
    /// What the engine reads: the listing, or what is made of it.
    view: fn(Listing) -> Arc<dyn Stream>,
}

#[derive(Clone, Copy, Debug)]
enum Key {
    Path(&'static str),
    /// The id of the one partition of the slice, or with another name the ids of all of them, with commas.
    Query {
        one: &'static str,
        many: &'static str,
    },
}

/// How many partitions a request takes, and the record field that tells them apart.
type BatchDef = Option<(usize, &'static str)>;

const LIST: StreamDef = StreamDef {
    name: "",
    endpoint: &endpoint::BOARDS,
    schema: "{}",
    parent: None,
    keys: &[],
    incremental: false,
    statuses: false,
    account: false,
    batch: None,
    dropped_fields: &[],
    empty_without_catalog: false,
    view: |listing| Arc::new(listing),
};
const ORGANIC: StreamDef = StreamDef { account: true, ..LIST };
const PER_BOARD: StreamDef = StreamDef { parent: Some("boards"), keys: &[Key::Path("board_id")], ..ORGANIC };
const PER_ACCOUNT: StreamDef =
    StreamDef { parent: Some("ad_accounts"), keys: &[Key::Path("ad_account_id")], ..LIST };
const ENTITIES: StreamDef = StreamDef { incremental: true, statuses: true, ..PER_ACCOUNT };

/// All listings, in the order of the catalog.
pub(super) const ALL: &[StreamDef] = &[
    StreamDef { name: "boards", endpoint: &endpoint::BOARDS, schema: schema::text!("boards"), ..ORGANIC },
    StreamDef {
        name: "catalogs",
        endpoint: &endpoint::CATALOGS,
        schema: schema::text!("catalogs"),
        ..ORGANIC
    },
    StreamDef {
        name: "catalogs_feeds",
        endpoint: &endpoint::CATALOGS_FEEDS,
        schema: schema::text!("catalogs_feeds"),
        dropped_fields: &["credentials"],
        ..ORGANIC
    },
    StreamDef {
        name: "catalogs_product_groups",
        endpoint: &endpoint::CATALOGS_PRODUCT_GROUPS,
        schema: schema::text!("catalogs_product_groups"),
        empty_without_catalog: true,
        ..ORGANIC
    },
    StreamDef {
        name: "ad_accounts",
        endpoint: &endpoint::AD_ACCOUNTS,
        schema: schema::text!("ad_accounts"),
        view: |listing| Arc::new(AdAccounts(listing)),
        ..LIST
    },
    StreamDef {
        name: "board_sections",
        endpoint: &endpoint::BOARD_SECTIONS,
        schema: schema::text!("board_sections"),
        ..PER_BOARD
    },
    StreamDef {
        name: "board_pins",
        endpoint: &endpoint::BOARD_PINS,
        schema: schema::text!("board_pins"),
        view: |listing| Arc::new(BoardPins(listing)),
        ..PER_BOARD
    },
    StreamDef {
        name: "board_section_pins",
        endpoint: &endpoint::BOARD_SECTION_PINS,
        schema: schema::text!("board_section_pins"),
        parent: Some("board_sections"),
        keys: &[Key::Path("section_id"), Key::Path("board_id")],
        ..ORGANIC
    },
    StreamDef {
        name: "audiences",
        endpoint: &endpoint::AUDIENCES,
        schema: schema::text!("audiences"),
        ..PER_ACCOUNT
    },
    StreamDef {
        name: "keywords",
        endpoint: &endpoint::KEYWORDS,
        schema: schema::text!("keywords"),
        parent: Some("ad_groups"),
        keys: &[Key::Query { one: "ad_group_id", many: "ad_group_ids" }, Key::Path("ad_account_id")],
        batch: Some((250, "parent_id")),
        ..LIST
    },
    StreamDef {
        name: "conversion_tags",
        endpoint: &endpoint::CONVERSION_TAGS,
        schema: schema::text!("conversion_tags"),
        ..PER_ACCOUNT
    },
    StreamDef {
        name: "customer_lists",
        endpoint: &endpoint::CUSTOMER_LISTS,
        schema: schema::text!("customer_lists"),
        ..PER_ACCOUNT
    },
    StreamDef {
        name: "campaigns",
        endpoint: &endpoint::CAMPAIGNS,
        schema: schema::text!("campaigns"),
        ..ENTITIES
    },
    StreamDef {
        name: "ad_groups",
        endpoint: &endpoint::AD_GROUPS,
        schema: schema::text!("ad_groups"),
        ..ENTITIES
    },
    StreamDef { name: "ads", endpoint: &endpoint::ADS, schema: schema::text!("ads"), ..ENTITIES },
];

/// A row of the table with the config and the client it is read with.
pub(super) struct Listing {
    def: StreamDef,
    schema: Schema,
    config: Arc<Config>,
    sign_in: Arc<SignIn>,
    /// Whether the API has refused to serve several partitions at once.
    one_at_a_time: AtomicBool,
}

impl Listing {
    /// The stream of a row of the table.
    pub(super) fn stream(
        def: StreamDef,
        config: Arc<Config>,
        sign_in: Arc<SignIn>,
    ) -> Result<Arc<dyn Stream>, Failure> {
        Ok((def.view)(Self::new(def, config, sign_in)?))
    }

    fn new(def: StreamDef, config: Arc<Config>, sign_in: Arc<SignIn>) -> Result<Self, Failure> {
        let schema = schema::parse(def.name, def.schema)?;
        Ok(Self { def, schema, config, sign_in, one_at_a_time: AtomicBool::new(false) })
    }

    pub(super) fn args(&self, slice: &Slice) -> Args {
        let mut args = Args::new();
        let mut partition = slice.partition();
        for key in self.def.keys {
            args = match key {
                Key::Path(name) => args.path(*name, partition.get("id").unwrap_or_default()),
                Key::Query { one, many } => {
                    let ids: Vec<_> =
                        slice.partitions().iter().filter_map(|partition| partition.get("id")).collect();
                    args.query(if ids.len() == 1 { *one } else { *many }, ids.join(","))
                }
            };
            partition = partition.parent();
        }
        if let (true, Some(account)) = (self.def.account, self.config.only_account()) {
            args = args.query("ad_account_id", account);
        }
        let statuses: Vec<_> = self.config.status.iter().flatten().map(ToString::to_string).collect();
        if self.def.statuses && !statuses.is_empty() {
            args = args.query("entity_statuses", statuses.join(","));
        }
        args
    }

    /// The client that reads a slice.
    pub(super) fn client(&self, slice: &Slice) -> Result<Client, Failure> {
        client_for(slice, &self.sign_in)
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }
}

impl Stream for Listing {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.def.name, self.schema.clone())
            .primary_key(["id"])
            .cast_local_times()
            .without_fields(self.def.dropped_fields.iter().copied())
    }

    fn partitions(&self) -> Partitions {
        self.def.parent.map_or(Partitions::Single, |parent| Partitions::ChildrenOf {
            parent: parent.to_owned(),
            key: "id".to_owned(),
        })
    }

    fn cursor(&self) -> CursorPolicy {
        if !self.def.incremental {
            return CursorPolicy::FullRefresh;
        }
        let start = self.config.start_date.map(CursorValue::from_date).or(CursorValue::from_epoch_seconds(0));
        CursorPolicy::ClientFiltered(ClientFiltered {
            field: "updated_time".to_owned(),
            format: CursorFormat::EpochSeconds,
            start,
            reread_shared: self.config.reread_after_upgrade,
        })
    }

    fn advice_on_shared_cursor(&self) -> Option<String> {
        (self.def.incremental && !self.config.reread_after_upgrade).then(|| REREAD.to_owned())
    }

    fn batch(&self) -> Batch {
        self.def
            .batch
            .map_or(Batch::One, |(size, field)| Batch::UpTo { size, partition_of: field.to_owned() })
    }

    fn cost(&self, _: &Slice, records: Option<u64>) -> Cost {
        let cost = match (self.def.endpoint.paging, records) {
            (Paging::None | Paging::Bookmark { page_size: None }, _) => Cost::exactly(1),
            (Paging::Bookmark { page_size: Some(_) }, None) => Cost::at_least(1),
            (Paging::Bookmark { page_size: Some(size) }, Some(records)) => {
                Cost::about(records.div_ceil(size.max(1).into()).max(1))
            }
        };
        cost.of(self.def.endpoint.category.as_str())
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        let client = match self.client(slice) {
            Ok(client) => client,
            Err(failure) => return stream::iter([Err(failure)]).boxed(),
        };
        if slice.partitions().len() > 1 && self.one_at_a_time.load(Ordering::Relaxed) {
            return stream::iter([Err(refused_at_once().divisible())]).boxed();
        }
        let pages = client.list(self.def.endpoint, self.args(slice)).pages_ahead().map_ok(page);
        pages.or_else(move |error| async move { self.judge(slice, error) }).boxed()
    }
}

impl Listing {
    /// What a failed request means for its slice.
    fn judge(&self, slice: &Slice, error: Error) -> Result<Page, Failure> {
        if self.def.empty_without_catalog && policy::has_no_catalog(&error) {
            return Ok(Page::default());
        }
        if slice.partitions().len() > 1 && policy::may_refuse_batches(&error) {
            if !self.one_at_a_time.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "stream {}: {error}: from here on each request asks for one parent",
                    self.def.name
                );
            }
            return Err(refused_at_once().with_source(error).divisible());
        }
        Err(policy::failure(error))
    }
}

fn refused_at_once() -> Failure {
    Failure::system("Pinterest refused to serve several parents at once")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        let names: HashSet<_> = ALL.iter().map(|def| def.name).collect();
        assert_eq!(names.len(), ALL.len());
        for def in ALL {
            let schema: serde_json::Value = serde_json::from_str(def.schema).unwrap();
            let properties = schema["properties"].as_object().unwrap();
            assert!(properties.contains_key("id"), "{}", def.name);
            assert!(!def.incremental || properties.contains_key("updated_time"), "{}", def.name);
            assert!(def.parent.is_none_or(|parent| names.contains(parent)), "{}", def.name);
            assert!(def.dropped_fields.iter().all(|field| !properties.contains_key(*field)), "{}", def.name);
            assert!(def.batch.is_none_or(|(_, field)| properties.contains_key(field)), "{}", def.name);
        }
    }
}
