//! Runs the program and reads what it wrote.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with the files of one run.
pub(crate) struct Files(TempDir);

/// What a run wrote.
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) lines: Vec<Value>,
    pub(crate) stderr: String,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<str>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content.as_ref()).unwrap();
        path
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.write("config.json", config().to_string())
    }

    pub(crate) fn catalog(&self, stream: &str, mode: &str) -> PathBuf {
        let stream = json!({"name": stream, "json_schema": {}, "supported_sync_modes": ["full_refresh"]});
        let configured = json!({"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"});
        self.write("catalog.json", json!({"streams": [configured]}).to_string())
    }
}

pub(crate) fn config() -> Value {
    json!({"credentials": {"auth_method": "oauth2.0", "client_id": "1", "client_secret": "hush-hush", "refresh_token": "hush-too"}})
}

/// Runs the program against an address where nobody listens.
pub(crate) fn run(command: &str, flags: &[(&str, &Path)]) -> Output {
    run_against("http://127.0.0.1:1/v5", command, flags)
}

/// Runs the program against this base URL.
pub(crate) fn run_against(url: &str, command: &str, flags: &[(&str, &Path)]) -> Output {
    let mut program = Command::cargo_bin("source-pinterest").unwrap();
    program.env("PINTEREST_API_URL", url).env_remove("RUST_LOG").arg(command);
    for (flag, path) in flags {
        program.arg(flag).arg(path);
    }
    let output = program.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Output {
        code: output.status.code(),
        lines: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The streams of the catalog.
pub(crate) fn discovered() -> Vec<Value> {
    let files = Files::new();
    let output = run("discover", &[("--config", &files.config())]);
    output.lines[0]["catalog"]["streams"].as_array().unwrap().clone()
}

impl Output {
    /// The messages of all TRACE errors.
    pub(crate) fn errors(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line["trace"]["error"]["message"].as_str()).collect()
    }
}
