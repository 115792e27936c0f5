//! A state that cannot be understood is refused as a whole, with the place in it, before anything is read: a stream that
//! went on without its state would be read anew, or leave out what it never read.

use std::fs;
use std::path::Path;

use chrono::{Days, Utc};
use fake_pinterest::FakePinterest;
use serde_json::{Value, json};

use crate::program::{Files, Output, run_against};

/// Is read beside the stream whose state is malformed.
const BESIDE: &str = "boards";

/// Files that are no JSON: what each is called, what it holds, and a word that the message must have.
const TEXTS: &[(&str, &str, &str)] = &[
    ("an empty file", "", "empty"),
    ("white space only", " \n\t\n", "empty"),
    ("no JSON", "the state", "line 1 column"),
    ("zeros that a crash left", "\0\0\0\0", "line 1 column 1"),
    ("cut off", "[\n{\"type\": \"STREAM\", \"stream\": {\"stream_descr", "line 2 column"),
    ("a comma too many", "[\n{\"type\": \"STREAM\"},\n]", "line 3 column 1"),
    ("a bracket too many", "[]]", "line 1 column 3"),
    ("quotes of another language", "{'campaigns': {'updated_time': 1}}", "line 1 column 2"),
    ("no number of JSON", "{\"campaigns\":\n {\"updated_time\": NaN}}", "line 2 column"),
];

/// Files whose JSON is no state of the protocol: what each is called, the file, the path of what is wrong, and other words
/// that the message must have.
const MESSAGES: &str = r##"
a number | 5 | `.`
a text | "campaigns" | `.`
a truth value | true | `.`
a list of numbers | [5] | `[0]`
a list in a list | [[{"type": "STREAM"}]] | `[0]`
a message that is null | [null] | `[0]`
a message without its stream | [{"type": "STREAM"}] | `[0]` | missing field `stream`
a second message without its stream | [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "campaigns"}, "stream_state": {}}}, {"type": "STREAM"}] | `[1]` | missing field `stream`
a stream that is a text | [{"type": "STREAM", "stream": "campaigns"}] | `[0].stream`
a stream without a descriptor | [{"type": "STREAM", "stream": {"stream_state": {"updated_time": 1}}}] | `[0].stream` | missing field `stream_descriptor`
a descriptor that is a text | [{"type": "STREAM", "stream": {"stream_descriptor": "campaigns", "stream_state": {}}}] | `[0].stream.stream_descriptor`
a descriptor without a name | [{"type": "STREAM", "stream": {"stream_descriptor": {"namespace": null}, "stream_state": {}}}] | `[0].stream.stream_descriptor` | missing field `name`
a name that is a number | [{"type": "STREAM", "stream": {"stream_descriptor": {"name": 5}, "stream_state": {}}}] | `[0].stream.stream_descriptor.name`
a name that is null | [{"type": "STREAM", "stream": {"stream_descriptor": {"name": null}, "stream_state": {}}}] | `[0].stream.stream_descriptor.name`
two states in one message | [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "campaigns"}, "stream_state": {"updated_time": 1}, "stream_state": {}}}] | `[0].stream` | `stream_state`
a message alone whose name is no text | {"type": "STREAM", "stream": {"stream_descriptor": {"name": []}, "stream_state": {}}} | `stream.stream_descriptor.name`
a STATE line without a state | {"type": "STATE"} | `.` | missing field `state`
a STATE line without a stream | {"type": "STATE", "state": {"type": "STREAM"}} | `state` | missing field `stream`
a second message without a type | [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "ads"}, "stream_state": {}}}, {"stream": {"stream_descriptor": {"name": "campaigns"}, "stream_state": {"updated_time": 1}}}] | `[1]` | `type`
an unknown type | [{"type": "FOO"}] | `[0].type` | FOO
a type that is a number | [{"type": 5, "stream": {}}] | `[0].type`
GLOBAL without its part | [{"type": "GLOBAL"}] | `[0]` | missing field `global`
GLOBAL without streams | [{"type": "GLOBAL", "global": {"shared_state": {}}}] | `[0].global` | missing field `stream_states`
GLOBAL with streams that are no list | [{"type": "GLOBAL", "global": {"stream_states": {"campaigns": {"updated_time": 1}}}}] | `[0].global.stream_states`
GLOBAL with a stream that is a text | [{"type": "GLOBAL", "global": {"stream_states": [{"stream_descriptor": {"name": "ads"}}, "campaigns"]}}] | `[0].global.stream_states[1]`
GLOBAL with a stream without a descriptor | [{"type": "GLOBAL", "global": {"stream_states": [{"stream_state": {}}]}}] | `[0].global.stream_states[0]` | missing field `stream_descriptor`
LEGACY without its part | [{"type": "LEGACY"}] | `[0]` | missing field `data`
LEGACY with a list | [{"type": "LEGACY", "data": [1]}] | `[0].data`
LEGACY with a number | [{"type": "LEGACY", "data": {"campaigns": 5}}] | `[0].data.campaigns`
a map to a number | {"boards": {}, "campaigns": 1794268800} | `campaigns`
a map to a list | {"campaigns": [{"updated_time": 1}]} | `campaigns`
a map with a stream twice | {"campaigns": {"updated_time": 1}, "campaigns": {}} | `.` | `campaigns` & twice
"##;

