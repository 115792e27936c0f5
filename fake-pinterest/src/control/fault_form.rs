//! Faults as JSON.

use std::{
    collections::BTreeMap,
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::refusal::Refusal;
use crate::{Fault, OddBody, RateLimitForm};

/// One fault: where, when, and one thing that goes wrong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultForm {
    on: Option<String>,
    path_contains: Option<String>,
    #[serde(default)]
    on_later_pages: bool,

    nth: Option<NonZeroUsize>,
    times: Option<NonZeroUsize>,
    #[serde(default)]
    for_ever: bool,

    status: Option<u16>,
    #[serde(default, deserialize_with = "also_null")]
    body: Option<Box<RawValue>>,
    body_text: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    rate_limit: Option<RateLimitForm>,
    odd_body: Option<OddBody>,
    delay_ms: Option<NonZeroU64>,
    #[serde(default)]
    reset_connection: bool,
    #[serde(default)]
    repeat_bookmark: bool,
    #[serde(default)]
    duplicate_first_item: bool,
    #[serde(default)]
    invalid_grant: bool,
    #[serde(default)]
    invalid_client: bool,
    #[serde(default)]
    without_access_token: bool,
    #[serde(default)]
    without_expires_in: bool,
}

/// A body of `null` is a body.
fn also_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

impl FaultForm {
    /// The fault, or the field that is wrong.
    pub(super) fn fault(&self) -> Result<Fault, Refusal> {
        let place = self.place()?;
        let mut chosen: Vec<(&str, Fault)> =
            self.effects(&place).into_iter().filter_map(|(name, fault)| Some((name, fault?))).collect();
        if chosen.len() > 1 {
            let names: Vec<&str> = chosen.iter().map(|(name, _)| *name).collect();
            return Err(Refusal::bad(format!("only one thing can go wrong, not {}", names.join(" and "))));
        }
        self.check()?;
        let (_, mut fault) =
            chosen.pop().ok_or_else(|| Refusal::bad("a fault needs something that goes wrong"))?;
        for (name, value) in &self.headers {
            fault = fault.try_header(name, value).map_err(|misuse| Refusal::of("headers", misuse))?;
        }
        Ok(fault)
    }

    /// Refuses fields that do not go together.
    fn check(&self) -> Result<(), Refusal> {
        if self.times.is_some() && self.for_ever {
            return Err(Refusal::of("for_ever", "a fault with times ends"));
        }
        if self.body.is_some() && self.body_text.is_some() {
            return Err(Refusal::of("body_text", "the body is said already"));
        }
        match self.status {
            // A server cannot end its answer with a status below 200.
            Some(status) if !(200..=599).contains(&status) => {
                Err(Refusal::of("status", format!("{status} is not between 200 and 599")))
            }
            None if self.body.is_some() => Err(Refusal::of("body", "it needs a status")),
            None if self.body_text.is_some() => Err(Refusal::of("body_text", "it needs a status")),
            _ if (self.reset_connection || self.delay_ms.is_some()) && !self.headers.is_empty() => {
                Err(Refusal::of("headers", "this fault makes no answer"))
            }
            _ => Ok(()),
        }
    }

    /// The fault as far as it says where and when.
    fn place(&self) -> Result<Fault, Refusal> {
        let mut fault = match &self.on {
            Some(operation) => Fault::try_on(operation).map_err(|misuse| Refusal::of("on", misuse))?,
            None => Fault::anywhere(),
        };
        if let Some(text) = &self.path_contains {
            fault = fault.path_contains(text);
        }
        if self.on_later_pages {
            fault = fault.on_later_pages();
        }
        if let Some(nth) = self.nth {
            fault = fault.nth(nth.get());
        }
        if let Some(times) = self.times {
            fault = fault.times(times.get());
        }
        Ok(if self.for_ever { fault.for_ever() } else { fault })
    }

    /// The fault for each field that can say what goes wrong, where it does.
    fn effects(&self, place: &Fault) -> [(&'static str, Option<Fault>); 11] {
        let fault = || place.clone();
        let delay = self.delay_ms.map(|delay| Duration::from_millis(delay.get()));
        [
            ("status", self.status.map(|status| self.answer(fault(), status))),
            ("rate_limit", self.rate_limit.map(|form| fault().rate_limit(form))),
            ("odd_body", self.odd_body.map(|odd| fault().body(odd))),
            ("delay_ms", delay.map(|delay| fault().delay(delay))),
            ("reset_connection", self.reset_connection.then(|| fault().reset_connection())),
            ("repeat_bookmark", self.repeat_bookmark.then(|| fault().repeat_bookmark())),
            ("duplicate_first_item", self.duplicate_first_item.then(|| fault().duplicate_first_item())),
            ("invalid_grant", self.invalid_grant.then(|| fault().invalid_grant())),
            ("invalid_client", self.invalid_client.then(|| fault().invalid_client())),
            ("without_access_token", self.without_access_token.then(|| fault().without_access_token())),
            ("without_expires_in", self.without_expires_in.then(|| fault().without_expires_in())),
        ]
    }

    fn answer(&self, fault: Fault, status: u16) -> Fault {
        match (&self.body, &self.body_text) {
            (Some(body), _) => fault.status_with_text(status, body.get()),
            (None, Some(text)) => fault.status_with_text(status, text),
            (None, None) => fault.status(status),
        }
    }
}
