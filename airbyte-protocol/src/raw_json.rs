//! [`RawJson`]: JSON text that is passed on as it came.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// JSON text known to be valid, kept as it came: key order, number digits and white space survive.
///
/// Two are equal when they parse to the same value.
///
/// ```
/// use airbyte_protocol::RawJson;
/// let raw: RawJson = r#"{"id": 90071992547409931234}"#.parse()?;
/// assert_eq!(raw.get(), r#"{"id": 90071992547409931234}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Reads the text as a value of the caller's type.
    ///
    /// # Errors
    /// When the text does not have that shape.
    pub fn parse<'de, T: Deserialize<'de>>(&'de self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }

    /// The raw value inside.
    pub fn into_raw(self) -> Box<RawValue> {
        self.0
    }
}

impl Default for RawJson {
    /// `null`.
    fn default() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

impl From<Box<RawValue>> for RawJson {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw)
    }
}

impl From<Value> for RawJson {
    fn from(value: Value) -> Self {
        // The text of a Value is valid JSON, so the second arm is never taken.
        RawValue::from_string(value.to_string()).map_or_else(|_| Self::default(), Self)
    }
}

impl FromStr for RawJson {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        RawValue::from_string(text.to_owned()).map(Self)
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
            || matches!((self.parse::<Value>(), other.parse::<Value>()), (Ok(a), Ok(b)) if a == b)
    }
}
