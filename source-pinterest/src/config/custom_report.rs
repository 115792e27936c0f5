//! The custom reports of the config, as the specification describes them.

use chrono::NaiveDate;
use pinterest_client::model::{
    AdDeliveryStatus, AttributionType, ConversionReportTime, DeliveryStatus, Granularity, Level, WindowDays,
};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

use super::value::{Object, choice, choices, days_or_list};
use super::{columns, day, reporting};

/// The most values of a status filter that Pinterest takes in one report.
const MOST_STATUSES: usize = 6;

/// A report that the user put together.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct CustomReport {
    /// What the user calls it; [`stream_name`](Self::stream_name) follows from it.
    pub name: String,
    /// What a row stands for.
    pub level: Level,
    /// The time that a row covers.
    pub granularity: Granularity,
    /// Which metrics and properties a row has: some of [`pinterest_client::REPORT_COLUMNS`], at least one, each once.
    pub columns: Vec<String>,
    /// How many days after a click a conversion counts.
    pub click_window_days: WindowDays,
    /// How many days after an engagement a conversion counts.
    pub engagement_window_days: WindowDays,
    /// How many days after a view a conversion counts.
    pub view_window_days: WindowDays,
    /// On which day a conversion counts.
    pub conversion_report_time: ConversionReportTime,
    /// Whose conversions count, at least one value.
    pub attribution_types: Vec<AttributionType>,
    /// The first day of the report, UTC; `None`: the oldest that Pinterest serves. That of the config does not count.
    pub start_date: Option<NaiveDate>,
    /// Only what belongs to campaigns in one of these states; empty: to all. More than a request takes: see
    /// [`filters`](Self::filters).
    pub campaign_statuses: Vec<DeliveryStatus>,
    /// Only what belongs to ad groups in one of these states; empty: to all.
    pub ad_group_statuses: Vec<DeliveryStatus>,
    /// Only what belongs to ads in one of these states; empty: to all.
    pub ad_statuses: Vec<AdDeliveryStatus>,
}

/// The status filters of one request: at most six values each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusFilter {
    /// Only what belongs to campaigns in one of these states; empty: to all.
    pub campaign_statuses: Vec<DeliveryStatus>,
    /// Only what belongs to ad groups in one of these states; empty: to all.
    pub ad_group_statuses: Vec<DeliveryStatus>,
    /// Only what belongs to ads in one of these states; empty: to all.
    pub ad_statuses: Vec<AdDeliveryStatus>,
}

