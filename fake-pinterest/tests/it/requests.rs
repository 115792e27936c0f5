//! What the server tells of the requests it was asked, and what it does with one it was not written for.

use fake_pinterest::{Bearer, FakePinterest};

use super::{Shop, send, with};

#[tokio::test]
async fn a_path_nobody_planned_is_a_loud_error() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let account = &shop.ad_accounts()[0];
    for path in ["/pins", "/ad_accounts/", &format!("/ad_accounts/{account}/leads"), "/boards/"] {
        let reply = shop.get(path).await;
        assert_eq!(reply.status, 500, "{path}");
        assert!(reply.text.contains(&format!("no answer to this: /v5{path}")), "{}", reply.text);
    }
    let post = shop.http.post(shop.fake.url() + "/boards").bearer_auth(shop.fake.access_token());
    assert_eq!(send(post).await.status, 500);
    let requests = shop.fake.requests();
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|request| !request.planned && request.operation.is_none()), "{requests:?}");
}

#[tokio::test]
async fn a_parameter_nobody_planned_is_a_loud_error() {
    let shop = Shop::open(FakePinterest::builder()).await;
    for (path, parameter) in [
        ("/boards", "order=ASCENDING"),
        ("/boards", "privacy=PUBLIC"),
        ("/user_account", "page_size=1"),
        (&shop.first("campaigns"), "ad_ids=1"),
        (&shop.first("conversion_tags"), "page_size=25"),
        (&shop.first("audiences"), "entity_statuses=ACTIVE"),
    ] {
        let reply = shop.get(&with(path, parameter)).await;
        assert_eq!(reply.status, 500, "{path} {parameter}");
        let name = parameter.split('=').next().unwrap();
        assert!(reply.text.contains(&format!("parameter {name} of")), "{}", reply.text);
        let last = shop.fake.requests().pop().unwrap();
        assert!(!last.planned && last.operation.is_some(), "{last:?}");
    }
}

#[tokio::test]
async fn requests_are_kept_in_order_with_what_they_asked() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let campaigns = shop.first("campaigns");
    shop.get(&with(&campaigns, "entity_statuses=ACTIVE%2CPAUSED&page_size=5")).await;
    shop.get("/boards?page_size=0").await;
    let requests = shop.fake.requests();
    let told: Vec<_> = requests
        .iter()
        .map(|request| (request.order, request.operation, request.category, request.status, request.planned))
        .collect();
    assert_eq!(
        told,
        [
            (0, Some("campaigns/list"), Some("ads_read"), Some(200), true),
            (1, Some("boards/list"), Some("org_read"), Some(400), true)
        ]
    );
    let first = &requests[0];
    assert_eq!((first.method.as_str(), first.bearer), ("GET", Bearer::Issued(0)));
    assert_eq!(first.path, format!("/v5{campaigns}"));
    assert_eq!(first.query, "entity_statuses=ACTIVE%2CPAUSED&page_size=5");
}

#[tokio::test]
async fn the_list_can_be_cleared_and_keeps_counting() {
    let shop = Shop::open(FakePinterest::builder()).await;
    shop.get("/boards").await;
    shop.fake.clear_requests();
    assert!(shop.fake.requests().is_empty());
    shop.get("/boards").await;
    assert_eq!(shop.fake.requests()[0].order, 1);
}

#[tokio::test]
async fn no_token_is_shown_by_what_can_be_printed() {
    let shop = Shop::open(FakePinterest::builder()).await;
    shop.get("/boards").await;
    let printed = format!("{:?} {:?} {:?}", shop.fake, shop.fake.requests(), FakePinterest::builder());
    let credentials = shop.fake.config()["credentials"].clone();
    for secret in [
        shop.fake.access_token().as_str(),
        credentials["refresh_token"].as_str().unwrap(),
        credentials["client_secret"].as_str().unwrap(),
    ] {
        assert!(secret.len() > 16 && !printed.contains(secret), "{printed}");
    }
}