/// States that are none of their stream: what each is called, the stream, its state, the path of what is wrong, and other
/// words that the message must have.
const STATES: &str = r##"
# The whole
a list | campaigns | [{"updated_time": 1}] | `.`
a number | campaigns | 1794268800 | `.`
a truth value | campaigns | true | `.`
JSON as a text | campaigns | "{\"updated_time\": 1}" | `.`
no key that is known | campaigns | {"position": 3} | `.` | `updated_time` & `position`
the key of another stream | ad_account_analytics | {"updated_time": 1} | `.` | `DATE` & `updated_time`
a key in other letters | user_account_analytics | {"DATE": "2026-11-01"} | `.` | `date` & `DATE`
# One cursor
a word | campaigns | {"updated_time": "soon"} | `updated_time` | "soon" is neither a time nor a date
an empty text | campaigns | {"updated_time": ""} | `updated_time` | neither a time nor a date
true | campaigns | {"updated_time": true} | `updated_time` | neither a time nor a date
an object | campaigns | {"updated_time": {"value": 1}} | `updated_time` | neither a time nor a date
a list of one | campaigns | {"updated_time": [1794268800]} | `updated_time` | neither a time nor a date
no end | campaigns | {"updated_time": "inf"} | `updated_time` | neither a time nor a date
no number | campaigns | {"updated_time": "NaN"} | `updated_time` | neither a time nor a date
after all time | campaigns | {"updated_time": 1e300} | `updated_time` | neither a time nor a date
nanoseconds | campaigns | {"updated_time": 1794268800000000000} | `updated_time` | neither a time nor a date
half a character | campaigns | {"updated_time": "\ud800"} | `updated_time`
a day of the week | ad_account_analytics | {"DATE": "Monday"} | `DATE` | neither a time nor a date
a day that no month has | ad_account_analytics | {"DATE": "2026-02-30"} | `DATE` | neither a time nor a date
a day in another order | campaign_analytics | {"DATE": "24/11/2026"} | `DATE` | neither a time nor a date
a day cut off | user_account_analytics | {"date": "2026-11"} | `date` | neither a time nor a date
a cursor twice | campaigns | {"updated_time": 1, "updated_time": 2} | `.` | `updated_time` & twice
one for all and one for each | campaigns | {"updated_time": 1, "states": []} | `.` | `updated_time` & `states`
# The list
no list | campaigns | {"states": {"1": {"updated_time": 1}}} | `states`
a number for the list | campaigns | {"states": 5} | `states`
a text for the list | campaigns | {"states": "[]"} | `states`
the list twice | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": {"updated_time": 1}}], "states": []} | `.` | `states` & twice
an entry that is a text | campaigns | {"states": ["1"]} | `states[0]`
an entry that is null | campaigns | {"states": [null]} | `states[0]`
an entry that is a list | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": {"updated_time": 1}}, [{"id": "2"}, {"updated_time": 1}]]} | `states[1]`
no partition | campaigns | {"states": [{"cursor": {"updated_time": 1}}]} | `states[0]` | missing field `partition`
no cursor | campaigns | {"states": [{"partition": {"id": "1", "parent_slice": {}}}]} | `states[0]` | missing field `cursor`
an empty entry | campaign_analytics | {"states": [{}]} | `states[0]` | missing field `partition`
a partition twice | campaigns | {"states": [{"partition": {"id": "1"}, "partition": {"id": "2"}, "cursor": {"updated_time": 1}}]} | `states[0]` | `partition` & twice
two cursors in an entry | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": {"updated_time": 1}, "cursor": {"updated_time": 2}}]} | `states[0]` | `cursor` & twice
# Partitions
a partition that is null | campaigns | {"states": [{"partition": null, "cursor": {"updated_time": 1}}]} | `states[0].partition`
a partition that is a text | campaigns | {"states": [{"partition": "1", "cursor": {"updated_time": 1}}]} | `states[0].partition`
a partition that is a list | campaigns | {"states": [{"partition": ["1"], "cursor": {"updated_time": 1}}]} | `states[0].partition`
a partition without keys | campaigns | {"states": [{"partition": {}, "cursor": {"updated_time": 1}}]} | `states[0].partition` | `id`
a partition with a parent only | campaigns | {"states": [{"partition": {"parent_slice": {}}, "cursor": {"updated_time": 1}}]} | `states[0].partition` | `id`
a second partition without an id | ad_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}}, {"partition": {"name": "2"}, "cursor": {"DATE": "2026-11-01"}}]} | `states[1].partition` | `id`
an id that is null | campaigns | {"states": [{"partition": {"id": null, "parent_slice": {}}, "cursor": {"updated_time": 1}}]} | `states[0].partition` | `id`
an id that is a truth value | campaigns | {"states": [{"partition": {"id": false}, "cursor": {"updated_time": 1}}]} | `states[0].partition` | `id`
an id that is an object | campaigns | {"states": [{"partition": {"id": {"id": "1"}}, "cursor": {"updated_time": 1}}]} | `states[0].partition` | `id`
an id that is a list | campaign_analytics | {"states": [{"partition": {"id": ["1"]}, "cursor": {"DATE": "2026-11-01"}}]} | `states[0].partition` | `id`
an id twice | campaigns | {"states": [{"partition": {"id": "1", "id": "2"}, "cursor": {"updated_time": 1}}]} | `states[0].partition` | `id` & twice
a key that divides another stream | campaigns | {"states": [{"partition": {"id": "1", "account": "2"}, "cursor": {"updated_time": 1}}]} | `states[0].partition` | `account`
a parent that is a number | campaigns | {"states": [{"partition": {"id": "1", "parent_slice": 3}, "cursor": {"updated_time": 1}}]} | `states[0].partition.parent_slice`
a parent that is a text | campaign_analytics | {"states": [{"partition": {"id": "1", "parent_slice": "2"}, "cursor": {"DATE": "2026-11-01"}}]} | `states[0].partition.parent_slice`
a parent that is a list | campaign_analytics | {"states": [{"partition": {"id": "1", "parent_slice": [{"id": "2"}]}, "cursor": {"DATE": "2026-11-01"}}]} | `states[0].partition.parent_slice`
a parent without an id | campaign_analytics | {"states": [{"partition": {"id": "1", "parent_slice": {"name": "2"}}, "cursor": {"DATE": "2026-11-01"}}]} | `states[0].partition` | `id`
a parent of what has none | campaigns | {"states": [{"partition": {"id": "1", "parent_slice": {"id": "2", "parent_slice": {}}}, "cursor": {"updated_time": 1}}]} | `states[0].partition` | `parent_slice`
a parent of the parent | campaign_analytics | {"states": [{"partition": {"id": "1", "parent_slice": {"id": "2", "parent_slice": {"id": "3"}}}, "cursor": {"DATE": "2026-11-01"}}]} | `states[0].partition` | `parent_slice`
two parents | campaign_analytics | {"states": [{"partition": {"id": "1", "parent_slice": {"id": "2"}, "parent_slice": {"id": "3"}}, "cursor": {"DATE": "2026-11-01"}}]} | `states[0].partition` | `parent_slice` & twice
a partition of what has none | user_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"date": "2026-11-01"}}]} | `states[0].partition` | as a whole
# Cursors of partitions
a cursor that is null | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": null}]} | `states[0].cursor`
a cursor that is a number | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": 1794268800}]} | `states[0].cursor`
a cursor that is a list | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": [{"updated_time": 1}]}]} | `states[0].cursor`
a cursor of another stream | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}}]} | `states[0].cursor` | `updated_time` & `DATE`
a cursor that is a word | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": {"updated_time": "soon"}}]} | `states[0].cursor.updated_time` | "soon" is neither a time nor a date
a cursor that is true | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": {"updated_time": true}}]} | `states[0].cursor.updated_time` | neither a time nor a date
a later cursor that is a word | campaign_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}}, {"partition": {"id": "2"}, "cursor": {"DATE": "today"}}]} | `states[1].cursor.DATE` | "today" is neither a time nor a date
a value twice | campaigns | {"states": [{"partition": {"id": "1"}, "cursor": {"updated_time": 1, "updated_time": 2}}]} | `states[0].cursor` | `updated_time` & twice
# Beside the list
a shared cursor that is a number | campaigns | {"states": [], "state": 1794268800} | `state`
a shared cursor of another stream | campaign_analytics | {"states": [], "state": {"updated_time": 1}} | `state` | `DATE` & `updated_time`
a shared cursor that is a word | campaign_analytics | {"use_global_cursor": true, "state": {"DATE": "soon"}, "lookback_window": 1} | `state.DATE` | "soon" is neither a time nor a date
the shared cursor twice | campaigns | {"states": [], "state": {"updated_time": 1}, "state": {"updated_time": 2}} | `.` | `state` & twice
use_global_cursor as a text | campaigns | {"use_global_cursor": "false", "states": []} | `use_global_cursor`
use_global_cursor as a number | campaigns | {"use_global_cursor": 1, "state": {"updated_time": 1}} | `use_global_cursor`
state_is_for_all as a text | campaigns | {"states": [], "state": {"updated_time": 1}, "state_is_for_all": "yes"} | `state_is_for_all`
lookback_window as a text | campaigns | {"states": [], "lookback_window": "1"} | `lookback_window` | seconds
a lookback into the future | campaigns | {"states": [], "lookback_window": -5} | `lookback_window` | seconds
half a second back | campaigns | {"states": [], "lookback_window": 1.5} | `lookback_window` | seconds
back before all time | campaigns | {"states": [], "lookback_window": 1e300} | `lookback_window` | seconds
back further than is counted | campaigns | {"states": [], "lookback_window": 99999999999999999999} | `lookback_window` | seconds
lookback_window as a truth value | campaigns | {"states": [], "lookback_window": true} | `lookback_window` | seconds
parent_state as a list | campaigns | {"states": [], "parent_state": []} | `parent_state`
# Beside a cursor
settled on no day | ad_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "settled": "soon"}]} | `states[0].settled`
settled on a number | ad_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "settled": 20}]} | `states[0].settled`
settled on no day beside the only cursor | user_account_analytics | {"date": "2026-11-01", "settled": true} | `settled`
settled twice | ad_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "settled": "2026-10-01", "settled": "2026-10-02"}]} | `states[0]` | `settled` & twice
kept that is no list | ad_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "kept": "token"}]} | `states[0].kept`
kept of no window | ad_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "kept": [5]}]} | `states[0].kept[0]`
kept from no day on | ad_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "kept": [{"start": 1, "end": "2026-11-02", "on": "2026-11-03", "value": "x"}]}]} | `states[0].kept[0].start`
kept of a window that ends before it starts | ad_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "kept": [{"start": "2026-11-02", "end": "2026-11-01", "on": "2026-11-03", "value": "x"}]}]} | `states[0].kept[0]` | 2026-11-02 & 2026-11-01
kept without what was kept | ad_account_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "kept": [{"start": "2026-11-01", "end": "2026-11-02", "on": "2026-11-03"}]}]} | `states[0].kept[0]` | missing field `value`
closed that is no list | campaign_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "closed": {"start": "2026-11-01"}}]} | `states[0].closed`
closed without the day | campaign_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "closed": [{"start": "2026-11-01", "end": "2026-11-02", "newest": null}]}]} | `states[0].closed[0]` | missing field `on`
a second closed window that ends before it starts | campaign_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "closed": [{"start": "2026-11-01", "end": "2026-11-02", "on": "2026-11-03"}, {"start": "2026-11-02", "end": "2026-11-01", "on": "2026-11-03"}]}]} | `states[0].closed[1]` | 2026-11-02 & 2026-11-01
rows of no day | campaign_analytics | {"states": [{"partition": {"id": "1"}, "cursor": {"DATE": "2026-11-01"}, "closed": [{"start": "2026-11-01", "end": "2026-11-02", "on": "2026-11-03", "newest": "never"}]}]} | `states[0].closed[0].newest`
"##;

