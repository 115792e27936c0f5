//! Data that changes while the server runs.

use fake_pinterest::{Counts, FakePinterest, Size};
use serde_json::json;

use super::{Shop, ids, with};

#[tokio::test]
async fn what_is_changed_is_served_from_then_on() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let campaigns = shop.first("campaigns");
    let before = shop.get(&campaigns).await.items();
    let listed = ids(&before);
    let (gone, touched) = (listed[0], listed[1]);
    shop.fake.edit(|data| {
        assert!(data.remove("campaigns", gone));
        assert!(data.touch("campaigns", touched, 2_000_000_000));
        assert!(!data.remove("campaigns", gone), "it is gone already");
        let added = json!({"id": "9", "ad_account_id": before[0]["ad_account_id"], "status": "PAUSED"});
        data.upsert("campaigns", added);
    });
    let after = shop.get(&campaigns).await.items();
    assert_eq!(ids(&after), [&listed[1..], &["9"]].concat());
    assert_eq!(after[0]["updated_time"], 2_000_000_000);
    assert_eq!(after[0]["name"], before[1]["name"]);
    let truth = shop.fake.truth("campaigns");
    assert!(after.iter().all(|record| truth.contains(record)), "the truth changes along");
    assert!(!ids(&truth).contains(&gone));
}

#[tokio::test]
async fn a_status_that_changes_moves_the_record_to_another_list() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let ads = shop.first("ads");
    let first = shop.get(&ads).await.items().remove(0);
    let id = ids(std::slice::from_ref(&first))[0];
    shop.fake.edit(|data| {
        let mut records = data.records_mut("ads");
        let record = records.iter_mut().find(|record| record["id"] == id).unwrap();
        record["status"] = "ARCHIVED".into();
    });
    assert!(!ids(&shop.get(&with(&ads, "page_size=250")).await.items()).contains(&id));
    let archived = shop.get(&with(&ads, "entity_statuses=ARCHIVED&page_size=250")).await.items();
    assert!(ids(&archived).contains(&id));
    assert!(!ids(&shop.fake.truth("ads")).contains(&id));
    assert!(ids(&shop.fake.truth_with_statuses("ads", &["ARCHIVED"])).contains(&id));
}

#[tokio::test]
async fn records_added_behind_a_bookmark_are_still_reached() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let first = shop.get("/boards?page_size=5").await;
    shop.fake.edit(|data| {
        data.upsert("boards", json!({"id": "77", "name": "late"}));
        assert!(data.remove("boards", ids(&first.items())[4]));
    });
    let later = shop.get(&format!("/boards?bookmark={}", first.bookmark().unwrap())).await;
    // One before the bookmark went away, so one behind it moved in front: what any list that changes does.
    assert_eq!(ids(&later.items()), ["77"]);
    assert_eq!(shop.get("/boards/77/pins").await.items(), Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn an_account_without_anything_is_served_too() {
    let none = Counts { ad_accounts: 1, campaigns: 0, boards: 0, catalogs: 0, ..Counts::SMALL };
    let shop = Shop::open(FakePinterest::builder().size(Size::Custom(none))).await;
    for path in [shop.first("campaigns"), shop.first("ads"), "/boards".into(), "/catalogs".into()] {
        let page = shop.get(&path).await;
        assert_eq!((page.items().len(), page.bookmark()), (0, None), "{path}");
    }
}
