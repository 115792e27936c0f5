//! The columns of numbers that rows have.

use super::numbers::Numbers;

/// A column and how its number is made.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) column: &'static str,
    pub(crate) value: Value,
    /// Whether it goes on changing after the day; such numbers are not there by the hour.
    pub(crate) is_conversion: bool,
}

/// How a number is written.
#[derive(Debug)]
pub(crate) enum Value {
    Count(fn(&Numbers) -> u64),
    /// As a decimal fraction.
    Millionths(fn(&Numbers) -> u64),
}

const fn delivery(column: &'static str, value: Value) -> Metric {
    Metric { column, value, is_conversion: false }
}

const fn conversion(column: &'static str, value: fn(&Numbers) -> u64) -> Metric {
    Metric { column, value: Value::Count(value), is_conversion: true }
}

/// All columns of numbers that the fake fills.
pub(crate) const ALL: &[Metric] = &[
    delivery("SPEND_IN_MICRO_DOLLAR", Value::Count(|numbers| numbers.spend_in_micros)),
    delivery("SPEND_IN_DOLLAR", Value::Millionths(|numbers| numbers.spend_in_micros)),
    delivery("IMPRESSION_1", Value::Count(|numbers| numbers.paid_impressions)),
    delivery("IMPRESSION_2", Value::Count(|numbers| numbers.earned_impressions)),
    delivery("PAID_IMPRESSION", Value::Count(|numbers| numbers.paid_impressions)),
    delivery("CLICKTHROUGH_1", Value::Count(|numbers| numbers.clicks)),
    delivery(
        "CTR",
        Value::Millionths(|numbers| numbers.clicks * 1_000_000 / numbers.paid_impressions.max(1)),
    ),
    delivery("ENGAGEMENT_1", Value::Count(|numbers| numbers.paid_engagements)),
    delivery("TOTAL_ENGAGEMENT", Value::Count(|numbers| numbers.engagements)),
    conversion("TOTAL_CONVERSIONS", |numbers| numbers.conversions),
    conversion("TOTAL_CHECKOUT", |numbers| numbers.checkouts),
    conversion("TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR", |numbers| numbers.checkout_value_in_micros),
    conversion("TOTAL_PAGE_VISIT", |numbers| numbers.page_visits),
];

impl Value {
    /// Writes the number as JSON.
    pub(crate) fn write(&self, numbers: &Numbers, out: &mut String) {
        match self {
            Self::Count(of) => write_integer(of(numbers), out),
            Self::Millionths(of) => {
                let millionths = of(numbers);
                write_integer(millionths / 1_000_000, out);
                write_fraction(millionths % 1_000_000, out);
            }
        }
    }
}

/// By hand: with millions of numbers, formatting would take most of the time of a test.
pub(crate) fn write_integer(mut number: u64, out: &mut String) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len() - 1;
    loop {
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
        start -= 1;
    }
    out.push_str(std::str::from_utf8(&digits[start..]).unwrap_or_default());
}

/// Six digits after the point, without zeros at the end.
fn write_fraction(mut millionths: u64, out: &mut String) {
    let mut place = 100_000;
    if millionths > 0 {
        out.push('.');
    }
    while millionths > 0 {
        out.push(char::from(b'0' + (millionths / place) as u8));
        millionths %= place;
        place /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_numbers_as_json() {
        let dollars = |spend_in_micros| {
            let mut out = String::new();
            let numbers = Numbers { spend_in_micros, ..Numbers::default() };
            Value::Millionths(|numbers| numbers.spend_in_micros).write(&numbers, &mut out);
            out
        };
        for (micros, text) in
            [(0, "0"), (12_000_000, "12"), (1_500_000, "1.5"), (1, "0.000001"), (10_203_040, "10.20304")]
        {
            assert_eq!(dollars(micros), text);
        }
        let mut out = String::new();
        write_integer(u64::MAX, &mut out);
        assert_eq!(out, u64::MAX.to_string());
    }

    #[test]
    fn every_column_is_one_of_pinterests() {
        for list in [crate::columns::OF_ANALYTICS, crate::columns::OF_REPORTS] {
            for metric in ALL {
                assert!(list.lines().any(|column| column == metric.column), "{}", metric.column);
            }
        }
    }
}
