//! Records as types, for scripts. A mirror of the families of the API.
//!
//! Only the id of a record is sure to be there: the API leaves fields out and sends null, so everything else is optional.
//! What a type does not name is kept in `extra`, so a record written again holds every value that it was read from. Times are
//! epoch seconds, UTC, unless said otherwise; amounts of money are in millionths of the account's currency.
//! Source: Pinterest's OpenAPI description 5.23.0.

mod ad_accounts;
mod ads;
mod audiences;
mod boards;
mod catalogs;
mod keywords;
mod user_account;

pub use ad_accounts::{AdAccount, AdAccountOwner};
pub use ads::{Ad, AdGroup, Campaign, EntityStatus};
pub use audiences::{Audience, ConversionTag, CustomerList};
pub use boards::{Board, BoardOwner, BoardSection, Pin};
pub use catalogs::{Catalog, Feed, ProductGroup};
pub use keywords::{Keyword, MatchType};
pub use user_account::UserAccount;

/// The fields of a record that its type does not name.
pub type Extra = serde_json::Map<String, serde_json::Value>;
