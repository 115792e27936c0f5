//! The typed doors to the API, one file for each family. Paths, categories and where the items are stand in
//! [`endpoint`](crate::endpoint); a call names its endpoint and what is special about it.

mod ad_accounts;
mod ads;
mod audiences;
mod boards;
mod catalogs;
mod keywords;
mod user_account;

pub use ad_accounts::AdAccounts;
pub use ads::{AdGroups, Ads, Campaigns};
pub use audiences::{Audiences, ConversionTags, CustomerLists};
pub use boards::{BoardPins, BoardSections, Boards};
pub use catalogs::{Catalogs, Feeds, ProductGroups};
pub use keywords::Keywords;
pub use user_account::UserAccounts;