/// The rows of a table in text, cell by cell.
fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = table.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    rows.map(|row| row.split(" | ").collect())
}

/// The words in the last cell of a row, which may be left out.
fn words<'a>(cell: Option<&&'a str>) -> Vec<&'a str> {
    cell.map(|cell| cell.split(" & ").collect()).unwrap_or_default()
}

/// A server that serves every read, and the files of the reads.
struct Trial {
    fake: FakePinterest,
    files: Files,
}

impl Trial {
    async fn start() -> Self {
        // Whoever reads in spite of a malformed state finds records.
        let fake = FakePinterest::builder().daily_rows().now(Utc::now().timestamp()).start().await.unwrap();
        Self { fake, files: Files::new() }
    }

    /// Reads these streams from the state in this file.
    fn read(&self, streams: &[&str], state: &Path) -> Output {
        let configured: Vec<_> = streams
            .iter()
            .map(|name| {
                let mode = if *name == BESIDE { "full_refresh" } else { "incremental" };
                let stream = json!({"name": name, "json_schema": {}, "supported_sync_modes": [mode]});
                json!({"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"})
            })
            .collect();
        let catalog = self.files.write("catalog.json", json!({"streams": configured}).to_string());
        // A refresh token is good for one sign-in.
        let config = self.files.write("config.json", self.fake.config().to_string());
        self.fake.clear_requests();
        run_against(
            &self.fake.url(),
            "read",
            &[("--config", &config), ("--catalog", &catalog), ("--state", state)],
        )
    }

