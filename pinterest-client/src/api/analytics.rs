//! The metrics of ad accounts, campaigns, ad groups and ads, and whether they are final.

use chrono::NaiveDate;

use crate::args::Args;
use crate::client::Client;
use crate::endpoint::{self, Endpoint};
use crate::error::Result;
use crate::ids::{AdAccountId, AdGroupId, AdId, CampaignId};
use crate::list::List;
use crate::model::{AnalyticsRow, ConversionReportTime, Granularity, MetricsReadyState, WindowDays};

door! {
    /// The metrics of an ad account and of what is in it.
    ///
    /// They are asked for the days from the first to the last, UTC, as far back as [`Reach`](crate::Reach) says, and for
    /// some of [`ANALYTICS_COLUMNS`](crate::ANALYTICS_COLUMNS).
    Analytics by analytics(ad_account: AdAccountId)
}

impl Analytics {
    /// Those of the ad account as a whole.
    pub fn ad_account<C: ToString>(
        &self,
        days: (NaiveDate, NaiveDate),
        columns: impl IntoIterator<Item = C>,
    ) -> List<AnalyticsRow> {
        self.list(&endpoint::AD_ACCOUNT_ANALYTICS, days, columns)
    }

    /// Those of these campaigns, 1 to 250.
    pub fn campaigns<C: ToString>(
        &self,
        ids: impl IntoIterator<Item = CampaignId>,
        days: (NaiveDate, NaiveDate),
        columns: impl IntoIterator<Item = C>,
    ) -> List<AnalyticsRow> {
        self.list(&endpoint::CAMPAIGN_ANALYTICS, days, columns).options("campaign_ids", ids)
    }

    /// Those of these ad groups, 1 to 250.
    pub fn ad_groups<C: ToString>(
        &self,
        ids: impl IntoIterator<Item = AdGroupId>,
        days: (NaiveDate, NaiveDate),
        columns: impl IntoIterator<Item = C>,
    ) -> List<AnalyticsRow> {
        self.list(&endpoint::AD_GROUP_ANALYTICS, days, columns).options("ad_group_ids", ids)
    }

    /// Those of these ads, 1 to 250.
    pub fn ads<C: ToString>(
        &self,
        ids: impl IntoIterator<Item = AdId>,
        days: (NaiveDate, NaiveDate),
        columns: impl IntoIterator<Item = C>,
    ) -> List<AnalyticsRow> {
        self.list(&endpoint::AD_ANALYTICS, days, columns).options("ad_ids", ids)
    }

    fn list<C: ToString>(
        &self,
        endpoint: &Endpoint,
        (from, to): (NaiveDate, NaiveDate),
        columns: impl IntoIterator<Item = C>,
    ) -> List<AnalyticsRow> {
        let args = Args::new().path("ad_account_id", &self.ad_account);
        let args = args.query("start_date", from).query("end_date", to);
        self.client.list_as(endpoint, args).options("columns", columns).granularity(Granularity::Day)
    }
}

impl List<AnalyticsRow> {
    /// The time that a row covers: a day unless set.
    pub fn granularity(self, granularity: Granularity) -> Self {
        self.option("granularity", granularity)
    }

    /// How many days after a click on the ad a conversion counts: 30 unless set.
    pub fn click_window_days(self, days: WindowDays) -> Self {
        self.option("click_window_days", days)
    }

    /// How many days after an engagement with the ad a conversion counts: 30 unless set.
    pub fn engagement_window_days(self, days: WindowDays) -> Self {
        self.option("engagement_window_days", days)
    }

    /// How many days after the ad was seen a conversion counts: 1 unless set.
    pub fn view_window_days(self, days: WindowDays) -> Self {
        self.option("view_window_days", days)
    }

    /// On which day a conversion counts: that of the action on the ad unless set.
    pub fn conversion_report_time(self, time: ConversionReportTime) -> Self {
        self.option("conversion_report_time", time)
    }
}

impl Client {
    /// Whether the metrics of a day, UTC, are final.
    ///
    /// # Errors
    ///
    /// See [`Error`](crate::Error).
    pub async fn metrics_ready_state(&self, day: NaiveDate) -> Result<MetricsReadyState> {
        self.get_as(&endpoint::METRICS_READY_STATE, Args::new().query("date", day)).await
    }
}
