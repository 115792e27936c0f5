//! Starts the server from a shell and says how to reach it.

use std::{io::Write, process::ExitCode};

use clap::{Parser, ValueEnum};
use fake_pinterest::{FakePinterest, Size};

/// A Pinterest API server with seeded data, on this machine: lists, analytics and reports
///
/// Numbers of analytics and reports are those of the moment it starts: today is not complete, and conversions of the
/// last 45 days are not settled. A report is finished at the second poll.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The number all data and tokens are made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much data
    #[arg(long, value_enum, default_value_t = Amount::Demo)]
    size: Amount,
}

#[derive(Clone, Copy, ValueEnum)]
enum Amount {
    /// Some 300 records, enough of everything for a test
    Small,
    /// Some 20,000 records, the account of a shop
    Demo,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "fake-pinterest cannot listen on port {}: {error}",
                arguments.port
            );
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &Arguments) -> std::io::Result<()> {
    let size = match arguments.size {
        Amount::Small => Size::Small,
        Amount::Demo => Size::Demo,
    };
    let now = chrono::Utc::now().timestamp();
    let fake = FakePinterest::builder().seed(arguments.seed).size(size).now(now).port(arguments.port);
    let fake = fake.start().await?;
    let mut out = std::io::stdout();
    writeln!(out, "export PINTEREST_API_URL={}", fake.url())?;
    writeln!(out, "export PINTEREST_ACCESS_TOKEN={}", fake.access_token())?;
    // A comment, so that a shell can read all lines.
    writeln!(out, "# a config, which works until its refresh token is replaced: {}", fake.config())?;
    out.flush()?;
    tokio::signal::ctrl_c().await
}
