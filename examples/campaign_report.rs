//! A script on the client: what each campaign of every ad account has cost in the last 30 days, from a report. Pinterest makes
//! it while the script waits.
//!
//! Give it a token of your own, or start `fake-pinterest` and use what it prints:
//!
//! ```text
//! PINTEREST_ACCESS_TOKEN=pina_... cargo run --example campaign_report
//! ```

use std::error::Error;
use std::io::{self, Write};

use chrono::{Days, NaiveDate, Utc};
use futures::TryStreamExt;
use pinterest_client::model::{AnalyticsRow, Granularity, Level, ReportRequest};
use pinterest_client::{Auth, Client, JobPolicy};

const COLUMNS: [&str; 4] = ["CAMPAIGN_ID", "CAMPAIGN_NAME", "SPEND_IN_DOLLAR", "PAID_IMPRESSION"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let token = std::env::var("PINTEREST_ACCESS_TOKEN");
    let token = token.map_err(|_| "PINTEREST_ACCESS_TOKEN holds no access token")?;
    let client = Client::builder().base_url_from_env()?.auth(Auth::access_token(token.into())).build()?;
    write(&client, Utc::now().date_naive(), JobPolicy::default(), io::stdout()).await
}

/// `patience`: how long to wait for a report, and how often to ask how far it is.
pub(crate) async fn write(
    client: &Client,
    today: NaiveDate,
    patience: JobPolicy,
    mut out: impl Write,
) -> Result<(), Box<dyn Error>> {
    let days = (today - Days::new(30), today - Days::new(1));
    let mut ad_accounts = std::pin::pin!(client.ad_accounts().list().items());
    while let Some(ad_account) = ad_accounts.try_next().await? {
        let currency = ad_account.currency.as_deref().unwrap_or_default();
        writeln!(out, "{} {}", ad_account.id, ad_account.name.as_deref().unwrap_or_default())?;
        // One row for each campaign that has run; with `Granularity::Day`, one for each of its days.
        let request = ReportRequest::new(Level::Campaign, Granularity::Total, days, COLUMNS);
        let job = client.reports(&ad_account.id).job(request).policy(patience);
        let mut rows = std::pin::pin!(job.rows_as::<AnalyticsRow>());
        while let Some(row) = rows.try_next().await? {
            writeln!(out, "  {}", line(&row, currency))?;
        }
    }
    Ok(())
}

fn line(row: &AnalyticsRow, currency: &str) -> String {
    let id = row.campaign_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let number =
        |column: &str| row.metrics.get(column).and_then(serde_json::Value::as_f64).unwrap_or_default();
    let name = row.metrics.get("CAMPAIGN_NAME").and_then(|name| name.as_str()).unwrap_or_default();
    let (spent, seen) = (number("SPEND_IN_DOLLAR"), number("PAID_IMPRESSION"));
    format!("{id} {spent:10.2} {currency} {seen:9} times seen {}", name.replace(char::is_control, " "))
}
