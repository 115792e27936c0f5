//! Tokens: refreshed, rotated, handed to the platform, refused.

use airbyte_protocol::{FailureType, Message};
use connector_core::testing::Run;
use fake_pinterest::{Bearer, FakePinterest, Fault};
use serde_json::{Value, json};

use crate::connection::{Connection, assert_complete, in_order};
use crate::program::{Files, run_against};

fn position(run: &Run, test: impl Fn(&Message) -> bool) -> Option<usize> {
    run.messages.iter().position(test)
}

fn failure_types(run: &Run, stream: &str) -> Vec<FailureType> {
    let errors = run.messages.iter().filter_map(|message| match message {
        Message::Trace(trace) => trace.error.as_ref(),
        _ => None,
    });
    let of_stream =
        errors.filter(|error| error.stream_descriptor.as_ref().is_some_and(|of| of.name == stream));
    of_stream.filter_map(|error| error.failure_type.clone()).collect()
}

#[tokio::test]
async fn a_rotated_token_is_handed_over_before_any_record_and_serves_the_next_sync() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    let first = connection.config["credentials"]["refresh_token"].clone();
    let run = connection.sync(&["boards", "campaigns"]).await;
    let control = position(&run, |message| matches!(message, Message::Control(_))).unwrap();
    let record = position(&run, |message| matches!(message, Message::Record(_))).unwrap();
    assert!(control < record);
    let credentials = connection.config["credentials"].clone();
    assert_ne!(credentials["refresh_token"], first);
    assert_eq!(credentials["client_secret"], connection.fake.config()["credentials"]["client_secret"]);
    assert_eq!(credentials["refresh_token"], connection.fake.config()["credentials"]["refresh_token"]);
    assert_eq!(connection.fake.refreshes(), 1);

    // The access token handed over has not expired, so the second sync asks for none and hands none over.
    let run = connection.sync(&["boards"]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(position(&run, |message| matches!(message, Message::Control(_))), None);
    assert_eq!(connection.fake.refreshes(), 1);

    connection.config["credentials"]["token_expiry_date"] = json!("2026-01-01T00:00:00Z");
    assert!(connection.sync(&["boards"]).await.success);
    assert_eq!(connection.fake.refreshes(), 2);
}

#[tokio::test]
async fn a_refresh_that_keeps_its_token_does_not_bring_back_the_one_before() {
    // The token is rotated once, then kept: the answers to later refreshes have none.
    let fake = FakePinterest::builder().max_page_size(2).expire_tokens_after(20).rotate_refresh_token_once();
    let mut connection = Connection::to(fake).await;
    let first = connection.config["credentials"]["refresh_token"].clone();
    let run = connection.sync(&["campaigns", "board_pins"]).await;
    assert!(run.success && connection.fake.refreshes() > 1, "{:?}", run.errors());
    let kept = &connection.config["credentials"]["refresh_token"];
    assert_ne!(*kept, first);
    assert_eq!(*kept, connection.fake.config()["credentials"]["refresh_token"]);
}

#[tokio::test]
async fn the_old_config_shape_works_and_is_kept_whole() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    let Some(Value::Object(mut config)) = connection.config.remove("credentials") else {
        panic!("no credentials")
    };
    config.remove("auth_method");
    config.insert("start_date".into(), json!("2020-01-01"));
    connection.config = config;
    for _ in 0..2 {
        let run = connection.sync(&["boards"]).await;
        assert!(run.success, "{:?}", run.errors());
    }
    assert_eq!(connection.config["start_date"], "2020-01-01");
    assert_eq!(connection.config["credentials"]["refresh_token"], connection.config["refresh_token"]);
}

#[tokio::test]
async fn a_token_that_stops_working_in_the_middle_is_refreshed_and_no_row_is_lost() {
    let fake = FakePinterest::builder().max_page_size(2).expire_tokens_after(20);
    let mut connection = Connection::to(fake).await;
    let run = connection.sync(&["campaigns", "board_pins"]).await;
    assert!(run.success, "{:?}", run.errors());
    for stream in ["campaigns", "board_pins"] {
        assert_eq!(in_order(run.records(stream)), connection.truth(stream));
        assert_complete(&run, stream);
    }
    assert!(connection.fake.refreshes() > 1, "{}", connection.fake.refreshes());
    // Every new token reached the platform.
    let controls = run.messages.iter().filter(|message| matches!(message, Message::Control(_))).count();
    assert_eq!(controls, connection.fake.refreshes());
}

