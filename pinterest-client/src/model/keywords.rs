//! Keywords.

use serde::{Deserialize, Serialize};

use super::Extra;
use crate::ids::KeywordId;

/// How closely a search must fit a keyword.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum MatchType {
    /// In meaning.
    Broad,
    /// The words, with others around them.
    Phrase,
    /// The words alone.
    Exact,
    /// The ad is not shown for these words.
    ExactNegative,
    /// The ad is not shown when these words are among others.
    PhraseNegative,
    /// A kind that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// A keyword that ads are shown for, or are not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Keyword {
    /// Its id.
    pub id: KeywordId,
    /// The id of the ad group or campaign it belongs to.
    pub parent_id: Option<String>,
    /// What it belongs to, e.g. `adgroup`.
    pub parent_type: Option<String>,
    /// The words.
    pub value: Option<String>,
    /// How closely a search must fit.
    pub match_type: Option<MatchType>,
    /// The bid for it, in millionths of the currency.
    pub bid: Option<i64>,
    /// Whether it was put away.
    pub archived: Option<bool>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
