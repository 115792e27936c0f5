//! What an ad account holds beside its ads: audiences, conversion tags, customer lists.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::Extra;
use crate::ids::{AdAccountId, AudienceId, ConversionTagId, CustomerListId};

/// People whom ads can be shown to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Audience {
    /// Its id.
    pub id: AudienceId,
    /// The ad account it belongs to.
    pub ad_account_id: Option<AdAccountId>,
    /// Its name.
    pub name: Option<String>,
    /// Where the people come from, e.g. `VISITOR`.
    pub audience_type: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
    /// Who belongs to it.
    pub rule: Option<Value>,
    /// How many people, about.
    pub size: Option<i64>,
    /// Whether it can be used, e.g. `READY`.
    pub status: Option<String>,
    /// When it was created.
    pub created_timestamp: Option<i64>,
    /// When it was last changed.
    pub updated_timestamp: Option<i64>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A tag that tells Pinterest what visitors of a website do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConversionTag {
    /// Its id.
    pub id: ConversionTagId,
    /// The ad account it belongs to.
    pub ad_account_id: Option<AdAccountId>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is in use.
    pub status: Option<String>,
    /// The code to put into a page.
    pub code_snippet: Option<String>,
    /// Whether visitors are matched by more than a cookie.
    pub enhanced_match_status: Option<String>,
    /// When it was last called, in milliseconds since the epoch, UTC.
    pub last_fired_time_ms: Option<Number>,
    /// Its version.
    pub version: Option<String>,
    /// What it collects.
    pub configs: Option<Value>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A list of customers that an audience is made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CustomerList {
    /// Its id.
    pub id: CustomerListId,
    /// The ad account it belongs to.
    pub ad_account_id: Option<AdAccountId>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it can be used, e.g. `READY`.
    pub status: Option<String>,
    /// In how many parts it was uploaded.
    pub num_batches: Option<Number>,
    /// How many people were added.
    pub num_uploaded_user_records: Option<Number>,
    /// How many people were removed.
    pub num_removed_user_records: Option<Number>,
    /// What was wrong with the uploads.
    pub exceptions: Option<Value>,
    /// When it was created.
    pub created_time: Option<Number>,
    /// When it was last changed.
    pub updated_time: Option<Number>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
