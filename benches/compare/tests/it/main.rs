//! The stopwatch on programs whose needs are known.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use serde_json::Value;

fn measure(options: &[&str], program: &[&str]) -> Value {
    let output =
        Command::new(env!("CARGO_BIN_EXE_measure")).args(options).arg("--").args(program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn megabytes(report: &Value) -> u64 {
    report["peak_rss_bytes"].as_u64().unwrap() >> 20
}

#[test]
fn tells_the_memory_of_the_program_and_not_of_its_starter() {
    let copy =
        |size: &str| measure(&[], &["dd", "if=/dev/zero", "of=/dev/null", size, "count=1", "status=none"]);
    let (small, large) = (megabytes(&copy("bs=4096")), megabytes(&copy("bs=67108864")));
    assert!(small < 16, "{small} MB");
    assert!((64..=64 + small + 2).contains(&large), "{large} MB");
}

#[test]
fn counts_bytes_and_records_in_a_pipe_and_in_a_file() {
    let program =
        ["printf", "%s\\n", r#"{"type":"LOG"}"#, r#"{"type":"RECORD","record":1}"#, r#"{"type":"RECORD"}"#];
    let file = tempfile::NamedTempFile::new().unwrap();
    for output in ["pipe", file.path().to_str().unwrap()] {
        let report = measure(&["--stdout", output], &program);
        assert_eq!((&report["bytes"], &report["records"]), (&Value::from(62), &Value::from(2)), "{output}");
        assert_eq!(report["first_record_s"].is_number(), output == "pipe");
    }
    assert_eq!(measure(&["--stdout", "null"], &program)["records"], Value::Null);
}

#[test]
fn tells_how_the_program_ended() {
    assert_eq!(measure(&[], &["sh", "-c", "exit 7"])["exit_code"], 7);
    let stopped = measure(&["--longest", "0"], &["sleep", "60"]);
    assert_eq!((&stopped["exit_code"], &stopped["timed_out"]), (&Value::Null, &Value::from(true)));
}
