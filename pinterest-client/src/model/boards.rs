//! Boards, their sections and their pins. Their times are local date-times without a zone, meaning UTC.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Extra;
use crate::ids::{BoardId, BoardSectionId, PinId};

/// A board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Board {
    /// Its id.
    pub id: BoardId,
    /// Its name.
    pub name: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
    /// Who owns it.
    pub owner: Option<BoardOwner>,
    /// Who sees it: `PUBLIC`, `PROTECTED` or `SECRET`.
    pub privacy: Option<String>,
    /// How many pins it has.
    pub pin_count: Option<u64>,
    /// How many accounts follow it.
    pub follower_count: Option<u64>,
    /// How many accounts work on it.
    pub collaborator_count: Option<u64>,
    /// Its pictures.
    pub media: Option<Value>,
    /// Whether it holds pins made for ads only.
    pub is_ads_only: Option<bool>,
    /// When it was created.
    pub created_at: Option<String>,
    /// When its pins last changed.
    pub board_pins_modified_at: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Who owns a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BoardOwner {
    /// The name in addresses.
    pub username: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A section of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BoardSection {
    /// Its id.
    pub id: BoardSectionId,
    /// Its name.
    pub name: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A pin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pin {
    /// Its id.
    pub id: PinId,
    /// The board it is on.
    pub board_id: Option<BoardId>,
    /// The section it is in, if in any.
    pub board_section_id: Option<BoardSectionId>,
    /// Who owns the board.
    pub board_owner: Option<BoardOwner>,
    /// Its title.
    pub title: Option<String>,
    /// Its text.
    pub description: Option<String>,
    /// Its text for those who do not see the picture.
    pub alt_text: Option<String>,
    /// A note that only the owner sees.
    pub note: Option<String>,
    /// Where a click leads.
    pub link: Option<String>,
    /// What it looks like, e.g. `VIDEO`.
    pub creative_type: Option<String>,
    /// Its pictures and videos.
    pub media: Option<Value>,
    /// Its main color, e.g. `#6E7874`.
    pub dominant_color: Option<String>,
    /// The pin it was saved from.
    pub parent_pin_id: Option<PinId>,
    /// The products that are tagged on it.
    pub product_tags: Option<Vec<Value>>,
    /// Whether the account that signed in owns it.
    pub is_owner: Option<bool>,
    /// Whether it is a standard pin.
    pub is_standard: Option<bool>,
    /// Whether it was ever an ad.
    pub has_been_promoted: Option<bool>,
    /// How it did, when that was asked for.
    pub pin_metrics: Option<Value>,
    /// When it was created.
    pub created_at: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
