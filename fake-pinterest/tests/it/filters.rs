//! What a request may choose by, and what nothing is known of.

use std::collections::BTreeSet;

use fake_pinterest::FakePinterest;
use serde_json::Value;

use super::{Shop, ids, with};

async fn shop() -> Shop {
    Shop::open(FakePinterest::builder()).await
}

/// All records of a list, which must fit on one page.
async fn all(shop: &Shop, list: &str) -> Vec<Value> {
    let page = shop.get(&with(list, "page_size=250")).await;
    assert_eq!(page.bookmark(), None, "{list}");
    page.items()
}

/// The different values of a field.
fn values<'a>(records: &'a [Value], field: &str) -> BTreeSet<&'a str> {
    records.iter().map(|record| record[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn only_active_and_paused_ones_are_listed_unless_asked_otherwise() {
    let shop = shop().await;
    for list in ["campaigns", "ad_groups", "ads"] {
        let mut read = Vec::new();
        for account in shop.ad_accounts() {
            read.extend(all(&shop, &format!("/ad_accounts/{account}/{list}")).await);
        }
        assert_eq!(values(&read, "status"), BTreeSet::from(["ACTIVE", "PAUSED"]), "{list}");
        assert!(read.len() < shop.fake.edit(|data| data.records(list).len()), "{list}");
    }
}

#[tokio::test]
async fn statuses_choose_campaigns_ad_groups_and_ads() {
    let shop = shop().await;
    for list in ["campaigns", "ad_groups", "ads"] {
        for statuses in [vec!["ARCHIVED"], vec!["DRAFT", "ARCHIVED"], vec!["PAUSED", "DRAFT"]] {
            let mut read = Vec::new();
            for account in shop.ad_accounts() {
                let joined = format!("entity_statuses={}", statuses.join(","));
                let repeated = joined.replace(',', "&entity_statuses=");
                let list = format!("/ad_accounts/{account}/{list}");
                let records = all(&shop, &with(&list, &joined)).await;
                assert_eq!(records, all(&shop, &with(&list, &repeated)).await);
                read.extend(records);
            }
            assert_eq!(read, shop.fake.truth_with_statuses(list, &statuses), "{list} {statuses:?}");
            assert!(!read.is_empty(), "{list} {statuses:?}: the comparison shows nothing");
        }
    }
}

#[tokio::test]
async fn ids_choose_records_and_children_of_parents() {
    let shop = shop().await;
    let of_first = |stream| {
        let account = &shop.ad_accounts()[0];
        let mut records = shop.fake.truth(stream);
        records.retain(|record| record["ad_account_id"] == account.as_str());
        records
    };
    let (campaigns, ad_groups, ads) = (of_first("campaigns"), of_first("ad_groups"), of_first("ads"));
    let parents = ads.iter().map(|ad| ad["ad_group_id"].as_str().unwrap()).collect::<BTreeSet<_>>();
    // Two of each; of the ad groups two that have ads to be shown.
    let two = |ids: Vec<&str>| ids[..2].join(",");
    let ad_group_ids = two(parents.into_iter().collect());
    let campaign_ids = two(ids(&campaigns));
    let two_ads = two(ids(&ads));
    for (list, parameter, wanted, records, field) in [
        ("campaigns", "campaign_ids", &campaign_ids, &campaigns, "id"),
        ("ad_groups", "campaign_ids", &campaign_ids, &ad_groups, "campaign_id"),
        ("ad_groups", "ad_group_ids", &ad_group_ids, &ad_groups, "id"),
        ("ads", "campaign_ids", &campaign_ids, &ads, "campaign_id"),
        ("ads", "ad_group_ids", &ad_group_ids, &ads, "ad_group_id"),
        ("ads", "ad_ids", &two_ads, &ads, "id"),
    ] {
        let read = all(&shop, &with(&shop.first(list), &format!("{parameter}={wanted}"))).await;
        let mut expected = records.clone();
        expected.retain(|record| wanted.split(',').any(|id| record[field] == id));
        assert_eq!(read, expected, "{list} by {parameter}");
        assert!(!read.is_empty() && read.len() < records.len(), "{list} by {parameter}: {}", read.len());
    }
}

#[tokio::test]
async fn keywords_are_those_of_the_ad_groups_or_the_campaign_asked_for() {
    let shop = shop().await;
    let list = shop.first("keywords");
    let everything = all(&shop, &list).await;
    let parents: Vec<&str> = values(&everything, "parent_id").into_iter().collect();
    let (campaign, ad_groups): (Vec<&str>, Vec<&str>) = parents.into_iter().partition(|parent| {
        everything
            .iter()
            .any(|keyword| keyword["parent_id"] == *parent && keyword["parent_type"] == "campaign")
    });
    assert_eq!(campaign.len(), 1);
    for (parameter, wanted) in [
        ("ad_group_ids", ad_groups[..3].join(",")),
        ("ad_group_id", ad_groups[0].to_owned()),
        ("campaign_id", campaign[0].to_owned()),
    ] {
        let read = all(&shop, &with(&list, &format!("{parameter}={wanted}"))).await;
        let mut expected = everything.clone();
        expected.retain(|keyword| wanted.split(',').any(|id| keyword["parent_id"] == id));
        assert_eq!(read, expected, "{parameter}={wanted}");
        assert!(!read.is_empty() && read.len() < everything.len());
    }
}

#[tokio::test]
async fn what_the_user_holds_is_told_apart_by_ad_account() {
    let shop = shop().await;
    for list in ["/boards", "/catalogs", "/catalogs/feeds", "/catalogs/product_groups"] {
        let mut parts = Vec::new();
        for account in shop.ad_accounts() {
            parts.push(all(&shop, &format!("{list}?ad_account_id={account}")).await);
        }
        assert!(!parts[0].is_empty() && !parts[1].is_empty() && parts[2].is_empty(), "{list}");
        assert_eq!(parts.concat(), all(&shop, list).await, "{list}");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_is_refused() {
    let shop = shop().await;
    let ads = shop.first("ads");
    let many = vec!["1"; 251].join(",");
    for filter in
        ["entity_statuses=SLEEPING", "ad_ids=12a", "ad_ids=", "order=UP", &format!("ad_group_ids={many}")]
    {
        let reply = shop.get(&with(&ads, filter)).await;
        assert_eq!((reply.status, reply.code()), (400, 1), "{filter}");
    }
    let most = &many[2..];
    assert_eq!(shop.get(&with(&ads, &format!("ad_group_ids={most}"))).await.status, 200);
}

#[tokio::test]
async fn an_unknown_parent_is_not_found() {
    let shop = shop().await;
    let board = shop.fake.truth("boards")[0]["id"].as_str().unwrap().to_owned();
    for path in [
        "/ad_accounts/1".into(),
        "/ad_accounts/1/campaigns".into(),
        "/boards/1/sections".into(),
        "/boards/1/pins".into(),
        format!("/boards/{board}/sections/1/pins"),
    ] {
        assert_eq!(shop.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(shop.get("/ad_accounts/12a/campaigns").await.status, 400);
}

#[tokio::test]
async fn one_ad_account_and_the_user_are_single_objects() {
    let shop = shop().await;
    let account = &shop.fake.truth("ad_accounts")[1];
    let path = format!("/ad_accounts/{}", account["id"].as_str().unwrap());
    assert_eq!(&shop.get(&path).await.json(), account);
    let user = shop.get("/user_account").await.json();
    assert_eq!(user["account_type"], "BUSINESS");
    assert_eq!(user["board_count"], shop.fake.truth("boards").len());
}
