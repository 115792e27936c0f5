//! The server's own rate limits.

use std::time::Duration;

use fake_pinterest::{FakePinterest, Fault};

use super::Shop;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn what_is_over_a_limit_is_refused_until_the_span_has_passed() {
    let shop = Shop::open(FakePinterest::builder().rate_limit("ads_read", 2, MINUTE)).await;
    assert_eq!(shop.statuses("/ad_accounts").await, [200, 200]);
    tokio::time::advance(Duration::from_millis(15_500)).await;
    let refused = shop.get(&shop.first("campaigns")).await;
    assert_eq!((refused.status, refused.code()), (429, 8), "another path of the same category");
    assert_eq!(refused.header("x-ratelimit-reset"), Some("45"), "whole seconds, rounded up");
    assert_eq!(shop.fake.refusals(), 1);
    assert_eq!(shop.get("/boards").await.status, 200, "another category");
    tokio::time::advance(Duration::from_secs(45)).await;
    assert_eq!(shop.statuses("/ad_accounts").await, [200, 200, 429]);
    assert_eq!(shop.fake.refusals(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_category_has_its_own_limit() {
    let limits = FakePinterest::builder()
        .rate_limit("ads_read", 1, MINUTE)
        .rate_limit("org_read", 2, MINUTE)
        .rate_limit("catalogs_read", 3, MINUTE);
    let shop = Shop::open(limits).await;
    assert_eq!(shop.statuses("/ad_accounts").await, [200, 429]);
    assert_eq!(shop.statuses("/boards").await, [200, 200, 429]);
    assert_eq!(shop.statuses("/catalogs/feeds").await, [200, 200, 200, 429]);
    let categories: Vec<_> = shop.fake.requests().iter().map(|request| request.category.unwrap()).collect();
    assert_eq!(categories, [vec!["ads_read"; 2], vec!["org_read"; 3], vec!["catalogs_read"; 4]].concat());
    assert_eq!(shop.fake.refusals(), 3);
}

#[tokio::test(start_paused = true)]
async fn refusals_by_a_fault_or_for_a_token_take_nothing_and_are_not_counted() {
    let shop = Shop::open(FakePinterest::builder().rate_limit("org_read", 1, MINUTE)).await;
    shop.fake.add_fault(Fault::on("boards/list").status(429));
    assert_eq!(shop.get("/boards").await.status, 429);
    let without_token = shop.http.get(shop.fake.url() + "/boards").send().await.unwrap();
    assert_eq!(without_token.status(), 401);
    assert_eq!(shop.fake.refusals(), 0);
    assert_eq!(shop.statuses("/boards").await, [200, 429]);
    assert_eq!(shop.fake.refusals(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_limit_holds_for_all_categories_together() {
    let limits = FakePinterest::builder().overall_rate_limit(3, MINUTE).rate_limit("org_read", 1, MINUTE);
    let shop = Shop::open(limits).await;
    assert_eq!(shop.statuses("/boards").await, [200, 429], "by its category, which takes nothing of all");
    assert_eq!(shop.get("/catalogs").await.status, 200);
    assert_eq!(shop.statuses("/ad_accounts").await, [200, 429]);
    assert_eq!(shop.fake.refusals(), 2);
    tokio::time::advance(MINUTE).await;
    assert_eq!(shop.statuses("/ad_accounts").await, [200, 200, 200, 429]);
}

#[tokio::test(start_paused = true)]
async fn the_documented_limits_can_be_had_and_changed() {
    let shop =
        Shop::open(FakePinterest::builder().documented_limits().rate_limit("org_read", 1, MINUTE)).await;
    let analytics = "/resources/metrics_ready_state?date=2026-11-20";
    let start = tokio::time::Instant::now();
    let mut served = 0;
    for _ in 0..7 {
        // No more than all categories together may have in a second.
        let statuses: [u16; 50] = shop.statuses(analytics).await;
        served += statuses.iter().filter(|status| **status == 200).count();
        tokio::time::advance(Duration::from_millis(500)).await;
    }
    assert_eq!((served, start.elapsed().as_millis()), (300, 3_500));
    let statuses: [u16; 101] = shop.statuses("/ad_accounts").await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 100);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(shop.statuses("/boards").await, [200, 429]);
}

#[tokio::test]
async fn without_a_limit_nothing_is_refused() {
    let shop = Shop::open(FakePinterest::builder().rate_limit("catalogs_read", 1, MINUTE)).await;
    assert_eq!(shop.statuses("/boards").await, [200; 40]);
}
