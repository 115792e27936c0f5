//! A forecast for people, as a table and lines below it, and for programs, as JSON.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::{Value, json};

use super::budget::{MINUTE, in_words};
use super::{Amount, Budget, Forecast, StreamForecast};

const COLUMNS: u16 = 120;
const HEADS: [&str; 6] =
    ["stream", "partitions", "requests", "budget", "minutes at the limits", "share of the quota"];
/// The columns of numbers.
const NUMBERS: [usize; 3] = [1, 2, 4];
/// Told of all requests together.
const TOGETHER: &str = "all together";

/// The requests that count against a budget.
struct Sum<'a> {
    name: Option<&'a str>,
    requests: Amount,
    limits: Vec<&'a Budget>,
}

impl Forecast {
    /// The table, and what holds for the sync.
    pub(crate) fn for_people(&self) -> String {
        let mut text = self.table();
        // Writing to a String cannot fail.
        let _ = self.write_legend(&mut text);
        let sums = self.sums();
        for sum in &sums {
            text.push_str(&sum.lines());
        }
        let longest =
            sums.iter().filter_map(|sum| Some((sum.least_wait()?, sum))).max_by_key(|(wait, _)| *wait);
        text.push_str(&match longest {
            None => "This source does not say how many requests are allowed.\n".to_owned(),
            Some((Duration::ZERO, _)) => "The limits let the sync run without a wait.\n".to_owned(),
            Some((wait, sum)) => {
                let time = match sum.days() {
                    Some(days) => format!("is spread over {}", counted(days, "day", "days")),
                    None => format!("takes at least {}", in_words(wait)),
                };
                format!("The sync {time}, for the limit of {}.\n", sum.name())
            }
        });
        let _ = match self.asked {
            0 => writeln!(text, "To find this out nothing was asked."),
            asked => {
                writeln!(text, "To find this out {} asked.", counted(asked, "request was", "requests were"))
            }
        };
        text
    }

    fn table(&self) -> String {
        let has_limits = !self.budgets.is_empty();
        let shown = if has_limits { HEADS.len() } else { HEADS.len() - 2 };
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(COLUMNS);
        table.set_header(&HEADS[..shown]);
        for stream in &self.streams {
            for row in self.rows(stream) {
                table.add_row(&row[..shown]);
            }
        }
        for column in NUMBERS.into_iter().filter(|column| *column < shown) {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{}\n\n", table.trim_fmt())
    }

    /// One row for each budget that the stream counts against.
    fn rows(&self, stream: &StreamForecast) -> Vec<[String; HEADS.len()]> {
        let name =
            if stream.keys_only { format!("{} (keys only)", stream.name) } else { stream.name.clone() };
        let partitions = stream.partitions.map_or_else(|| "?".to_owned(), marked);
        if stream.requests.is_empty() {
            return vec![[name, partitions, "0".to_owned(), String::new(), "0".to_owned(), String::new()]];
        }
        let row = |(budget, requests): &(Option<Cow<'static, str>>, Amount)| {
            let limits: Vec<_> =
                self.budgets.iter().filter(|limit| limit.is_for(budget.as_deref())).collect();
            let minutes = limits.iter().map(|limit| limit.occupied(requests.number)).max();
            let shares = limits.iter().filter(|limit| limit.name.is_some() || limit.span >= MINUTE);
            let mut shares: Vec<_> = shares.map(|limit| limit.share(requests.number)).collect();
            // That of all together may say the same.
            shares.dedup();
            [
                name.clone(),
                partitions.clone(),
                marked(*requests),
                budget.as_deref().unwrap_or_default().to_owned(),
                minutes.map_or_else(|| "?".to_owned(), minutes_in_words),
                shares.join(", "),
            ]
        };
        stream.requests.iter().map(row).collect()
    }

    fn write_legend(&self, text: &mut String) -> std::fmt::Result {
        let amounts = self
            .streams
            .iter()
            .flat_map(|stream| stream.requests.iter().map(|(_, amount)| *amount).chain(stream.partitions));
        let all: Amount = amounts.sum();
        if all.estimate {
            writeln!(text, "~  an estimate: as of the last sync, or as is usual")?;
        }
        if all.at_least {
            let count = if self.could_count { "; --count finds out more" } else { "" };
            writeln!(
                text,
                "+  or more: nobody knows how many records there are before they are read{count}"
            )?;
        }
        if all.estimate || all.at_least { writeln!(text) } else { Ok(()) }
    }

    /// The requests of each budget, and of all together at the end.
    fn sums(&self) -> Vec<Sum<'_>> {
        let requests = self.streams.iter().flat_map(|stream| &stream.requests);
        let mut sums = Vec::<Sum<'_>>::new();
        let mut all = Amount::default();
        for (name, amount) in requests {
            all = all + *amount;
            let Some(name) = name.as_deref() else { continue };
            match sums.iter_mut().find(|sum| sum.name == Some(name)) {
                Some(sum) => sum.requests = sum.requests + *amount,
                None => sums.push(self.sum(Some(name), *amount)),
            }
        }
        sums.sort_by_key(|sum| sum.name);
        sums.push(self.sum(None, all));
        sums
    }

