//! How patient a report job is.

use std::time::Duration;

/// How patient a [`ReportJob`](crate::ReportJob) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobPolicy {
    /// Reports that are asked for in all; at least one. When one is lost, the next is made. A report that the job goes
    /// on with does not count.
    pub reports: u32,
    /// The wait before the first poll of a report. Each following one is 1.5 times as long.
    pub first_poll: Duration,
    /// The longest such wait.
    pub longest_poll: Duration,
    /// The time from the request of a report in which it must be finished.
    pub time: Duration,
    /// Answers in a row that do not say how far a report is, after which it counts as lost.
    pub odd_answers: u32,
    /// Downloads of a report that may fail before it counts as lost.
    pub downloads: u32,
}

impl Default for JobPolicy {
    /// 3 reports of 60 minutes each, waits of 2 to 60 seconds, 5 odd answers, 3 downloads.
    fn default() -> Self {
        Self {
            reports: 3,
            first_poll: Duration::from_secs(2),
            longest_poll: Duration::from_secs(60),
            time: Duration::from_secs(3600),
            odd_answers: 5,
            downloads: 3,
        }
    }
}
