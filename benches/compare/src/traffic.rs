//! What was asked, when, and what was refused.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

/// The name of the limit that all requests of the API count against.
pub const OVERALL: &str = "overall";

/// At most so many requests of a category in any span of this length, as in `ads_read:1000:60`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The category, or [`OVERALL`].
    pub category: String,
    /// How many requests.
    pub requests: usize,
    /// The span.
    pub per: Duration,
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let [category, requests, seconds] = parts[..] else {
            return Err("it has the form CATEGORY:REQUESTS:SECONDS".to_owned());
        };
        let requests = requests.parse().map_err(|error| format!("{requests:?}: {error}"))?;
        let seconds: u64 = seconds.parse().map_err(|error| format!("{seconds:?}: {error}"))?;
        Ok(Self { category: category.to_owned(), requests, per: Duration::from_secs(seconds) })
    }
}

/// One limit and the requests that count against it now.
#[derive(Debug)]
struct Gate {
    limit: Limit,
    within: VecDeque<Instant>,
}

impl Gate {
    fn stands_for(&self, category: &str) -> bool {
        [category, OVERALL].contains(&self.limit.category.as_str())
    }

    /// When there is room again, if there is none now.
    fn closed_until(&mut self, now: Instant) -> Option<Instant> {
        while self.within.front().is_some_and(|served| now.duration_since(*served) >= self.limit.per) {
            self.within.pop_front();
        }
        // The one whose leaving makes room for one more.
        let full = self.within.len().checked_sub(self.limit.requests)?;
        Some(self.within.get(full).map_or(now, |served| *served) + self.limit.per)
    }
}

/// A request that is over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whole seconds until there is room.
    pub seconds: u64,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is room again in {} seconds", self.seconds)
    }
}

/// What one operation or category was asked.
#[derive(Debug, Default)]
struct Asked {
    served: Vec<Instant>,
    refused: u64,
}

/// All requests since the start or the last reset.
#[derive(Debug)]
pub struct Traffic {
    gates: Vec<Gate>,
    operations: BTreeMap<&'static str, Asked>,
    categories: BTreeMap<&'static str, Asked>,
    clock: (Instant, SystemTime),
}

impl Traffic {
    /// No requests yet, and these limits.
    #[must_use]
    pub fn new(limits: Vec<Limit>) -> Self {
        Self {
            gates: limits.into_iter().map(|limit| Gate { limit, within: VecDeque::new() }).collect(),
            operations: BTreeMap::new(),
            categories: BTreeMap::new(),
            clock: (Instant::now(), SystemTime::now()),
        }
    }

    /// Counts a request. One without a category counts against no limit.
    ///
    /// # Errors
    /// It is over a limit. It is counted as a refusal and takes no room.
    pub fn take(
        &mut self,
        operation: &'static str,
        category: Option<&'static str>,
        now: Instant,
    ) -> Result<(), Refused> {
        let closed_until = category.and_then(|category| {
            let concerned = self.gates.iter_mut().filter(|gate| gate.stands_for(category));
            concerned.filter_map(|gate| gate.closed_until(now)).max()
        });
        let asked =
            [Some((&mut self.operations, operation)), category.map(|name| (&mut self.categories, name))];
        for (all, name) in asked.into_iter().flatten() {
            let asked = all.entry(name).or_default();
            match closed_until {
                Some(_) => asked.refused += 1,
                None => asked.served.push(now),
            }
        }
        if let Some(until) = closed_until {
            let wait = until.duration_since(now);
            return Err(Refused { seconds: (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1) });
        }
        if let Some(category) = category {
            self.gates
                .iter_mut()
                .filter(|gate| gate.stands_for(category))
                .for_each(|gate| gate.within.push_back(now));
        }
        Ok(())
    }

    /// Forgets all requests; the limits stay.
    pub fn reset(&mut self) {
        *self = Self::new(self.gates.drain(..).map(|gate| gate.limit).collect());
    }

