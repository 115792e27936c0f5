//! The command `plan`: says what a sync would cost before it is run. Nothing is read but what the numbers need, and no state
//! changes.

mod output;

use std::io::{self, Write};

use airbyte_protocol::ConfiguredCatalog;
use serde_json::{Map, Value};

use super::{SyncFiles, parse_config, prepare, read_inputs, read_state};
use crate::emitter::{Clock, Emitter};
use crate::failure::Failure;
use crate::fault;
use crate::forecast::{Forecast, forecast};
use crate::reporting;
use crate::source::Source;
use crate::state_file;
use crate::stream_set::SavedStates;

use output::SharedOutput;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sync: SyncFiles,
    /// Ask for the records of all parents, so that nothing is taken from the last sync
    #[arg(long)]
    count: bool,
    /// Write the numbers as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Does what the arguments say and tells it to `output`; `Ok(false)` after a failure, which standard error tells.
///
/// When the source asks for a changed config to be stored, a CONTROL message stands before the rest, as in `read`: without it
/// the next run could not sign in.
pub(super) async fn obey<S: Source, W: Write + Send + 'static>(
    source: &S,
    arguments: &Arguments,
    output: W,
    clock: Clock,
) -> io::Result<bool> {
    reporting::log_to_people();
    let mut output = SharedOutput::of(output);
    let (emitter, written) = Emitter::start(output.clone(), clock);
    let work = plan_files(source, arguments, &emitter);
    let done = fault::catch(work).await.unwrap_or_else(|fault| Err(vec![fault]));
    drop(emitter);
    written.wait().await?;
    if output.was_written_to() {
        tracing::warn!(
            "the config has changed, for example its tokens: the CONTROL message holds the one of the next run"
        );
    }
    match done {
        Ok(forecast) => {
            let text = match arguments.json {
                true => format!("{}\n", forecast.for_programs()),
                false => forecast.for_people(),
            };
            output.write_all(text.as_bytes())?;
            output.flush()?;
            Ok(true)
        }
        Err(failures) => {
            for failure in failures {
                writeln!(io::stderr(), "error: {failure}")?;
            }
            Ok(false)
        }
    }
}

async fn plan_files<S: Source>(
    source: &S,
    arguments: &Arguments,
    emitter: &Emitter,
) -> Result<Forecast, Vec<Failure>> {
    let alone = |failure| vec![failure];
    let (config, catalog) = read_inputs(&arguments.sync.config, &arguments.sync.catalog).map_err(alone)?;
    let saved = read_state(arguments.sync.state.as_deref()).map_err(alone)?;
    plan(source, config, &catalog, &saved, emitter, arguments.count).await
}

/// Forecasts the sync that [`read`](super::read) would do.
///
/// # Errors
/// What `read` would tell of the config, the catalog and the states, or a request that failed.
pub(crate) async fn plan<S: Source>(
    source: &S,
    raw: Map<String, Value>,
    catalog: &ConfiguredCatalog,
    saved: &SavedStates,
    emitter: &Emitter,
    count: bool,
) -> Result<Forecast, Vec<Failure>> {
    let alone = |failure| vec![failure];
    let budgets = source.budgets(&parse_config::<S>(&raw).map_err(alone)?);
    let (streams, options) = prepare(source, raw, emitter).await.map_err(alone)?;
    state_file::check_streams(saved, &streams).map_err(alone)?;
    let forecast = forecast(&streams, catalog, saved, options.now, count).await?;
    Ok(Forecast { budgets, ..forecast })
}
