//! Catalogs, their feeds and product groups.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Extra;
use crate::ids::{CatalogId, FeedId, ProductGroupId};

/// A catalog of products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Catalog {
    /// Its id.
    pub id: CatalogId,
    /// Its name.
    pub name: Option<String>,
    /// What it holds, e.g. `RETAIL`.
    pub catalog_type: Option<String>,
    /// When it was created, a date-time with zone.
    pub created_at: Option<String>,
    /// When it was last changed, a date-time with zone.
    pub updated_at: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A file that a catalog is filled from.
///
/// The name and password that Pinterest fetches it with are in `extra`, under `credentials`; `Debug` does not show them.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Feed {
    /// Its id.
    pub id: FeedId,
    /// Its name.
    pub name: Option<String>,
    /// `TSV`, `CSV` or `XML`.
    pub format: Option<String>,
    /// What it holds, e.g. `RETAIL`.
    pub catalog_type: Option<String>,
    /// The address it is fetched from.
    pub location: Option<String>,
    /// Whether it is in use.
    pub status: Option<String>,
    /// When it is fetched: a time of the day and its time zone.
    pub preferred_processing_schedule: Option<Value>,
    /// The currency of products without one.
    pub default_currency: Option<String>,
    /// The language of products without one.
    pub default_locale: Option<String>,
    /// The country of products without one.
    pub default_country: Option<String>,
    /// The availability of products without one.
    pub default_availability: Option<String>,
    /// When it was created, a date-time with zone.
    pub created_at: Option<String>,
    /// When it was last changed, a date-time with zone.
    pub updated_at: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Shows what names the feed; its address and its credentials may hold a password.
impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A part of a catalog. Its times are whole numbers: milliseconds since the epoch in Pinterest's example, seconds in its
/// text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProductGroup {
    /// Its id.
    pub id: ProductGroupId,
    /// The feed its products come from.
    pub feed_id: Option<FeedId>,
    /// Its name.
    pub name: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
    /// Which products belong to it.
    pub filters: Option<Value>,
    /// Whether it is shown first.
    pub is_featured: Option<bool>,
    /// Whether it is in use.
    pub status: Option<String>,
    /// When it was created.
    pub created_at: Option<i64>,
    /// When it was last changed.
    pub updated_at: Option<i64>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
