//! The streams: one module for each family, and what they have in common.

mod ad_accounts;
mod analytics;
mod board_pins;
mod custom_reports;
mod listings;
mod reporting;
mod reports;
mod schema;
mod status_chunks;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_core::{Failure, Page, RawRecord, Slice, Stream};
use pinterest_client::{Client, Endpoint, Held, JobPolicy, Observer, RateLimited, RawPage};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::sign_in::SignIn;
use analytics::Analytics;
use listings::Listing;
use reporting::Reporting;
use reports::ReportStream;

/// All streams that a config offers, in the order of the catalog.
pub(crate) fn all(
    config: &Arc<Config>,
    sign_in: &Arc<SignIn>,
    jobs: JobPolicy,
) -> Result<Vec<Arc<dyn Stream>>, Failure> {
    let mut streams: Vec<Arc<dyn Stream>> = Vec::new();
    for def in listings::ALL {
        streams.push(Listing::stream(*def, Arc::clone(config), Arc::clone(sign_in))?);
    }
    let reporting = Arc::new(Reporting::new(Arc::clone(config), Arc::clone(sign_in), jobs));
    for def in analytics::ALL {
        streams.push(Arc::new(Analytics::new(*def, Arc::clone(&reporting))?));
    }
    let schema = reports::schema()?;
    let built_in = reports::ALL.iter().map(|def| reports::built_in(def, schema.clone(), &reporting));
    let custom = config.custom_reports.iter().map(|report| custom_reports::made(report, schema.clone()));
    for def in built_in.chain(custom) {
        streams.push(Arc::new(ReportStream::new(def, Arc::clone(&reporting))));
    }
    Ok(streams)
}

/// The client that reads a slice; the platform is told when it waits for a rate limit.
fn client_for(slice: &Slice, sign_in: &SignIn) -> Result<Client, Failure> {
    Ok(sign_in.client()?.observed_by(Arc::new(SliceObserver(slice.clone()))))
}

/// The client has read these bytes as JSON objects already.
fn page(page: RawPage) -> Page {
    Page::new(page.items.into_iter().map(RawRecord::already_checked))
}

/// The id of a record, whether it came as text or as a number.
fn id(record: &[u8]) -> Option<&str> {
    #[derive(Deserialize)]
    struct Id<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let record: Id<'_> = serde_json::from_slice(record).ok()?;
    Some(record.id.get().trim_matches('"'))
}

/// Tells the platform when a slice waits for a rate limit, and takes a worker for each request: it works until the records of
/// the answer are handed on.
struct SliceObserver(Slice);

#[async_trait]
impl Observer for SliceObserver {
    fn rate_limited(&self, wait: &RateLimited) {
        self.0.rate_limited(wait.wait);
    }

    fn waiting(&self) {
        self.0.waits();
    }

    async fn turn(&self) -> Option<Held> {
        Some(Box::new(self.0.worker().await?))
    }

    fn answered(&self, _: &Endpoint, took: Duration) {
        self.0.answered(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::WITH_CHOSEN_COLUMNS;

    #[test]
    fn columns_can_be_chosen_of_all_analytics_of_ads_and_of_all_built_in_reports() {
        let analytics = analytics::ALL.iter().map(|def| def.name);
        let analytics = analytics.filter(|name| *name != "user_account_analytics");
        let names = analytics.chain(reports::ALL.iter().map(|(name, _)| *name));
        assert!(names.eq(WITH_CHOSEN_COLUMNS.iter().map(|(name, _)| *name)));
    }
}
