//! Reports: created, polled, downloaded.

mod big;
mod download;
mod job;
mod request;
mod step;

use std::collections::VecDeque;

use serde_json::{Value, json};

pub use step::ReportStep;

use crate::{
    analytics::History,
    answer::{Answer, ApiError, Pieces},
    data::Data,
    query::Query,
};
use big::BigBody;
use job::Job;
use request::ReportRequest;

/// What a report does unless a script says otherwise.
const USUAL: &[ReportStep] = &[ReportStep::status("IN_PROGRESS"), ReportStep::Finished];

/// All reports, and what is to happen to those to come.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    /// What links begin with, e.g. `http://127.0.0.1:40123`.
    origin: String,
    /// More unfinished reports than this at the same time are refused.
    at_once: Option<usize>,
    jobs: Vec<Job>,
    scripts: VecDeque<Vec<ReportStep>>,
    script_of_all: Option<Vec<ReportStep>>,
    unfinished: usize,
    most_at_once: usize,
    /// So many rows has every download from now on.
    big: Option<u64>,
}

impl Reports {
    pub(crate) fn new(origin: String, at_once: Option<usize>) -> Self {
        Self { origin, at_once, ..Self::default() }
    }

    pub(crate) fn script(&mut self, steps: Vec<ReportStep>) {
        self.scripts.push_back(steps);
    }

    pub(crate) fn script_all(&mut self, steps: Vec<ReportStep>) {
        self.script_of_all = Some(steps);
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once
    }

    /// Makes all downloads big; tells how many rows each has.
    pub(crate) fn make_big(&mut self, bytes: usize) -> u64 {
        let rows = big::rows_of(bytes);
        self.big = Some(rows);
        rows
    }

    /// Answers the creation of a report that was found to be in order.
    pub(crate) fn create(
        &mut self,
        ad_account: &str,
        body: &[u8],
        history: &History,
    ) -> Result<Value, ApiError> {
        let request = ReportRequest::parse(ad_account, body, history)?;
        if self.at_once.is_some_and(|most| self.unfinished >= most) {
            return Err(ApiError::rate_limited());
        }
        let script = self.scripts.pop_front().or_else(|| self.script_of_all.clone());
        let token = download::sealed(history.seed, "report", self.jobs.len());
        let answer = json!({"token": token, "report_status": "IN_PROGRESS", "message": ""});
        self.jobs.push(Job::new(token, request, script.unwrap_or_else(|| USUAL.to_vec())));
        self.unfinished += 1;
        self.most_at_once = self.most_at_once.max(self.unfinished);
        Ok(answer)
    }

    /// Answers a poll.
    pub(crate) fn poll(
        &mut self,
        ad_account: &str,
        query: &Query,
        data: &Data,
        history: &History,
    ) -> Result<Answer, ApiError> {
        let token = query.get("token").ok_or_else(|| ApiError::bad_request("'token' is required"))?;
        let is_asked_for = |job: &Job| job.token == token && job.request.ad_account == ad_account;
        // The youngest are asked for most.
        let Some(number) = self.jobs.iter().rposition(is_asked_for) else {
            return Ok(Answer::Object(step::status("DOES_NOT_EXIST", Value::Null, Value::Null)));
        };
        let Some(job) = self.jobs.get_mut(number) else { return Err(ApiError::unplanned("a poll")) };
        let was_over = job.is_over;
        let step = job.poll();
        self.unfinished -= usize::from(job.is_over && !was_over);
        let (link, size) = match step {
            ReportStep::Finished => {
                (self.link(number, "signature", history), self.size(number, data, history))
            }
            ReportStep::ExpiredLink => {
                (self.link(number, "expired", history), self.size(number, data, history))
            }
            _ => (String::new(), 0),
        };
        step::answer(step, link, size)
    }

    fn link(&self, number: usize, purpose: &str, history: &History) -> String {
        let signature = download::sealed(history.seed, purpose, number);
        format!("{}{}", self.origin, download::link(number, &signature))
    }

    fn size(&self, number: usize, data: &Data, history: &History) -> usize {
        match (self.jobs.get(number), self.big) {
            (Some(job), Some(rows)) => BigBody::new(rows, &job.request, history.clock()).len(),
            (Some(job), None) => job.request.rows(data, history).map(|piece| piece.len()).sum(),
            (None, _) => 0,
        }
    }

    /// Answers a download. The rows are as of now, and written when the lock is free again.
    pub(crate) fn download(
        &self,
        number: &str,
        authorization: Option<&str>,
        query: &Query,
        data: &Data,
        history: &History,
    ) -> Answer {
        let number = match download::check(history.seed, number, authorization, query) {
            Ok(number) => number,
            Err(refusal) => return refusal,
        };
        match (self.jobs.get(number), self.big) {
            (Some(job), Some(rows)) => {
                Answer::Pieces(Pieces::new(BigBody::new(rows, &job.request, history.clock())))
            }
            (Some(job), None) => Answer::Pieces(Pieces::new(job.request.rows(data, history))),
            (None, _) => download::refusal(404, "NoSuchKey", "The specified key does not exist."),
        }
    }
}
