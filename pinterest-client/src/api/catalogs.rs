//! Catalogs, feeds and product groups.

use crate::args::Args;
use crate::endpoint;
use crate::ids::AdAccountId;
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

impl List<Catalog> {
    /// Those of the owner of this ad account instead of those of the account that signed in.
    pub fn ad_account(self, id: &AdAccountId) -> Self {
        self.option("ad_account_id", id)
    }
}

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

impl List<Feed> {
    /// Those of the owner of this ad account instead of those of the account that signed in.
    pub fn ad_account(self, id: &AdAccountId) -> Self {
        self.option("ad_account_id", id)
    }
}

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

impl List<ProductGroup> {
    /// Those of the owner of this ad account instead of those of the account that signed in.
    pub fn ad_account(self, id: &AdAccountId) -> Self {
        self.option("ad_account_id", id)
    }
}
