//! The records the fake holds, and how a test changes them while the server runs.
//!
//! A record is kept as JSON text with the few values the server filters by beside it: a benchmark's 200,000 ads then
//! cost their bytes and no more, and a page is put together by copying.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Deref, DerefMut},
};

use serde_json::{Map, Value};

use crate::{
    analytics,
    misuse::{Misuse, insist},
    query::DEFAULT_STATUSES,
};

/// What a record is. Two streams may serve the same kind: pins by board and pins by section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    AdAccounts,
    Campaigns,
    AdGroups,
    Ads,
    Audiences,
    Keywords,
    ConversionTags,
    CustomerLists,
    Boards,
    BoardSections,
    Pins,
    Catalogs,
    Feeds,
    ProductGroups,
}

/// A stream that a connector reads from this server: its name, and the operation it is read with.
type Stream = (&'static str, Kind, &'static str);

const STREAMS: &[Stream] = &[
    ("ad_accounts", Kind::AdAccounts, "ad_accounts/list"),
    ("campaigns", Kind::Campaigns, "campaigns/list"),
    ("ad_groups", Kind::AdGroups, "ad_groups/list"),
    ("ads", Kind::Ads, "ads/list"),
    ("audiences", Kind::Audiences, "audiences/list"),
    ("keywords", Kind::Keywords, "keywords/get"),
    ("conversion_tags", Kind::ConversionTags, "conversion_tags/list"),
    ("customer_lists", Kind::CustomerLists, "customer_lists/list"),
    ("boards", Kind::Boards, "boards/list"),
    ("board_sections", Kind::BoardSections, "board_sections/list"),
    ("board_pins", Kind::Pins, "boards/list_pins"),
    ("board_section_pins", Kind::Pins, "board_sections/list_pins"),
    ("catalogs", Kind::Catalogs, "catalogs/list"),
    ("catalogs_feeds", Kind::Feeds, "feeds/list"),
    ("catalogs_product_groups", Kind::ProductGroups, "catalogs_product_groups/list"),
];

/// The names of all streams.
#[cfg(test)]
pub(crate) fn stream_names() -> impl Iterator<Item = &'static str> {
    STREAMS.iter().map(|(name, ..)| *name)
}

/// The operation of the API that a stream's own records come from, e.g. `campaigns/list`, or the first of them:
/// `analytics/create_report` for a report.
///
/// # Panics
///
/// When there is no such stream; [`Data`] and [`FakePinterest::rows`](crate::FakePinterest::rows) name them.
#[must_use]
pub fn operation_of(stream: &str) -> &'static str {
    analytics::operation_of(stream).unwrap_or_else(|| find(stream).2)
}

fn kind_of(stream: &str) -> Kind {
    find(stream).1
}

fn find(stream: &str) -> &'static Stream {
    insist(try_find(stream))
}

fn try_find(stream: &str) -> Result<&'static Stream, Misuse> {
    let found = STREAMS.iter().find(|(name, ..)| *name == stream);
    found.ok_or_else(|| Misuse::new(format!("fake-pinterest has no stream named {stream}")))
}

/// Refuses a name for which the methods of [`Data`] would panic.
pub(crate) fn check_stream(stream: &str) -> Result<(), Misuse> {
    try_find(stream).map(|_| ())
}

/// One record: its text, and what the server filters by.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    id: Box<str>,
    /// The ad account a record of the user belongs to. It is not part of the record.
    owner: Option<Box<str>>,
    status: Option<Box<str>>,
    campaign_id: Option<Box<str>>,
    ad_group_id: Option<Box<str>>,
    parent_id: Option<Box<str>>,
    section_id: Option<Box<str>>,
    summary_status: Option<Box<str>>,
    creative_type: Option<Box<str>>,
    pin_id: Option<Box<str>>,
    text: Box<str>,
}

