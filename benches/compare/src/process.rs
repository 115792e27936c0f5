//! Runs a program to its end and says what it took.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeVal;
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::records::Counter;

/// So much is read from a pipe at once, at most.
const BLOCK: usize = 1 << 20;

/// Where a program's output goes.
#[derive(Clone, Debug)]
pub enum Output {
    /// Into a pipe that is read and counted.
    Pipe,
    /// To nowhere.
    Null,
    /// Into a file, which is counted at the end.
    File(PathBuf),
}

/// What a program took.
#[derive(Clone, Debug)]
pub struct Report {
    /// When it was started, in seconds since 1970.
    pub started_at: f64,
    /// Seconds from its start to its end.
    pub wall: Duration,
    /// CPU time of the program itself.
    pub user: Duration,
    /// CPU time of the kernel on its behalf.
    pub system: Duration,
    /// The most memory it had at any time, in bytes.
    pub peak_rss: u64,
    /// How it ended; `None`: by a signal.
    pub exit_code: Option<i32>,
    /// Whether it was ended because it took too long.
    pub timed_out: bool,
    /// Bytes that it wrote, if somebody counted them.
    pub bytes: Option<u64>,
    /// Records among them.
    pub records: Option<u64>,
    /// From its start to the first record in the pipe.
    pub first_record: Option<Duration>,
}

impl Report {
    /// The report as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "started_at": self.started_at,
            "wall_s": self.wall.as_secs_f64(),
            "user_s": self.user.as_secs_f64(),
            "system_s": self.system.as_secs_f64(),
            "peak_rss_bytes": self.peak_rss,
            "exit_code": self.exit_code,
            "timed_out": self.timed_out,
            "bytes": self.bytes,
            "records": self.records,
            "first_record_s": self.first_record.map(|time| time.as_secs_f64()),
        })
    }
}

/// Runs one program. A process may run one only, since the kernel adds up what all its children took.
///
/// # Errors
/// The program cannot be started, or its output cannot be read or written.
pub fn run(program: &[String], output: &Output, stderr: Stdio, longest: Duration) -> io::Result<Report> {
    let (name, arguments) =
        program.split_first().ok_or_else(|| io::Error::other("there is no program to run"))?;
    let stdout = match output {
        Output::Pipe => Stdio::piped(),
        Output::Null => Stdio::null(),
        Output::File(path) => File::create(path)?.into(),
    };
    let started_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let started = Instant::now();
    let mut child =
        Command::new(name).args(arguments).stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn()?;
    let alarm = Alarm::set(&child, longest);
    let mut counter = Counter::default();
    let mut first_record = None;
    if let Some(pipe) = child.stdout.take() {
        drain(pipe, &mut counter, || first_record = Some(started.elapsed()))?;
    }
    let status = child.wait()?;
    let wall = started.elapsed();
    let timed_out = alarm.is_some_and(Alarm::stop);
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(io::Error::from)?;
    if let Output::File(path) = output {
        drain(File::open(path)?, &mut counter, || ())?;
    }
    let is_counted = !matches!(output, Output::Null);
    Ok(Report {
        started_at,
        wall,
        user: duration(usage.user_time()),
        system: duration(usage.system_time()),
        peak_rss: peak_rss(&usage),
        exit_code: status.code(),
        timed_out,
        bytes: is_counted.then_some(counter.bytes()),
        records: is_counted.then_some(counter.records()),
        first_record,
    })
}

fn drain(mut from: impl Read, counter: &mut Counter, mut on_first: impl FnMut()) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        match from.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                let before = counter.records();
                counter.add(&block[..read]);
                if before == 0 && counter.records() > 0 {
                    on_first();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Ends a program that takes too long.
struct Alarm {
    cancel: std::sync::mpsc::Sender<()>,
    thread: thread::JoinHandle<bool>,
}

impl Alarm {
    /// `None`: there is no such process to be ended.
    fn set(child: &Child, longest: Duration) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(child.id()).ok()?);
        let (cancel, cancelled) = channel();
        let thread = thread::spawn(move || {
            let rings = cancelled.recv_timeout(longest) == Err(RecvTimeoutError::Timeout);
            rings && kill(pid, Signal::SIGKILL).is_ok()
        });
        Some(Self { cancel, thread })
    }

    /// Whether it has rung.
    fn stop(self) -> bool {
        let _ = self.cancel.send(());
        self.thread.join().unwrap_or(false)
    }
}

fn duration(time: TimeVal) -> Duration {
    let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// Linux counts in units of 1024 bytes, macOS in bytes.
fn peak_rss(usage: &Usage) -> u64 {
    let peak = u64::try_from(usage.max_rss()).unwrap_or(0);
    if cfg!(target_os = "macos") { peak } else { peak * 1024 }
}
