//! The scripts on the client, against the fake.

#[path = "../../campaign_report.rs"]
#[expect(dead_code, reason = "a program's main is not called here")]
mod campaign_report;
#[path = "../../list_campaigns.rs"]
#[expect(dead_code, reason = "a program's main is not called here")]
mod list_campaigns;

use std::time::Duration;

use fake_pinterest::FakePinterest;
use pinterest_client::{Auth, Client, JobPolicy};

/// The small account, whose days end with 2026-11-24.
async fn account() -> (FakePinterest, Client) {
    let fake = FakePinterest::builder().daily_rows().start().await.unwrap();
    let token = Auth::access_token(fake.access_token().into());
    let client = Client::builder().base_url(&fake.url()).unwrap().auth(token).build().unwrap();
    (fake, client)
}

/// The lines under each ad account, which begins a line of its own.
fn lines(out: Vec<u8>) -> (usize, Vec<String>) {
    let out = String::from_utf8(out).unwrap();
    let (of_campaigns, of_accounts): (Vec<_>, Vec<_>) = out.lines().partition(|line| line.starts_with("  "));
    (of_accounts.len(), of_campaigns.into_iter().map(str::to_owned).collect())
}

#[tokio::test]
async fn the_campaigns_of_every_ad_account_are_listed() {
    let (fake, client) = account().await;
    let mut out = Vec::new();
    list_campaigns::write(&client, &mut out).await.unwrap();
    let (ad_accounts, campaigns) = lines(out);
    assert_eq!((ad_accounts, campaigns.len()), (3, fake.truth("campaigns").len()));
    for campaign in fake.truth("campaigns") {
        let id = campaign["id"].as_str().unwrap();
        assert!(campaigns.iter().any(|line| line.trim_start().starts_with(id)), "{id}");
    }
}

#[tokio::test]
async fn what_each_campaign_has_cost_is_the_sum_of_its_days() {
    let (fake, client) = account().await;
    let mut out = Vec::new();
    let at_once = JobPolicy { longest_poll: Duration::ZERO, ..JobPolicy::default() };
    let today = "2026-11-24".parse().unwrap();
    campaign_report::write(&client, today, at_once, &mut out).await.unwrap();
    let (ad_accounts, campaigns) = lines(out);
    assert_eq!((ad_accounts, campaigns.len()), (3, fake.edit(|data| data.records("campaigns").len())));
    let days =
        fake.rows("campaign_analytics_report", "2026-10-25".parse().unwrap(), "2026-11-23".parse().unwrap());
    for line in campaigns {
        let mut words = line.split_whitespace();
        let (id, spent) = (words.next().unwrap(), words.next().unwrap());
        let of_campaign = days.iter().filter(|row| row["CAMPAIGN_ID"].to_string().trim_matches('"') == id);
        let micro: u64 = of_campaign.map(|row| row["SPEND_IN_MICRO_DOLLAR"].as_u64().unwrap()).sum();
        assert_eq!(spent, format!("{:.2}", micro as f64 / 1e6), "{line}");
    }
}
