//! Cuts a response body into records without parsing them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::endpoint::{Endpoint, Items, Paging};
use crate::error::{Error, Result};

/// One page of records as Pinterest sent them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawPage {
    /// Each a complete JSON object, a slice of the response body. It can hold line breaks between its tokens.
    pub items: Vec<Bytes>,
    /// Where the next page begins; none at the end.
    pub bookmark: Option<String>,
}

impl RawPage {
    /// Cuts a response body as the endpoint says.
    ///
    /// # Errors
    /// [`Error::Decode`]: the body is not what the API promises. There is never an empty page instead.
    pub fn from_body(body: &Bytes, endpoint: &Endpoint) -> Result<Self> {
        let cut = match endpoint.items {
            Items::Field(name) => listing(body, name),
            Items::Array => array(body),
            Items::Path(names) => nested(body, names),
            Items::Whole => whole(body),
        };
        let mut page = cut.map_err(|problem| Error::Decode { endpoint: endpoint.operation, problem })?;
        if endpoint.paging == Paging::None {
            page.bookmark = None;
        }
        Ok(page)
    }
}

/// What is wrong with a body, to follow "Pinterest's answer to boards/list …".
type Problem = String;

fn listing(body: &Bytes, name: &'static str) -> Result<RawPage, Problem> {
    if first_byte(body) != Some(b'{') {
        return Err(not_an_object(body));
    }
    let mut input = serde_json::Deserializer::from_slice(body);
    let fields = Listing { name }.deserialize(&mut input).and_then(|fields| input.end().map(|()| fields));
    let fields = fields.map_err(|error| unreadable(&error))?;
    if fields.code.is_some() {
        return Err("holds the code of an error".to_owned());
    }
    let items = fields.items.ok_or_else(|| format!("has no {name}"))?;
    let items = items.ok_or_else(|| format!("has null for {name}"))?;
    let bookmark = fields.bookmark.filter(|bookmark| !bookmark.is_empty()).map(Cow::into_owned);
    Ok(RawPage { items: slices(body, &items)?, bookmark })
}

fn array(body: &Bytes) -> Result<RawPage, Problem> {
    if first_byte(body) != Some(b'[') {
        return Err(not_an_array(body));
    }
    let items: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    Ok(RawPage { items: slices(body, &items)?, bookmark: None })
}

