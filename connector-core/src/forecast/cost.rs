//! [`Cost`]: what reading a slice costs, as far as it is known before.

use std::borrow::Cow;
use std::iter::Sum;
use std::ops::Add;

/// What reading a slice costs, as far as it is known before it is read: see [`Stream::cost`](crate::Stream::cost).
///
/// ```
/// use connector_core::{Certainty, Cost};
/// let cost = Cost::at_least(1).of("ads_read");
/// assert_eq!((cost.requests, cost.budget.as_deref()), (1, Some("ads_read")));
/// assert_eq!(cost.certainty, Certainty::AtLeast);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// How many requests.
    pub requests: u64,
    /// The name of the budget that they count against, beside the one for all requests; `None`: only against that one.
    pub budget: Option<Cow<'static, str>>,
    /// How sure the number is.
    pub certainty: Certainty,
}

/// How sure a number of requests is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Certainty {
    /// It is the number, as long as every request succeeds.
    Certain,
    /// There are so many or more.
    AtLeast,
    /// There are about so many.
    Estimate,
}

impl Cost {
    /// So many requests, neither more nor less.
    #[must_use]
    pub const fn exactly(requests: u64) -> Self {
        Self { requests, budget: None, certainty: Certainty::Certain }
    }

    /// So many requests or more.
    #[must_use]
    pub const fn at_least(requests: u64) -> Self {
        Self { requests, budget: None, certainty: Certainty::AtLeast }
    }

    /// About so many requests.
    #[must_use]
    pub const fn about(requests: u64) -> Self {
        Self { requests, budget: None, certainty: Certainty::Estimate }
    }

    /// Says which budget the requests count against.
    #[must_use]
    pub fn of(mut self, budget: impl Into<Cow<'static, str>>) -> Self {
        self.budget = Some(budget.into());
        self
    }

    pub(super) fn amount(&self) -> Amount {
        Amount {
            number: self.requests,
            at_least: self.certainty == Certainty::AtLeast,
            estimate: self.certainty == Certainty::Estimate,
        }
    }
}

/// A number with how sure it is; a sum may have both doubts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) number: u64,
    pub(crate) at_least: bool,
    pub(crate) estimate: bool,
}

impl Amount {
    pub(super) fn certain(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// The same number, as of the last sync.
    pub(super) fn estimated(self) -> Self {
        Self { estimate: true, ..self }
    }

    /// The same number, with perhaps more.
    pub(super) fn or_more(self) -> Self {
        Self { at_least: true, ..self }
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            number: self.number.saturating_add(other.number),
            at_least: self.at_least || other.at_least,
            estimate: self.estimate || other.estimate,
        }
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}
