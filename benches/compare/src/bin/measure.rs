//! Runs one program and prints one JSON line: seconds, CPU seconds, peak memory, bytes and records it wrote.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use clap::Parser;
use compare::process::{Output, run};

/// A stopwatch for one program
///
/// A small one: the peak memory of a process is never less than what its starter had, so the starter must have little.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where the program's output goes: `pipe` reads and counts it, `null` drops it, anything else is a file
    #[arg(long, default_value = "pipe", value_name = "pipe|null|FILE")]
    stdout: String,
    /// Where its errors go; here unless said otherwise
    #[arg(long, value_name = "FILE")]
    stderr: Option<PathBuf>,
    /// Ends it after so many seconds
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    longest: u64,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    program: Vec<String>,
}

fn main() -> ExitCode {
    match measure(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "measure: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: Arguments) -> io::Result<()> {
    let output = match arguments.stdout.as_str() {
        "pipe" => Output::Pipe,
        "null" => Output::Null,
        file => Output::File(file.into()),
    };
    let stderr = match arguments.stderr {
        Some(file) => File::create(file)?.into(),
        None => Stdio::inherit(),
    };
    let report = run(&arguments.program, &output, stderr, Duration::from_secs(arguments.longest))?;
    writeln!(io::stdout(), "{}", report.to_json())
}
