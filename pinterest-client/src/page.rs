//! Cuts a response body into records without parsing them.

use std::borrow::Cow;
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

fn not_an_object(body: &[u8]) -> Problem {
    match first_byte(body) {
        None => "is empty".to_owned(),
        Some(b'<') => "is a web page, not JSON".to_owned(),
        Some(b'[') => "is an array, not an object".to_owned(),
        Some(_) => "is not a JSON object".to_owned(),
    }
}

fn not_an_array(body: &[u8]) -> Problem {
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
