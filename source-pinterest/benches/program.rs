//! The release binary: how large it is and how long it takes to start.
//!
//! `cargo bench` builds it with the release profile. Start-up is measured as a whole process, from its creation to its
//! end, beside the smallest program there is, so that what the machine takes for any process can be told apart.

use std::hint::black_box;
use std::io::Write;
use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};

const PROGRAM: &str = env!("CARGO_BIN_EXE_source-pinterest");

fn size(_: &mut Criterion) {
    let bytes = std::fs::metadata(PROGRAM).map(|file| file.len());
    let _ = match bytes {
        Ok(bytes) => writeln!(std::io::stderr(), "size of the binary: {:.1} MB", bytes as f64 / 1e6),
        Err(error) => writeln!(std::io::stderr(), "size of the binary: {error}"),
    };
}

fn start_up(criterion: &mut Criterion) {
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program).args(arguments).stdout(Stdio::null()).status();
        assert!(status.is_ok_and(|status| status.success()), "{program} failed");
    };
    let config = std::env::temp_dir().join(format!("source-pinterest-bench-{}.json", std::process::id()));
    assert!(std::fs::write(&config, "{}").is_ok(), "the config cannot be written");
    let config_path = config.to_string_lossy();
    let mut group = criterion.benchmark_group("start");
    group.bench_function("the smallest program (true)", |bencher| {
        bencher.iter(|| run(black_box("true"), &[]))
    });
    group.bench_function("spec", |bencher| bencher.iter(|| run(PROGRAM, black_box(&["spec"]))));
    group.bench_function("discover", |bencher| {
        bencher.iter(|| run(PROGRAM, black_box(&["discover", "--config", &config_path])));
    });
    group.finish();
    let _ = std::fs::remove_file(&config);
}

criterion_group!(benches, size, start_up);
criterion_main!(benches);
