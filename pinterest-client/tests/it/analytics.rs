//! Analytics through the typed doors.

use fake_pinterest::FakePinterest;
use futures::TryStreamExt;
use pinterest_client::ids::{AdAccountId, AdGroupId, AdId, CampaignId};
use pinterest_client::model::{AnalyticsRow, ConversionReportTime, Granularity, WindowDays};
use pinterest_client::{ANALYTICS_COLUMNS, List};
use serde_json::Value;

use crate::{Account, days};

/// The ids of what lists show of an ad account.
fn ids<T: for<'a> From<&'a str>>(account: &Account, stream: &str, ad_account: &AdAccountId) -> Vec<T> {
    let records = account.fake.truth(stream).into_iter();
    let own = records.filter(|record| record["ad_account_id"] == ad_account.as_str());
    own.map(|record| T::from(record["id"].as_str().unwrap())).collect()
}

fn in_order(mut rows: Vec<Value>) -> Vec<Value> {
    for row in &mut rows {
        row.as_object_mut().unwrap().sort_keys();
    }
    rows.sort_by_cached_key(Value::to_string);
    rows
}

#[tokio::test]
async fn every_row_of_every_level_is_read_whole() {
    let account = Account::with(FakePinterest::builder().daily_rows()).await;
    let mut lists: Vec<(&str, List<AnalyticsRow>)> = Vec::new();
    for ad_account in account.fake.truth("ad_accounts") {
        let id = AdAccountId::from(ad_account["id"].as_str().unwrap());
        let analytics = account.client.analytics(&id);
        let columns = ANALYTICS_COLUMNS;
        lists.push(("ad_account_analytics", analytics.ad_account(days(), columns)));
        let campaigns = ids::<CampaignId>(&account, "campaigns", &id);
        if !campaigns.is_empty() {
            lists.push(("campaign_analytics", analytics.campaigns(campaigns, days(), columns)));
        }
        let ad_groups = ids::<AdGroupId>(&account, "ad_groups", &id);
        if !ad_groups.is_empty() {
            lists.push(("ad_group_analytics", analytics.ad_groups(ad_groups, days(), columns)));
        }
        let ads = ids::<AdId>(&account, "ads", &id);
        if !ads.is_empty() {
            lists.push(("ad_analytics", analytics.ads(ads, days(), columns)));
        }
    }
    let (from, to) = days();
    for stream in ["ad_account_analytics", "campaign_analytics", "ad_group_analytics", "ad_analytics"] {
        let mut rows = Vec::new();
        for (_, list) in lists.iter().filter(|(of, _)| *of == stream) {
            let read: Vec<AnalyticsRow> = list.items().try_collect().await.unwrap();
            assert!(read.iter().all(|row| row.day().is_some()));
            rows.extend(read.into_iter().map(|row| serde_json::to_value(row).unwrap()));
        }
        assert!(!rows.is_empty(), "{stream}");
        assert_eq!(in_order(rows), in_order(account.fake.rows(stream, from, to)), "{stream}");
    }
    assert!(account.fake.requests().iter().all(|request| request.planned));
}

#[tokio::test]
async fn options_are_sent_as_they_were_chosen() {
    let account = Account::with(FakePinterest::builder().daily_rows()).await;
    let ad_account = AdAccountId::from(account.fake.truth("ad_accounts")[0]["id"].as_str().unwrap());
    let columns = ["SPEND_IN_DOLLAR", "TOTAL_CLICKTHROUGH"];
    let list = account.client.analytics(&ad_account).ad_account(days(), columns);
    let list = list.granularity(Granularity::Total).click_window_days(WindowDays::new(7).unwrap());
    let list = list.engagement_window_days(WindowDays::new(0).unwrap());
    let list = list.view_window_days(WindowDays::new(60).unwrap());
    let list = list.conversion_report_time(ConversionReportTime::TimeOfConversion);
    let rows: Vec<AnalyticsRow> = list.items().try_collect().await.unwrap();
    assert_eq!((rows.len(), rows[0].day()), (1, None));
    let expected = "start_date=2026-11-01&end_date=2026-11-24&columns=SPEND_IN_DOLLAR,TOTAL_CLICKTHROUGH\
        &granularity=TOTAL&click_window_days=7&engagement_window_days=0&view_window_days=60\
        &conversion_report_time=TIME_OF_CONVERSION";
    assert_eq!(account.fake.requests()[0].query, expected);
}

#[tokio::test]
async fn the_account_itself_has_metrics_of_each_day() {
    let account = Account::with(FakePinterest::builder()).await;
    let metrics: Vec<_> =
        account.client.user_account().analytics(days()).items().try_collect().await.unwrap();
    let rows = metrics.iter().map(|row| serde_json::to_value(row).unwrap()).collect();
    let (from, to) = days();
    assert_eq!(in_order(rows), in_order(account.fake.rows("user_account_analytics", from, to)));
    assert!(metrics.iter().all(|day| day.extra.is_empty() && !day.metrics.is_empty()));
}

#[tokio::test]
async fn whether_a_day_is_final_can_be_asked() {
    let account = Account::with(FakePinterest::builder()).await;
    let old = account.client.metrics_ready_state("2026-08-01".parse().unwrap()).await.unwrap();
    assert!(old.conversion_metrics_ready && old.non_conversion_metrics_ready);
    let today = account.client.metrics_ready_state("2026-11-24".parse().unwrap()).await.unwrap();
    assert!(!today.conversion_metrics_ready && !today.non_conversion_metrics_ready);
}
