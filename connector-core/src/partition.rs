//! [`Partition`]: the part of a stream that belongs to one parent record.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

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
    keys: Box<[(Arc<str>, KeyValue)]>,
    parent: Partition,
}

/// There may be millions, so a text takes no more than it needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum KeyValue {
    Text(Box<str>),
    Other(Box<Value>),
}

impl From<Value> for KeyValue {
    fn from(value: Value) -> Self {
        match as_text(value) {
            Value::String(text) => Self::Text(text.into()),
            other => Self::Other(Box::new(other)),
        }
    }
}

impl Serialize for KeyValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl Partition {
    /// The partition of a stream that is read as a whole: no keys.
    pub fn root() -> Self {
        Self(None)
    }

    /// The partition with these keys under this one.
    #[must_use]
    pub fn child<K: Into<Arc<str>>, V: Into<Value>>(&self, keys: impl IntoIterator<Item = (K, V)>) -> Self {
        self.with(keys.into_iter().map(|(key, value)| (key.into(), value.into().into())).collect())
    }

    fn with(&self, mut keys: Vec<(Arc<str>, KeyValue)>) -> Self {
        keys.sort_by(|a, b| a.0.cmp(&b.0));
        if keys.is_empty() {
            return self.clone();
        }
        Self(Some(Arc::new(Keys { keys: keys.into(), parent: self.clone() })))
    }

    /// The text of one key; `None` when there is no such key or its value is not text.
    pub fn get(&self, key: &str) -> Option<&str> {
        let (_, value) = self.keys().iter().find(|(name, _)| &**name == key)?;
        text_of(value)
    }

    /// The text of the one key of a partition that has one.
    pub(crate) fn only_text(&self) -> Option<&str> {
        match self.keys() {
            [(_, value)] => text_of(value),
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

    /// Whether there is a parent's partition above it.
    pub(crate) fn has_parent(&self) -> bool {
        self.0.as_ref().is_some_and(|keys| !keys.parent.is_root())
    }

    /// The partition with the same keys under no parent.
    pub(crate) fn without_parent(&self) -> Partition {
        Self::root().with(self.keys().to_vec())
    }

    fn keys(&self) -> &[(Arc<str>, KeyValue)] {
        self.0.as_ref().map_or(&[], |keys| &keys.keys)
    }
}

fn text_of(value: &KeyValue) -> Option<&str> {
    match value {
        KeyValue::Text(text) => Some(text),
        KeyValue::Other(_) => None,
    }
}

/// Ids are compared and written as text, whatever the API or a platform made of them.
pub(crate) fn as_text(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            // A platform that knows doubles only writes 12 as 12.0.
            Value::String(text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned))
        }
        other => other,
    }
}

/// By which keys a stream is divided, its own first, then those of its parent's partitions, and so on; no keys for a
/// stream that is read as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Division(pub(crate) Vec<Vec<Arc<str>>>);

impl Division {
    /// The division of these partitions.
    pub(crate) fn of(partition: &Partition) -> Self {
        let mut levels = Vec::new();
        let mut level = partition.clone();
        while !level.is_root() {
            levels.push(level.keys().iter().map(|(name, _)| name.clone()).collect());
            level = level.parent();
        }
        Self(levels)
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a partition can be one of the stream's; its parents may be left out. If not: why.
    pub(crate) fn holds(&self, partition: &Partition) -> Result<(), String> {
        let mut level = partition.clone();
        for (depth, names) in self.0.iter().enumerate() {
            if depth == 1 && level.is_root() {
                return Ok(());
            }
            let of_parent = if depth == 0 { "" } else { " of a parent" };
            for name in names {
                if level.get(name).is_none() {
                    return Err(format!("`{name}`{of_parent} is missing or is no text"));
                }
            }
            if let Some((name, _)) = level.keys().iter().find(|(name, _)| !names.contains(name)) {
                return Err(format!("the stream is not divided by `{name}`"));
            }
            level = level.parent();
        }
        match (level.is_root(), self.is_whole()) {
            (true, _) => Ok(()),
            (false, true) => Err(format!("the stream is read as a whole, and this is {partition}")),
            (false, false) => Err(format!("`{PARENT}` is deeper than the stream is divided")),
        }
    }
}

/// Shares what many partitions have in common: the names of keys, and parents.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    names: HashSet<Arc<str>>,
    parents: HashSet<Partition>,
}

