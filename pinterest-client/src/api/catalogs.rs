//! Catalogs, feeds and product groups.

use crate::args::Args;
use crate::client::Client;
use crate::endpoint;
use crate::ids::AdAccountId;
use crate::list::List;
use crate::model::{Catalog, Feed, ProductGroup};

/// The catalogs.
#[derive(Clone, Debug)]
pub struct Catalogs {
    client: Client,
}

impl Catalogs {
    /// All of them.
    pub fn list(&self) -> List<Catalog> {
        self.client.list_as(&endpoint::CATALOGS, Args::new())
    }
}

impl Client {
    /// The catalogs.
    #[must_use]
    pub fn catalogs(&self) -> Catalogs {
        Catalogs { client: self.clone() }
    }
}

impl List<Catalog> {
    /// Those of the owner of this ad account instead of those of the account that signed in.
    pub fn ad_account(self, id: &AdAccountId) -> Self {
        self.option("ad_account_id", id)
    }
}

/// The feeds of the catalogs.
#[derive(Clone, Debug)]
pub struct Feeds {
    client: Client,
}

impl Feeds {
    /// All of them.
    pub fn list(&self) -> List<Feed> {
        self.client.list_as(&endpoint::CATALOGS_FEEDS, Args::new())
    }
}

impl Client {
    /// The feeds of the catalogs.
    #[must_use]
    pub fn catalog_feeds(&self) -> Feeds {
        Feeds { client: self.clone() }
    }
}

impl List<Feed> {
    /// Those of the owner of this ad account instead of those of the account that signed in.
    pub fn ad_account(self, id: &AdAccountId) -> Self {
        self.option("ad_account_id", id)
    }
}

/// The product groups of the catalogs.
#[derive(Clone, Debug)]
pub struct ProductGroups {
    client: Client,
}

impl ProductGroups {
    /// All of them.
    pub fn list(&self) -> List<ProductGroup> {
        self.client.list_as(&endpoint::CATALOGS_PRODUCT_GROUPS, Args::new())
    }
}

impl Client {
    /// The product groups of the catalogs.
    #[must_use]
    pub fn catalog_product_groups(&self) -> ProductGroups {
        ProductGroups { client: self.clone() }
    }
}

impl List<ProductGroup> {
    /// Those of the owner of this ad account instead of those of the account that signed in.
    pub fn ad_account(self, id: &AdAccountId) -> Self {
        self.option("ad_account_id", id)
    }
}
