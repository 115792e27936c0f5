//! Who may ask, for how long, and how a new token is got.

use std::time::Duration;

use fake_pinterest::{Bearer, Builder, FakePinterest};
use reqwest::RequestBuilder;
use serde_json::Value;

use super::{Reply, Shop, send};

async fn open(change: impl FnOnce(Builder) -> Builder) -> Shop {
    Shop::open(change(FakePinterest::builder())).await
}

fn credentials(shop: &Shop) -> [String; 3] {
    let config = shop.fake.config();
    ["client_id", "client_secret", "refresh_token"]
        .map(|name| config["credentials"][name].as_str().unwrap().to_owned())
}

/// A request for a new token with this form; the client is the right one.
fn token_request(shop: &Shop, form: &[(&str, &str)]) -> RequestBuilder {
    let [client_id, client_secret, _] = credentials(shop);
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    shop.http.post(shop.fake.url() + "/oauth/token").basic_auth(client_id, Some(client_secret)).body(form)
}

async fn refresh(shop: &Shop, refresh_token: &str) -> Reply {
    send(token_request(shop, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])).await
}

async fn get_with(shop: &Shop, token: &Value) -> u16 {
    let boards = shop.http.get(shop.fake.url() + "/boards").bearer_auth(token.as_str().unwrap());
    send(boards).await.status
}

#[tokio::test]
async fn a_request_without_a_good_token_is_refused() {
    let shop = open(|builder| builder).await;
    let boards = || shop.http.get(shop.fake.url() + "/boards");
    let token = shop.fake.access_token();
    for (request, bearer) in [
        (boards(), Bearer::Absent),
        (boards().bearer_auth("pina_wrong"), Bearer::Unknown),
        (boards().bearer_auth(token.clone() + "0"), Bearer::Unknown),
        (boards().basic_auth("user", Some(&token)), Bearer::Absent),
        (boards().header("authorization", token.clone()), Bearer::Absent),
    ] {
        let reply = send(request).await;
        assert_eq!((reply.status, reply.code()), (401, 2));
        assert_eq!(shop.fake.requests().pop().unwrap().bearer, bearer);
    }
    assert_eq!(send(boards().bearer_auth(token)).await.status, 200);
}

#[tokio::test]
async fn a_token_ends_after_so_many_requests_and_a_refresh_gives_another() {
    let shop = open(|builder| builder.expire_tokens_after(2)).await;
    assert_eq!(shop.statuses("/boards").await, [200, 200, 401, 401]);
    let [_, _, refresh_token] = credentials(&shop);
    let token = refresh(&shop, &refresh_token).await.json()["access_token"].clone();
    let mut statuses = [0; 3];
    for status in &mut statuses {
        *status = get_with(&shop, &token).await;
    }
    assert_eq!(statuses, [200, 200, 401]);
    assert_eq!(shop.fake.requests().pop().unwrap().bearer, Bearer::Issued(1));
    assert_eq!(shop.fake.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_with_its_lifetime() {
    let shop = open(|builder| builder.token_lifetime(3_600)).await;
    tokio::time::advance(Duration::from_secs(3_500)).await;
    assert_eq!(shop.get("/boards").await.status, 200);
    tokio::time::advance(Duration::from_secs(100)).await;
    let reply = shop.get("/boards").await;
    assert_eq!((reply.status, reply.code()), (401, 2));
    let [_, _, refresh_token] = credentials(&shop);
    let answer = refresh(&shop, &refresh_token).await.json();
    assert_eq!(answer["expires_in"], 3_600);
    assert_eq!(get_with(&shop, &answer["access_token"]).await, 200);
}

#[tokio::test]
async fn a_refresh_replaces_the_refresh_token() {
    let shop = open(|builder| builder).await;
    let [_, _, first] = credentials(&shop);
    let answer = refresh(&shop, &first).await.json();
    let [_, _, second] = credentials(&shop);
    assert_ne!(first, second);
    assert_eq!(answer["refresh_token"], second);
    assert_eq!(answer["token_type"], "bearer");
    assert!(answer["expires_in"].is_u64() && answer["refresh_token_expires_in"].is_u64());
    assert_eq!(get_with(&shop, &answer["access_token"]).await, 200);
    assert_eq!(shop.get("/boards").await.status, 200, "the older access token is still good");

    let refused = refresh(&shop, &first).await;
    assert_eq!((refused.status, refused.code()), (400, 283));
    assert!(refused.text.contains("invalid_grant"), "{}", refused.text);
    assert_eq!(shop.fake.refreshes(), 1, "a refusal is no refresh");
    assert_eq!(refresh(&shop, &second).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_can_be_kept() {
    let shop = open(Builder::keep_refresh_token).await;
    let [_, _, refresh_token] = credentials(&shop);
    for _ in 0..2 {
        let answer = refresh(&shop, &refresh_token).await;
        assert_eq!((answer.status, answer.json().get("refresh_token")), (200, None));
    }
    assert_eq!(shop.fake.refreshes(), 2);
}

#[tokio::test]
async fn only_the_right_client_and_grant_get_a_token() {
    let shop = open(|builder| builder).await;
    let [client_id, client_secret, refresh_token] = credentials(&shop);
    let path = shop.fake.url() + "/oauth/token";
    let form = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    let post = || shop.http.post(&path).body(form.clone());
    for request in [
        post(),
        post().basic_auth(&client_id, Some("wrong")),
        post().basic_auth("1", Some(&client_secret)),
        post().bearer_auth(shop.fake.access_token()),
    ] {
        assert_eq!(send(request).await.status, 401);
    }
    for (form, status) in [
        (vec![("grant_type", "refresh_token"), ("refresh_token", "pinr_wrong")], 400),
        (vec![("grant_type", "refresh_token")], 400),
        (vec![("grant_type", "authorization_code"), ("code", "1")], 500),
        (vec![], 500),
    ] {
        assert_eq!(send(token_request(&shop, &form)).await.status, status, "{form:?}");
    }
    assert!(!shop.fake.requests().pop().unwrap().planned);
    assert_eq!(shop.fake.refreshes(), 0);
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_named_as_such() {
    let shop = open(|builder| builder.scopes(["ads:read", "boards:read"])).await;
    let board = shop.fake.truth("boards")[0]["id"].as_str().unwrap().to_owned();
    for (path, status) in [
        ("/ad_accounts", 200),
        ("/boards", 200),
        // A list of pins needs two scopes.
        (&format!("/boards/{board}/pins"), 401),
        ("/catalogs", 401),
        ("/user_account", 401),
    ] {
        let reply = shop.get(path).await;
        assert_eq!(reply.status, status, "{path}");
        assert!(status == 200 || reply.code() == 3, "{path}: {}", reply.text);
    }
}

#[tokio::test]
async fn the_seed_decides_data_and_tokens() {
    let [one, same, other] =
        [open(|b| b).await, open(|b| b.seed(1)).await, open(|builder| builder.seed(2)).await];
    assert_eq!(one.get("/boards").await.text, same.get("/boards").await.text);
    assert_ne!(one.get("/boards").await.text, other.get("/boards").await.text);
    assert_eq!(one.fake.access_token(), same.fake.access_token());
    assert_ne!(one.fake.access_token(), other.fake.access_token());
    assert_ne!(credentials(&one), credentials(&other));
}
