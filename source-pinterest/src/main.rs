//! The program: see the library for what it does.

fn main() -> std::process::ExitCode {
    connector_core::run(source_pinterest::Pinterest::default())
}
