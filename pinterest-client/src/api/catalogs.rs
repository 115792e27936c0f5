//! Catalogs, feeds and product groups.

use super::Owned;
use crate::args::Args;
use crate::endpoint;
use crate::list::List;
use crate::model::{Catalog, Feed, ProductGroup};

door! {
    /// The catalogs.
    Catalogs by catalogs()
}

impl Catalogs {
    /// All of them.
    pub fn list(&self) -> List<Catalog> {
        self.client.list_as(&endpoint::CATALOGS, Args::new())
    }
}

impl Owned for Catalog {}

door! {
    /// The feeds of the catalogs.
    Feeds by catalog_feeds()
}

impl Feeds {
    /// All of them.
    pub fn list(&self) -> List<Feed> {
        self.client.list_as(&endpoint::CATALOGS_FEEDS, Args::new())
    }
}

impl Owned for Feed {}

door! {
    /// The product groups of the catalogs.
    ProductGroups by catalog_product_groups()
}

impl ProductGroups {
    /// All of them.
    pub fn list(&self) -> List<ProductGroup> {
        self.client.list_as(&endpoint::CATALOGS_PRODUCT_GROUPS, Args::new())
    }
}

impl Owned for ProductGroup {}
