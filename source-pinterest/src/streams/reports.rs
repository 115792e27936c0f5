//! The report streams: a table, and the engine's view of a report.

use std::future::ready;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::NaiveDate;
use connector_core::{
    Cost, CursorPolicy, Descriptor, Failure, Page, Pages, Partitions, RawRecord, Slice, StateMigration,
    Stream,
};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use pinterest_client::ids::AdAccountId;
use pinterest_client::model::{Granularity, Level, ReportRequest};
use pinterest_client::{Reach, ReportJob, Step, endpoint};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::reporting::Reporting;
use super::schema::{self, Schema};
use super::{client_for, status_chunks};
use crate::config::{OF_ADS, StatusFilter};
use crate::policy;

/// The schema of all reports, as they come.
pub(super) fn schema() -> Result<Schema, Failure> {
    schema::parse("reports", schema::text!("reports"))
}

/// The field that holds the day of a row.
pub(super) const DATE: &str = "DATE";
/// Columns of the schema that reports by targeting and by keyword do not have.
const NOT_BY_TARGETING: [&str; 2] = ["TOTAL_IMPRESSION_FREQUENCY", "TOTAL_IMPRESSION_USER"];

/// The requests that a report takes: one that creates it, and the polls of one that is ready after a few seconds.
const REQUESTS: u64 = 1 + 3;

/// All built-in ones, in the order of the catalog: only name and level differ.
pub(super) const ALL: &[(&str, Level)] = &[
    ("advertiser_report", Level::Advertiser),
    ("ad_group_report", Level::AdGroup),
    ("campaign_analytics_report", Level::Campaign),
    ("pin_promotion_report", Level::PinPromotion),
    ("product_group_report", Level::ProductGroup),
    ("product_item_report", Level::ProductItem),
    ("campaign_targeting_report", Level::CampaignTargeting),
    ("advertiser_targeting_report", Level::AdvertiserTargeting),
    ("ad_group_targeting_report", Level::AdGroupTargeting),
    ("pin_promotion_targeting_report", Level::PinPromotionTargeting),
    ("product_group_targeting_report", Level::ProductGroupTargeting),
    ("keyword_report", Level::Keyword),
];

/// A report as a stream: what is asked for, but for the ad account and the days.
pub(super) struct ReportDef {
    pub(super) name: String,
    pub(super) schema: Schema,
    /// The first day wanted; `None`: the oldest that is served.
    pub(super) start: Option<NaiveDate>,
    /// The request. Its days are those of a slice, its status filters those of `filters`.
    pub(super) request: ReportRequest,
    /// One report is asked for with each.
    pub(super) filters: Vec<StatusFilter>,
}

/// A built-in stream of this name and level.
pub(super) fn built_in(
    &(name, level): &(&'static str, Level),
    mut schema: Schema,
    reporting: &Reporting,
) -> ReportDef {
    let by_targeting = level.is_by_targeting() || level == Level::Keyword;
    let is_refused = |column: &str| {
        (level.is_of_product_items() && OF_ADS.contains(&column))
            || (by_targeting && NOT_BY_TARGETING.contains(&column))
    };
    let columns = reporting
        .columns(name, schema::names(&schema).filter(|column| *column != DATE && !is_refused(column)));
    schema::add(&mut schema, columns.iter().map(String::as_str));
    let config = &reporting.config;
    let mut request = ReportRequest::new(level, Granularity::Day, (NaiveDate::MIN, NaiveDate::MIN), columns);
    request.click_window_days = config.attribution.click_window_days;
    request.engagement_window_days = config.attribution.engagement_window_days;
    request.view_window_days = config.attribution.view_window_days;
    request.conversion_report_time = config.attribution.conversion_report_time;
    ReportDef {
        name: name.to_owned(),
        schema,
        start: config.start_date,
        request,
        filters: vec![StatusFilter::default()],
    }
}

/// The fields that together name a row, where there are such fields.
///
/// Pinterest's description names no column that tells keywords or products apart, and no row of a whole range or an
/// hour has a date of its own: deduplicated by less than their key, rows would be lost.
fn primary_key(level: Level, granularity: Granularity) -> Vec<&'static str> {
    let id = match level {
        Level::Advertiser | Level::AdvertiserTargeting => "ADVERTISER_ID",
        Level::Campaign | Level::CampaignTargeting => "CAMPAIGN_ID",
        Level::AdGroup | Level::AdGroupTargeting => "AD_GROUP_ID",
        Level::PinPromotion | Level::PinPromotionTargeting => "PIN_PROMOTION_ID",
        Level::ProductGroup | Level::ProductGroupTargeting => "PRODUCT_GROUP_ID",
        Level::Keyword | Level::ProductItem | Level::ProductItemTargeting => return Vec::new(),
    };
    if matches!(granularity, Granularity::Total | Granularity::Hour) {
        return Vec::new();
    }
    let by = if level.is_by_targeting() { &["TARGETING_TYPE", "TARGETING_VALUE"][..] } else { &[] };
    [id, DATE].iter().chain(by).copied().collect()
}