fn nested(body: &Bytes, names: &[&'static str]) -> Result<RawPage, Problem> {
    if first_byte(body) != Some(b'{') {
        return Err(not_an_object(body));
    }
    let mut inner: &RawValue = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    for name in names {
        let fields: HashMap<Cow<'_, str>, &RawValue> =
            serde_json::from_str(inner.get()).map_err(|error| unreadable(&error))?;
        inner = fields.get(*name).ok_or_else(|| format!("has no {name}"))?;
    }
    array(&body.slice_ref(inner.get().as_bytes()))
}

fn whole(body: &Bytes) -> Result<RawPage, Problem> {
    if first_byte(body) != Some(b'{') {
        return Err(not_an_object(body));
    }
    let item: &RawValue = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    Ok(RawPage { items: slices(body, &[item])?, bookmark: None })
}

fn slices(body: &Bytes, items: &[&RawValue]) -> Result<Vec<Bytes>, Problem> {
    let is_object = |item: &&&RawValue| item.get().starts_with('{');
    match items.iter().find(|item| !is_object(item)) {
        Some(_) => Err("has an item that is no object".to_owned()),
        None => Ok(items.iter().map(|item| body.slice_ref(item.get().as_bytes())).collect()),
    }
}

fn first_byte(body: &[u8]) -> Option<u8> {
    body.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

pub(crate) fn not_an_object(body: &[u8]) -> Problem {
    match first_byte(body) {
        None => "is empty".to_owned(),
        Some(b'<') => "is a web page, not JSON".to_owned(),
        Some(b'[') => "is an array, not an object".to_owned(),
        Some(_) => "is not a JSON object".to_owned(),
    }
}

pub(crate) fn not_an_array(body: &[u8]) -> Problem {
    match first_byte(body) {
        Some(b'{') => "is an object, not an array".to_owned(),
        Some(b'<') | None => not_an_object(body),
        Some(_) => "is not a JSON array".to_owned(),
    }
}

/// Says where, not what: the message of the parser can show a piece of the data.
fn unreadable(error: &serde_json::Error) -> Problem {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Eof => "ends in the middle",
        Category::Syntax => "is not JSON",
        Category::Data | Category::Io => "is not a page of records",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// A field is none when it is absent, and holds a none when it is null.
#[derive(Default)]
struct Fields<'a> {
    items: Option<Option<Vec<&'a RawValue>>>,
    bookmark: Option<Cow<'a, str>>,
    /// An error's field, which no page has.
    code: Option<IgnoredAny>,
}

/// Reads the fields of a listing whose records are under `name`.
struct Listing {
    name: &'static str,
}

impl<'de> DeserializeSeed<'de> for Listing {
    type Value = Fields<'de>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Listing {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with {}", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(Text(key)) = map.next_key()? {
            if key == self.name {
                fields.items = Some(map.next_value()?);
            } else if key == "bookmark" {
                fields.bookmark = map.next_value::<Option<Text<'de>>>()?.map(|text| text.0);
            } else if key == "code" {
                fields.code = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(fields)
    }
}

/// A text that is borrowed when it holds no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::endpoint::{BOARDS, USER_ACCOUNT};

    const ARRAY: Endpoint = Endpoint { items: Items::Array, paging: Paging::None, ..BOARDS };

    fn cut(body: &str, endpoint: &Endpoint) -> Result<RawPage> {
        RawPage::from_body(&Bytes::copy_from_slice(body.as_bytes()), endpoint)
    }

    fn problem(body: &str, endpoint: &Endpoint) -> String {
        match cut(body, endpoint).unwrap_err() {
            Error::Decode { problem, .. } => problem,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn records_are_slices_of_the_body_with_every_byte_they_had() {
        let body = Bytes::from_static(b"{\"items\": [ {\"id\" :1,\n \"n\":12345678901234567890.50} ,{}]\n}");
        let page = RawPage::from_body(&body, &BOARDS).unwrap();
        assert_eq!(page.items, ["{\"id\" :1,\n \"n\":12345678901234567890.50}", "{}"]);
        assert!(body.as_ptr_range().contains(&page.items[0].as_ptr()));
    }

    #[test]
    fn a_bookmark_is_where_the_listing_goes_on() {
        let bookmark = |body: &str| cut(body, &BOARDS).unwrap().bookmark;
        assert_eq!(bookmark(r#"{"items":[],"bookmark":"a=="}"#).as_deref(), Some("a=="));
        assert_eq!(bookmark(r#"{"bookmark":"\u0061\/b","items":[]}"#).as_deref(), Some("a/b"));
        assert_eq!(bookmark(r#"{"items":[],"book\u006dark":"a"}"#).as_deref(), Some("a"));
        for end in [r#"{"items":[]}"#, r#"{"items":[],"bookmark":null}"#, r#"{"items":[],"bookmark":""}"#] {
            assert_eq!(bookmark(end), None, "{end}");
        }
        assert!(cut(r#"{"items":[],"bookmark":7}"#, &BOARDS).is_err());
    }

    #[test]
    fn unknown_fields_beside_the_records_do_not_matter() {
        let page = cut(r#"{"total":2,"items":[{"items":[1]}],"more":{"items":null}}"#, &BOARDS).unwrap();
        assert_eq!(page.items, [r#"{"items":[1]}"#]);
    }

    #[test]
    fn an_array_and_an_object_are_whole_answers() {
        assert_eq!(cut("[]", &ARRAY).unwrap(), RawPage::default());
        assert_eq!(cut(r#" [{"a":1},{"b":2}] "#, &ARRAY).unwrap().items.len(), 2);
        assert_eq!(cut(r#" {"id":"1"} "#, &USER_ACCOUNT).unwrap().items, [r#"{"id":"1"}"#]);
        assert_eq!(problem("{}", &ARRAY), "is an object, not an array");
        assert_eq!(problem("7", &ARRAY), "is not a JSON array");
        assert_eq!(problem("[1]", &ARRAY), "has an item that is no object");
        assert_eq!(problem("[]", &USER_ACCOUNT), "is an array, not an object");
        assert_eq!(problem("", &USER_ACCOUNT), "is empty");
    }

    #[test]
    fn what_follows_a_page_spoils_it() {
        assert_eq!(problem(r#"{"items":[]}{}"#, &BOARDS), "is not JSON (line 1, column 13)");
        assert!(cut(r#"{"id":1} x"#, &USER_ACCOUNT).is_err());
    }

    #[test]
    fn the_problem_shows_nothing_of_the_data() {
        for body in [r#"{"items":"secret-name"}"#, r#"{"items":[{"a":"secret-name" "b"}]}"#] {
            let problem = problem(body, &BOARDS);
            assert!(!problem.contains("secret"), "{problem}");
            assert!(problem.contains("line 1"), "{problem}");
        }
    }

    fn records() -> impl Strategy<Value = Vec<Value>> {
        let field = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            Just(Value::Null),
            prop::collection::vec(any::<String>(), 0..3).prop_map(Value::from),
        ];
        let record = prop::collection::btree_map(any::<String>(), field, 0..5);
        prop::collection::vec(record.prop_map(|fields| json!(fields)), 0..6)
    }

    proptest! {
        #[test]
        fn every_record_and_any_bookmark_come_through(
            records in records(),
            bookmark in any::<String>(),
            pretty in any::<bool>(),
        ) {
            let body = json!({"items": records, "bookmark": bookmark});
            let body = if pretty { format!("{body:#}") } else { body.to_string() };
            let page = cut(&body, &BOARDS).unwrap();
            let read: Vec<Value> = page.items.iter().map(|item| serde_json::from_slice(item).unwrap()).collect();
            prop_assert_eq!(read, records);
            prop_assert_eq!(page.bookmark.unwrap_or_default(), bookmark);
        }

        #[test]
        fn a_page_that_is_cut_short_is_never_a_shorter_page(records in records(), kept in any::<prop::sample::Index>()) {
            let body = json!({"items": records, "bookmark": "a"}).to_string();
            let end = kept.index(body.len());
            let body = Bytes::from(body).slice(..end);
            prop_assert!(RawPage::from_body(&body, &BOARDS).is_err());
        }
    }
}