    /// Requests by operation and by category: how many were served and refused, the moments of the first and the last one
    /// (seconds since 1970), and the most in any second and in any minute.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let all = |asked: &BTreeMap<&'static str, Asked>| -> Map<String, Value> {
            asked
                .iter()
                .map(|(name, asked)| ((*name).to_owned(), self.asked(&asked.served, asked.refused)))
                .collect()
        };
        let mut overall: Vec<Instant> =
            self.categories.values().flat_map(|asked| asked.served.iter().copied()).collect();
        overall.sort_unstable();
        let refusals = self.categories.values().map(|asked| asked.refused).sum();
        json!({
            "operations": all(&self.operations),
            "categories": all(&self.categories),
            "overall": self.asked(&overall, refusals),
        })
    }

    fn asked(&self, served: &[Instant], refused: u64) -> Value {
        json!({
            "requests": served.len(),
            "refusals": refused,
            "first": served.first().map(|at| self.since_1970(*at)),
            "last": served.last().map(|at| self.since_1970(*at)),
            "most_in_a_second": most(served, Duration::from_secs(1)),
            "most_in_a_minute": most(served, Duration::from_secs(60)),
        })
    }

    fn since_1970(&self, at: Instant) -> f64 {
        let (instant, time) = self.clock;
        (time + at.saturating_duration_since(instant))
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64()
    }
}

/// The most moments in any span of this length.
fn most(moments: &[Instant], per: Duration) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, moment) in moments.iter().enumerate() {
        while moments.get(first).is_some_and(|first| moment.duration_since(*first) >= per) {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(texts: &[&str]) -> Vec<Limit> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn no_moving_span_holds_more_than_the_limit() {
        let start = Instant::now();
        let mut traffic = Traffic::new(limits(&["ads_read:10:1"]));
        let mut served = Vec::new();
        // One request every 37 ms: over three times what is allowed.
        for number in 0..400 {
            let now = start + Duration::from_millis(37 * number);
            if traffic.take("ads/list", Some("ads_read"), now).is_ok() {
                served.push(now);
            }
        }
        assert_eq!(most(&served, Duration::from_secs(1)), 10, "the allowance is used, and no more");
        let counts = traffic.to_json();
        assert_eq!(counts["categories"]["ads_read"]["requests"], served.len());
        assert_eq!(counts["categories"]["ads_read"]["refusals"], 400 - served.len());
        assert_eq!(counts["overall"]["most_in_a_second"], 10);
    }

    #[test]
    fn a_refusal_takes_no_room_and_says_when_there_is_some() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut traffic = Traffic::new(limits(&["ads_analytics:2:60", "overall:3:1"]));
        let mut take = |category, millis| traffic.take("x", Some(category), after(millis));
        assert_eq!(take("ads_analytics", 0), Ok(()));
        assert_eq!(take("ads_analytics", 100), Ok(()));
        assert_eq!(take("ads_analytics", 200), Err(Refused { seconds: 60 }), "59.8 seconds, rounded up");
        assert_eq!(take("ads_read", 300), Ok(()), "the refused one did not count");
        assert_eq!(take("ads_read", 400), Err(Refused { seconds: 1 }), "all categories together");
        assert_eq!(take("ads_read", 1_000), Ok(()), "the first one has left the second");
        assert_eq!(take("ads_analytics", 59_999), Err(Refused { seconds: 1 }));
        assert_eq!(take("ads_analytics", 60_000), Ok(()));
        assert_eq!(traffic.take("download", None, after(60_000)), Ok(()), "no request of the API");
    }

    #[test]
    fn a_reset_forgets_requests_and_keeps_limits() {
        let now = Instant::now();
        let mut traffic = Traffic::new(limits(&["ads_read:1:60"]));
        assert!(traffic.take("x", Some("ads_read"), now).is_ok());
        traffic.reset();
        assert_eq!(traffic.to_json()["overall"]["requests"], 0);
        assert!(traffic.take("x", Some("ads_read"), now).is_ok());
        assert!(traffic.take("x", Some("ads_read"), now).is_err());
    }

    #[test]
    fn a_limit_is_written_with_two_colons() {
        assert!("ads_read:10".parse::<Limit>().is_err());
        assert!("ads_read:ten:1".parse::<Limit>().is_err());
        assert_eq!(
            "overall:100:1".parse(),
            Ok(Limit { category: OVERALL.into(), requests: 100, per: Duration::from_secs(1) })
        );
    }
}
