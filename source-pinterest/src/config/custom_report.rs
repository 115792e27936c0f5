//! The custom reports of the config, as the specification describes them.

use chrono::NaiveDate;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A report that the user put together.
#[derive(Clone, Debug, Deserialize)]
pub struct CustomReport {
    /// The name of its stream.
    pub name: String,
    /// What a row stands for.
    pub level: Level,
    /// The time that a row covers.
    pub granularity: Granularity,
    /// Which metrics and properties a row has.
    pub columns: Vec<String>,
    /// How many days after a click a conversion counts; `None`: 30.
    #[serde(default)]
    pub click_window_days: Option<WindowDays>,
    /// How many days after an engagement a conversion counts; `None`: 30.
    #[serde(default)]
    pub engagement_window_days: Option<WindowDays>,
    /// How many days after a view a conversion counts; `None`: 30.
    #[serde(default)]
    pub view_window_days: Option<WindowDays>,
    /// On which day a conversion counts; `None`: on that of the action on the ad.
    #[serde(default)]
    pub conversion_report_time: Option<ConversionReportTime>,
    /// Whose conversions count; `None`: both kinds.
    #[serde(default)]
    pub attribution_types: Option<Vec<AttributionType>>,
    /// The first day of the report, UTC; `None`: that of the config.
    #[serde(default, deserialize_with = "super::day")]
    pub start_date: Option<NaiveDate>,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the specification says what each means")]
pub enum Level {
    Advertiser,
    AdvertiserTargeting,
    Campaign,
    CampaignTargeting,
    AdGroup,
    AdGroupTargeting,
    PinPromotion,
    PinPromotionTargeting,
    Keyword,
    ProductGroup,
    ProductGroupTargeting,
    ProductItem,
}

/// The time that a row covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the specification says what each means")]
pub enum Granularity {
    Total,
    Day,
    Hour,
    Week,
    Month,
}

/// On which day a conversion counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the specification says what each means")]
pub enum ConversionReportTime {
    TimeOfAdAction,
    TimeOfConversion,
}

/// Whose conversions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the specification says what each means")]
pub enum AttributionType {
    Individual,
    Household,
}

/// One of the numbers of days that Pinterest knows; configs hold it alone or in a list of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowDays(pub u8);

impl<'de> Deserialize<'de> for WindowDays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a number of days: 0, 1, 7, 14, 30 or 60")]
        enum Written {
            Days(u8),
            List([u8; 1]),
        }
        let (Written::Days(days) | Written::List([days])) = Written::deserialize(deserializer)?;
        if [0, 1, 7, 14, 30, 60].contains(&days) {
            return Ok(Self(days));
        }
        Err(D::Error::custom(format_args!("{days} is none of 0, 1, 7, 14, 30 and 60 days")))
    }
}

/// Each report has a stream of its own, so two of one name are one too many.
pub(super) fn all<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CustomReport>, D::Error> {
    let reports = Option::<Vec<CustomReport>>::deserialize(deserializer)?.unwrap_or_default();
    let repeated = reports
        .iter()
        .enumerate()
        .find(|(at, report)| reports[..*at].iter().any(|before| before.name == report.name));
    match repeated {
        Some((_, report)) => {
            Err(D::Error::custom(format_args!("two reports have the name {:?}", report.name)))
        }
        None => Ok(reports),
    }
}
