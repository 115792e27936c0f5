//! [`Partition`]: the part of a stream that belongs to one parent record.

use std::sync::Arc;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

const PARENT: &str = "parent_slice";

/// The part of a stream that belongs to one parent record or one fixed value.
///
/// Its JSON form is the one that Airbyte keeps in a stream's state: the keys, then the parent's partition as
/// `parent_slice`, which is `{}` where the parent has no partitions of its own. Numbers become text, because the
/// same id comes as a number from one API version and as text from the next.
///
/// ```
/// use connector_core::Partition;
/// let account = Partition::root().child([("id", "549755885175")]);
/// let campaign = account.child([("id", "626735565838")]);
/// assert_eq!(campaign.get("id"), Some("626735565838"));
/// assert_eq!(campaign.parent().get("id"), Some("549755885175"));
/// assert_eq!(
///     serde_json::to_string(&campaign)?,
///     r#"{"id":"626735565838","parent_slice":{"id":"549755885175","parent_slice":{}}}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Partition(Option<Arc<Keys>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Keys {
    /// Sorted by name, so that the order in a state does not matter.
    keys: Vec<(String, Value)>,
    parent: Partition,
}

impl Partition {
    /// The partition of a stream that is read as a whole: no keys.
    pub fn root() -> Self {
        Self(None)
    }

    /// The partition with these keys under this one.
    #[must_use]
    pub fn child<K: Into<String>, V: Into<Value>>(&self, keys: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut keys: Vec<_> =
            keys.into_iter().map(|(key, value)| (key.into(), as_text(value.into()))).collect();
        keys.sort_by(|a, b| a.0.cmp(&b.0));
        if keys.is_empty() {
            return self.clone();
        }
        Self(Some(Arc::new(Keys { keys, parent: self.clone() })))
    }

    /// The text of one key; `None` when there is no such key or its value is not text.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.value(key)?.as_str()
    }

    /// The value of one key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        let keys = &self.0.as_ref()?.keys;
        keys.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value of the one key of a partition that has one.
    pub(crate) fn only_value(&self) -> Option<&Value> {
        match self.0.as_ref()?.keys.as_slice() {
            [(_, value)] => Some(value),
            _ => None,
        }
    }

    /// The partition of the parent; the root for a partition without one.
    pub fn parent(&self) -> Partition {
        self.0.as_ref().map_or_else(Self::root, |keys| keys.parent.clone())
    }

    /// Whether this is the partition of a stream that is read as a whole.
    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }

    fn from_map(map: Map<String, Value>) -> Result<Self, String> {
        let mut parent = Self::root();
        let mut keys = Vec::with_capacity(map.len());
        for (key, value) in map {
            match value {
                Value::Object(inner) if key == PARENT => parent = Self::from_map(inner)?,
                Value::Null if key == PARENT => {}
                _ if key == PARENT => return Err(format!("`{PARENT}` is not an object")),
                value => keys.push((key, value)),
            }
        }
        Ok(parent.child(keys))
    }
}

/// Ids are compared and written as text, whatever the API sent.
pub(crate) fn as_text(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        other => other,
    }
}

impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(keys) = &self.0 else { return serializer.serialize_map(Some(0))?.end() };
        let mut map = serializer.serialize_map(Some(keys.keys.len() + 1))?;
        for (key, value) in &keys.keys {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry(PARENT, &keys.parent)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Partition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_map(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Shows the keys only, as `id=626735565838`: for messages to people.
impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(keys) = &self.0 else { return f.write_str("the whole stream") };
        if !keys.parent.is_root() {
            write!(f, "{}, ", keys.parent)?;
        }
        for (index, (key, value)) in keys.keys.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            match value {
                Value::String(text) => write!(f, "{separator}{key}={text}")?,
                other => write!(f, "{separator}{key}={other}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn partition(json: Value) -> Partition {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn key_order_and_number_form_do_not_make_another_partition() {
        let written = partition(json!({"id": "1", "parent_slice": {"id": "2", "parent_slice": {}}}));
        assert_eq!(written, partition(json!({"parent_slice": {"parent_slice": {}, "id": 2}, "id": 1})));
    }

    #[test]
    fn a_missing_parent_is_an_empty_parent() {
        assert_eq!(partition(json!({"id": "1"})), partition(json!({"id": "1", "parent_slice": {}})));
        assert_eq!(partition(json!({"id": "1"})), partition(json!({"id": "1", "parent_slice": null})));
    }

    #[test]
    fn another_parent_makes_another_partition() {
        let first = Partition::root().child([("id", "1")]);
        let second = Partition::root().child([("id", "2")]);
        assert_ne!(first.child([("id", "9")]), second.child([("id", "9")]));
    }

    #[test]
    fn the_json_form_reads_back() {
        let nested = Partition::root().child([("id", "1")]).child([("b", "x"), ("a", "y")]);
        assert_eq!(partition(serde_json::to_value(&nested).unwrap()), nested);
    }

    #[test]
    fn a_parent_that_is_no_object_is_refused() {
        let error = serde_json::from_value::<Partition>(json!({"id": "1", "parent_slice": 3})).unwrap_err();
        assert!(error.to_string().contains("parent_slice"), "{error}");
    }
}