/// The engine's view of a report.
pub(super) struct ReportStream {
    def: ReportDef,
    primary_key: Vec<&'static str>,
    reporting: Arc<Reporting>,
}

impl ReportStream {
    pub(super) fn new(mut def: ReportDef, reporting: Arc<Reporting>) -> Self {
        let mut primary_key = Vec::new();
        if reporting.config.primary_keys {
            primary_key = self::primary_key(def.request.level, def.request.granularity);
            // What names a row must be in it.
            if let Some(id) = primary_key.first()
                && !def.request.columns.iter().any(|column| column == id)
            {
                def.request.columns.push((*id).to_owned());
            }
            schema::add(&mut def.schema, primary_key.iter().copied());
        }
        Self { def, primary_key, reporting }
    }

    /// The report of one slice with one of the status filters.
    fn request(&self, slice: &Slice, filter: &StatusFilter) -> ReportRequest {
        let mut request = self.def.request.clone();
        if let Some(window) = slice.window() {
            (request.start_date, request.end_date) = (window.start, window.end);
        }
        request.campaign_statuses.clone_from(&filter.campaign_statuses);
        request.ad_group_statuses.clone_from(&filter.ad_group_statuses);
        request.ad_statuses.clone_from(&filter.ad_statuses);
        request
    }

    /// What names, for a state, the report of a slice before which so many are done: another slice or other filters than
    /// were asked for cannot take it up.
    fn in_short(&self, slice: &Slice, done: usize) -> String {
        let mut hasher = DefaultHasher::new();
        let request = self.request(slice, &StatusFilter::default());
        let filters = self.def.filters.iter();
        let filters: Vec<_> = filters
            .map(|filter| (&filter.campaign_statuses, &filter.ad_group_statuses, &filter.ad_statuses))
            .collect();
        json!((request, filters, done)).to_string().hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

impl Stream for ReportStream {
    fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.def.name.clone(), self.def.schema.clone())
            .primary_key(self.primary_key.iter().copied())
            .cast_to_schema()
    }

    fn partitions(&self) -> Partitions {
        Partitions::ChildrenOf { parent: "ad_accounts".to_owned(), key: "id".to_owned() }
    }

    fn cursor(&self) -> CursorPolicy {
        let (level, granularity) = (self.def.request.level, self.def.request.granularity);
        let reach = Reach::of_reports(level, granularity);
        self.reporting.cursor(DATE, self.def.start, reach, granularity)
    }

    fn final_up_to(&self) -> BoxFuture<'_, Option<NaiveDate>> {
        match self.def.request.granularity {
            // A total of fewer days would be another number.
            Granularity::Total => ready(None).boxed(),
            _ => self.reporting.final_up_to().boxed(),
        }
    }

    fn state_migrations(&self) -> Vec<StateMigration> {
        vec![status_chunks::merged(&self.def.filters)]
    }

    fn cost(&self, _: &Slice, _: Option<u64>) -> Cost {
        Cost::about(REQUESTS * self.def.filters.len() as u64).of(endpoint::CREATE_REPORT.category.as_str())
    }

    fn read<'a>(&'a self, slice: &'a Slice) -> Pages<'a> {
        let kept = slice.kept().and_then(|kept| Kept::deserialize(kept).ok());
        let kept = kept.filter(|kept| kept.request == self.in_short(slice, kept.done));
        let done = kept.as_ref().map_or(0, |kept| kept.done);
        stream::try_unfold(Reader { stream: self, slice, done, kept, report: None }, Reader::page).boxed()
    }
}

