//! What a report may be asked for.

use serde_json::{Map, Value};

use crate::{
    analytics::{
        self, CONVERSION_REPORT_TIMES, Filter, Granularity, History, Level, ReportLevel, Rows, Selection,
        Shape, WINDOW_DAYS, check_value, of_ad_account,
    },
    answer::ApiError,
    columns::{self, Columns},
    data::Data,
    days::{Days, HOURLY, Reach},
};

const REACH: Reach = Reach { back: 914, long: 186 };
const REACH_OF_PRODUCT_ITEMS: Reach = Reach { back: 92, long: 31 };

/// The keys of a body that the fake honours. Any other makes the request an unplanned one.
const KEYS: &[&str] = &[
    "start_date",
    "end_date",
    "granularity",
    "level",
    "columns",
    "click_window_days",
    "engagement_window_days",
    "view_window_days",
    "conversion_report_time",
    "attribution_types",
    "campaign_statuses",
    "ad_group_statuses",
    "ad_statuses",
];
const ATTRIBUTION_TYPES: &[&str] = &["INDIVIDUAL", "HOUSEHOLD"];
/// `CampaignSummaryStatus`, and `AdGroupSummaryStatus` as well.
const STATUSES: &[&str] = &[
    "RUNNING",
    "PAUSED",
    "NOT_STARTED",
    "COMPLETED",
    "ADVERTISER_DISABLED",
    "ARCHIVED",
    "DRAFT",
    "DELETED_DRAFT",
];
/// `PinPromotionSummaryStatus`.
const AD_STATUSES: &[&str] = &[
    "APPROVED",
    "PAUSED",
    "PENDING",
    "REJECTED",
    "ADVERTISER_DISABLED",
    "ARCHIVED",
    "DRAFT",
    "DELETED_DRAFT",
];
const MOST_STATUSES: usize = 6;
/// The columns of ads, which no product item has.
const AD_COLUMNS: &[&str] =
    &["AD_ID", "AD_NAME", "AD_STATUS", "PIN_PROMOTION_ID", "PIN_PROMOTION_NAME", "PIN_PROMOTION_STATUS"];

/// A report that may be made.
#[derive(Debug)]
pub(crate) struct ReportRequest {
    pub(crate) ad_account: String,
    pub(crate) level: ReportLevel,
    pub(crate) days: Days,
    pub(crate) granularity: Granularity,
    pub(crate) columns: Columns,
    campaign_statuses: Option<Vec<String>>,
    ad_group_statuses: Option<Vec<String>>,
    ad_statuses: Option<Vec<String>>,
}

impl ReportRequest {
    pub(crate) fn parse(ad_account: &str, body: &[u8], history: &History) -> Result<Self, ApiError> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| ApiError::bad_request(format!("the body is no JSON: {error}")))?;
        let body = body.as_object().ok_or_else(|| ApiError::bad_request("the body is no object"))?;
        if let Some(key) = body.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(ApiError::unplanned(format!("key {key} of a report")));
        }
        let level = text(body, "level")?.ok_or_else(|| ApiError::bad_request("'level' is required"))?;
        let level = ReportLevel::find(level)
            .ok_or_else(|| ApiError::bad_request(format!("'level' does not know '{level}'")))?;
        let is_of_items = level.level == Level::ProductItem;
        let granularity = analytics::granularity(text(body, "granularity")?)?;
        let days = Days::parse(text(body, "start_date")?, text(body, "end_date")?)?;
        let reach = if is_of_items { REACH_OF_PRODUCT_ITEMS } else { REACH };
        let reach = if granularity == Granularity::Hour { HOURLY } else { reach };
        days.check(reach, history.clock().today)?;
        let names = list(body, "columns")?.unwrap_or_default();
        let columns = Columns::choose(&columns::NAMES_OF_REPORTS, &names)?;
        check_windows(body)?;
        if let Some(types) = list(body, "attribution_types")? {
            types
                .iter()
                .try_for_each(|kind| check_value("attribution_types", Some(kind), ATTRIBUTION_TYPES))?;
        }
        let ad_statuses = statuses(body, "ad_statuses", AD_STATUSES)?;
        let not_of_items = names.iter().copied().find(|name| AD_COLUMNS.contains(name));
        let not_of_items = not_of_items.or(ad_statuses.as_ref().map(|_| "ad_statuses"));
        if let Some(name) = not_of_items.filter(|_| is_of_items) {
            return Err(ApiError::bad_request(format!(
                "{name} is not allowed at the level of product items"
            )));
        }
        Ok(Self {
            ad_account: ad_account.to_owned(),
            level,
            days,
            granularity,
            columns,
            campaign_statuses: statuses(body, "campaign_statuses", STATUSES)?,
            ad_group_statuses: statuses(body, "ad_group_statuses", STATUSES)?,
            ad_statuses,
        })
    }

    /// The rows of the report as of now.
    pub(crate) fn rows(&self, data: &Data, history: &History) -> Rows {
        let selection = Selection {
            level: self.level.level,
            by_targeting: self.level.by_targeting,
            id_column: self.level.id_column(),
            columns: &self.columns,
            mixed_ids: true,
            filter: Filter {
                campaign_statuses: as_texts(&self.campaign_statuses),
                ad_group_statuses: as_texts(&self.ad_group_statuses),
                ad_statuses: as_texts(&self.ad_statuses),
                ..Filter::default()
            },
        };
        let entities = of_ad_account(data, &self.ad_account, &selection, history);
        let shape = Shape::ByEntity;
        Rows::new(entities, self.days, self.granularity, &self.columns, history.clock(), shape)
    }
}

fn as_texts(statuses: &Option<Vec<String>>) -> Option<Vec<&str>> {
    statuses.as_ref().map(|statuses| statuses.iter().map(String::as_str).collect())
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ApiError> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(ApiError::bad_request(format!("'{name}' value {other} is no text"))),
    }
}

fn list<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<Vec<&'a str>>, ApiError> {
    let Some(value) = body.get(name) else { return Ok(None) };
    let texts: Option<Vec<&str>> =
        value.as_array().and_then(|items| items.iter().map(Value::as_str).collect());
    texts.map(Some).ok_or_else(|| ApiError::bad_request(format!("'{name}' is no list of texts")))
}

fn check_windows(body: &Map<String, Value>) -> Result<(), ApiError> {
    for name in ["click_window_days", "engagement_window_days", "view_window_days"] {
        // Written as they come: a text "30" is no number of days.
        let days = body.get(name).map(Value::to_string);
        check_value(name, days.as_deref(), WINDOW_DAYS)?;
    }
    let time = "conversion_report_time";
    check_value(time, text(body, time)?, CONVERSION_REPORT_TIMES)
}

fn statuses(body: &Map<String, Value>, name: &str, known: &[&str]) -> Result<Option<Vec<String>>, ApiError> {
    let Some(statuses) = list(body, name)? else { return Ok(None) };
    if !(1..=MOST_STATUSES).contains(&statuses.len()) {
        let count = statuses.len();
        return Err(ApiError::bad_request(format!("'{name}' holds {count} values, 1 to 6 are allowed")));
    }
    statuses.iter().try_for_each(|status| check_value(name, Some(status), known))?;
    Ok(Some(statuses.into_iter().map(str::to_owned).collect()))
}
