//! Starts the server from a shell and says how to reach it.

use std::{
    fmt::Display,
    io::Write,
    num::{NonZeroU64, NonZeroUsize},
    process::ExitCode,
    str::FromStr,
    time::Duration,
};

use clap::{Parser, ValueEnum, value_parser};
use fake_pinterest::{Builder, Counts, FakePinterest, LATEST, Size};

/// A Pinterest API server with seeded data, on this machine: lists, analytics and reports
///
/// Numbers of analytics and reports are those of the moment it starts: today is not complete, and conversions of the
/// last 45 days are not settled. A report is finished at the second poll.
///
/// It prints three lines: the two variables that scripts read, and a connector's config. It ends at ctrl-c or SIGTERM.
/// Programs in any language look at it and change it while it runs, by the control door described below.
#[derive(Parser)]
#[command(
    version,
    after_help = "--help describes the control door, by which programs steer the server over HTTP."
)]
#[command(after_long_help = concat!("The control door:\n\n", include_str!("control/door.md")))]
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
    /// The moment the data is made for, in epoch seconds; the clock's unless said otherwise
    #[arg(long, value_name = "EPOCH_SECONDS", value_parser = value_parser!(i64).range(0..=LATEST))]
    now: Option<i64>,

    /// Never more items on a page, whatever is asked for
    #[arg(long, value_name = "ITEMS")]
    max_page_size: Option<NonZeroUsize>,
    /// An empty page with a bookmark comes second in every listing of more than one page
    #[arg(long)]
    empty_page_in_the_middle: bool,
    /// A listing of pins ends with a refusal after so many, as Pinterest's do after 100,000
    #[arg(long, value_name = "PINS")]
    max_listed_pins: Option<usize>,
    /// Line breaks between the tokens of every answer
    #[arg(long)]
    pretty: bool,

    /// Everything that can have numbers has a row every day
    #[arg(long)]
    daily_rows: bool,
    /// The conversions of a day grow for so many days
    #[arg(long, value_name = "DAYS", default_value_t = 45)]
    restated_days: u32,
    /// Refuses requests for analytics of more ids than this, with this status
    #[arg(long, value_name = "IDS:STATUS")]
    refuse_batches_over: Option<Pair<usize, Refusal>>,
    /// Answers requests for analytics of more ids than this only after so many milliseconds
    #[arg(long, value_name = "IDS:MILLISECONDS")]
    slow_batches_over: Option<Pair<usize, u64>>,
    /// Refuses to create a report while so many are unfinished
    #[arg(long, value_name = "REPORTS")]
    reports_at_once: Option<usize>,

    /// The only scopes that every token has, e.g. ads:read,boards:read; all unless said otherwise
    #[arg(long, value_delimiter = ',')]
    scopes: Option<Vec<String>>,
    /// How long an access token works; 30 days unless said otherwise
    #[arg(long, value_name = "SECONDS")]
    token_lifetime: Option<u64>,
    /// Every access token works for so many requests only
    #[arg(long, value_name = "REQUESTS")]
    expire_tokens_after: Option<usize>,
    /// A refresh keeps the refresh token
    #[arg(long, conflicts_with = "rotate_refresh_token_once")]
    keep_refresh_token: bool,
    /// Only the first refresh replaces the refresh token
    #[arg(long)]
    rotate_refresh_token_once: bool,
    /// Refuses what is over a limit of a rate category, e.g. ads_read:10:1 for 10 requests in any second; may be repeated
    #[arg(long, value_name = "CATEGORY:REQUESTS:SECONDS")]
    rate_limit: Vec<Pair<String, Pair<u32, NonZeroU64>>>,
    /// Refuses what is over a limit of all rate categories together, e.g. 100:1 for 100 requests in any second
    #[arg(long, value_name = "REQUESTS:SECONDS")]
    overall_rate_limit: Option<Pair<u32, NonZeroU64>>,
    /// The limits that Pinterest documents, where no other option says otherwise
    #[arg(long)]
    documented_limits: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Amount {
    /// A user without ad accounts, boards and catalogs
    Empty,
    /// Some 300 records, enough of everything for a test
    Small,
    /// Some 20,000 records, the account of a shop
    Demo,
}