/// Reads the reports of a slice, one after the other.
struct Reader<'a> {
    stream: &'a ReportStream,
    slice: &'a Slice,
    /// How many of them are done; after a sync that was stopped also those whose rows it has written.
    done: usize,
    /// What an earlier sync kept of the report that is next.
    kept: Option<Kept>,
    report: Option<Report>,
}

struct Report {
    job: ReportJob,
    /// How many reports of the slice are done before it.
    done: usize,
    request: String,
    /// The token that the state holds.
    kept: Option<String>,
    _place: Option<OwnedSemaphorePermit>,
}

/// What the state holds of a slice whose report is being made.
#[derive(Debug, Deserialize, Serialize)]
struct Kept {
    /// Pinterest's name of the report.
    token: String,
    /// How many reports of the slice are done. Their rows were written before this.
    done: usize,
    /// What was asked for, in short: another request cannot take up the report.
    request: String,
}

impl<'a> Reader<'a> {
    async fn page(mut self) -> Result<Option<(Page, Self)>, Failure> {
        loop {
            let Some(mut report) = self.report.take() else {
                let Some(filter) = self.stream.def.filters.get(self.done) else { return Ok(None) };
                self.report = Some(self.begin(filter).await?);
                continue;
            };
            let step = report.job.step().await;
            report.keep(self.slice);
            match step.map_err(policy::failure)? {
                Step::Wait(time) => self.slice.idle(tokio::time::sleep(time)).await,
                Step::Rows(rows) => {
                    self.report = Some(report);
                    let rows = rows.into_iter().map(RawRecord::already_checked);
                    return Ok(Some((Page::new(rows), self)));
                }
                Step::Done => {
                    self.done += 1;
                    continue;
                }
            }
            self.report = Some(report);
        }
    }

    /// A report that waits for its turn, or goes on with one that an earlier sync has asked for.
    async fn begin(&mut self, filter: &StatusFilter) -> Result<Report, Failure> {
        let reporting = &self.stream.reporting;
        let place = self.slice.idle(Arc::clone(&reporting.places).acquire_owned()).await.ok();
        let client = client_for(self.slice, &reporting.sign_in)?;
        let ad_account = AdAccountId::from(self.slice.partition().get("id").unwrap_or_default());
        let request = self.stream.request(self.slice, filter);
        let kept = self.kept.take().map(|kept| kept.token);
        let mut job = client.reports(&ad_account).job(request).policy(reporting.jobs);
        if let Some(token) = &kept {
            tracing::info!(
                "stream {}: {} goes on with a report that an earlier sync has asked for",
                self.stream.def.name,
                self.slice
            );
            job = job.resume(token);
        }
        let request = self.stream.in_short(self.slice, self.done);
        Ok(Report { job, done: self.done, request, kept, _place: place })
    }
}

impl Report {
    /// Lets the state know which report is in progress.
    fn keep(&mut self, slice: &Slice) {
        let token = self.job.token();
        if token == self.kept.as_deref() {
            return;
        }
        self.kept = token.map(str::to_owned);
        let (done, request) = (self.done, self.request.clone());
        slice.keep(self.kept.clone().map(|token| json!(Kept { token, done, request })));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_a_row_or_there_is_none() {
        let key = |level| primary_key(level, Granularity::Day);
        assert_eq!(key(Level::Campaign), ["CAMPAIGN_ID", "DATE"]);
        assert_eq!(
            key(Level::AdGroupTargeting),
            ["AD_GROUP_ID", "DATE", "TARGETING_TYPE", "TARGETING_VALUE"]
        );
        for level in [Level::Keyword, Level::ProductItem, Level::ProductItemTargeting] {
            assert!(key(level).is_empty(), "{level}");
        }
        assert!(primary_key(Level::Campaign, Granularity::Total).is_empty());
    }
}