    fn sum<'a>(&'a self, name: Option<&'a str>, requests: Amount) -> Sum<'a> {
        let limits = self.budgets.iter().filter(|budget| budget.name.as_deref() == name).collect();
        Sum { name, requests, limits }
    }

    /// All that the table says.
    pub(crate) fn for_programs(&self) -> Value {
        let streams = self.streams.iter().map(|stream| {
            let requests = stream.requests.iter().map(|(budget, amount)| {
                let mut amount = as_json(*amount);
                amount["budget"] = json!(budget);
                amount
            });
            json!({
                "stream": stream.name,
                "keys_only": stream.keys_only,
                "partitions": stream.partitions.map(as_json),
                "requests": requests.collect::<Vec<_>>(),
            })
        });
        let sums = self.sums();
        let seconds = |wait: Duration| u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        let budgets = sums.iter().map(|sum| {
            let limits = sum.limits.iter().map(|limit| {
                json!({
                    "requests": limit.requests,
                    "seconds": limit.span.as_secs_f64(),
                    "least_seconds": seconds(limit.least_wait(sum.requests.number)),
                })
            });
            json!({
                "budget": sum.name,
                "requests": as_json(sum.requests),
                "limits": limits.collect::<Vec<_>>(),
            })
        });
        json!({
            "streams": streams.collect::<Vec<_>>(),
            "budgets": budgets.collect::<Vec<_>>(),
            "least_seconds": sums.iter().filter_map(Sum::least_wait).max().map(seconds),
            "asked": self.asked,
        })
    }
}

impl Sum<'_> {
    fn name(&self) -> &str {
        self.name.unwrap_or(TOGETHER)
    }

    /// How long the requests take at least; `None` without a limit.
    fn least_wait(&self) -> Option<Duration> {
        self.limits.iter().map(|limit| limit.least_wait(self.requests.number)).max()
    }

    /// How many days they take, where one is not enough.
    fn days(&self) -> Option<u64> {
        self.limits.iter().filter_map(|limit| limit.days(self.requests.number)).max()
    }

    /// A line for each limit.
    fn lines(&self) -> String {
        let (name, requests) = (self.name(), marked(self.requests));
        let noun = if self.requests == Amount::certain(1) { "request" } else { "requests" };
        if self.limits.is_empty() {
            return format!("{name}: {requests} {noun}\n");
        }
        let line = |limit: &&Budget| {
            let number = self.requests.number;
            let wait = match (limit.days(number), limit.least_wait(number)) {
                (Some(days), _) => format!("not enough, it needs {}", counted(days, "day", "days")),
                (None, Duration::ZERO) => "no wait".to_owned(),
                (None, wait) => format!("at least {}", in_words(wait)),
            };
            format!(
                "{name}: {requests} {noun}, and {} {} are allowed: {wait}\n",
                grouped(limit.requests),
                limit.span_in_words()
            )
        };
        self.limits.iter().map(line).collect()
    }
}

impl Budget {
    /// Whether requests whose cost names this budget count against it.
    fn is_for(&self, name: Option<&str>) -> bool {
        self.name.is_none() || self.name.as_deref() == name
    }

    /// How much of a span so many requests take.
    fn share(&self, requests: u64) -> String {
        let (hundred, allowed) = (u128::from(requests) * 100, u128::from(self.requests.max(1)));
        let percent = match hundred < allowed && requests > 0 {
            true => "< 1".to_owned(),
            false => grouped(u64::try_from(hundred.div_ceil(allowed)).unwrap_or(u64::MAX)),
        };
        format!("{percent} % of {}", self.span_in_words().trim_start_matches("each "))
    }
}

fn as_json(amount: Amount) -> Value {
    json!({"number": amount.number, "at_least": amount.at_least, "estimate": amount.estimate})
}

/// A number with the marks that the legend explains.
fn marked(amount: Amount) -> String {
    let about = if amount.estimate { "~" } else { "" };
    let more = if amount.at_least { "+" } else { "" };
    format!("{about}{}{more}", grouped(amount.number))
}

/// Rounded up to tenths, from ten on to whole ones.
fn minutes_in_words(time: Duration) -> String {
    let tenths = (time.as_millis() * 10).div_ceil(MINUTE.as_millis());
    match u64::try_from(tenths).unwrap_or(u64::MAX) {
        0 => "0".to_owned(),
        tenths @ 1..100 => format!("{}.{}", tenths / 10, tenths % 10),
        tenths => grouped(tenths.div_ceil(10)),
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number with a comma before each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_marked() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        let both = Amount { number: 1000, at_least: true, estimate: true };
        assert_eq!(marked(both), "~1,000+");
    }

    #[test]
    fn minutes_are_rounded_up() {
        let of = |seconds| minutes_in_words(Duration::from_secs(seconds));
        assert_eq!([0, 1, 6, 59, 60, 61].map(of), ["0", "0.1", "0.1", "1.0", "1.0", "1.1"]);
        assert_eq!([599, 601, 60_001].map(of), ["10", "11", "1,001"]);
    }
}
