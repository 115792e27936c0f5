//! Each kind of bad input: one clear message and an exit code.

use serde_json::json;

use crate::program::{Files, Output, run};

fn assert_told(output: &Output, words: &[&str]) {
    assert_eq!(output.code, Some(1), "{:?}", output.lines);
    let errors = output.errors();
    assert!(words.iter().all(|word| errors[0].contains(word)), "{words:?} in {errors:?}");
    assert!(!output.lines.iter().any(|line| line.to_string().contains("hush")), "{:?}", output.lines);
}

#[test]
fn a_missing_file_is_named() {
    let files = Files::new();
    let output = run("discover", &[("--config", &files.path("nowhere.json"))]);
    assert_told(&output, &["config file", "nowhere.json", "cannot be read"]);
    let state = files.path("no-state.json");
    let output = run(
        "read",
        &[
            ("--config", &files.config()),
            ("--catalog", &files.catalog("boards", "full_refresh")),
            ("--state", &state),
        ],
    );
    assert_told(&output, &["state file", "no-state.json"]);
}

#[test]
fn broken_json_is_told_with_its_place() {
    let files = Files::new();
    let config = files.write("broken.json", "{\"credentials\": {\"client_secret\": \"hush\",\n}}");
    assert_told(&run("discover", &[("--config", &config)]), &["broken.json", "line 2 column 1"]);
}

#[test]
fn a_wrong_type_in_the_config_is_told_with_its_path() {
    for (config, path) in [
        (json!({"credentials": {"client_id": 5}}), "credentials.client_id"),
        (json!({"status": ["ACTIVE", "SLEEPING"]}), "status[1]"),
        (json!({"start_date": "1/2/2026"}), "start_date"),
    ] {
        let files = Files::new();
        let config = files.write("config.json", config.to_string());
        assert_told(&run("discover", &[("--config", &config)]), &["Config validation error", path]);
        let check = run("check", &[("--config", &config)]);
        let status = &check.lines[0]["connectionStatus"];
        assert_eq!((check.code, status["status"].as_str()), (Some(0), Some("FAILED")));
        assert!(status["message"].as_str().unwrap().contains(path), "{status}");
    }
}

#[test]
fn a_sign_in_that_is_not_whole_names_what_is_missing() {
    for (credentials, missing) in [
        (json!({}), "`client_id`, `client_secret`, `refresh_token`;"),
        (json!({"client_id": "1", "refresh_token": "hush"}), "`client_secret`;"),
        (json!({"client_id": "1", "client_secret": "hush", "refresh_token": ""}), "`refresh_token`;"),
    ] {
        let files = Files::new();
        let config = files.write("config.json", json!({"credentials": credentials}).to_string());
        let catalog = files.catalog("boards", "full_refresh");
        let read = run("read", &[("--config", &config), ("--catalog", &catalog)]);
        assert_told(&read, &["Config validation error", missing]);
        assert_eq!(read.errors().len(), 1, "said once");
        assert_eq!(run("discover", &[("--config", &config)]).lines[0]["type"], "CATALOG");
    }
}

#[test]
fn a_stream_or_mode_that_is_not_there_is_told() {
    let files = Files::new();
    for (stream, mode, word) in [
        ("ghosts", "full_refresh", "refresh the schema"),
        ("boards", "weekly", "full_refresh only"),
        ("ads", "weekly", "weekly"),
    ] {
        let output =
            run("read", &[("--config", &files.config()), ("--catalog", &files.catalog(stream, mode))]);
        assert_told(&output, &[stream, word]);
        let statuses: Vec<_> = output
            .lines
            .iter()
            .filter_map(|line| line["trace"]["stream_status"]["status"].as_str())
            .collect();
        assert_eq!(statuses, ["STARTED", "INCOMPLETE"]);
    }
}

#[test]
fn a_foreign_state_is_refused() {
    let files = Files::new();
    let catalog = files.catalog("campaigns", "incremental");
    let message = |state: serde_json::Value| {
        json!([{"type": "STREAM", "stream": {"stream_descriptor": {"name": "campaigns"}, "stream_state": state}}]).to_string()
    };
    for (state, word) in [
        ("{".to_owned(), "not valid JSON"),
        ("[5]".to_owned(), "neither a message nor a map"),
        (json!({"orders": {"cursor": "2020"}}).to_string(), "no stream of this source is in it, but orders"),
        (json!({"type": "FOO"}).to_string(), "unknown type FOO"),
        (message(json!({"position": 3})), "neither `updated_time` nor `states`"),
        (message(json!({"updated_time": "soon"})), "neither a time nor a date"),
    ] {
        let state = files.write("state.json", state);
        let output =
            run("read", &[("--config", &files.config()), ("--catalog", &catalog), ("--state", &state)]);
        assert_told(&output, &[word]);
    }
}

#[test]
fn unknown_arguments_are_told_with_the_usage() {
    let output = run("read", &[("--konfig", "x".as_ref())]);
    assert_eq!((output.code, output.lines.len()), (Some(2), 0));
    assert!(output.stderr.contains("--konfig") && output.stderr.contains("Usage"), "{}", output.stderr);
}

#[test]
fn the_version_is_that_of_the_program() {
    let output =
        assert_cmd::Command::cargo_bin("source-pinterest").unwrap().arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.trim_end(), concat!("source-pinterest ", env!("CARGO_PKG_VERSION")));
}