impl CustomReport {
    /// The name of its stream: each ASCII capital gets an underscore in front, and all becomes lower case.
    ///
    /// ```
    /// # let report = serde_json::json!({"name": "My Report", "level": "CAMPAIGN", "granularity": "DAY", "columns": ["CTR"]});
    /// # let report: source_pinterest::config::CustomReport = serde_json::from_value(report)?;
    /// assert_eq!((report.name.as_str(), report.stream_name().as_str()), ("My Report", "custom__my _report"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn stream_name(&self) -> String {
        let mut name = "custom_".to_owned();
        for letter in self.name.chars() {
            if letter.is_ascii_uppercase() {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }

    /// The requests that the status filters need, one report each: every combination of at most six values of each
    /// filter, in the order of the lists. Without a filter it is one that filters nothing.
    ///
    /// No row comes twice, because the level is not above what is divided: an entity is in one state.
    pub fn filters(&self) -> Vec<StatusFilter> {
        let mut filters = Vec::new();
        for campaign_statuses in parts(&self.campaign_statuses) {
            for ad_group_statuses in parts(&self.ad_group_statuses) {
                for ad_statuses in parts(&self.ad_statuses) {
                    filters.push(StatusFilter {
                        campaign_statuses: campaign_statuses.to_vec(),
                        ad_group_statuses: ad_group_statuses.to_vec(),
                        ad_statuses: ad_statuses.to_vec(),
                    });
                }
            }
        }
        filters
    }

    fn check(&self) -> Result<(), String> {
        let of_product_items = self.level.is_of_product_items();
        if of_product_items {
            columns::check(&self.columns, columns::Kind::ReportOfProductItems)?;
            if !self.ad_statuses.is_empty() {
                return Err(format!(
                    "ad_statuses cannot be used with level {}: Pinterest refuses it there",
                    self.level
                ));
            }
        }
        let of_ads = matches!(self.level, Level::PinPromotion | Level::PinPromotionTargeting);
        let below_campaigns =
            !of_product_items && !matches!(self.level, Level::Advertiser | Level::AdvertiserTargeting);
        let below_ad_groups =
            below_campaigns && !matches!(self.level, Level::Campaign | Level::CampaignTargeting);
        for (key, values, may_be_divided, entity) in [
            ("campaign_statuses", self.campaign_statuses.len(), below_campaigns, "campaign"),
            ("ad_group_statuses", self.ad_group_statuses.len(), below_ad_groups, "ad group"),
            ("ad_statuses", self.ad_statuses.len(), of_ads, "ad"),
        ] {
            if values > MOST_STATUSES && !may_be_divided {
                return Err(format!(
                    "{key} has {values} values, but with level {} it may have at most {MOST_STATUSES}: Pinterest \
                     takes no more in one report, and rows of several reports cannot be put together where a row is \
                     not of one {entity}",
                    self.level
                ));
            }
        }
        Ok(())
    }
}

/// What a request takes at a time; nothing once when there is nothing.
fn parts<T>(values: &[T]) -> Vec<&[T]> {
    if values.is_empty() { vec![values] } else { values.chunks(MOST_STATUSES).collect() }
}

/// The report key by key.
#[derive(Deserialize)]
struct Written {
    #[serde(deserialize_with = "name")]
    name: String,
    #[serde(deserialize_with = "choice")]
    level: Level,
    #[serde(deserialize_with = "choice")]
    granularity: Granularity,
    #[serde(deserialize_with = "report_columns")]
    columns: Vec<String>,
    #[serde(default, deserialize_with = "days_or_list")]
    click_window_days: Option<WindowDays>,
    #[serde(default, deserialize_with = "days_or_list")]
    engagement_window_days: Option<WindowDays>,
    #[serde(default, deserialize_with = "days_or_list")]
    view_window_days: Option<WindowDays>,
    #[serde(default, deserialize_with = "reporting::report_time")]
    conversion_report_time: Option<ConversionReportTime>,
    #[serde(default, deserialize_with = "choices")]
    attribution_types: Vec<AttributionType>,
    #[serde(default, deserialize_with = "day")]
    start_date: Option<NaiveDate>,
    #[serde(default, deserialize_with = "choices")]
    campaign_statuses: Vec<DeliveryStatus>,
    #[serde(default, deserialize_with = "choices")]
    ad_group_statuses: Vec<DeliveryStatus>,
    #[serde(default, deserialize_with = "choices")]
    ad_statuses: Vec<AdDeliveryStatus>,
}

/// What is not written has the value that Pinterest documents.
impl TryFrom<Written> for CustomReport {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let mut attribution_types = written.attribution_types;
        if attribution_types.is_empty() {
            attribution_types = AttributionType::ALL.to_vec();
        }
        let report = Self {
            name: written.name,
            level: written.level,
            granularity: written.granularity,
            columns: written.columns,
            click_window_days: window(written.click_window_days, 30)?,
            engagement_window_days: window(written.engagement_window_days, 30)?,
            view_window_days: window(written.view_window_days, 1)?,
            conversion_report_time: written
                .conversion_report_time
                .unwrap_or(ConversionReportTime::TimeOfAdAction),
            attribution_types,
            start_date: written.start_date,
            campaign_statuses: written.campaign_statuses,
            ad_group_statuses: written.ad_group_statuses,
            ad_statuses: written.ad_statuses,
        };
        report.check()?;
        Ok(report)
    }
}

fn window(written: Option<WindowDays>, default: u8) -> Result<WindowDays, String> {
    written.or(WindowDays::new(default)).ok_or_else(|| format!("a window of {default} days does not exist"))
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.trim().is_empty() {
        return Err(D::Error::invalid_value(Unexpected::Str(&name), &"a name for the stream"));
    }
    Ok(name)
}

fn report_columns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let columns = Vec::deserialize(deserializer)?;
    columns::check(&columns, columns::Kind::Report).map_err(D::Error::custom)?;
    Ok(columns::each_once(columns))
}

