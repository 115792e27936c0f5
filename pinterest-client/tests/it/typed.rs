//! The typed doors against the fake: every record is read, and nothing of it is lost on the way.

use std::fmt::Debug;

use fake_pinterest::FakePinterest;
use futures::TryStreamExt;
use pinterest_client::List;
use pinterest_client::ids::{AdAccountId, AdGroupId, BoardId, BoardSectionId};
use pinterest_client::model::EntityStatus;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Account;

impl Account {
    /// Three records a page and an empty page in the middle.
    async fn open() -> Self {
        Self::with(FakePinterest::builder().max_page_size(3).empty_page_in_the_middle()).await
    }

    fn ad_accounts(&self) -> Vec<AdAccountId> {
        self.ids("ad_accounts").into_iter().map(AdAccountId::from).collect()
    }

    fn ids(&self, stream: &str) -> Vec<String> {
        self.fake.truth(stream).iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Reads listings as types, writes the records again and compares them with what the fake holds.
    async fn assert_equal<T>(&self, stream: &str, lists: Vec<List<T>>)
    where
        T: DeserializeOwned + Serialize + Debug + Send + 'static,
    {
        let mut read = Vec::new();
        for list in lists {
            let items: Vec<T> = list.items().try_collect().await.unwrap();
            read.extend(items.into_iter().map(|item| without_nulls(serde_json::to_value(item).unwrap())));
        }
        let truth = self.fake.truth(stream).into_iter().map(without_nulls);
        assert_eq!(in_order(read), in_order(truth.collect()), "{stream}");
    }
}

/// Absent and null fields of a record are the same to a type.
fn without_nulls(mut record: Value) -> Value {
    record.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    sort_keys(&mut record);
    record
}

fn sort_keys(record: &mut Value) {
    record.as_object_mut().unwrap().sort_keys();
}

fn in_order(mut records: Vec<Value>) -> Vec<Value> {
    records.sort_by_cached_key(|record| record["id"].to_string());
    records
}

#[tokio::test]
async fn what_ad_accounts_hold_is_read_whole() {
    let account = Account::open().await;
    let client = &account.client;
    let ids = account.ad_accounts();
    account.assert_equal("ad_accounts", vec![client.ad_accounts().list()]).await;
    account.assert_equal("campaigns", ids.iter().map(|id| client.campaigns(id).list()).collect()).await;
    account.assert_equal("ad_groups", ids.iter().map(|id| client.ad_groups(id).list()).collect()).await;
    account.assert_equal("ads", ids.iter().map(|id| client.ads(id).list()).collect()).await;
    account.assert_equal("audiences", ids.iter().map(|id| client.audiences(id).list()).collect()).await;
    account
        .assert_equal("conversion_tags", ids.iter().map(|id| client.conversion_tags(id).list()).collect())
        .await;
    account
        .assert_equal("customer_lists", ids.iter().map(|id| client.customer_lists(id).list()).collect())
        .await;
    let ad_groups = || account.ids("ad_groups").into_iter().map(AdGroupId::from);
    let keywords = ids.iter().map(|id| client.keywords(id).of_ad_groups(ad_groups()));
    account.assert_equal("keywords", keywords.collect()).await;
}

#[tokio::test]
async fn what_the_user_holds_is_read_whole() {
    let account = Account::open().await;
    let client = &account.client;
    account.assert_equal("boards", vec![client.boards().list()]).await;
    account.assert_equal("catalogs", vec![client.catalogs().list()]).await;
    account.assert_equal("catalogs_feeds", vec![client.catalog_feeds().list()]).await;
    account.assert_equal("catalogs_product_groups", vec![client.catalog_product_groups().list()]).await;
    let boards: Vec<BoardId> = account.ids("boards").into_iter().map(BoardId::from).collect();
    account
        .assert_equal("board_sections", boards.iter().map(|id| client.board_sections(id).list()).collect())
        .await;
    account.assert_equal("board_pins", boards.iter().map(|id| client.board_pins(id).list()).collect()).await;
    let mut in_sections = Vec::new();
    for board in &boards {
        let sections: Vec<_> = client.board_sections(board).list().items().try_collect().await.unwrap();
        in_sections.extend(sections.iter().map(|section| client.board_pins(board).in_section(&section.id)));
    }
    account.assert_equal("board_section_pins", in_sections).await;
    assert_eq!(client.user_account().get().await.unwrap().username.as_deref(), Some("shop_ünique"));
}

#[tokio::test]
async fn options_choose_records() {
    let account = Account::open().await;
    let id = &account.ad_accounts()[0];
    let archived: Vec<_> = account
        .client
        .ads(id)
        .list()
        .entity_statuses([EntityStatus::Archived])
        .items()
        .try_collect()
        .await
        .unwrap();
    assert!(!archived.is_empty());
    assert!(archived.iter().all(|ad| ad.status == Some(EntityStatus::Archived)));
    let campaigns: Vec<_> = account.client.campaigns(id).list().items().try_collect().await.unwrap();
    let of_one = account.client.ads(id).list().campaign_ids([campaigns[0].id.clone()]);
    let of_one: Vec<_> = of_one.items().try_collect().await.unwrap();
    assert!(!of_one.is_empty() && of_one.len() < account.fake.truth("ads").len());
    assert!(of_one.iter().all(|ad| ad.campaign_id.as_ref() == Some(&campaigns[0].id)));
    let one = account.client.ad_accounts().get(id).await.unwrap();
    assert_eq!(&one.id, id);
    assert!(account.fake.requests().iter().all(|request| request.planned));
}

#[tokio::test]
async fn a_feed_does_not_show_its_password() {
    let account = Account::open().await;
    let feeds: Vec<_> = account.client.catalog_feeds().list().items().try_collect().await.unwrap();
    assert!(feeds.iter().any(|feed| feed.extra["credentials"]["password"].is_string()));
    assert!(!format!("{feeds:?}").contains("password"));
}

#[tokio::test]
async fn an_id_cannot_lead_out_of_its_path() {
    let account = Account::open().await;
    let board = BoardId::from("1/../../ad_accounts");
    let section = BoardSectionId::from("");
    assert!(account.client.board_sections(&board).list().page(None).await.is_err());
    assert!(account.client.board_pins(&board).in_section(&section).page(None).await.is_err());
    assert!(account.fake.requests().iter().all(|request| !request.path.ends_with("/ad_accounts")));
}
