//! Tokens that expire, rotate and are refused.

use std::sync::{Arc, Mutex};

use fake_pinterest::{Bearer, FakePinterest, Fault};
use futures::future::join_all;
use pinterest_client::{Args, BoxError, Error, Refusal, SecretString, TokenListener, Tokens, endpoint};

use crate::{Account, refresh};

async fn account(fake: fake_pinterest::Builder) -> Account {
    Account::set(fake, |builder, fake| builder.auth(refresh(fake))).await
}

async fn boards(account: &Account) -> Result<usize, Error> {
    account.records(&endpoint::BOARDS, Args::new()).await.map(|records| records.len())
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_is_renewed_and_no_record_is_missing() {
    let account = account(FakePinterest::builder().max_page_size(1).expire_tokens_after(3)).await;
    let truth = account.fake.truth("boards");
    assert!(truth.len() > 3);
    assert_eq!(account.records(&endpoint::BOARDS, Args::new()).await.unwrap(), truth);
    let refused = account.fake.requests().iter().filter(|request| request.status == Some(401)).count();
    assert_eq!(account.fake.refreshes(), refused + 1, "one at the start, then one for each refusal");
}

#[tokio::test]
async fn many_readers_share_each_renewal() {
    let account = account(FakePinterest::builder().max_page_size(1).expire_tokens_after(30)).await;
    let all = account.fake.truth("boards").len();
    for read in join_all((0..8).map(|_| boards(&account))).await {
        assert_eq!(read.unwrap(), all);
    }
    assert!(8 * all > 30, "no token expired");
    assert_eq!(account.fake.refreshes(), (8 * all).div_ceil(30));
}

#[tokio::test]
async fn a_fixed_token_that_expires_is_a_matter_of_authentication() {
    let account = Account::with(FakePinterest::builder().max_page_size(1).expire_tokens_after(3)).await;
    let error = boards(&account).await.unwrap_err();
    assert!(error.is_authentication(), "{error:?}");
    assert_eq!((account.fake.refreshes(), account.asked("boards/list")), (0, 4));
}

#[derive(Default)]
struct Vault(Mutex<Vec<Tokens>>);

#[async_trait::async_trait]
impl TokenListener for Vault {
    async fn refreshed(&self, tokens: &Tokens) -> Result<(), BoxError> {
        self.0.lock().unwrap().push(tokens.clone());
        Ok(())
    }
}

#[tokio::test]
async fn rotated_tokens_that_were_saved_sign_in_the_next_program() {
    let vault = Arc::new(Vault::default());
    let account = Account::set(FakePinterest::builder(), |builder, fake| {
        builder.auth(refresh(fake).listener(Arc::clone(&vault) as _))
    })
    .await;
    boards(&account).await.unwrap();
    let saved = vault.0.lock().unwrap().pop().unwrap();
    let rotated: &SecretString = saved.refresh_token.as_ref().unwrap();
    let shown = format!("{saved:?}");
    assert!(!shown.contains(secret(rotated)) && !shown.contains(secret(&saved.access_token)), "{shown}");
    assert_eq!(account.fake.config()["credentials"]["refresh_token"], secret(rotated));

    // The access token of the first program still works in the second.
    let auth = refresh(&account.fake).cached(saved.access_token.clone(), saved.expires_at);
    let builder = pinterest_client::Client::builder().base_url(&account.fake.url()).unwrap();
    let second = builder.auth(auth).build().unwrap();
    second.list(&endpoint::BOARDS, Args::new()).page(None).await.unwrap();
    assert_eq!(account.fake.refreshes(), 1);
    assert_eq!(account.fake.requests().last().unwrap().bearer, Bearer::Issued(1));
}

fn secret(secret: &SecretString) -> &str {
    use secrecy::ExposeSecret;
    secret.expose_secret()
}

#[tokio::test]
async fn refused_credentials_are_final_and_a_token_server_that_fails_is_tried_again() {
    let token = || Fault::on("oauth/token");
    let refused = account(FakePinterest::builder().fault(token().invalid_grant().for_ever())).await;
    let error = boards(&refused).await.unwrap_err();
    let Error::Auth(refusal) = &error else { panic!("{error:?}") };
    assert!(matches!(**refusal, Refusal::RefreshToken { .. }), "{refusal}");
    assert_eq!(refused.asked("oauth/token"), 1);

    let refused = account(FakePinterest::builder().fault(token().invalid_client().for_ever())).await;
    let error = boards(&refused).await.unwrap_err();
    let Error::Auth(refusal) = &error else { panic!("{error:?}") };
    assert!(matches!(**refusal, Refusal::App { .. }), "{refusal}");
    assert_eq!(refused.asked("oauth/token"), 1);

    for fault in [
        token().times(2).status(503),
        token().times(2).reset_connection(),
        token().times(2).without_access_token(),
        token().without_expires_in(),
    ] {
        let what = format!("{fault:?}");
        let account = account(FakePinterest::builder().keep_refresh_token().fault(fault)).await;
        let read = boards(&account).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(read, account.fake.truth("boards").len(), "{what}");
    }
}
