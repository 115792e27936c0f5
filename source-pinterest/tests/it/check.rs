//! What `check` says, as the program says it.

use std::sync::Arc;

use airbyte_protocol::{ConnectionState, Message};
use connector_core::testing;
use fake_pinterest::{FakePinterest, Fault, OddBody, RateLimitForm};
use serde_json::{Value, json};
use source_pinterest::Pinterest;

use crate::connection::impatient;
use crate::program::{Files, Output, run, run_against};

async fn check(fake: &FakePinterest, config: &Value) -> Output {
    let (url, config) = (fake.url(), config.to_string());
    let checked = tokio::task::spawn_blocking(move || {
        let files = Files::new();
        run_against(&url, "check", &[("--config", &files.write("config.json", config))])
    });
    checked.await.unwrap()
}

/// The one answer of a check: whether it succeeded, and its message.
fn answer(output: &Output) -> (bool, String) {
    assert_eq!(output.code, Some(0), "{:?}", output.lines);
    let mut answers = output.lines.iter().filter(|line| line["type"] == "CONNECTION_STATUS");
    let status = &answers.next().unwrap()["connectionStatus"];
    assert!(answers.next().is_none());
    (status["status"] == "SUCCEEDED", status["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_with_any_permission_succeeds_and_its_new_token_is_handed_over() {
    let fake = FakePinterest::builder().scopes(["user_accounts:read"]).start().await.unwrap();
    let output = check(&fake, &fake.config()).await;
    assert!(answer(&output).0, "{:?}", output.lines);
    assert_eq!(output.lines[0]["type"], "CONTROL");
    assert_eq!(
        output.lines[0]["control"]["connectorConfig"]["config"]["credentials"]["refresh_token"],
        fake.config()["credentials"]["refresh_token"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_fail_and_say_what_to_do() {
    let fake = FakePinterest::builder().start().await.unwrap();
    for (key, word) in [("client_secret", "`client_secret`"), ("refresh_token", "sign in again")] {
        let mut config = fake.config();
        config["credentials"][key] = json!("wrong");
        let (succeeded, message) = answer(&check(&fake, &config).await);
        assert!(!succeeded);
        assert!(message.contains(word) && !message.contains("wrong"), "{key}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_one_call_fails_with_its_reason() {
    for (status, word) in [(403, "permission"), (401, "sign in again")] {
        let fault = Fault::on("user_account/get").for_ever().status(status);
        let fake = FakePinterest::builder().fault(fault).start().await.unwrap();
        let (succeeded, message) = answer(&check(&fake, &fake.config()).await);
        assert!(!succeeded && message.contains(word), "{status}: {message}");
    }
}

/// A check without the waits of the program.
async fn impatient_check(url: String, config: &Value) -> (ConnectionState, String) {
    let source = Pinterest { base_url: Some(url), retry: Some(impatient()), ..Pinterest::default() };
    let files = Files::new();
    let config = files.write("config.json", config.to_string());
    let arguments = ["check", "--config", config.to_str().unwrap()];
    let clock = Arc::new(|| "2026-11-24T00:00:00Z".parse().unwrap());
    let run = testing::command(&source, &arguments, clock).await;
    let answer = run.messages.into_iter().find_map(|message| match message {
        Message::ConnectionStatus(status) => Some((status.status, status.message.unwrap_or_default())),
        _ => None,
    });
    answer.unwrap()
}

#[tokio::test]
async fn a_200_that_is_no_account_is_no_success() {
    for body in [OddBody::Html, OddBody::Empty, OddBody::Null, OddBody::Array] {
        let fault = Fault::on("user_account/get").for_ever().body(body);
        let fake = FakePinterest::builder().fault(fault).start().await.unwrap();
        let (status, message) = impatient_check(fake.url(), &fake.config()).await;
        assert_eq!(status, ConnectionState::Failed, "{body:?}");
        assert!(message.contains("user_account"), "{message}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_no_success() {
    let fault = Fault::on("user_account/get").for_ever().rate_limit(RateLimitForm::Code8);
    let fake = FakePinterest::builder().fault(fault).start().await.unwrap();
    let (status, message) = impatient_check(fake.url(), &fake.config()).await;
    assert_eq!(status, ConnectionState::Failed);
    assert!(message.contains("rate limit"), "{message}");
}

#[tokio::test]
async fn a_network_that_is_down_is_told() {
    // Nobody listens on port 1.
    let (status, message) = impatient_check("http://127.0.0.1:1/v5".into(), &crate::program::config()).await;
    assert_eq!(status, ConnectionState::Failed);
    assert!(message.contains("127.0.0.1") || message.contains("connect"), "{message}");
    assert!(!message.contains("hush"), "{message}");
}

#[test]
fn an_address_that_is_none_is_told() {
    let files = Files::new();
    let output = run_against("ftp://x", "check", &[("--config", &files.config())]);
    let (succeeded, message) = answer(&output);
    assert!(!succeeded && message.contains("PINTEREST_API_URL") && message.contains("https://"), "{message}");
    // Nobody is asked before the arguments are right.
    assert_eq!(run("check", &[]).code, Some(2));
}
