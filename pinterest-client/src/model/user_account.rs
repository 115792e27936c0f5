//! The user account.

use serde::{Deserialize, Serialize};

use super::Extra;

/// The account that signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserAccount {
    /// Its id.
    pub id: String,
    /// Its name in addresses.
    pub username: Option<String>,
    /// The name of the business.
    pub business_name: Option<String>,
    /// `BUSINESS` or `PINNER`.
    pub account_type: Option<String>,
    /// What it says of itself.
    pub about: Option<String>,
    /// Its website.
    pub website_url: Option<String>,
    /// The address of its picture.
    pub profile_image: Option<String>,
    /// How many boards it has.
    pub board_count: Option<u64>,
    /// How many pins it has.
    pub pin_count: Option<u64>,
    /// How many accounts follow it.
    pub follower_count: Option<u64>,
    /// How many accounts it follows.
    pub following_count: Option<u64>,
    /// How often its pins were seen in the last 30 days; -1 when unknown.
    pub monthly_views: Option<i64>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
