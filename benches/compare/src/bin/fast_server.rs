//! Starts the server from a shell and says where it is.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use compare::server::{FastServer, Options};
use compare::traffic::Limit;
use tokio::sync::oneshot;

/// A Pinterest API server that is never the slow one
///
/// Everything it sends is prepared; only ids change. It prints its address when it is ready, and ends at ctrl-c or
/// SIGTERM. GET /control/counts says what was asked and refused, POST /control/reset forgets it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many ad accounts there are
    #[arg(long, default_value_t = 1)]
    accounts: u64,
    /// How many ads each of them has; as many ad groups and campaigns
    #[arg(long, default_value_t = 1_000)]
    ads: u64,
    /// Every answer is held back so long
    #[arg(long, default_value_t = 0, value_name = "MILLISECONDS")]
    latency_ms: u64,
    /// How long a report is, at least
    #[arg(long, default_value_t = 1_000_000, value_name = "BYTES")]
    report_bytes: u64,
    /// The poll at which a report is finished
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    report_polls: u32,
    /// Refuses what is over a limit in any moving span, e.g. ads_read:1000:60, or overall:100:1 for all of the API
    #[arg(long, value_name = "CATEGORY:REQUESTS:SECONDS")]
    limit: Vec<Limit>,
    /// Ends as well when its standard input is closed
    #[arg(long)]
    until_stdin_closes: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "fast-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> io::Result<()> {
    let server = FastServer::listen(Options {
        port: arguments.port,
        accounts: arguments.accounts,
        ads: arguments.ads,
        latency: Duration::from_millis(arguments.latency_ms),
        report_bytes: arguments.report_bytes,
        report_polls: arguments.report_polls,
        limits: arguments.limit,
    })
    .await?;
    let mut out = io::stdout();
    writeln!(out, "{}", server.url())?;
    out.flush()?;
    let (closed, is_closed) = oneshot::channel();
    if arguments.until_stdin_closes {
        std::thread::spawn(move || {
            let _ = io::copy(&mut io::stdin().lock().take(u64::MAX), &mut io::sink());
            let _ = closed.send(());
        });
        tokio::select! {
            served = server.serve() => served,
            _ = is_closed => Ok(()),
        }
    } else {
        server.serve().await
    }
}
