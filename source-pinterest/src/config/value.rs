//! Values as users write them, read no more freely than the specification allows.
//!
//! serde alone takes an object for a choice (`{"DAY": null}`) and a list for an object; here neither passes.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use pinterest_client::model::WindowDays;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// One of a closed list of texts.
pub(super) struct Choice<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(String::deserialize(deserializer)?.into_deserializer()).map(Self)
    }
}

pub(super) fn choice<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Choice::deserialize(deserializer).map(|Choice(value)| value)
}

/// A list of choices, each once; null is an empty one.
pub(super) fn choices<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de> + PartialEq + fmt::Display,
    D: Deserializer<'de>,
{
    let choices = Option::<Vec<Choice<T>>>::deserialize(deserializer)?.unwrap_or_default();
    once(choices.into_iter().map(|Choice(value)| value).collect())
}

/// The values, unless one is there twice.
pub(super) fn once<T: PartialEq + fmt::Display, E: Error>(values: Vec<T>) -> Result<Vec<T>, E> {
    match values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)) {
        Some((_, value)) => Err(E::custom(format_args!("{value} is listed twice"))),
        None => Ok(values),
    }
}

/// An object.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Yes or no; null is no.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A whole number of this range, also written as 3.0; `None` for null.
pub(super) fn whole<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: RangeInclusive<u8>,
) -> Result<Option<u8>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else { return Ok(None) };
    let (least, most) = range.clone().into_inner();
    match range.into_iter().find(|whole| is(&number, *whole)) {
        Some(whole) => Ok(Some(whole)),
        None => Err(D::Error::custom(format_args!("{number} is not a whole number from {least} to {most}"))),
    }
}

fn is(number: &Number, whole: u8) -> bool {
    number.as_f64() == Some(f64::from(whole))
}

/// One of the numbers of days that Pinterest knows; `None` for null.
pub(super) fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<WindowDays>, D::Error> {
    window(&Value::deserialize(deserializer)?)
}

/// The same, or in a list of one, as older configs hold it.
pub(super) fn days_or_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<WindowDays>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match value.as_array().map(Vec::as_slice) {
        Some([days @ Value::Number(_)]) => window(days),
        _ => window(&value),
    }
}

fn window<E: Error>(value: &Value) -> Result<Option<WindowDays>, E> {
    let allowed = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => WindowDays::ALLOWED.into_iter().find(|days| is(number, *days)),
        _ => None,
    };
    let days = allowed.and_then(WindowDays::new);
    days.map(Some).ok_or_else(|| E::custom(format_args!("{value} is none of 0, 1, 7, 14, 30 and 60 days")))
}

#[cfg(test)]
mod tests {
    use pinterest_client::model::Granularity;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_choice_is_text_and_stands_once() {
        assert_eq!(choice::<Granularity, _>(json!("DAY")).unwrap(), Granularity::Day);
        assert_eq!(choices::<Granularity, _>(json!(null)).unwrap(), []);
        assert_eq!(
            choices::<Granularity, _>(json!(["WEEK", "DAY"])).unwrap(),
            [Granularity::Week, Granularity::Day]
        );
        for (wrong, expected) in [
            (json!("day"), "unknown variant `day`, expected one of `TOTAL`, `DAY`, `HOUR`, `WEEK`, `MONTH`"),
            (json!({"DAY": null}), "invalid type: map, expected a string"),
            (json!(1), "invalid type: integer `1`, expected a string"),
        ] {
            assert_eq!(choice::<Granularity, _>(&wrong).unwrap_err().to_string(), expected);
            assert_eq!(choices::<Granularity, _>(json!([wrong])).unwrap_err().to_string(), expected);
        }
        let error = choices::<Granularity, _>(json!(["WEEK", "DAY", "WEEK"])).unwrap_err();
        assert_eq!(error.to_string(), "WEEK is listed twice");
    }

    #[test]
    fn an_object_is_no_list_of_its_values() {
        #[derive(Debug, Deserialize)]
        struct Pair {
            a: u8,
        }
        assert_eq!(
            Object::<Pair>::deserialize(json!({"a": 1, "c": 3})).map(|Object(pair)| pair.a).unwrap(),
            1
        );
        for wrong in [json!([1]), json!("x"), json!(null)] {
            let error = Object::<Pair>::deserialize(wrong).map(|Object(pair)| pair).unwrap_err();
            assert!(error.to_string().ends_with("expected an object"), "{error}");
        }
    }

    #[test]
    fn a_number_is_whole_and_of_its_range() {
        for (number, expected) in
            [(json!(null), None), (json!(0), Some(0)), (json!(90), Some(90)), (json!(7.0), Some(7))]
        {
            assert_eq!(whole(number, 0..=90).unwrap(), expected);
        }
        for wrong in [json!(-1), json!(91), json!(2.5), json!(1e9)] {
            let error = whole(&wrong, 0..=90).unwrap_err().to_string();
            assert_eq!(error, format!("{wrong} is not a whole number from 0 to 90"));
        }
        assert!(whole(json!("3"), 0..=90).unwrap_err().to_string().contains("expected a JSON number"));
    }

    #[test]
    fn days_are_those_that_pinterest_knows_and_nought_is_one_of_them() {
        for number in WindowDays::ALLOWED {
            let expected = WindowDays::new(number);
            assert_eq!(days(json!(number)).unwrap(), expected);
            assert_eq!(days(json!(f64::from(number))).unwrap(), expected);
            assert_eq!(days_or_list(json!(number)).unwrap(), expected);
            assert_eq!(days_or_list(json!([number])).unwrap(), expected);
        }
        assert_eq!(days(json!(null)).unwrap(), None);
        assert_eq!(days_or_list(json!(null)).unwrap(), None);
        for wrong in [json!(2), json!(-1), json!(0.5), json!("30"), json!([]), json!([30, 30]), json!([null])]
        {
            let expected = format!("{wrong} is none of 0, 1, 7, 14, 30 and 60 days");
            assert_eq!(days(&wrong).unwrap_err().to_string(), expected);
            assert_eq!(days_or_list(&wrong).unwrap_err().to_string(), expected);
        }
        assert!(days(json!([30])).is_err());
    }
}
