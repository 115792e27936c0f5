//! A script on the client: the campaigns of every ad account, with their status and what a day may cost.
//!
//! Give it a token of your own, or start `fake-pinterest` and use what it prints:
//!
//! ```text
//! PINTEREST_ACCESS_TOKEN=pina_... cargo run --example list_campaigns
//! ```

use std::error::Error;
use std::io::{self, Write};

use futures::TryStreamExt;
use pinterest_client::model::{Campaign, EntityStatus};
use pinterest_client::{Auth, Client};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let token = std::env::var("PINTEREST_ACCESS_TOKEN");
    let token = token.map_err(|_| "PINTEREST_ACCESS_TOKEN holds no access token")?;
    let client = Client::builder().base_url_from_env()?.auth(Auth::access_token(token.into())).build()?;
    write(&client, io::stdout()).await
}

pub(crate) async fn write(client: &Client, mut out: impl Write) -> Result<(), Box<dyn Error>> {
    let mut ad_accounts = std::pin::pin!(client.ad_accounts().list().items());
    while let Some(ad_account) = ad_accounts.try_next().await? {
        let currency = ad_account.currency.as_deref().unwrap_or_default();
        writeln!(out, "{} {}", ad_account.id, ad_account.name.as_deref().unwrap_or_default())?;
        let campaigns = client.campaigns(&ad_account.id).list();
        let campaigns = campaigns.entity_statuses([EntityStatus::Active, EntityStatus::Paused]);
        let mut campaigns = std::pin::pin!(campaigns.items());
        while let Some(campaign) = campaigns.try_next().await? {
            writeln!(out, "  {}", line(&campaign, currency))?;
        }
    }
    Ok(())
}

fn line(campaign: &Campaign, currency: &str) -> String {
    let status = campaign.status.as_ref().map(ToString::to_string).unwrap_or_default();
    // Amounts come in millionths of the currency.
    let a_day = campaign.daily_spend_cap.map_or_else(
        || "no daily cap".to_owned(),
        |cap| format!("{}.{:02} {currency} a day", cap / 1_000_000, cap % 1_000_000 / 10_000),
    );
    let name = campaign.name.as_deref().unwrap_or_default();
    format!("{} {status:8} {a_day:20} {}", campaign.id, name.replace(char::is_control, " "))
}
