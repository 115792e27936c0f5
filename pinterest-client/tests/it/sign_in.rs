//! Tokens that expire, rotate and are refused.

use std::sync::{Arc, Mutex};

use fake_pinterest::{Bearer, FakePinterest, Fault};
use futures::future::join_all;
use pinterest_client::{Args, BoxError, Error, Refusal, SecretString, TokenListener, Tokens, endpoint};

use crate::{Session, refresh};

async fn session(fake: fake_pinterest::Builder) -> Session {
    Session::set(fake, |builder, fake| builder.auth(refresh(fake))).await
}

async fn boards(session: &Session) -> Result<usize, Error> {
    session.records(&endpoint::BOARDS, Args::new()).await.map(|records| records.len())
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_is_renewed_and_no_record_is_missing() {
    let session = session(FakePinterest::builder().max_page_size(1).expire_tokens_after(3)).await;
    let truth = session.fake.truth("boards");
    assert!(truth.len() > 3);
    assert_eq!(session.records(&endpoint::BOARDS, Args::new()).await.unwrap(), truth);
    let refused = session.fake.requests().iter().filter(|request| request.status == Some(401)).count();
    assert_eq!(session.fake.refreshes(), refused + 1, "one at the start, then one for each refusal");
}

#[tokio::test]
async fn many_readers_share_each_renewal() {
    let session = session(FakePinterest::builder().max_page_size(1).expire_tokens_after(30)).await;
    let all = session.fake.truth("boards").len();
    for read in join_all((0..8).map(|_| boards(&session))).await {
        assert_eq!(read.unwrap(), all);
    }
    assert!(8 * all > 30, "no token expired");
    assert_eq!(session.fake.refreshes(), (8 * all).div_ceil(30));
}

#[tokio::test]
async fn a_fixed_token_that_expires_is_a_matter_of_authentication() {
    let session = Session::with(FakePinterest::builder().max_page_size(1).expire_tokens_after(3)).await;
    let error = boards(&session).await.unwrap_err();
    assert!(error.is_authentication(), "{error:?}");
    assert_eq!((session.fake.refreshes(), session.asked("boards/list")), (0, 4));
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
    let session = Session::set(FakePinterest::builder(), |builder, fake| {
        builder.auth(refresh(fake).listener(Arc::clone(&vault) as _))
    })
    .await;
    boards(&session).await.unwrap();
    let saved = vault.0.lock().unwrap().pop().unwrap();
    let rotated: &SecretString = saved.refresh_token.as_ref().unwrap();
    let shown = format!("{saved:?}");
    assert!(!shown.contains(secret(rotated)) && !shown.contains(secret(&saved.access_token)), "{shown}");
    assert_eq!(session.fake.config()["credentials"]["refresh_token"], secret(rotated));

    // The access token of the first program still works in the second.
    let auth = refresh(&session.fake).cached(saved.access_token.clone(), saved.expires_at);
    let builder = pinterest_client::Client::builder().base_url(&session.fake.url()).unwrap();
    let second = builder.auth(auth).build().unwrap();
    second.list(&endpoint::BOARDS, Args::new()).page(None).await.unwrap();
    assert_eq!(session.fake.refreshes(), 1);
    assert_eq!(session.fake.requests().last().unwrap().bearer, Bearer::Issued(1));
}

fn secret(secret: &SecretString) -> &str {
    use secrecy::ExposeSecret;
    secret.expose_secret()
}

#[tokio::test]
async fn refused_credentials_are_final_and_a_token_server_that_fails_is_tried_again() {
    let token = || Fault::on("oauth/token");
    let refused = session(FakePinterest::builder().fault(token().invalid_grant().for_ever())).await;
    let error = boards(&refused).await.unwrap_err();
    let Error::Auth(refusal) = &error else { panic!("{error:?}") };
    assert!(matches!(**refusal, Refusal::RefreshToken { .. }), "{refusal}");
    assert_eq!(refused.asked("oauth/token"), 1);

    let refused = session(FakePinterest::builder().fault(token().invalid_client().for_ever())).await;
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
        let session = session(FakePinterest::builder().keep_refresh_token().fault(fault)).await;
        let read = boards(&session).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(read, session.fake.truth("boards").len(), "{what}");
    }
}
