//! What analytics and reports are asked for: levels, granularities, attribution, status filters.
//!
//! These are values that the caller chooses, so they are closed lists: text that names none of them is an error that
//! names them all. Source: Pinterest's OpenAPI description 5.23.0.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Defines values that are written as the API writes them, e.g. `AD_GROUP`.
macro_rules! choices {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $value_doc:literal])* $value:ident = $text:literal,)* })*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[doc = $value_doc])* #[serde(rename = $text)] $value,)*
        }

        impl $name {
            /// All of them, in the order of Pinterest's description.
            pub const ALL: &[Self] = &[$(Self::$value),*];

            /// As the API writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    )*};
}

choices! {
    /// What a row of a report stands for. The `Targeting` levels divide it by what an ad was targeted at.
    Level {
        /// An ad account.
        Advertiser = "ADVERTISER",
        /// An ad account, divided by targeting.
        AdvertiserTargeting = "ADVERTISER_TARGETING",
        /// A campaign.
        Campaign = "CAMPAIGN",
        /// A campaign, divided by targeting.
        CampaignTargeting = "CAMPAIGN_TARGETING",
        /// An ad group.
        AdGroup = "AD_GROUP",
        /// An ad group, divided by targeting.
        AdGroupTargeting = "AD_GROUP_TARGETING",
        /// An ad, which Pinterest also calls a pin promotion.
        PinPromotion = "PIN_PROMOTION",
        /// An ad, divided by targeting.
        PinPromotionTargeting = "PIN_PROMOTION_TARGETING",
        /// A keyword.
        Keyword = "KEYWORD",
        /// A product group.
        ProductGroup = "PRODUCT_GROUP",
        /// A product group, divided by targeting.
        ProductGroupTargeting = "PRODUCT_GROUP_TARGETING",
        /// A product of a catalog.
        ProductItem = "PRODUCT_ITEM",
        /// A product of a catalog, divided by targeting.
        ProductItemTargeting = "PRODUCT_ITEM_TARGETING",
    }

    /// The time that a row covers, in UTC.
    Granularity {
        /// The whole range asked for. Rows have no date.
        Total = "TOTAL",
        /// A day.
        Day = "DAY",
        /// An hour. Conversion metrics are not served.
        Hour = "HOUR",
        /// A week.
        Week = "WEEK",
        /// A month.
        Month = "MONTH",
    }

    /// On which day a conversion counts.
    ConversionReportTime {
        /// When the user saw or used the ad. Numbers of past days then still grow.
        TimeOfAdAction = "TIME_OF_AD_ACTION",
        /// When the conversion happened.
        TimeOfConversion = "TIME_OF_CONVERSION",
    }

    /// Whose conversions count.
    AttributionType {
        /// Those of the user who saw the ad.
        Individual = "INDIVIDUAL",
        /// Those of the user's household.
        Household = "HOUSEHOLD",
    }

    /// What a campaign or an ad group does at the moment (`summary_status`), as a filter of a report.
    DeliveryStatus {
        /// It runs.
        Running = "RUNNING",
        /// It is paused.
        Paused = "PAUSED",
        /// Its start lies ahead.
        NotStarted = "NOT_STARTED",
        /// Its end has passed.
        Completed = "COMPLETED",
        /// The ad account is disabled.
        AdvertiserDisabled = "ADVERTISER_DISABLED",
        /// It was put away.
        Archived = "ARCHIVED",
        /// It is not finished.
        Draft = "DRAFT",
        /// It was never finished and is deleted.
        DeletedDraft = "DELETED_DRAFT",
    }

    /// What an ad does at the moment (`summary_status`), as a filter of a report.
    AdDeliveryStatus {
        /// It may run.
        Approved = "APPROVED",
        /// It is paused.
        Paused = "PAUSED",
        /// It is being reviewed.
        Pending = "PENDING",
        /// It was refused.
        Rejected = "REJECTED",
        /// The ad account is disabled.
        AdvertiserDisabled = "ADVERTISER_DISABLED",
        /// It was put away.
        Archived = "ARCHIVED",
        /// It is not finished.
        Draft = "DRAFT",
        /// It was never finished and is deleted.
        DeletedDraft = "DELETED_DRAFT",
    }
}

impl Level {
    /// Whether rows are divided by what an ad was targeted at: they have a targeting type and a targeting value.
    #[must_use]
    pub const fn is_by_targeting(self) -> bool {
        matches!(
            self,
            Self::AdvertiserTargeting
                | Self::CampaignTargeting
                | Self::AdGroupTargeting
                | Self::PinPromotionTargeting
                | Self::ProductGroupTargeting
                | Self::ProductItemTargeting
        )
    }