    /// What of a read of these streams is not as it must be when a state is refused, with a message that names this place
    /// and has these words.
    fn objections(&self, streams: &[&str], state: &Path, place: &str, words: &[&str]) -> Vec<String> {
        let output = self.read(streams, state);
        let mut objections = Vec::new();
        let mut must = |is_so: bool, objection: String| {
            if !is_so {
                objections.push(objection);
            }
        };
        must(output.code == Some(1), format!("exit code {:?}", output.code));
        for kind in ["RECORD", "STATE"] {
            let count = output.lines.iter().filter(|line| line["type"] == kind).count();
            must(count == 0, format!("{count} {kind} lines"));
        }
        let error = output.lines.iter().map(|line| &line["trace"]["error"]).find(|error| error.is_object());
        let error = error.unwrap_or(&Value::Null);
        let message = error["message"].as_str().unwrap_or_default();
        let words = std::iter::once(place).chain(words.iter().copied());
        let missing: Vec<_> = words.filter(|word| !message.contains(word)).collect();
        must(missing.is_empty(), format!("not {missing:?} in {message:?}"));
        must(error["failure_type"] == "config_error", format!("failure type {}", error["failure_type"]));
        for stream in streams {
            let statuses = statuses(&output, stream);
            must(statuses == ["STARTED", "INCOMPLETE"], format!("{stream} is {statuses:?}"));
        }
        let panics = output.lines.iter().map(Value::to_string).chain([output.stderr.clone()]);
        must(!panics.into_iter().any(|text| text.contains("panicked")), "a panic".to_owned());
        let asked: Vec<_> = self.fake.requests().into_iter().map(|request| request.path).collect();
        must(asked.iter().all(|path| path.ends_with("/oauth/token")), format!("it asked for {asked:?}"));
        objections
    }
}