impl Shelf {
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name = Arc::<str>::from(name);
        self.names.insert(name.clone());
        name
    }

    fn parent(&mut self, parent: Partition) -> Partition {
        if let Some(known) = self.parents.get(&parent) {
            return known.clone();
        }
        self.parents.insert(parent.clone());
        parent
    }
}

/// Reads a partition.
pub(crate) struct PartitionSeed<'a>(pub(crate) &'a mut Shelf);

impl<'de> DeserializeSeed<'de> for PartitionSeed<'_> {
    type Value = Partition;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Partition, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PartitionSeed<'_> {
    type Value = Partition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a partition, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Partition, A::Error> {
        let (mut keys, mut parent) = (Vec::with_capacity(1), Partition::root());
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if name == PARENT {
                if !parent.is_root() {
                    return Err(A::Error::custom(format!("`{PARENT}` stands there twice")));
                }
                let above = map.next_value_seed(OrNone(PartitionSeed(self.0)))?.unwrap_or_default();
                parent = self.0.parent(above);
            } else {
                let name = self.0.name(&name);
                if keys.iter().any(|(known, _)| *known == name) {
                    return Err(A::Error::custom(format!("`{name}` stands there twice")));
                }
                keys.push((name, map.next_value::<Value>()?.into()));
            }
        }
        Ok(parent.with(keys))
    }
}

/// Reads null as nothing.
pub(crate) struct OrNone<T>(pub(crate) T);

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for OrNone<T> {
    type Value = Option<T::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T: DeserializeSeed<'de>> Visitor<'de> for OrNone<T> {
    type Value = Option<T::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
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
        PartitionSeed(&mut Shelf::default()).deserialize(deserializer)
    }
}

/// Shows the keys only, as `id=626735565838`: for messages to people.
impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(keys) = &self.0 else { return f.write_str("the whole stream") };
        if !keys.parent.is_root() {
            write!(f, "{}, ", keys.parent)?;
        }
        for (index, (key, value)) in keys.keys.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            match value {
                KeyValue::Text(text) => write!(f, "{separator}{key}={text}")?,
                KeyValue::Other(other) => write!(f, "{separator}{key}={other}")?,
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
    fn what_is_no_partition_is_refused() {
        for json in [json!({"id": "1", "parent_slice": 3}), json!("1"), json!([]), json!(null)] {
            let error = serde_json::from_value::<Partition>(json).unwrap_err();
            assert!(error.to_string().contains("expected a partition"), "{error}");
        }
    }

    #[test]
    fn a_whole_number_is_the_same_id_as_a_double() {
        assert_eq!(partition(json!({"id": 549_755_885_175.0})), partition(json!({"id": "549755885175"})));
    }

    #[test]
    fn a_division_holds_its_partitions_with_and_without_their_parents() {
        let one = Division::of(&partition(json!({"id": "1"})));
        let two = Division::of(&partition(json!({"id": "1", "parent_slice": {"id": "2"}})));
        for (division, json, reason) in [
            (&one, json!({"id": "7", "parent_slice": {}}), None),
            (&two, json!({"id": 7, "parent_slice": {"id": "2"}}), None),
            (&two, json!({"id": "7"}), None),
            (&Division::default(), json!({}), None),
            (&one, json!({}), Some("`id` is missing")),
            (&one, json!({"id": null}), Some("`id` is missing or is no text")),
            (&one, json!({"id": "7", "color": "red"}), Some("not divided by `color`")),
            (&one, json!({"id": "7", "parent_slice": {"id": "2"}}), Some("deeper")),
            (&two, json!({"id": "7", "parent_slice": {"name": "2"}}), Some("`id` of a parent")),
            (&Division::default(), json!({"id": "7"}), Some("read as a whole")),
        ] {
            let told = division.holds(&partition(json.clone())).err();
            match reason {
                None => assert_eq!(told, None, "{json}"),
                Some(reason) => {
                    assert!(told.as_ref().is_some_and(|told| told.contains(reason)), "{json}: {told:?}")
                }
            }
        }
    }
}
