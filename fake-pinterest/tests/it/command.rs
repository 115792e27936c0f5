//! The program, as a shell or another program starts it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use reqwest::Client;
use serde_json::{Value, json};

/// A running program, which ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fake-pinterest"));
    command.args(["--port", "0"]).args(arguments.split_whitespace());
    command
}

/// Starts the program and tells its URL, its access token and its config.
fn start(arguments: &str) -> (Program, [String; 3]) {
    let mut child = command(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let program = Program(child);
    let lines: Vec<String> = out.lines().take(3).map(Result::unwrap).collect();
    let starts = [
        "export PINTEREST_API_URL=",
        "export PINTEREST_ACCESS_TOKEN=",
        "# a config, which works until its refresh token is replaced: ",
    ];
    let told = [0, 1, 2].map(|line| lines[line].strip_prefix(starts[line]).unwrap().to_owned());
    (program, told)
}

#[tokio::test]
async fn its_options_are_those_of_the_builder() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().build().unwrap();
    let (_program, [url, token, config]) = start(
        "--size small --seed 7 --now 1795478400 --max-page-size 2 --empty-page-in-the-middle --max-listed-pins 1 \
         --daily-rows --restated-days 3 --refuse-batches-over 1:413 --slow-batches-over 99:1 --reports-at-once 0 \
         --scopes ads:read,boards:read,catalogs:read --token-lifetime 100 --expire-tokens-after 40 --keep-refresh-token \
         --rate-limit catalogs_read:0:9 --rate-limit org_analytics:0:9 --pretty \
         --documented-limits --overall-rate-limit 3:900",
    );
    let fake = fake_pinterest::FakePinterest::builder().seed(7).start().await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&config).unwrap(), fake.config());
    let control = url.replace("/v5", "/control");
    let door: Value =
        http.get(format!("{control}/truth/ads")).send().await.unwrap().text().await.unwrap().parse().unwrap();
    assert_eq!(door, Value::from(fake.truth("ads")));

    let get = async |path: &str| {
        let response = http.get(format!("{url}{path}")).bearer_auth(&token).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (_, boards) = get("/boards").await;
    assert!(boards.starts_with("{\n"), "{boards}");
    let boards: Value = boards.parse().unwrap();
    assert_eq!(boards["items"].as_array().unwrap().len(), 2);
    let bookmark: String =
        url::form_urlencoded::byte_serialize(boards["bookmark"].as_str().unwrap().as_bytes()).collect();
    let pause: Value = get(&format!("/boards?bookmark={bookmark}")).await.1.parse().unwrap();
    assert_eq!(pause["items"], json!([]));
    let account = door[0]["ad_account_id"].as_str().unwrap();
    let days = "start_date=2026-11-20&end_date=2026-11-21&granularity=DAY&columns=SPEND_IN_DOLLAR";
    assert_eq!(get(&format!("/ad_accounts/{account}/ads/analytics?ad_ids=1,2&{days}")).await.0, 413);
    assert_eq!(get("/catalogs").await.0, 429, "no request of this category");
    assert_eq!(get("/user_account").await.0, 401, "a scope that was not granted");
    assert_eq!(get("/boards").await.0, 429, "the fourth of all that can be served");
}

#[tokio::test]
async fn an_account_can_be_empty() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().build().unwrap();
    let (_program, [url, token, _]) = start("--size empty --rotate-refresh-token-once");
    for path in ["/ad_accounts", "/boards", "/catalogs"] {
        let response = http.get(format!("{url}{path}")).bearer_auth(&token).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), r#"{"items":[],"bookmark":null}"#, "{path}");
    }
}

#[test]
fn a_wrong_option_is_told() {
    for (arguments, told) in [
        ("--refuse-batches-over 3", "a colon is missing"),
        ("--refuse-batches-over 3:200", "not a status between 400 and 599"),
        ("--rate-limit ads_read:1:0", "would be zero"),
        ("--rate-limit ads_reed:1:1", "no rate category named ads_reed"),
        ("--overall-rate-limit 1:0", "would be zero"),
        ("--now 1795478400000", "is not in 0..=253402300799"),
        ("--max-page-size 0", "would be zero"),
        ("--keep-refresh-token --rotate-refresh-token-once", "cannot be used with"),
    ] {
        let output = command(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(told), "{arguments}: {error}");
    }
}

#[test]
fn the_long_help_has_the_control_door() {
    let help = |option| String::from_utf8(command(option).output().unwrap().stdout).unwrap();
    let long = help("--help");
    assert!(long.contains("POST   /control/faults") && long.contains("report/download"), "{long}");
    assert!(help("-h").contains("--help describes the control door"));
}
