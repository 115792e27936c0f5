//! Log lines as LOG messages: what the program says with `tracing` goes the way of all messages, or to standard error
//! where the output is for people.

use std::fmt::{self, Write as _};
use std::io;

use airbyte_protocol::{Level, Log};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::emitter::{Emitter, LogOutput};

/// What is logged when `RUST_LOG` says nothing else.
const DEFAULT_FILTER: &str = "info";

/// Sends the log of this process to the emitter until the emitter is gone.
pub(crate) fn log_to(emitter: &Emitter) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let subscriber = tracing_subscriber::registry().with(filter).with(LogLayer(emitter.log_output()));
    // Fails only where the process has a log already, which then stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes the warnings and errors of this process to standard error, for people.
pub(crate) fn log_to_people() {
    let subscriber = tracing_subscriber::registry().with(EnvFilter::new("warn")).with(PeopleLayer);
    // As above.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

struct PeopleLayer;

impl<S: Subscriber> Layer<S> for PeopleLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = if *event.metadata().level() == tracing::Level::ERROR { "error" } else { "warning" };
        let text = Text::of(event);
        let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("{level}: {text}\n"));
    }
}

struct LogLayer(LogOutput);

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            tracing::Level::DEBUG => Level::Debug,
            tracing::Level::TRACE => Level::Trace,
        };
        self.0.write(Log::new(level, Text::of(event)));
    }
}

/// The message, and the other fields behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn of(event: &Event<'_>) -> String {
        let mut text = Self::default();
        event.record(&mut text);
        text.message + &text.fields
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