/// Each report has a stream of its own, so two of one name are one too many.
pub(super) fn all<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CustomReport>, D::Error> {
    let reports = Option::<Vec<Object<CustomReport>>>::deserialize(deserializer)?.unwrap_or_default();
    let reports: Vec<_> = reports.into_iter().map(|Object(report)| report).collect();
    for (at, report) in reports.iter().enumerate() {
        let stream = report.stream_name();
        if let Some(before) = reports[..at].iter().find(|before| before.stream_name() == stream) {
            return Err(D::Error::custom(format_args!(
                "the reports {:?} and {:?} would both be the stream {stream:?}",
                before.name, report.name
            )));
        }
    }
    Ok(reports)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const DELIVERY: [&str; 8] = [
        "RUNNING",
        "PAUSED",
        "NOT_STARTED",
        "COMPLETED",
        "ADVERTISER_DISABLED",
        "ARCHIVED",
        "DRAFT",
        "DELETED_DRAFT",
    ];
    const OF_ADS: [&str; 8] = [
        "APPROVED",
        "PAUSED",
        "PENDING",
        "REJECTED",
        "ADVERTISER_DISABLED",
        "ARCHIVED",
        "DRAFT",
        "DELETED_DRAFT",
    ];

    #[derive(Debug, Deserialize)]
    struct Wrapped {
        #[serde(deserialize_with = "all")]
        custom_reports: Vec<CustomReport>,
    }

    fn read(reports: Value) -> Result<Vec<CustomReport>, String> {
        serde_path_to_error::deserialize(json!({ "custom_reports": reports }))
            .map(|Wrapped { custom_reports }| custom_reports)
            .map_err(|error| format!("{}: {}", error.path(), error.inner()))
    }

    /// A whole report but for some keys.
    fn report(keys: Value) -> Value {
        let mut report =
            json!({"name": "mine", "level": "PIN_PROMOTION", "granularity": "DAY", "columns": ["CTR"]});
        for (key, value) in keys.as_object().unwrap() {
            report[key] = value.clone();
        }
        report
    }

    fn one(keys: Value) -> Result<CustomReport, String> {
        read(json!([report(keys)])).map(|mut reports| reports.remove(0))
    }

    #[test]
    fn every_key_is_read() {
        let report = one(json!({
            "name": "all of it", "level": "PRODUCT_GROUP_TARGETING", "granularity": "HOUR",
            "columns": ["SPEND_IN_DOLLAR", "AD_ID", "SPEND_IN_DOLLAR"], "click_window_days": 0, "engagement_window_days": [0],
            "view_window_days": [60], "conversion_report_time": "TIME_OF_CONVERSION",
            "attribution_types": ["HOUSEHOLD"], "start_date": "2026-11-01", "campaign_statuses": ["PAUSED", "RUNNING"],
            "ad_group_statuses": ["DRAFT"], "ad_statuses": ["REJECTED", "PENDING"], "a key of tomorrow": 1
        }));
        let report = report.unwrap();
        assert_eq!(report.name, "all of it");
        assert_eq!((report.level, report.granularity), (Level::ProductGroupTargeting, Granularity::Hour));
        assert_eq!(report.columns, ["SPEND_IN_DOLLAR", "AD_ID"]);
        assert_eq!(report.click_window_days.days(), 0);
        assert_eq!(report.engagement_window_days.days(), 0);
        assert_eq!(report.view_window_days.days(), 60);
        assert_eq!(report.conversion_report_time, ConversionReportTime::TimeOfConversion);
        assert_eq!(report.attribution_types, [AttributionType::Household]);
        assert_eq!(report.start_date, NaiveDate::from_ymd_opt(2026, 11, 1));
        assert_eq!(report.campaign_statuses, [DeliveryStatus::Paused, DeliveryStatus::Running]);
        assert_eq!(report.ad_group_statuses, [DeliveryStatus::Draft]);
        assert_eq!(report.ad_statuses, [AdDeliveryStatus::Rejected, AdDeliveryStatus::Pending]);
    }

    #[test]
    fn what_is_absent_null_or_empty_has_the_value_that_pinterest_documents() {
        let nulls = json!({"click_window_days": null, "engagement_window_days": null, "view_window_days": null,
            "conversion_report_time": null, "attribution_types": null, "start_date": null, "campaign_statuses": null,
            "ad_group_statuses": null, "ad_statuses": null});
        let empty = json!({"attribution_types": [], "start_date": "", "campaign_statuses": [],
            "ad_group_statuses": [], "ad_statuses": []});
        for keys in [json!({}), nulls, empty] {
            let report = one(keys).unwrap();
            assert_eq!(report.click_window_days.days(), 30);
            assert_eq!(report.engagement_window_days.days(), 30);
            assert_eq!(report.view_window_days.days(), 1);
            assert_eq!(report.conversion_report_time, ConversionReportTime::TimeOfAdAction);
            assert_eq!(report.attribution_types, [AttributionType::Individual, AttributionType::Household]);
            assert_eq!(report.start_date, None);
            assert_eq!(report.filters(), [StatusFilter::default()]);
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_its_key_and_what_is_expected() {
        for (keys, key, expected) in [
            (json!({"name": ""}), "name", "a name for the stream"),
            (json!({"name": " \t"}), "name", "string \" \\t\", expected a name for the stream"),
            (json!({"name": null}), "name", "a string"),
            (json!({"level": "PLANET"}), "level", "`PRODUCT_ITEM_TARGETING`"),
            (json!({"level": null}), "level", "a string"),
            (json!({"granularity": "YEAR"}), "granularity", "`TOTAL`, `DAY`, `HOUR`, `WEEK`, `MONTH`"),
            (json!({"columns": "CTR"}), "columns", "a sequence"),
            (json!({"columns": []}), "columns", "at least one column"),
            (json!({"columns": ["CTR", "SPEND"]}), "columns", "\"SPEND\" is none of the 613 columns"),
            (
                json!({"click_window_days": 2}),
                "click_window_days",
                "2 is none of 0, 1, 7, 14, 30 and 60 days",
            ),
            (json!({"engagement_window_days": [2]}), "engagement_window_days", "2 is none of 0, 1,"),
            (json!({"view_window_days": [1, 7]}), "view_window_days", "[1,7] is none of"),
            (json!({"conversion_report_time": "NOW"}), "conversion_report_time", "`TIME_OF_CONVERSION`"),
            (json!({"attribution_types": ["ALL"]}), "attribution_types[0]", "`INDIVIDUAL` or `HOUSEHOLD`"),
            (json!({"attribution_types": "ALL"}), "attribution_types", "a sequence"),
            (
                json!({"attribution_types": ["HOUSEHOLD", "HOUSEHOLD"]}),
                "attribution_types",
                "HOUSEHOLD is listed twice",
            ),
            (json!({"start_date": "1/2/2026"}), "start_date", "YYYY-MM-DD"),
            (json!({"campaign_statuses": ["PAUSED", "APPROVED"]}), "campaign_statuses[1]", "`DELETED_DRAFT`"),
            (
                json!({"ad_group_statuses": ["PAUSED", "PAUSED"]}),
                "ad_group_statuses",
                "PAUSED is listed twice",
            ),
            (json!({"ad_statuses": ["RUNNING"]}), "ad_statuses[0]", "`APPROVED`"),
        ] {
            let error = one(keys.clone()).unwrap_err();
            let start = format!("custom_reports[0].{key}: ");
            assert!(error.starts_with(&start) && error.contains(expected), "{keys}: {error}");
        }
    }

    #[test]
    fn product_items_have_nothing_of_ads() {
        for level in ["PRODUCT_ITEM", "PRODUCT_ITEM_TARGETING"] {
            for column in columns::OF_ADS {
                let error = one(json!({"level": level, "columns": ["CTR", column]})).unwrap_err();
                let start = format!("custom_reports[0]: {column} cannot be asked of product items");
                assert!(error.starts_with(&start), "{error}");
                one(json!({"level": "PIN_PROMOTION", "columns": ["CTR", column]})).unwrap();
            }
            let error = one(json!({"level": level, "ad_statuses": ["PAUSED"]})).unwrap_err();
            let start = format!("custom_reports[0]: ad_statuses cannot be used with level {level}");
            assert!(error.starts_with(&start), "{error}");
            one(json!({"level": level, "ad_statuses": [], "campaign_statuses": ["PAUSED"]})).unwrap();
            one(json!({"level": level, "granularity": "HOUR", "columns": ["PIN_ID"]})).unwrap();
        }
    }

    #[test]
    fn more_statuses_than_a_request_takes_need_a_level_that_is_not_above_them() {
        let of_ads = ["PIN_PROMOTION", "PIN_PROMOTION_TARGETING"];
        let of_ad_groups =
            ["AD_GROUP", "AD_GROUP_TARGETING", "KEYWORD", "PRODUCT_GROUP", "PRODUCT_GROUP_TARGETING"];
        let of_campaigns = ["CAMPAIGN", "CAMPAIGN_TARGETING"];
        for level in Level::ALL.iter().map(|level| level.as_str()) {
            let ad = of_ads.contains(&level);
            let ad_group = ad || of_ad_groups.contains(&level);
            let campaign = ad_group || of_campaigns.contains(&level);
            for (key, values, accepted) in [
                ("campaign_statuses", DELIVERY, campaign),
                ("ad_group_statuses", DELIVERY, ad_group),
                ("ad_statuses", OF_ADS, ad),
            ] {
                let answer = one(json!({"level": level, key: values[..7]}));
                assert_eq!(answer.is_ok(), accepted, "{level} {key}: {answer:?}");
                let refused_at_all = key == "ad_statuses" && level.starts_with("PRODUCT_ITEM");
                assert_eq!(one(json!({"level": level, key: values[..6]})).is_ok(), !refused_at_all);
                if let (Err(error), false) = (answer, refused_at_all) {
                    let start = format!(
                        "custom_reports[0]: {key} has 7 values, but with level {level} it may have at most 6"
                    );
                    assert!(error.starts_with(&start), "{error}");
                }
            }
        }
    }

    #[test]
    fn filters_are_all_combinations_of_parts_in_the_order_of_the_lists() {
        let report = one(json!({"campaign_statuses": DELIVERY, "ad_statuses": OF_ADS[..7],
            "ad_group_statuses": ["PAUSED"]}));
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let filters = report.unwrap().filters();
        for filter in &filters {
            first.push((filter.campaign_statuses.len(), filter.campaign_statuses[0]));
            second.push((filter.ad_statuses.len(), filter.ad_statuses[0]));
            assert_eq!(filter.ad_group_statuses, [DeliveryStatus::Paused]);
        }
        let (running, draft) = ((6, DeliveryStatus::Running), (2, DeliveryStatus::Draft));
        assert_eq!(first, [running, running, draft, draft]);
        let (approved, draft) = ((6, AdDeliveryStatus::Approved), (1, AdDeliveryStatus::Draft));
        assert_eq!(second, [approved, draft, approved, draft]);
        for (length, expected) in [(1, 1), (6, 1), (7, 2), (8, 2)] {
            let report = one(json!({"campaign_statuses": DELIVERY[..length]})).unwrap();
            let filters = report.filters();
            assert_eq!(filters.len(), expected);
            let together: Vec<_> = filters.into_iter().flat_map(|filter| filter.campaign_statuses).collect();
            assert_eq!(together, report.campaign_statuses);
        }
    }

    #[test]
    fn streams_are_named_as_the_official_connector_names_them() {
        for (name, expected) in [
            ("My Report", "custom__my _report"),
            ("MyReport", "custom__my_report"),
            ("my_report", "custom_my_report"),
            ("XMLHttp", "custom__x_m_l_http"),
            ("vadimReport2X", "custom_vadim_report2_x"),
            ("a-b.c", "custom_a-b.c"),
            ("ÄÖ über", "custom_äö über"),
        ] {
            assert_eq!(one(json!({"name": name})).unwrap().stream_name(), expected);
        }
    }

    #[test]
    fn two_reports_of_one_stream_are_refused() {
        for (one, other, stream) in
            [("a", "a", "custom_a"), ("MyReport", "_my_report", "custom__my_report"), ("É", "é", "custom_é")]
        {
            let reports = ["first", one, other].map(|name| report(json!({ "name": name })));
            assert_eq!(
                read(json!(reports)).unwrap_err(),
                format!(
                    "custom_reports: the reports {one:?} and {other:?} would both be the stream {stream:?}"
                )
            );
        }
        let reports = ["MyReport", "my_report"].map(|name| report(json!({ "name": name })));
        assert_eq!(read(json!(reports)).unwrap().len(), 2);
    }
}