impl Stored {
    fn new(record: &Value, owner: Option<Box<str>>) -> Self {
        let field = |name: &str| record.get(name).and_then(Value::as_str).map(Box::from);
        Self {
            id: id_of(record).into(),
            owner,
            status: field("status"),
            campaign_id: field("campaign_id"),
            ad_group_id: field("ad_group_id"),
            parent_id: field("parent_id"),
            section_id: field("board_section_id"),
            summary_status: field("summary_status"),
            creative_type: field("creative_type"),
            pin_id: field("pin_id"),
            text: record.to_string().into(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    pub(crate) fn campaign_id(&self) -> Option<&str> {
        self.campaign_id.as_deref()
    }

    pub(crate) fn ad_group_id(&self) -> Option<&str> {
        self.ad_group_id.as_deref()
    }

    pub(crate) fn parent_id(&self) -> Option<&str> {
        self.parent_id.as_deref()
    }

    pub(crate) fn section_id(&self) -> Option<&str> {
        self.section_id.as_deref()
    }

    pub(crate) fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    pub(crate) fn summary_status(&self) -> Option<&str> {
        self.summary_status.as_deref()
    }

    pub(crate) fn creative_type(&self) -> Option<&str> {
        self.creative_type.as_deref()
    }

    pub(crate) fn pin_id(&self) -> Option<&str> {
        self.pin_id.as_deref()
    }

    pub(crate) fn has_status(&self, statuses: &[&str]) -> bool {
        self.status.as_deref().is_some_and(|status| statuses.contains(&status))
    }

    pub(crate) fn value(&self) -> Value {
        // The text was written by serde_json, so it reads back.
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// The id of a record, which may be missing, null or a number in a record that a test made odd on purpose.
fn id_of(record: &Value) -> String {
    match record.get("id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    }
}

/// Where a record is listed: the id in the path (empty for lists of the user), and its hidden owner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) group: String,
    pub(crate) owner: Option<Box<str>>,
}

impl Place {
    pub(crate) fn under(parent: &str) -> Self {
        Self { group: parent.to_owned(), owner: None }
    }

    pub(crate) fn of_user(owner: Option<&str>) -> Self {
        Self { group: String::new(), owner: owner.map(Box::from) }
    }
}

/// All records of the fake. [`FakePinterest::edit`](crate::FakePinterest::edit) lends it to a test.
///
/// Streams are named as the connector names them: `boards`, `board_sections`, `board_pins`, `board_section_pins`,
/// `ad_accounts`, `campaigns`, `ad_groups`, `ads`, `audiences`, `keywords`, `conversion_tags`, `customer_lists`,
/// `catalogs`, `catalogs_feeds`, `catalogs_product_groups`. Every method panics on another name. The `pin_count` of a
/// board follows when pins come or go.
#[derive(Debug, Clone, Default)]
pub struct Data {
    tables: BTreeMap<Kind, BTreeMap<String, Vec<Stored>>>,
    user: Map<String, Value>,
}

impl Data {
    /// All records of a stream, whatever their status.
    #[must_use]
    pub fn records(&self, stream: &str) -> Vec<Value> {
        self.of_stream(stream).map(|(_, stored)| stored.value()).collect()
    }

    /// All records of a stream, to be changed in place. The changes count when the answer is dropped.
    ///
    /// A record that is new must tell where it belongs, as for [`upsert`](Self::upsert).
    #[must_use]
    pub fn records_mut(&mut self, stream: &str) -> RecordsMut<'_> {
        let records = self.records(stream);
        RecordsMut { stream: stream.to_owned(), records, data: self }
    }

    /// Puts a record in the place of the one with the same id, or adds it at the end of its list.
    ///
    /// # Panics
    ///
    /// When a new record does not tell where it belongs: `ad_account_id` for what an ad account holds, `board_id`
    /// for sections and pins, `parent_id` for keywords (the id of an ad group, a campaign or an ad account). What
    /// the user holds goes to the first ad account, or to the one in an `ad_account_id` of the record.
    pub fn upsert(&mut self, stream: &str, record: Value) {
        insist(self.try_upsert(stream, &record));
    }

    pub(crate) fn try_upsert(&mut self, stream: &str, record: &Value) -> Result<(), Misuse> {
        let (_, kind, _) = *try_find(stream)?;
        let pins = self.pin_counts();
        if let Some(stored) = self.find_mut(kind, &id_of(record)) {
            *stored = Stored::new(record, stored.owner.clone());
        } else {
            let place = self.place(kind, record)?;
            self.insert(kind, place, record);
        }
        self.follow_pins(&pins);
        Ok(())
    }

    /// Takes the record with this id away; tells whether there was one.
    pub fn remove(&mut self, stream: &str, id: &str) -> bool {
        let pins = self.pin_counts();
        let table = self.tables.entry(kind_of(stream)).or_default();
        let before: usize = table.values().map(Vec::len).sum();
        for records in table.values_mut() {
            records.retain(|stored| stored.id() != id);
        }
        let after: usize = table.values().map(Vec::len).sum();
        self.follow_pins(&pins);
        before != after
    }

    /// Sets `updated_time` (epoch seconds) of the record with this id; tells whether there was one.
    pub fn touch(&mut self, stream: &str, id: &str, updated_time: i64) -> bool {
        self.set_fields(stream, id, [("updated_time".to_owned(), updated_time.into())])
    }

    /// Sets fields of the record with this id, in the place it is listed; tells whether there was one. Other fields
    /// stay.
    pub fn set_fields(
        &mut self,
        stream: &str,
        id: &str,
        fields: impl IntoIterator<Item = (String, Value)>,
    ) -> bool {
        let Some(stored) = self.find_mut(kind_of(stream), id) else { return false };
        let mut record = stored.value();
        if let Some(record) = record.as_object_mut() {
            record.extend(fields);
        }
        *stored = Stored::new(&record, stored.owner.clone());
        true
    }

    /// The ids of the ad accounts, in the order they are listed.
    #[must_use]
    pub fn ad_account_ids(&self) -> Vec<String> {
        self.group(Kind::AdAccounts, "").iter().map(|stored| stored.id().to_owned()).collect()
    }

    pub(crate) fn insert(&mut self, kind: Kind, place: Place, record: &Value) {
        let records = self.tables.entry(kind).or_default().entry(place.group).or_default();
        records.push(Stored::new(record, place.owner));
    }

    pub(crate) fn set_user(&mut self, user: Map<String, Value>) {
        self.user = user;
    }

    pub(crate) fn user(&self) -> Value {
        Value::Object(self.user.clone())
    }

    /// The records listed under one parent, in order.
    pub(crate) fn group(&self, kind: Kind, parent: &str) -> &[Stored] {
        self.tables.get(&kind).and_then(|table| table.get(parent)).map_or(&[], Vec::as_slice)
    }

    /// The record of this kind under this parent.
    pub(crate) fn find_in(&self, kind: Kind, parent: &str, id: &str) -> Option<&Stored> {
        let group = self.group(kind, parent);
        // Seeded ids ascend, so that this finds almost all; a test may have put others anywhere.
        let ascending = group.binary_search_by(|stored| stored.id().cmp(id)).ok();
        ascending.map(|index| &group[index]).or_else(|| group.iter().find(|stored| stored.id() == id))
    }

    /// Sets the number of pins of each board whose pins are not as many as before.
    fn follow_pins(&mut self, before: &BTreeMap<String, usize>) {
        let now = self.pin_counts();
        let groups: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for board in groups.into_iter().filter(|board| before.get(*board) != now.get(*board)) {
            let count = now.get(board).copied().unwrap_or_default();
            if let Some(stored) = self.find_mut(Kind::Boards, board) {
                let mut record = stored.value();
                record["pin_count"] = count.into();
                *stored = Stored::new(&record, stored.owner.clone());
            }
        }
    }

    fn pin_counts(&self) -> BTreeMap<String, usize> {
        let boards = self.tables.get(&Kind::Pins).into_iter().flatten();
        boards.map(|(board, pins)| (board.clone(), pins.len())).collect()
    }

    /// What a full sync of a stream delivers when it asks for these statuses.
    pub(crate) fn truth(&self, stream: &str, statuses: &[&str]) -> Vec<Value> {
        self.of_stream(stream)
            .filter(|(group, stored)| self.is_reachable(stream, group, stored, statuses))
            .map(|(_, stored)| stored.value())
            .collect()
    }

    /// As [`truth`](Self::truth), with the statuses the API takes when none are named.
    pub(crate) fn default_truth(&self, stream: &str) -> Vec<Value> {
        self.truth(stream, DEFAULT_STATUSES)
    }

    fn is_reachable(&self, stream: &str, group: &str, stored: &Stored, statuses: &[&str]) -> bool {
        let has_parent = |kind| self.find_in(kind, "", group).is_some();
        match kind_of(stream) {
            Kind::AdAccounts | Kind::Boards | Kind::Catalogs | Kind::Feeds | Kind::ProductGroups => true,
            Kind::Campaigns | Kind::AdGroups | Kind::Ads => {
                has_parent(Kind::AdAccounts) && stored.has_status(statuses)
            }
            Kind::Audiences | Kind::ConversionTags | Kind::CustomerLists => has_parent(Kind::AdAccounts),
            Kind::Keywords => {
                let parent = stored.parent_id().and_then(|id| self.find_in(Kind::AdGroups, group, id));
                has_parent(Kind::AdAccounts) && parent.is_some_and(|ad_group| ad_group.has_status(statuses))
            }
            Kind::BoardSections => has_parent(Kind::Boards),
            Kind::Pins if stream == "board_pins" => has_parent(Kind::Boards),
            Kind::Pins => {
                let section = stored.section_id().and_then(|id| self.find_in(Kind::BoardSections, group, id));
                has_parent(Kind::Boards) && section.is_some()
            }
        }
    }

    fn of_stream<'a>(&'a self, stream: &str) -> impl Iterator<Item = (&'a str, &'a Stored)> + use<'a> {
        let only_in_sections = stream == "board_section_pins";
        let groups = self.tables.get(&kind_of(stream)).into_iter().flatten();
        groups
            .flat_map(|(group, records)| records.iter().map(|stored| (group.as_str(), stored)))
            .filter(move |(_, stored)| !only_in_sections || stored.section_id().is_some())
    }

    fn find_mut(&mut self, kind: Kind, id: &str) -> Option<&mut Stored> {
        self.tables.entry(kind).or_default().values_mut().flatten().find(|stored| stored.id() == id)
    }

    /// The ad account under which an ad group or campaign is listed.
    fn ad_account_of(&self, parent: &str) -> Option<String> {
        if self.find_in(Kind::AdAccounts, "", parent).is_some() {
            return Some(parent.to_owned());
        }
        let holders = [Kind::AdGroups, Kind::Campaigns].into_iter().filter_map(|kind| self.tables.get(&kind));
        let mut groups = holders.flatten();
        groups
            .find(|(_, records)| records.iter().any(|stored| stored.id() == parent))
            .map(|(group, _)| group.clone())
    }

    /// Where a new record is listed. One that no request can reach is refused.
    fn place(&self, kind: Kind, record: &Value) -> Result<Place, Misuse> {
        let field = |name: &str| record.get(name).and_then(Value::as_str);
        let (needs, group) = match kind {
            Kind::AdAccounts => return Ok(Place::default()),
            Kind::Boards | Kind::Catalogs | Kind::Feeds | Kind::ProductGroups => {
                let first = self.group(Kind::AdAccounts, "").first().map(Stored::id);
                return Ok(Place::of_user(field("ad_account_id").or(first)));
            }
            Kind::BoardSections | Kind::Pins => ("board_id", field("board_id").map(str::to_owned)),
            Kind::Keywords => ("parent_id", field("parent_id").and_then(|parent| self.ad_account_of(parent))),
            _ => ("ad_account_id", field("ad_account_id").map(str::to_owned)),
        };
        let place = group.map(|group| Place { group, owner: None });
        place.ok_or_else(|| {
            Misuse::new(format!("a new record of {kind:?} needs a {needs} that is known: {record}"))
        })
    }
}

/// The records of one stream while a test changes them; see [`Data::records_mut`].
#[derive(Debug)]
pub struct RecordsMut<'a> {
    data: &'a mut Data,
    stream: String,
    records: Vec<Value>,
}

impl Deref for RecordsMut<'_> {
    type Target = Vec<Value>;

