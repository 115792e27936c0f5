//! Bookmarks and pages.
//!
//! A bookmark is opaque to the client: base64 of a position and of a fingerprint of the listing it belongs to, so
//! that a bookmark sent to another path or with other filters is refused instead of answered with wrong records.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    answer::{ApiError, Page},
    data::Stored,
    query::Query,
};

/// Makes every bookmark begin with characters that must be percent-encoded in a query.
const PREFIX: [u8; 3] = [0xfb, 0xef, 0xff];

/// How the server cuts its listings.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Paging {
    /// Never more items than this on a page, whatever `page_size` asks.
    pub(crate) max_page_size: Option<usize>,
    /// An empty page with a bookmark stands after the first page of each listing of more than one page.
    pub(crate) empty_page_in_the_middle: bool,
    /// A listing of pins ends with a refusal after so many.
    pub(crate) max_listed_pins: Option<usize>,
}

/// Where the next page begins.
#[derive(Debug, PartialEq, Clone, Copy)]
struct Position {
    offset: usize,
    /// The next page is an empty one.
    pause: bool,
}

impl Paging {
    /// The page a query asks for, of the pins that pass the filter: pages end at the limit for pins.
    pub(crate) fn page_of_pins(
        self,
        pins: &[Stored],
        path: &str,
        query: &Query,
        passes: impl Fn(&Stored) -> bool,
    ) -> Result<Page, ApiError> {
        let Some(most) = self.max_listed_pins else { return self.page(pins, path, query, passes) };
        let start = position(path, query)?.offset.min(pins.len());
        let before = pins[..start].iter().filter(|pin| passes(pin)).count();
        if before >= most && before > 0 {
            return Err(ApiError::bad_request("Pagination beyond 100.000 pins are not allowed."));
        }
        let max_page_size = Some(self.max_page_size.unwrap_or(usize::MAX).min(most - before));
        Self { max_page_size, ..self }.page(pins, path, query, passes)
    }

    /// The page a query asks for, of the records that pass the filter.
    pub(crate) fn page(
        self,
        records: &[Stored],
        path: &str,
        query: &Query,
        passes: impl Fn(&Stored) -> bool,
    ) -> Result<Page, ApiError> {
        let size = query.page_size()?.min(self.max_page_size.unwrap_or(usize::MAX)).max(1);
        let listing = fingerprint(path, query);
        let start = position(path, query)?;
        if start.pause {
            let next = Position { pause: false, ..start };
            return Ok(Page { items: Vec::new(), bookmark: Some(encode(next, listing)) });
        }
        let descending = query.is_descending()?;
        let at = |position: usize| {
            let index = if descending { records.len() - 1 - position } else { position };
            &records[index]
        };
        let mut passing = (start.offset..records.len()).filter(|&position| passes(at(position)));
        let items = passing.by_ref().take(size).map(|position| at(position).text().to_owned()).collect();
        let pause = self.empty_page_in_the_middle && start.offset == 0;
        let bookmark = passing.next().map(|offset| encode(Position { offset, pause }, listing));
        Ok(Page { items, bookmark })
    }
}

/// Where the page that a query asks for begins.
fn position(path: &str, query: &Query) -> Result<Position, ApiError> {
    match query.get("bookmark") {
        Some(bookmark) => decode(bookmark, fingerprint(path, query)),
        None => Ok(Position { offset: 0, pause: false }),
    }
}

/// A bookmark for the first page of this listing.
pub(crate) fn first_bookmark(path: &str, query: &Query) -> String {
    encode(Position { offset: 0, pause: false }, fingerprint(path, query))
}

fn encode(position: Position, listing: u64) -> String {
    let text = format!("{}:{}:{listing:016x}", position.offset, u8::from(position.pause));
    STANDARD.encode([&PREFIX, text.as_bytes()].concat())
}

fn decode(bookmark: &str, listing: u64) -> Result<Position, ApiError> {
    read(bookmark)
        .filter(|(_, belongs_to)| *belongs_to == listing)
        .map(|(position, _)| position)
        .ok_or_else(|| ApiError::bad_request("The bookmark is not one of this listing."))
}

fn read(bookmark: &str) -> Option<(Position, u64)> {
    let bytes = STANDARD.decode(bookmark).ok()?;
    let text = std::str::from_utf8(bytes.strip_prefix(&PREFIX)?).ok()?;
    let mut parts = text.split(':');
    let offset = parts.next()?.parse().ok()?;
    let pause = parts.next()? == "1";
    let listing = u64::from_str_radix(parts.next()?, 16).ok()?;
    Some((Position { offset, pause }, listing))
}

/// FNV-1a over the path and all parameters that choose or order records.
fn fingerprint(path: &str, query: &Query) -> u64 {
    let mut filters: Vec<_> =
        query.pairs().iter().filter(|(name, _)| name != "bookmark" && name != "page_size").collect();
    filters.sort();
    let text = format!("{path}?{filters:?}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_needs_encoding_and_comes_back_the_same() {
        let position = Position { offset: 250, pause: true };
        let bookmark = encode(position, 7);
        assert!(bookmark.starts_with("++//"), "{bookmark}");
        assert_eq!(decode(&bookmark, 7), Ok(position));
    }

    #[test]
    fn a_bookmark_belongs_to_one_listing() {
        let ads = Query::parse("entity_statuses=ACTIVE");
        let bookmark = first_bookmark("/v5/ad_accounts/1/ads", &ads);
        let elsewhere = [
            fingerprint("/v5/ad_accounts/2/ads", &ads),
            fingerprint("/v5/ad_accounts/1/ads", &Query::parse("")),
        ];
        for listing in elsewhere {
            assert_eq!(decode(&bookmark, listing).unwrap_err().status, 400);
        }
        let other_size = Query::parse("entity_statuses=ACTIVE&page_size=2&bookmark=x");
        assert!(decode(&bookmark, fingerprint("/v5/ad_accounts/1/ads", &other_size)).is_ok());
    }

    #[test]
    fn refuses_what_is_no_bookmark() {
        for text in ["", "x", "AAAA", "++//", "😀"] {
            assert!(decode(text, 7).is_err(), "{text}");
        }
    }
}
