//! What analytics and reports have in common: the days they reach, the options that the config sets, which days are
//! final.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use connector_core::{CursorPolicy, WindowUnit, Windowed};
use pinterest_client::model::Granularity;
use pinterest_client::{Client, JobPolicy, Reach};
use tokio::sync::{OnceCell, Semaphore};

use crate::config::Config;
use crate::sign_in::SignIn;

/// Reports that Pinterest makes for a sync at the same time. Its description names no limit; an account that is asked
/// for all its reports at once keeps Pinterest busy, and others waiting.
const REPORTS_AT_ONCE: usize = 20;

/// What all analytics and reports of a sync share.
pub(super) struct Reporting {
    pub(super) config: Arc<Config>,
    pub(super) sign_in: Arc<SignIn>,
    pub(super) jobs: JobPolicy,
    /// One place for each report that is being made.
    pub(super) places: Arc<Semaphore>,
    final_up_to: OnceCell<Option<NaiveDate>>,
}

impl Reporting {
    pub(super) fn new(config: Arc<Config>, sign_in: Arc<SignIn>, jobs: JobPolicy) -> Self {
        let places = Arc::new(Semaphore::new(REPORTS_AT_ONCE));
        Self { config, sign_in, jobs, places, final_up_to: OnceCell::new() }
    }

    /// The columns that a stream asks for: what the config says, or these.
    pub(super) fn columns<'a>(
        &self,
        stream: &str,
        columns: impl IntoIterator<Item = &'a str>,
    ) -> Vec<String> {
        let chosen = self.config.stream_columns.get(stream).cloned();
        chosen.unwrap_or_else(|| columns.into_iter().map(str::to_owned).collect())
    }

    /// How progress is kept in `field`, for days that reach so far.
    pub(super) fn cursor(
        &self,
        field: &str,
        start: Option<NaiveDate>,
        reach: Reach,
        granularity: Granularity,
    ) -> CursorPolicy {
        CursorPolicy::Windowed(Windowed {
            field: field.to_owned(),
            start,
            // A day less, because the day may change between the start of a sync and a request.
            horizon_days: reach.days_back - 1,
            step_days: reach.days_long,
            lookback_days: self.config.lookback_window_days.into(),
            unit: match granularity {
                Granularity::Week => WindowUnit::Week,
                Granularity::Month => WindowUnit::Month,
                Granularity::Total | Granularity::Day | Granularity::Hour => WindowUnit::Day,
            },
        })
    }

    /// The last day whose metrics Pinterest calls final, where the config wants to know. All streams ask once.
    pub(super) async fn final_up_to(&self) -> Option<NaiveDate> {
        if !self.config.skip_final_days {
            return None;
        }
        *self.final_up_to.get_or_init(|| self.ask_for_final_days()).await
    }

    async fn ask_for_final_days(&self) -> Option<NaiveDate> {
        let client = self.sign_in.client().ok()?;
        match last_final_day(&client, self.sign_in.now()).await {
            Ok(day) => day,
            Err(error) => {
                tracing::warn!("Pinterest did not say which days are final, all are read again: {error}");
                None
            }
        }
    }
}

/// Days become final one after the other, so the last final one is found by halving the days that are open.
async fn last_final_day(client: &Client, now: DateTime<Utc>) -> pinterest_client::Result<Option<NaiveDate>> {
    let today = now.date_naive();
    let days_ago = |days: u32| today.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN);
    // Today is open; what is older than that is not served by analytics any more.
    let (mut open, mut closed) = (0, Reach::of_analytics(Granularity::Day).days_back + 1);
    while closed - open > 1 {
        let middle = (open + closed) / 2;
        let state = client.metrics_ready_state(days_ago(middle)).await?;
        if state.conversion_metrics_ready && state.non_conversion_metrics_ready {
            closed = middle;
        } else {
            open = middle;
        }
    }
    Ok(Some(days_ago(closed)).filter(|_| closed <= Reach::of_analytics(Granularity::Day).days_back))
}