    fn deref(&self) -> &Vec<Value> {
        &self.records
    }
}

impl DerefMut for RecordsMut<'_> {
    fn deref_mut(&mut self) -> &mut Vec<Value> {
        &mut self.records
    }
}

impl Drop for RecordsMut<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let kind = kind_of(&self.stream);
        let places: BTreeMap<String, Place> = self
            .data
            .of_stream(&self.stream)
            .map(|(group, stored)| {
                (stored.id.to_string(), Place { group: group.to_owned(), owner: stored.owner.clone() })
            })
            .collect();
        let pins = self.data.pin_counts();
        let only_in_sections = self.stream == "board_section_pins";
        for records in self.data.tables.entry(kind).or_default().values_mut() {
            records.retain(|stored| only_in_sections && stored.section_id.is_none());
        }
        for record in &self.records {
            let known = places.get(&id_of(record)).cloned();
            let place = known.unwrap_or_else(|| insist(self.data.place(kind, record)));
            self.data.insert(kind, place, record);
        }
        self.data.follow_pins(&pins);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shop() -> Data {
        let mut data = Data::default();
        data.upsert("ad_accounts", json!({"id": "1"}));
        data.upsert("campaigns", json!({"id": "10", "ad_account_id": "1", "status": "ACTIVE"}));
        data.upsert("campaigns", json!({"id": "11", "ad_account_id": "1", "status": "ARCHIVED"}));
        data.upsert("ad_groups", json!({"id": "20", "ad_account_id": "1", "status": "PAUSED"}));
        data.upsert("keywords", json!({"id": "30", "parent_id": "20"}));
        data.upsert("boards", json!({"id": "40"}));
        data.upsert("board_sections", json!({"id": "41", "board_id": "40"}));
        data.upsert("board_pins", json!({"id": "42", "board_id": "40"}));
        data.upsert("board_pins", json!({"id": "43", "board_id": "40", "board_section_id": "41"}));
        data
    }

    fn ids(records: &[Value]) -> Vec<&str> {
        records.iter().filter_map(|record| record["id"].as_str()).collect()
    }

    #[test]
    fn the_truth_follows_statuses_and_parents() {
        let mut data = shop();
        assert_eq!(ids(&data.default_truth("campaigns")), ["10"]);
        assert_eq!(ids(&data.truth("campaigns", &["ARCHIVED"])), ["11"]);
        assert_eq!(ids(&data.default_truth("keywords")), ["30"]);
        assert!(data.truth("keywords", &["ACTIVE"]).is_empty());
        assert_eq!(ids(&data.default_truth("board_pins")), ["42", "43"]);
        assert_eq!(ids(&data.default_truth("board_section_pins")), ["43"]);
        assert!(data.remove("boards", "40"));
        assert!(data.default_truth("board_pins").is_empty());
    }

    #[test]
    fn an_upsert_replaces_in_place_and_a_touch_changes_one_field() {
        let mut data = shop();
        data.upsert(
            "campaigns",
            json!({"id": "10", "ad_account_id": "1", "name": "new", "status": "PAUSED"}),
        );
        assert!(data.touch("campaigns", "10", 99));
        assert!(!data.touch("campaigns", "12", 99));
        assert_eq!(
            data.records("campaigns")[0],
            json!({"id": "10", "ad_account_id": "1", "name": "new", "status": "PAUSED", "updated_time": 99})
        );
    }

    #[test]
    fn records_changed_in_place_keep_their_board() {
        let mut data = shop();
        data.records_mut("board_sections")[0]["name"] = "Salads".into();
        data.records_mut("board_section_pins").clear();
        assert_eq!(data.default_truth("board_sections")[0]["name"], "Salads");
        assert_eq!(ids(&data.default_truth("board_pins")), ["42"]);
    }

    #[test]
    fn every_stream_is_read_with_an_operation_that_is_served() {
        for stream in stream_names() {
            let operation = operation_of(stream);
            assert!(
                crate::operation::ALL.iter().any(|served| served.id == operation),
                "{stream}: {operation}"
            );
        }
    }

    #[test]
    #[should_panic(expected = "no stream named campaign")]
    fn a_wrong_stream_name_fails() {
        let _ = shop().records("campaign");
    }

    #[test]
    #[should_panic(expected = "needs a board_id")]
    fn a_record_nobody_could_reach_fails() {
        shop().upsert("board_pins", json!({"id": "44"}));
    }
}
