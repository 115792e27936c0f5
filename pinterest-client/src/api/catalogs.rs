//! Catalogs, their feeds and product groups.

use super::Handle;
use crate::args::Args;
use crate::client::Client;
use crate::endpoint::{CATALOGS, CATALOGS_FEEDS, CATALOGS_PRODUCT_GROUPS};
use crate::ids::{AdAccountId, CatalogId, FeedId, ProductGroupId};
use crate::list::List;
use crate::model::{Catalog, Feed, ProductGroup};

impl Client {
    /// The catalogs of the account.
    #[must_use]
    pub fn catalogs(&self) -> Handle<Catalog> {
        Handle::new(self, Args::new())
    }

    /// The feeds of the account's catalogs.
    #[must_use]
    pub fn feeds(&self) -> Handle<Feed> {
        Handle::new(self, Args::new())
    }

    /// The product groups of the account's catalogs.
    #[must_use]
    pub fn product_groups(&self) -> Handle<ProductGroup> {
        Handle::new(self, Args::new())
    }
}

impl Handle<Catalog> {
    /// Lists them.
    pub fn list(&self) -> List<Catalog> {
        self.list_at(&CATALOGS)
    }
}

impl Handle<Feed> {
    /// Lists them.
    pub fn list(&self) -> List<Feed> {
        self.list_at(&CATALOGS_FEEDS)
    }
}

impl Handle<ProductGroup> {
    /// Lists them.
    pub fn list(&self) -> List<ProductGroup> {
        self.list_at(&CATALOGS_PRODUCT_GROUPS)
    }
}

/// The option that all listings of this family have in common.
macro_rules! common_options {
    ($($record:ty),*) => {$(
        impl List<$record> {
            /// Lists what belongs to the owner of this ad account, instead of the token's own.
            pub fn ad_account_id(self, id: &AdAccountId) -> Self {
                self.option("ad_account_id", id)
            }
        }
    )*};
}

common_options!(Catalog, Feed, ProductGroup);

impl List<Feed> {
    /// Only those of this catalog.
    pub fn catalog_id(self, id: &CatalogId) -> Self {
        self.option("catalog_id", id)
    }
}

impl List<ProductGroup> {
    /// Only these, 1000 at most.
    pub fn ids<'a>(self, ids: impl IntoIterator<Item = &'a ProductGroupId>) -> Self {
        self.options("id", ids)
    }

    /// Only those of this feed.
    pub fn feed_id(self, id: &FeedId) -> Self {
        self.option("feed_id", id)
    }

    /// Only those of this catalog.
    pub fn catalog_id(self, id: &CatalogId) -> Self {
        self.option("catalog_id", id)
    }
}