    /// Whether rows are of products of a catalog. Columns and filters of ads are refused there.
    #[must_use]
    pub const fn is_of_product_items(self) -> bool {
        matches!(self, Self::ProductItem | Self::ProductItemTargeting)
    }
}

/// How many days after an action on an ad a conversion still counts for it: one of the numbers that Pinterest knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct WindowDays(u8);

impl WindowDays {
    /// The numbers that Pinterest knows.
    pub const ALLOWED: [u8; 6] = [0, 1, 7, 14, 30, 60];

    /// This many days; `None` when Pinterest does not know the number.
    #[must_use]
    pub fn new(days: u8) -> Option<Self> {
        Self::ALLOWED.contains(&days).then_some(Self(days))
    }

    /// The number of days.
    #[must_use]
    pub const fn days(self) -> u8 {
        self.0
    }
}

impl fmt::Display for WindowDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is asked of a report.
///
/// What is `None` or empty is not sent, and Pinterest's default counts: windows of 30 days after a click, 30 after
/// an engagement and 1 after a view, conversions on the day of the action on the ad, no filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportRequest {
    /// The first day, UTC.
    pub start_date: chrono::NaiveDate,
    /// The last day, UTC.
    pub end_date: chrono::NaiveDate,
    /// What a row stands for.
    pub level: Level,
    /// The time that a row covers.
    pub granularity: Granularity,
    /// How many days after a click on the ad a conversion counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_window_days: Option<WindowDays>,
    /// How many days after an engagement with the ad a conversion counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engagement_window_days: Option<WindowDays>,
    /// How many days after the ad was seen a conversion counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_window_days: Option<WindowDays>,
    /// On which day a conversion counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion_report_time: Option<ConversionReportTime>,
    /// Whose conversions count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attribution_types: Vec<AttributionType>,
    /// Only campaigns in one of these states, at most 6.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub campaign_statuses: Vec<DeliveryStatus>,
    /// Only ad groups in one of these states, at most 6.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ad_group_statuses: Vec<DeliveryStatus>,
    /// Only ads in one of these states, at most 6.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ad_statuses: Vec<AdDeliveryStatus>,
    /// What a row holds: some of [`REPORT_COLUMNS`](crate::REPORT_COLUMNS), at least one.
    pub columns: Vec<String>,
}

impl ReportRequest {
    /// A report of these days, without filters, with Pinterest's defaults.
    pub fn new(
        level: Level,
        granularity: Granularity,
        (start_date, end_date): (chrono::NaiveDate, chrono::NaiveDate),
        columns: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            start_date,
            end_date,
            level,
            granularity,
            click_window_days: None,
            engagement_window_days: None,
            view_window_days: None,
            conversion_report_time: None,
            attribution_types: Vec::new(),
            campaign_statuses: Vec::new(),
            ad_group_statuses: Vec::new(),
            ad_statuses: Vec::new(),
            columns: columns.into_iter().map(Into::into).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_choice_is_told_with_the_right_ones() {
        let error = serde_json::from_str::<Level>(r#""PLANET""#).unwrap_err().to_string();
        assert!(Level::ALL.iter().all(|level| error.contains(&format!("`{level}`"))), "{error}");
        for level in Level::ALL {
            let text = serde_json::to_string(level).unwrap();
            assert_eq!(text, format!("{:?}", level.as_str()));
            assert_eq!(serde_json::from_str::<Level>(&text).unwrap(), *level);
        }
    }

    #[test]
    fn a_level_is_of_what_its_name_says() {
        for level in Level::ALL {
            let name = level.as_str();
            assert_eq!(level.is_by_targeting(), name.ends_with("_TARGETING"), "{name}");
            assert_eq!(level.is_of_product_items(), name.starts_with("PRODUCT_ITEM"), "{name}");
        }
    }

    #[test]
    fn a_request_holds_what_was_chosen_and_nothing_else() {
        let days = ("2026-11-01".parse().unwrap(), "2026-11-24".parse().unwrap());
        let mut request = ReportRequest::new(Level::AdGroup, Granularity::Day, days, ["SPEND_IN_DOLLAR"]);
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"start_date":"2026-11-01","end_date":"2026-11-24","level":"AD_GROUP","granularity":"DAY","columns":["SPEND_IN_DOLLAR"]}"#
        );
        request.view_window_days = WindowDays::new(0);
        request.ad_statuses = vec![AdDeliveryStatus::Approved];
        let sent = serde_json::to_value(&request).unwrap();
        assert_eq!((&sent["view_window_days"], &sent["ad_statuses"][0]), (&0.into(), &"APPROVED".into()));
        assert_eq!(WindowDays::new(2), None);
    }
}
