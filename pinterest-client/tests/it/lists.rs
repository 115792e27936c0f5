//! Listings through the raw door.

use fake_pinterest::FakePinterest;
use pinterest_client::{Args, Auth, Category, Client, Endpoint, Items, Paging, endpoint};
use serde_json::Value;

use crate::Account;

fn in_order(mut records: Vec<Value>) -> Vec<Value> {
    records.sort_by_cached_key(Value::to_string);
    records
}

/// The listings whose records belong to an ad account or to nobody but the user.
const LISTINGS: &[(&str, Endpoint)] = &[
    ("boards", endpoint::BOARDS),
    ("ad_accounts", endpoint::AD_ACCOUNTS),
    ("catalogs", endpoint::CATALOGS),
    ("catalogs_feeds", endpoint::CATALOGS_FEEDS),
    ("catalogs_product_groups", endpoint::CATALOGS_PRODUCT_GROUPS),
    ("campaigns", endpoint::CAMPAIGNS),
    ("ad_groups", endpoint::AD_GROUPS),
    ("ads", endpoint::ADS),
    ("audiences", endpoint::AUDIENCES),
    ("conversion_tags", endpoint::CONVERSION_TAGS),
    ("customer_lists", endpoint::CUSTOMER_LISTS),
];

async fn read_all(account: &Account, endpoint: &Endpoint) -> Vec<Value> {
    if !endpoint.path.contains("{ad_account_id}") {
        return account.records(endpoint, Args::new()).await.unwrap();
    }
    let mut records = Vec::new();
    for ad_account in account.fake.truth("ad_accounts") {
        let args = Args::new().path("ad_account_id", ad_account["id"].as_str().unwrap());
        records.extend(account.records(endpoint, args).await.unwrap());
    }
    records
}

#[tokio::test]
async fn every_listing_brings_all_records_over_many_pages_and_an_empty_one() {
    for pretty in [false, true] {
        let fake = FakePinterest::builder().max_page_size(2).empty_page_in_the_middle();
        let account = Account::with(if pretty { fake.pretty() } else { fake }).await;
        for (stream, endpoint) in LISTINGS {
            let records = read_all(&account, endpoint).await;
            assert_eq!(in_order(records), in_order(account.fake.truth(stream)), "{stream}");
        }
        let requests = account.fake.requests();
        assert!(requests.iter().all(|request| request.planned && request.status == Some(200)));
    }
}

#[tokio::test]
async fn each_page_of_the_listing_is_asked_for_once_and_counts_against_its_own_budget() {
    let account = Account::with(FakePinterest::builder().max_page_size(2)).await;
    for (stream, endpoint) in LISTINGS {
        account.fake.clear_requests();
        read_all(&account, endpoint).await;
        let requests = account.fake.requests();
        let category = endpoint.category.as_str();
        assert!(requests.iter().all(|request| request.category == Some(category)), "{stream}");
        let mut asked: Vec<_> = requests.iter().map(|request| (&request.path, &request.query)).collect();
        let count = asked.len();
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), count, "{stream}");
    }
}

#[tokio::test]
async fn a_page_can_be_taken_up_by_its_bookmark() {
    let account = Account::with(FakePinterest::builder().max_page_size(2)).await;
    let list = account.client.list(&endpoint::BOARDS, Args::new());
    let first = list.page(None).await.unwrap();
    let second = list.page(first.bookmark.as_deref()).await.unwrap();
    let truth = account.fake.truth("boards");
    let read: Vec<Value> =
        first.items.iter().chain(&second.items).map(|item| serde_json::from_slice(item).unwrap()).collect();
    assert_eq!(read, truth[..4]);
}

#[tokio::test]
async fn an_endpoint_that_the_client_does_not_know_is_written_by_the_caller() {
    let account = Account::with(FakePinterest::builder()).await;
    let own = Endpoint {
        operation: "mine",
        path: "ad_accounts/{id}/campaigns",
        category: Category::AdsRead,
        items: Items::Field("items"),
        paging: Paging::Bookmark { page_size: None },
    };
    let id = account.fake.truth("ad_accounts")[0]["id"].as_str().unwrap().to_owned();
    let records = account.records(&own, Args::new().path("id", id)).await.unwrap();
    assert!(!records.is_empty());
    let unknown = Endpoint { path: "nowhere", ..own };
    let error = account.records(&unknown, Args::new()).await.unwrap_err();
    assert!(error.to_string().contains("to mine"), "{error}");
}

#[tokio::test]
async fn the_base_url_can_be_another_and_must_be_safe() {
    let fake = FakePinterest::builder().start().await.unwrap();
    let auth = || Auth::access_token(fake.access_token().into());
    let with_slash = format!("{}/", fake.url());
    let client = Client::builder().base_url(&with_slash).unwrap().auth(auth()).build().unwrap();
    let page = client.list(&endpoint::AD_ACCOUNTS, Args::new()).page(None).await.unwrap();
    assert_eq!(page.items.len(), fake.truth("ad_accounts").len());
    assert!(Client::builder().base_url("http://api.pinterest.com/v5").is_err());
    assert!(Client::builder().base_url(&fake.url()).unwrap().build().is_err(), "credentials are required");
}
