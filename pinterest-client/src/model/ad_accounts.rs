//! Ad accounts.

use serde::{Deserialize, Serialize};

use super::Extra;
use crate::ids::AdAccountId;

/// An ad account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdAccount {
    /// Its id.
    pub id: AdAccountId,
    /// Its name.
    pub name: Option<String>,
    /// Who owns it.
    pub owner: Option<AdAccountOwner>,
    /// Its country, two letters (ISO 3166-1).
    pub country: Option<String>,
    /// Its currency, three letters (ISO 4217).
    pub currency: Option<String>,
    /// What the account that signed in may do, e.g. `OWNER`.
    pub permissions: Option<Vec<String>>,
    /// When it was created.
    pub created_time: Option<i64>,
    /// When it was last changed.
    pub updated_time: Option<i64>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Who owns an ad account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdAccountOwner {
    /// The id of the user account.
    pub id: Option<String>,
    /// Its name in addresses.
    pub username: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
