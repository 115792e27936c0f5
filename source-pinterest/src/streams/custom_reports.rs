//! The custom reports of the config as streams.

use chrono::NaiveDate;
use pinterest_client::model::ReportRequest;

use super::reports::ReportDef;
use super::schema::{self, Schema};
use crate::config::CustomReport;

/// The stream of a custom report.
pub(super) fn made(report: &CustomReport, mut schema: Schema) -> ReportDef {
    let name = report.stream_name();
    schema::add(&mut schema, report.columns.iter().map(String::as_str));
    let days = (NaiveDate::MIN, NaiveDate::MIN);
    let mut request = ReportRequest::new(report.level, report.granularity, days, report.columns.clone());
    request.click_window_days = Some(report.click_window_days);
    request.engagement_window_days = Some(report.engagement_window_days);
    request.view_window_days = Some(report.view_window_days);
    request.conversion_report_time = Some(report.conversion_report_time);
    request.attribution_types.clone_from(&report.attribution_types);
    ReportDef { name, schema, start: report.start_date, request, filters: report.filters() }
}
