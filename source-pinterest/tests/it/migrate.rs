//! The command `migrate`: files of every version in, files of today out, and nothing written unless all is understood.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use chrono::{Days, NaiveTime, Utc};
use fake_pinterest::{Counts, FakePinterest, ReportStep, Size};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::connection::in_order;
use crate::program::{Output, discovered, run_against};

const SECRETS: [&str; 3] = ["hush-id", "hush-hush", "hush-too"];

/// A folder with the files of a connection.
struct Connection {
    folder: TempDir,
    config: &'static str,
}

/// What the program told.
struct Told {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// The files of a folder with their content.
type Content = BTreeMap<String, Vec<u8>>;

fn content(folder: &Path) -> Content {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = |path: std::path::PathBuf| {
        let content = if path.is_dir() { b"a folder".to_vec() } else { fs::read(&path).unwrap() };
        (path.file_name().unwrap().to_str().unwrap().to_owned(), content)
    };
    files.map(file).collect()
}

impl Connection {
    fn of(config: &Value, catalog: &Value, state: &str) -> Self {
        let connection = Self { folder: TempDir::new().unwrap(), config: "config.json" };
        connection.write("config.json", &config.to_string());
        connection.write("catalog.json", &catalog.to_string());
        connection.write("state.json", state);
        connection
    }

