//! What the API was asked in a sync.

use fake_pinterest::{SeenRequest, operation_of};

use crate::platform::Sync;

/// Counts the requests of each stream. A report counts where it was created; its polls and downloads name no stream.
pub(crate) fn count(requests: &[SeenRequest], sync: &mut Sync) {
    for (name, stream) in &mut sync.streams {
        let (operation, level) = (operation_of(name), level_of(name));
        let is_of_stream = |request: &&SeenRequest| {
            request.operation == Some(operation)
                && request.body.as_ref().is_none_or(|body| body["level"] == level)
        };
        stream.requests = requests.iter().filter(is_of_stream).count();
    }
    let follows_a_report = |request: &&SeenRequest| {
        matches!(request.operation, Some("analytics/get_report" | "report/download"))
    };
    sync.polls_and_downloads = requests.iter().filter(follows_a_report).count();
}

/// The level of the reports of a stream, e.g. `AD_GROUP_TARGETING` for `ad_group_targeting_report`.
fn level_of(stream: &str) -> String {
    let level = stream.trim_end_matches("_report").trim_end_matches("_analytics");
    level.to_uppercase()
}