/// Two values with a colon between them.
#[derive(Clone)]
struct Pair<A, B>(A, B);

impl<A, B> FromStr for Pair<A, B>
where
    A: FromStr<Err: Display>,
    B: FromStr<Err: Display>,
{
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, second) = text.split_once(':').ok_or("a colon is missing")?;
        let first = first.parse().map_err(|error| format!("{first:?}: {error}"))?;
        Ok(Self(first, second.parse().map_err(|error| format!("{second:?}: {error}"))?))
    }
}

/// A status that refuses.
#[derive(Clone, Copy)]
struct Refusal(u16);

impl FromStr for Refusal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let status = text.parse().ok().filter(|status| (400..=599).contains(status));
        status.map(Self).ok_or_else(|| "not a status between 400 and 599".to_owned())
    }
}

impl Arguments {
    fn builder(self, clock: i64) -> Builder {
        let size = match self.size {
            Amount::Empty => Size::Custom(Counts::NONE),
            Amount::Small => Size::Small,
            Amount::Demo => Size::Demo,
        };
        let batches = self.refuse_batches_over.map(|Pair(ids, Refusal(status))| (ids, status));
        let slow = self.slow_batches_over.map(|Pair(ids, delay)| (ids, Duration::from_millis(delay)));
        let builder = FakePinterest::builder()
            .seed(self.seed)
            .size(size)
            .now(self.now.unwrap_or(clock))
            .port(self.port)
            .restated_days(self.restated_days)
            .control_door();
        let builder = on(builder, self.empty_page_in_the_middle, Builder::empty_page_in_the_middle);
        let builder = on(builder, self.pretty, Builder::pretty);
        let builder = on(builder, self.daily_rows, Builder::daily_rows);
        let builder = on(builder, self.keep_refresh_token, Builder::keep_refresh_token);
        let builder = on(builder, self.rotate_refresh_token_once, Builder::rotate_refresh_token_once);
        let builder = with(builder, self.max_page_size, |builder, items| builder.max_page_size(items.get()));
        let builder = with(builder, self.max_listed_pins, Builder::max_listed_pins);
        let builder =
            with(builder, batches, |builder, (ids, status)| builder.refuse_batches_over(ids, status));
        let builder = with(builder, slow, |builder, (ids, delay)| builder.slow_batches_over(ids, delay));
        let builder = with(builder, self.reports_at_once, Builder::reports_at_once);
        let builder =
            with(builder, self.scopes, |builder, scopes| builder.scopes(scopes.iter().map(String::as_str)));
        let builder = with(builder, self.token_lifetime, Builder::token_lifetime);
        let builder = with(builder, self.expire_tokens_after, Builder::expire_tokens_after);
        let builder = on(builder, self.documented_limits, Builder::documented_limits);
        let builder = with(builder, self.overall_rate_limit, |builder, Pair(requests, seconds)| {
            builder.overall_rate_limit(requests, Duration::from_secs(seconds.get()))
        });
        self.rate_limit.into_iter().fold(builder, |builder, Pair(category, Pair(requests, seconds))| {
            builder.rate_limit(&category, requests, Duration::from_secs(seconds.get()))
        })
    }
}

/// Switches something on where an argument says so.
fn on(builder: Builder, is_on: bool, switch: impl FnOnce(Builder) -> Builder) -> Builder {
    with(builder, is_on.then_some(()), |builder, ()| switch(builder))
}

/// Sets what an argument gives.
fn with<T>(builder: Builder, value: Option<T>, set: impl FnOnce(Builder, T) -> Builder) -> Builder {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let port = arguments.port;
    match serve(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "fake-pinterest cannot serve on port {port}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> std::io::Result<()> {
    let now = chrono::Utc::now().timestamp();
    let fake = arguments.builder(now).start().await?;
    let mut out = std::io::stdout();
    writeln!(out, "export PINTEREST_API_URL={}", fake.url())?;
    writeln!(out, "export PINTEREST_ACCESS_TOKEN={}", fake.access_token())?;
    // A comment, so that a shell can read all lines.
    writeln!(out, "# a config, which works until its refresh token is replaced: {}", fake.config())?;
    out.flush()?;
    tokio::signal::ctrl_c().await
}