    /// As version 1 of the official connector had it.
    fn old() -> Self {
        Self::of(&old_config(), &old_catalog(), &old_state().to_string())
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    fn content(&self) -> Content {
        content(self.folder.path())
    }

    /// Migrates all three files.
    fn migrate(&self, way: &[&str]) -> Told {
        let files = ["--config", self.config, "--catalog", "catalog.json", "--state", "state.json"];
        self.run(&[&files, way].concat())
    }

    fn run(&self, arguments: &[&str]) -> Told {
        let mut program = Command::cargo_bin("source-pinterest").unwrap();
        program.current_dir(&self.folder).env_remove("RUST_LOG").arg("migrate").args(arguments);
        let output = program.output().unwrap();
        let told = Told {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in SECRETS {
            assert!(!told.stdout.contains(secret) && !told.stderr.contains(secret), "{secret}");
        }
        assert!(!told.stdout.contains(r#"{"type""#), "messages are not for people: {}", told.stdout);
        told
    }

    /// Reads all streams against a server, with the files in this folder.
    fn read(&self, url: &str, folder: &str) -> Output {
        let path = |name: &str| self.folder.path().join(folder).join(name);
        let flags = [("--config", "config.json"), ("--catalog", "catalog.json"), ("--state", "state.json")];
        let paths = flags.map(|(flag, name)| (flag, path(name)));
        let flags: Vec<_> = paths.iter().map(|(flag, path)| (*flag, path.as_path())).collect();
        run_against(url, "read", &flags)
    }
}

fn configured(name: &str, mode: &str) -> Value {
    let stream = json!({"name": name, "json_schema": {"properties": {"id": {"type": ["null", "string"]}}},
        "supported_sync_modes": ["full_refresh", "incremental"]});
    json!({"stream": stream, "sync_mode": mode, "destination_sync_mode": "append", "of tomorrow": {"a": 1}})
}

fn old_config() -> Value {
    json!({"start_date": "2026-09-01", "client_id": SECRETS[0], "client_secret": SECRETS[1], "refresh_token": SECRETS[2],
        "num_workers": 3,
        "custom_reports": [{"name": "mine", "level": "CAMPAIGN", "granularity": "DAY", "columns": ["CTR"],
            "click_window_days": [30], "view_window_days": 7}]})
}

fn old_catalog() -> Value {
    let boards = discovered().into_iter().find(|stream| stream["name"] == "boards").unwrap();
    json!({"streams": [
        {"stream": boards, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"},
        configured("campaigns", "incremental"),
        configured("advertizer_report", "incremental"),
        configured("advertiser_report", "incremental"),
        configured("zebras", "full_refresh"),
    ]})
}

fn old_state() -> Value {
    json!({"boards": {"__ab_full_refresh_state_message": true}, "campaigns": {"updated_time": 1_794_268_800},
        "advertizer_report": {"DATE": "2026-11-10"}, "zebras": {"stripes": 7}, "user_account_analytics": {"date": "2026-11-23"},
        "custom_mine": {"states": [{"partition": {"id": "549755885175", "parent_slice": {}}, "cursor": {"DATE": "2026-11-23"}},
            {"partition": {"id": "549755885176", "parent_slice": {}}, "cursor": {"DATE": "2026-11-22"}}]}})
}

#[test]
fn the_table_says_stream_by_stream_what_was_and_what_is_and_what_is_to_do() {
    let connection = Connection::old();
    let before = connection.content();
    let told = connection.migrate(&["--check"]);
    assert_eq!((told.code, connection.content()), (Some(0), before));
    assert!(told.stdout.lines().all(|line| line.chars().count() <= 120));
    insta::assert_snapshot!(told.stdout);
}

#[test]
fn files_are_replaced_and_kept_as_they_were() {
    let connection = Connection::old();
    let before = connection.content();
    let told = connection.migrate(&["--in-place"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    for name in ["config.json", "catalog.json", "state.json"] {
        assert_eq!(connection.content()[&format!("{name}.bak")], before[name], "{name}");
    }
    assert_eq!(connection.content().len(), 6);
    assert_eq!(
        connection.text("config.json"),
        serde_json::to_string_pretty(&json!({
            "start_date": "2026-09-01",
            "custom_reports": [{"name": "mine", "level": "CAMPAIGN", "granularity": "DAY", "columns": ["CTR"],
                "click_window_days": 30, "view_window_days": 7}],
            "credentials": {"auth_method": "oauth2.0", "client_id": SECRETS[0], "client_secret": SECRETS[1],
                "refresh_token": SECRETS[2]},
            "num_threads": 3,
        }))
        .unwrap()
            + "\n"
    );
    // What the source offers is that of today, all else that of before.
    let (catalog, known) = (connection.json("catalog.json"), discovered());
    let streams = catalog["streams"].as_array().unwrap();
    let names: Vec<_> = streams.iter().map(|stream| stream["stream"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["boards", "campaigns", "advertiser_report", "zebras"]);
    let mut before = old_catalog()["streams"].as_array().unwrap().clone();
    before.remove(3);
    for (stream, before) in streams.iter().zip(&before) {
        let offered = known.iter().find(|known| known["name"] == stream["stream"]["name"]);
        let offered = offered.unwrap_or(&before["stream"]);
        let offered: Map<_, _> = offered.as_object().unwrap().clone();
        let now = stream["stream"].as_object().unwrap().clone();
        let says = |key: &str, value: &Value| now.get(key) == Some(value) || *value == json!(false);
        assert!(offered.iter().all(|(key, value)| says(key, value)), "{}", stream["stream"]["name"]);
        for key in ["sync_mode", "destination_sync_mode", "of tomorrow"] {
            assert_eq!(stream.get(key), before.get(key));
        }
    }
    assert_eq!(connection.text("state.json").lines().count(), 2 + old_state().as_object().unwrap().len());

    let after = connection.content();
    let told = connection.migrate(&["--in-place"]);
    assert_eq!((told.code, connection.content()), (Some(0), after));
    assert_eq!(told.stdout.matches(": nothing changes").count(), 3, "{}", told.stdout);
    assert_eq!(told.stdout.matches("Left alone.").count(), 3, "{}", told.stdout);
}

#[test]
fn a_backup_is_never_replaced() {
    let connection = Connection::old();
    for (name, text) in
        [("config.json.bak", "first"), ("config.json.bak.1", "second"), ("state.json.bak", "")]
    {
        connection.write(name, text);
    }
    let before = connection.content();
    assert_eq!(connection.migrate(&["--in-place"]).code, Some(0));
    let after = connection.content();
    for name in ["config.json.bak", "config.json.bak.1", "state.json.bak"] {
        assert_eq!(after[name], before[name]);
    }
    assert_eq!(after["config.json.bak.2"], before["config.json"]);
    assert_eq!(after["state.json.bak.1"], before["state.json"]);
    assert_eq!(after.len(), 9);
}

#[test]
fn a_folder_gets_all_files_or_none() {
    let connection = Connection::old();
    let before = connection.content();
    let told = connection.migrate(&["--to", "made/for it"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let folder = connection.folder.path().join("made/for it");
    let made = content(&folder);
    assert_eq!(made.keys().collect::<Vec<_>>(), ["catalog.json", "config.json", "state.json"]);
    assert!(before.iter().all(|(name, text)| connection.content()[name] == *text));

    // Those of today are written as they are, to another folder only.
    assert_eq!(connection.migrate(&["--to", "again"]).code, Some(0));
    assert_eq!(content(&connection.folder.path().join("again")), made);
    fs::remove_file(folder.join("catalog.json")).unwrap();
    let kept = content(&folder);
    let told = connection.migrate(&["--to", "made/for it"]);
    assert_eq!((told.code, content(&folder)), (Some(1), kept));
    assert!(told.stderr.contains("made/for it/config.json is there already"), "{}", told.stderr);
}

#[test]
fn a_config_alone_is_migrated_in_one_of_three_ways() {
    let connection = Connection::old();
    assert_eq!(connection.run(&["--config", "config.json", "--in-place"]).code, Some(0));
    assert_eq!(connection.content().len(), 4);
    for way in [&["--check", "--in-place"][..], &[], &["--in-place", "--to", "x"]] {
        let told = connection.migrate(way);
        assert_eq!(told.code, Some(2), "{way:?}");
        assert!(told.stderr.contains("--in-place"), "{}", told.stderr);
    }
}

/// What is refused: which file holds what, and words of the message.
fn refusals() -> Vec<(&'static str, String, Vec<&'static str>)> {
    let config = |key: &str, value: Value| {
        let mut config = old_config();
        config[key] = value;
        config.to_string()
    };
    let state = |state: Value| json!({"campaigns": state}).to_string();
    vec![
        ("config.json", "{".into(), vec!["config.json", "line 1 column 1"]),
        ("config.json", "[]".into(), vec!["config.json", "is not a JSON object"]),
        ("config.json", config("num_workers", json!(41)), vec!["config.json", "`num_workers`", "41"]),
        (
            "config.json",
            config("client_secret", json!([SECRETS[1]])),
            vec!["`client_secret`", "a string in quotes"],
        ),
        ("config.json", config("credentials", json!(SECRETS[2])), vec!["`credentials`", "an object"]),
        (
            "config.json",
            config("custom_reports", json!([{"name": "x"}])),
            vec!["`custom_reports[0]`", "level"],
        ),
        ("catalog.json", String::new(), vec!["catalog.json", "line 1 column 0"]),
        ("catalog.json", "{}".into(), vec!["catalog.json", "`streams`"]),
        (
            "catalog.json",
            json!({"streams": discovered()}).to_string(),
            vec!["catalog.json", "`streams[0]`", "`stream`"],
        ),
        (
            "catalog.json",
            json!({"streams": [{"stream": {"name": 5}}]}).to_string(),
            vec!["catalog.json", "name"],
        ),
        ("state.json", String::new(), vec!["state.json", "empty"]),
        ("state.json", "[".into(), vec!["state.json", "line 1 column 1"]),
        ("state.json", "[5]".into(), vec!["state.json", "`[0]`"]),
        ("state.json", r#"{"zebras": {}}"#.into(), vec!["state.json", "no stream of this source", "zebras"]),
        (
            "state.json",
            state(json!({"updated_time": "soon"})),
            vec!["state.json", "campaigns", "`updated_time`", "soon"],
        ),
        (
            "state.json",
            state(json!({"states": [{"partition": {"id": "1"}}]})),
            vec!["campaigns", "`states[0]`", "cursor"],
        ),
        ("state.json", state(json!({"states": 5})), vec!["state.json", "stream campaigns", "`states`"]),
    ]
}

#[test]
fn what_is_not_understood_is_refused_and_nothing_is_written() {
    for (name, text, words) in refusals() {
        let connection = Connection::old();
        connection.write(name, &text);
        let before = connection.content();
        for way in [&["--check"][..], &["--in-place"], &["--to", "made/for it"]] {
            let told = connection.migrate(way);
            assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""), "{name} {text}");
            let error = told.stderr.lines().last().unwrap();
            assert!(error.starts_with("error: ") && !told.stderr.contains("panicked"), "{}", told.stderr);
            assert!(words.iter().all(|word| error.contains(word)), "{words:?}: {error}");
            assert_eq!(connection.content(), before, "{name} {text}");
        }
    }
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let connection = Connection::old();
    fs::write(connection.folder.path().join("binary.json"), b"{\"a\": \"\xff\"}").unwrap();
    let before = connection.content();
    for (file, word) in [("missing.json", "No such file"), (".", "directory"), ("binary.json", "UTF-8")] {
        for flag in ["--config", "--catalog", "--state"] {
            let mut arguments = vec![flag, file, "--in-place"];
            if flag != "--config" {
                arguments.extend(["--config", "config.json"]);
            }
            let told = connection.run(&arguments);
            assert_eq!(told.code, Some(1));
            let what = flag.trim_start_matches("--");
            assert!(
                told.stderr.contains(&format!("the {what} file {file} cannot be read: ")),
                "{}",
                told.stderr
            );
            assert!(told.stderr.contains(word), "{}", told.stderr);
        }
    }
    assert_eq!(connection.content(), before);
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let connection = Connection::old();
    let before = connection.content();
    for folder in ["config.json", "config.json/below", "/proc/nowhere"] {
        let told = connection.migrate(&["--to", folder]);
        assert_eq!(told.code, Some(1), "{folder}");
        assert!(
            told.stderr.contains("cannot be written") && told.stderr.contains("nothing was written"),
            "{}",
            told.stderr
        );
        assert_eq!(connection.content(), before);
    }
    let twice = connection.run(&["--config", "config.json", "--state", "./config.json", "--to", "x"]);
    assert_eq!(twice.code, Some(1));
    assert_eq!(connection.content(), before);
}

#[cfg(unix)]
#[test]
fn a_config_is_for_its_owner_and_other_files_keep_their_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let connection = Connection::old();
    let path = |name: &str| connection.folder.path().join(name);
    let set =
        |name: &str, mode: u32| fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
    set("config.json", 0o644);
    set("catalog.json", 0o664);
    set("state.json", 0o440);
    let mode = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(connection.migrate(&["--to", "x"]).code, Some(0));
    assert_eq!(connection.migrate(&["--in-place"]).code, Some(0));
    for place in ["x/", ""] {
        for (name, expected) in [("config.json", 0o600), ("catalog.json", 0o664), ("state.json", 0o440)] {
            assert_eq!(mode(&format!("{place}{name}")), expected, "{place}{name}");
        }
    }
    for (name, expected) in
        [("config.json.bak", 0o600), ("catalog.json.bak", 0o664), ("state.json.bak", 0o440)]
    {
        assert_eq!(mode(name), expected, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn what_a_link_leads_to_is_replaced_and_the_link_stays() {
    let mut connection = Connection::old();
    let path = |name: &str| connection.folder.path().join(name);
    let before = connection.content();
    fs::create_dir(path("kept")).unwrap();
    fs::rename(path("config.json"), path("kept/secret.json")).unwrap();
    std::os::unix::fs::symlink("kept/secret.json", path("link.json")).unwrap();
    connection.config = "link.json";
    assert_eq!(connection.migrate(&["--in-place"]).code, Some(0));
    let path = |name: &str| connection.folder.path().join(name);
    assert!(fs::symlink_metadata(path("link.json")).unwrap().is_symlink());
    let kept = content(&path("kept"));
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["secret.json", "secret.json.bak"]);
    assert_eq!(kept["secret.json.bak"], before["config.json"]);
    assert!(connection.json("link.json").get("num_threads").is_some());
}

/// The shapes in which versions of the official connector have written states, each with what they are today.
struct Version {
    name: &'static str,
    /// By the stream's name of that version.
    states: Vec<(&'static str, Value, Value)>,
}

fn days_ago(days: u64) -> String {
    (Utc::now().date_naive() - Days::new(days)).to_string()
}

fn seconds(day: &str) -> i64 {
    day.parse::<chrono::NaiveDate>().unwrap().and_time(NaiveTime::MIN).and_utc().timestamp()
}

fn entry(partition: &Value, cursor: &Value) -> Value {
    json!({"partition": partition, "cursor": cursor})
}

/// A state of today.
fn today(states: &Value, shared: Option<&Value>, lookback: u64) -> Value {
    let mut state = json!({"use_global_cursor": false, "states": states, "lookback_window": lookback, "parent_state": {}});
    if let Some(shared) = shared {
        state["state"] = shared.clone();
    }
    state
}

/// For two ad accounts and a campaign of the first.
fn versions(accounts: [&str; 2], campaign: &str) -> Vec<Version> {
    let (day, later) = (days_ago(12), days_ago(4));
    let (number, text) = (seconds(&day), seconds(&day).to_string());
    let [a, b] = accounts.map(|id| json!({"id": id, "parent_slice": {}}));
    let c = json!({"id": campaign, "parent_slice": a});
    let (date, dates) = (json!({"DATE": day}), json!({"DATE": later}));
    let updated = json!({"updated_time": text});
    let done = json!({"__ab_no_cursor_state_message": true});
    let nothing = today(&json!([]), None, 0);
    let for_all = |cursor: &Value| today(&json!([]), Some(cursor), 0);
    vec![
        Version {
            name: "1.x",
            states: vec![
                ("campaigns", json!({"updated_time": number}), for_all(&updated)),
                ("ad_groups", json!({"updated_time": number as f64}), for_all(&updated)),
                ("ads", json!({"updated_time": day}), for_all(&updated)),
                ("user_account_analytics", json!({"date": day}), json!({"date": day})),
                ("ad_account_analytics", date.clone(), for_all(&date)),
                ("campaign_analytics", json!({}), nothing.clone()),
                ("advertizer_report", date.clone(), for_all(&date)),
                ("boards", json!({"__ab_full_refresh_state_message": true}), done.clone()),
            ],
        },
        Version {
            name: "2.0.0",
            states: vec![
                (
                    "campaigns",
                    json!({"states": [entry(&a, &json!({"updated_time": number})), entry(&b, &json!({"updated_time": 0}))]}),
                    today(&json!([entry(&a, &updated), entry(&b, &json!({"updated_time": "0"}))]), None, 0),
                ),
                (
                    "campaign_analytics",
                    json!({"states": [entry(&c, &date)]}),
                    today(&json!([entry(&c, &date)]), None, 0),
                ),
                ("advertiser_report", date.clone(), for_all(&date)),
                ("boards", json!({}), json!({})),
            ],
        },
        Version {
            name: "2.1.8",
            states: vec![
                ("boards", json!({"next_page_token": "b2"}), json!({})),
                ("ad_accounts", json!({"__ab_full_refresh_sync_complete": true}), done.clone()),
                (
                    "board_sections",
                    json!({"states": [entry(&a, &json!({"__ab_full_refresh_sync_complete": true}))]}),
                    json!({}),
                ),
                ("ads", json!({"__ab_full_refresh_sync_complete": true}), nothing.clone()),
                (
                    "ad_account_analytics",
                    json!({"states": [entry(&b, &dates)]}),
                    today(&json!([entry(&b, &dates)]), None, 0),
                ),
            ],
        },
        Version {
            name: "2.1.12",
            states: vec![
                (
                    "campaigns",
                    today(&json!([entry(&a, &updated)]), Some(&updated), 61),
                    today(&json!([entry(&a, &updated)]), Some(&updated), 61),
                ),
                (
                    "ad_groups",
                    json!({"use_global_cursor": false, "lookback_window": 0,
                        "states": [entry(&json!({"id": accounts[0].parse::<u64>().unwrap(), "parent_slice": {}}), &updated)]}),
                    today(&json!([entry(&a, &updated)]), None, 0),
                ),
                (
                    "campaign_analytics",
                    json!({"use_global_cursor": true, "state": date, "lookback_window": 5, "parent_state": {}}),
                    today(&json!([]), Some(&date), 5),
                ),
                (
                    "ad_account_analytics",
                    today(
                        &json!([entry(&a, &date), entry(&json!({"id": "7", "parent_slice": {}}), &dates)]),
                        Some(&dates),
                        1,
                    ),
                    today(
                        &json!([entry(&a, &date), entry(&json!({"id": "7", "parent_slice": {}}), &dates)]),
                        Some(&dates),
                        1,
                    ),
                ),
                ("user_account_analytics", json!({"date": format!("{day}T00:00:00Z")}), json!({"date": day})),
                ("keywords", done.clone(), done),
            ],
        },
    ]
}

/// The forms that a file of states may have.
fn forms(states: &[(&'static str, Value, Value)]) -> Vec<String> {
    let streams: Vec<_> = states
        .iter()
        .map(|(name, state, _)| json!({"stream_descriptor": {"name": name, "namespace": null}, "stream_state": state}))
        .collect();
    let messages: Vec<_> = streams.iter().map(|stream| json!({"type": "STREAM", "stream": stream})).collect();
    let lines = messages.iter().map(|message| json!({"type": "STATE", "state": message}).to_string());
    let record =
        json!({"type": "RECORD", "record": {"stream": "boards", "data": {}, "emitted_at": 1}}).to_string();
    let map: Map<_, _> = states.iter().map(|(name, state, _)| ((*name).to_owned(), state.clone())).collect();
    let mut forms = vec![
        json!(messages).to_string(),
        serde_json::to_string_pretty(&messages).unwrap(),
        json!({"type": "GLOBAL", "global": {"stream_states": streams}}).to_string(),
        std::iter::once(record).chain(lines).collect::<Vec<_>>().join("\n"),
        json!(map).to_string(),
        json!([{"type": "LEGACY", "data": map}]).to_string(),
    ];
    if let [message] = &messages[..] {
        forms.push(message.to_string());
    }
    forms
}

#[test]
fn states_of_every_version_in_every_form_of_a_file_become_those_of_today() {
    for Version { name, states } in versions(["549755885175", "549755885176"], "626735565838") {
        let single = states.iter().map(std::slice::from_ref).map(forms).map(|forms| forms[6].clone());
        let all: Vec<_> = forms(&states).into_iter().map(|form| (form, &states[..])).collect();
        let single = single.zip(states.iter().map(std::slice::from_ref));
        for (form, states) in all.into_iter().chain(single) {
            let connection = Connection::of(&json!({}), &json!({"streams": []}), &form);
            let told = connection.migrate(&["--to", "now"]);
            assert_eq!(told.code, Some(0), "{name}: {}", told.stderr);
            let expected = states.iter().map(|(stream, _, now)| {
                let today = stream.replace("advertizer", "advertiser");
                json!({"type": "STREAM", "stream": {"stream_descriptor": {"name": today}, "stream_state": now}})
            });
            assert_eq!(connection.json("now/state.json"), Value::Array(expected.collect()), "{name}: {form}");
            assert_eq!(connection.text("now/state.json").lines().count(), states.len() + 2);
        }
    }
}

#[test]
fn the_advice_to_read_again_is_for_a_cursor_of_all_accounts_that_was_not_read_again() {
    let flat = json!({"campaigns": {"updated_time": 5}, "ads": {"updated_time": 5}, "keyword_report": {"DATE": "2026-11-10"}});
    let many = json!({"ad_groups": {"use_global_cursor": true, "state": {"updated_time": "5"}}});
    let each = json!({"campaigns": {"states": [{"partition": {"id": "1"}, "cursor": {"updated_time": 5}}], "state": {"updated_time": "5"}}});
    for (config, state, expected) in [
        (json!({}), &flat, 2),
        (json!({"reread_after_upgrade": true}), &flat, 0),
        (json!({}), &many, 1),
        (json!({}), &each, 0),
    ] {
        let connection = Connection::of(&config, &json!({"streams": []}), &state.to_string());
        for _ in 0..2 {
            let told = connection.migrate(&["--in-place"]);
            assert_eq!(told.stdout.matches("reread_after_upgrade").count(), expected, "{}", told.stdout);
        }
    }
}

/// The records of a run, by the names that streams have today.
fn records(output: &Output) -> Vec<Value> {
    assert_eq!(output.code, Some(0), "{:?}", output.errors());
    let records = output.lines.iter().filter(|line| line["type"] == "RECORD").map(|line| {
        let stream = line["record"]["stream"].as_str().unwrap().replace("advertizer", "advertiser");
        json!([stream, line["record"]["data"]])
    });
    in_order(records.collect())
}

/// The last state of each stream, but for what is a duration.
fn last_states(output: &Output) -> BTreeMap<String, Value> {
    let states = output.lines.iter().filter(|line| line["type"] == "STATE").map(|line| {
        let stream = &line["state"]["stream"];
        let name = stream["stream_descriptor"]["name"].as_str().unwrap().replace("advertizer", "advertiser");
        let mut state = stream["stream_state"].clone();
        state.as_object_mut().unwrap().shift_remove("lookback_window");
        if let Some(entries) = state.get_mut("states").and_then(Value::as_array_mut) {
            entries.sort_by_cached_key(Value::to_string);
        }
        (name, state)
    });
    states.collect()
}

/// What two syncs from the state of a version bring, one with its files and one with those that are made of them: their
/// records and their last states.
async fn syncs(version: usize) -> [(Vec<Value>, BTreeMap<String, Value>); 2] {
    let counts = Counts { ad_accounts: 2, campaigns: 6, ad_groups: 6, ads: 6, keywords: 4, ..Counts::SMALL };
    let fake = FakePinterest::builder().size(Size::Custom(counts)).now(Utc::now().timestamp()).daily_rows();
    let fake = fake.keep_refresh_token().start().await.unwrap();
    fake.script_every_report([ReportStep::Finished]);
    let accounts = fake.truth("ad_accounts");
    let [a, b] = [0, 1].map(|at| accounts[at]["id"].as_str().unwrap().to_owned());
    let campaigns = fake.truth("campaigns");
    let of_a = campaigns.iter().find(|campaign| campaign["ad_account_id"] == a.as_str()).unwrap();
    let states = versions([&a, &b], of_a["id"].as_str().unwrap()).remove(version).states;
    let mut config = fake.config();
    let credentials = config.as_object_mut().unwrap().shift_remove("credentials").unwrap();
    config.as_object_mut().unwrap().extend(credentials.as_object().unwrap().clone());
    config["num_workers"] = json!(2);
    config["start_date"] = json!(days_ago(20));
    let configured = states.iter().map(|(stream, _, now)| {
        let is_incremental = now.get("parent_state").or(now.get("date")).is_some();
        configured(stream, if is_incremental { "incremental" } else { "full_refresh" })
    });
    let catalog = json!({"streams": configured.collect::<Vec<_>>()});
    let connection = Connection::of(&config, &catalog, &forms(&states)[0]);
    let read = move || {
        assert_eq!(connection.migrate(&["--to", "now"]).code, Some(0));
        ["", "now"]
            .map(|folder| connection.read(&fake.url(), folder))
            .map(|run| (records(&run), last_states(&run)))
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_goes_on_from_migrated_files_as_from_those_of_before() {
    let names = versions(["1", "2"], "3").into_iter().map(|version| version.name);
    let all: Vec<_> = names.enumerate().map(|(version, name)| (name, tokio::spawn(syncs(version)))).collect();
    for (name, syncs) in all {
        let [before, after] = syncs.await.unwrap();
        assert!(!before.0.is_empty(), "{name}");
        assert_eq!(after, before, "{name}");
    }
}
