//! One report from its creation to its last poll.

use super::{request::ReportRequest, step::ReportStep};

/// A report that was created.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) token: String,
    pub(super) request: ReportRequest,
    steps: Vec<ReportStep>,
    polls: usize,
    pub(super) is_over: bool,
}

impl Job {
    pub(super) fn new(token: String, request: ReportRequest, steps: Vec<ReportStep>) -> Self {
        Self { token, request, steps, polls: 0, is_over: false }
    }

    /// The step of the next poll; the last one stays.
    pub(super) fn poll(&mut self) -> ReportStep {
        let last = self.steps.len().saturating_sub(1);
        let step = self.steps.get(self.polls.min(last)).cloned().unwrap_or(ReportStep::Finished);
        self.polls += 1;
        self.is_over |= step.is_final();
        step
    }
}