fn days_ago(days: u64) -> String {
    (Utc::now().date_naive() - Days::new(days)).to_string()
}

fn statuses<'a>(output: &'a Output, stream: &str) -> Vec<&'a str> {
    let statuses = output.lines.iter().map(|line| &line["trace"]["stream_status"]);
    let of_stream = statuses.filter(|status| status["stream_descriptor"]["name"] == stream);
    of_stream.filter_map(|status| status["status"].as_str()).collect()
}

fn records(output: &Output, stream: &str) -> usize {
    output.lines.iter().filter(|line| line["record"]["stream"] == stream).count()
}

/// The message that holds the state of a stream. Put together as text, for a map cannot hold a key twice.
fn message(stream: &str, state: &str) -> String {
    format!(
        r#"{{"type": "STREAM", "stream": {{"stream_descriptor": {{"name": "{stream}"}}, "stream_state": {state}}}}}"#
    )
}

/// Fails with all kinds that were not refused as they must be.
fn assert_refused(objections: &[(String, Vec<String>)]) {
    let wrong: Vec<_> = objections.iter().filter(|(_, objections)| !objections.is_empty()).collect();
    let told: Vec<_> =
        wrong.iter().map(|(kind, wrong)| format!("{kind}\n    {}", wrong.join("\n    "))).collect();
    assert!(told.is_empty(), "{} of {} kinds:\n{}", told.len(), objections.len(), told.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_state_is_refused_with_the_place() {
    let trial = Trial::start().await;
    let refused = |name: &str, state: &Path, place: &str, words: &[&str]| {
        (name.to_owned(), trial.objections(&["campaigns", BESIDE], state, place, words))
    };
    let mut objections = Vec::new();
    for (name, text, word) in TEXTS {
        let state = trial.files.write("state.json", text);
        objections.push(refused(name, &state, "the state file ", &[word]));
    }
    for row in rows(MESSAGES) {
        let state = trial.files.write("state.json", row[1]);
        let place = format!("the state file cannot be used: {}: ", row[2]);
        objections.push(refused(row[0], &state, &place, &words(row.get(3))));
    }
    let foreign = trial.files.write("state.json", r#"{"orders": {"cursor": "2020"}}"#);
    let (place, words) = ("the state file cannot be used: ", ["no stream of this source", "orders"]);
    objections.push(refused("the state of another source", &foreign, place, &words));
    let binary = trial.files.path("binary.json");
    fs::write(&binary, b"{\"campaigns\": {\"updated_time\": \"\xff\xfe\"}}").unwrap();
    objections.push(refused("no text", &binary, "the state file", &["binary.json", "UTF-8"]));
    let folder = trial.files.path("folder.json");
    fs::create_dir(&folder).unwrap();
    objections.push(refused("a folder", &folder, "the state file", &["folder.json", "cannot be read"]));
    assert_refused(&objections);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_none_of_its_stream_is_refused_with_the_path() {
    let trial = Trial::start().await;
    let refused = |row: Vec<&str>| {
        let (name, stream) = (row[0], row[1]);
        let state = trial.files.write("state.json", format!("[{}]", message(stream, row[2])));
        let (place, whose) = (format!("cannot be used: {}: ", row[3]), format!("stream {stream}"));
        let words = [words(row.get(4)), vec!["the saved state", &whose]].concat();
        (format!("{stream}: {name}"), trial.objections(&[stream, BESIDE], &state, &place, &words))
    };
    let objections: Vec<_> = rows(STATES).map(refused).collect();
    assert_refused(&objections);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_state_is_refused_in_every_form_of_a_file() {
    let trial = Trial::start().await;
    let stream = |name: &str, cursor: Value| json!({"stream_descriptor": {"name": name}, "stream_state": {"updated_time": cursor}});
    let message = |stream: Value| json!({"type": "STREAM", "stream": stream});
    let (good, bad) = (stream("ads", json!(1)), stream("campaigns", json!("soon")));
    let line = |stream: &Value| json!({"type": "STATE", "state": message(stream.clone())});
    let map = json!({"ads": good["stream_state"], "campaigns": bad["stream_state"]});
    let forms = [
        ("a list", json!([message(good.clone()), message(bad.clone())]).to_string()),
        ("a message alone", message(bad.clone()).to_string()),
        ("lines of an earlier run", format!("{}\n{}\n", line(&good), line(&bad))),
        ("a map", map.to_string()),
        ("LEGACY", json!([{"type": "LEGACY", "data": map}]).to_string()),
        ("GLOBAL", json!({"type": "GLOBAL", "global": {"stream_states": [good, bad]}}).to_string()),
    ];
    let words = ["the saved state", "stream campaigns", r#""soon""#];
    let refused = |(name, text): &(&str, String)| {
        let state = trial.files.write("state.json", text);
        let place = "cannot be used: `updated_time`: ";
        ((*name).to_owned(), trial.objections(&["ads", "campaigns", BESIDE], &state, place, &words))
    };
    let objections: Vec<_> = forms.iter().map(refused).collect();
    assert_refused(&objections);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_whole_is_read_from() {
    let trial = Trial::start().await;
    let (day, today) = (days_ago(5), days_ago(0));
    for (stream, state) in [
        ("campaigns", json!({"updated_time": 1})),
        (
            "campaigns",
            json!({
                "use_global_cursor": false,
                "states": [{"partition": {"id": 1, "parent_slice": {}}, "cursor": {"updated_time": "1"}}],
                "state": {"updated_time": "1"},
                "lookback_window": 1,
                "parent_state": {},
                "state_is_for_all": true,
            }),
        ),
        // Official connectors write an empty cursor before the first sync has ended.
        ("campaigns", json!({"use_global_cursor": false, "state": {}, "states": [], "lookback_window": 0})),
        ("ad_account_analytics", json!({"DATE": day})),
        (
            "campaign_analytics",
            json!({"states": [{
                "partition": {"id": "1", "parent_slice": {"id": "2", "parent_slice": {}}},
                "cursor": {"DATE": day},
                "settled": day,
                "kept": [{"start": day, "end": day, "on": today, "value": "x"}],
                "closed": [{"start": day, "end": day, "on": today, "newest": null}],
            }]}),
        ),
        ("user_account_analytics", json!({"date": day})),
    ] {
        let file = trial.files.write("state.json", format!("[{}]", message(stream, &state.to_string())));
        let output = trial.read(&[stream, BESIDE], &file);
        assert_eq!(output.code, Some(0), "{stream}: {:?}", output.errors());
        for stream in [stream, BESIDE] {
            assert!(records(&output, stream) > 0, "{stream}");
            assert_eq!(statuses(&output, stream), ["STARTED", "RUNNING", "COMPLETE"], "{stream}");
        }
        // What looks for refusals sees that this is none, by every sign but the panic.
        let objections = trial.objections(&[stream, BESIDE], &file, stream, &[]);
        assert_eq!(objections.len(), 8, "{stream}: {objections:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_malformed_state_of_a_stream_that_is_not_configured_is_left_alone() {
    let trial = Trial::start().await;
    // The first has nothing to do with campaigns, the second reads them for their ids.
    for stream in ["ads", "campaign_analytics"] {
        let state =
            trial.files.write("state.json", format!("[{}]", message("campaigns", r#"{"states": 5}"#)));
        let output = trial.read(&[stream, BESIDE], &state);
        assert_eq!(output.code, Some(0), "{stream}: {:?}", output.errors());
        for stream in [stream, BESIDE] {
            assert_eq!(statuses(&output, stream), ["STARTED", "RUNNING", "COMPLETE"], "{stream}");
        }
        let without = trial.read(&[stream, BESIDE], &trial.files.write("state.json", "[]"));
        assert!(records(&output, stream) > 0, "{stream}");
        assert_eq!(records(&output, stream), records(&without, stream), "{stream}");
        assert_eq!(records(&output, BESIDE), trial.fake.truth(BESIDE).len());
    }
}
