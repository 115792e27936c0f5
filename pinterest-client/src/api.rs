//! The typed doors to the API, one file for each family. Paths, categories and where the items are stand in
//! [`endpoint`](crate::endpoint); a call names its endpoint and what is special about it.

/// Defines what a door is about, and the method of the client that opens it.
macro_rules! door {
    ($(#[doc = $doc:literal])* $name:ident by $method:ident($($scope:ident: $id:ty),*)) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            client: $crate::Client,
            $($scope: $id,)*
        }

        impl $crate::Client {
            $(#[doc = $doc])*
            #[must_use]
            pub fn $method(&self, $($scope: &$id),*) -> $name {
                $name { client: self.clone(), $($scope: $scope.clone()),* }
            }
        }
    };
}

mod ad_accounts;
mod ads;
mod analytics;
mod audiences;
mod boards;
mod catalogs;
mod keywords;
mod reports;
mod user_account;

pub use ad_accounts::AdAccounts;
pub use ads::{AdGroups, Ads, Campaigns, Entity};
pub use analytics::Analytics;
pub use audiences::{Audiences, ConversionTags, CustomerLists};
pub use boards::{BoardPins, BoardSections, Boards};
pub use catalogs::{Catalogs, Feeds, ProductGroups};
pub use keywords::Keywords;
pub use reports::Reports;
pub use user_account::UserAccounts;

use crate::ids::AdAccountId;
use crate::list::List;

/// What belongs to a user: boards, catalogs, feeds, product groups and their own analytics.
pub trait Owned {}

impl<T: Owned> List<T> {
    /// Those of the owner of this ad account instead of those of the account that signed in.
    pub fn ad_account(self, id: &AdAccountId) -> Self {
        self.option("ad_account_id", id)
    }
}
