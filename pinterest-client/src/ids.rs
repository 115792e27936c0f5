//! Ids as types, so that a campaign's cannot stand where an ad account's belongs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// Defines ids: digits kept as text, as Pinterest sends them, because they are too long for a double.
macro_rules! id_type {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as Pinterest writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<String>> From<T> for $name {
            fn from(id: T) -> Self {
                Self(id.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        /// From text or a whole number: the API has sent the same id in both forms.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(IdText).map(Self)
            }
        }
    )*};
}

id_type! {
    /// An ad account, the scope of most calls.
    AdAccountId;
    /// A campaign of an ad account.
    CampaignId;
    /// An ad group of a campaign.
    AdGroupId;
    /// An ad of an ad group.
    AdId;
    /// An audience of an ad account.
    AudienceId;
    /// A keyword of an ad group or a campaign.
    KeywordId;
    /// A conversion tag of an ad account.
    ConversionTagId;
    /// A customer list of an ad account.
    CustomerListId;
    /// A board.
    BoardId;
    /// A section of a board.
    BoardSectionId;
    /// A pin.
    PinId;
    /// A catalog.
    CatalogId;
    /// A feed of a catalog.
    FeedId;
    /// A product group of a catalog.
    ProductGroupId;
}

struct IdText;

impl de::Visitor<'_> for IdText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E: de::Error>(self, id: &str) -> Result<String, E> {
        Ok(id.to_owned())
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<String, E> {
        Ok(id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_text_and_from_a_number_and_written_as_text() {
        for text in [r#""9007199254740993""#, "9007199254740993"] {
            let id: CampaignId = serde_json::from_str(text).unwrap();
            assert_eq!(id, CampaignId::from("9007199254740993"));
            assert_eq!(serde_json::to_string(&id).unwrap(), r#""9007199254740993""#);
        }
        for text in ["null", "1.5", "-1", "[]"] {
            assert!(serde_json::from_str::<CampaignId>(text).is_err(), "{text}");
        }
    }
}