#[tokio::test]
async fn a_refused_refresh_token_is_for_the_user_to_mend_and_an_outage_is_not() {
    for (fault, expected) in [
        (Fault::on("oauth/token").for_ever().invalid_grant(), FailureType::ConfigError),
        (Fault::on("oauth/token").for_ever().invalid_client(), FailureType::ConfigError),
        (Fault::on("oauth/token").for_ever().status(401), FailureType::ConfigError),
        (Fault::on("oauth/token").for_ever().status(503), FailureType::TransientError),
    ] {
        let mut connection = Connection::to(FakePinterest::builder().fault(fault)).await;
        let run = connection.sync(&["boards"]).await;
        assert!(!run.success);
        assert_eq!(failure_types(&run, "boards"), [expected], "{:?}", run.errors());
    }
    // Whatever does not name the refusal is tried again.
    for status in [400, 401, 403, 429, 503] {
        let fault = Fault::on("oauth/token").times(2).status(status);
        let mut connection = Connection::to(FakePinterest::builder().fault(fault)).await;
        assert!(connection.sync(&["boards"]).await.success, "{status}");
    }
}

#[tokio::test]
async fn an_access_token_alone_is_enough_beside_an_app_that_is_not_whole() {
    let mut connection = Connection::to(FakePinterest::builder()).await;
    let token = connection.fake.access_token();
    connection.config["credentials"] = json!({"client_id": "1", "access_token": token});
    assert!(connection.sync(&["boards"]).await.success);
    assert_eq!(connection.fake.refreshes(), 0);
    assert!(connection.fake.requests().iter().all(|request| request.bearer == Bearer::Issued(0)));
}

#[tokio::test]
async fn a_missing_scope_is_for_the_user_to_mend() {
    let mut connection = Connection::to(FakePinterest::builder().scopes(["ads:read"])).await;
    let run = connection.sync(&["boards", "campaigns"]).await;
    assert_eq!(failure_types(&run, "boards"), [FailureType::ConfigError], "{:?}", run.errors());
    assert_complete(&run, "campaigns");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_the_program_but_in_the_config_it_hands_over() {
    let fake = FakePinterest::builder()
        .fault(Fault::on("boards/list").for_ever().status(401))
        .start()
        .await
        .unwrap();
    let files = Files::new();
    let config = files.write("config.json", fake.config().to_string());
    let catalog = files.catalog("boards", "full_refresh");
    let url = fake.url();
    let output = tokio::task::spawn_blocking(move || {
        run_against(&url, "read", &[("--config", &config), ("--catalog", &catalog)])
    });
    let output = output.await.unwrap();
    assert_eq!(output.code, Some(1));
    let secrets = ["client_secret", "refresh_token"].map(|key| fake.config()["credentials"][key].to_string());
    let secrets = [secrets.as_slice(), &[fake.access_token()]].concat();
    for line in output.lines.iter().filter(|line| line["type"] != "CONTROL") {
        for secret in &secrets {
            assert!(!line.to_string().contains(secret.trim_matches('"')), "{line}");
        }
    }
    assert!(secrets.iter().all(|secret| !output.stderr.contains(secret.trim_matches('"'))));
}

#[tokio::test]
async fn secrets_that_the_server_repeats_are_not_shown() {
    for operation in ["boards/list", "oauth/token"] {
        let mut connection = Connection::to(FakePinterest::builder()).await;
        let credentials = connection.config["credentials"].clone();
        let secrets =
            ["client_id", "client_secret", "refresh_token"].map(|key| credentials[key].as_str().unwrap());
        let body = json!({"code": 1, "message": format!("you sent {}", secrets.join(" and "))});
        connection.fake.add_fault(Fault::on(operation).for_ever().status_with_body(400, body));
        let run = connection.sync(&["boards"]).await;
        assert!(run.errors()[0].contains("you sent ***"), "{:?}", run.errors());
        let shown = run.messages.iter().filter(|message| !matches!(message, Message::Control(_)));
        let shown = format!("{:?}", shown.collect::<Vec<_>>());
        assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}
