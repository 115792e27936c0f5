//! Ad accounts and what they hold: numbers that become ids, and pages of prepared bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::entities::{Kind, Number, Shape};
use super::{Options, failure, json_answer, lock, sent};
use crate::template::Template;

/// The id of the first ad account. All ids of ad accounts have as many digits.
const FIRST_ACCOUNT: u64 = 549_755_000_000;
/// A page has so many records unless asked otherwise, and at most.
const PAGE: u64 = 25;
const LARGEST_PAGE: u64 = 250;

/// The id of an ad account.
pub(super) fn account_id(account: u64) -> u64 {
    FIRST_ACCOUNT + account
}

/// Which ad account has this id.
pub(super) fn account_number(id: &str) -> Option<u64> {
    id.parse::<u64>().ok()?.checked_sub(FIRST_ACCOUNT)
}

/// An ad account as a record.
pub(super) fn account(account: u64) -> Value {
    json!({
        "id": account_id(account).to_string(),
        "name": format!("Shop {account}"),
        "owner": {"username": "shop", "id": "383791336903426391"},
        "country": "US",
        "currency": "USD",
        "permissions": ["OWNER", "ADMIN"],
        "created_time": 1_700_000_000,
        "updated_time": 1_730_000_000,
    })
}

/// Everything that is listed.
#[derive(Debug)]
pub(super) struct Data {
    accounts: u64,
    entities: u64,
    now: i64,
    /// Every page that was ever asked for, but for its numbers.
    pages: Mutex<HashMap<Shape, Arc<Template<Number>>>>,
}

/// Which of so many records are on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: u64,
    count: u64,
    /// Where the next page begins.
    next: Option<u64>,
}

impl Span {
    /// `None`: the parameters are no such.
    fn of(all: u64, page_size: Option<&str>, bookmark: Option<&str>) -> Option<Self> {
        let size = page_size.map_or(Ok(PAGE), str::parse).ok()?;
        let first = bookmark.map_or(Ok(0), str::parse).ok()?;
        if !(1..=LARGEST_PAGE).contains(&size) {
            return None;
        }
        let end = all.min(first + size);
        Some(Self { first, count: end.saturating_sub(first), next: (end < all).then_some(end) })
    }
}

impl Data {
    pub(super) fn new(options: &Options) -> Self {
        let now = chrono::Utc::now().timestamp();
        Self { accounts: options.accounts, entities: options.ads, now, pages: Mutex::default() }
    }

    pub(super) fn accounts(&self, page_size: Option<&str>, bookmark: Option<&str>) -> Response {
        let Some(span) = Span::of(self.accounts, page_size, bookmark) else { return no_page() };
        let items: Vec<Value> = (span.first..span.first + span.count).map(account).collect();
        json_answer(&json!({"items": items, "bookmark": span.next.map(|next| next.to_string())}))
    }

    pub(super) fn page(
        &self,
        kind: Kind,
        account: u64,
        page_size: Option<&str>,
        bookmark: Option<&str>,
    ) -> Response {
        let Some(span) = Span::of(self.entities, page_size, bookmark) else { return no_page() };
        let shape = Shape { kind, count: span.count as usize, is_last: span.next.is_none() };
        let template =
            Arc::clone(lock(&self.pages).entry(shape).or_insert_with(|| Arc::new(shape.template(self.now))));
        let page = template.filled(|number| match number {
            Number::Account => account_id(account),
            Number::Entity(kind, index) => kind.id(account, span.first + index as u64),
            Number::Bookmark => span.next.unwrap_or(0),
        });
        sent(Body::from(page))
    }
}

fn no_page() -> Response {
    failure(StatusCode::BAD_REQUEST, 1, "page_size or bookmark is none of this server's")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use axum::body::to_bytes;

    use super::*;

    const OPTIONS: Options = Options {
        port: 0,
        accounts: 2,
        ads: 1_030,
        latency: Duration::ZERO,
        report_bytes: 0,
        report_polls: 1,
        limits: Vec::new(),
    };

    async fn read(response: Response) -> Value {
        assert_eq!(response.status(), StatusCode::OK);
        serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn pages_of_any_size_cover_all_ids_once() {
        let data = Data::new(&OPTIONS);
        for (page_size, expected_pages) in
            [(None, 42), (Some("250"), 5), (Some("103"), 10), (Some("1"), 1_030)]
        {
            let mut seen = HashSet::new();
            for account in 0..2 {
                let (mut bookmark, mut pages) = (None::<String>, 0);
                loop {
                    let page = read(data.page(Kind::Ads, account, page_size, bookmark.as_deref())).await;
                    pages += 1;
                    for item in page["items"].as_array().unwrap() {
                        assert_eq!(item["ad_account_id"], account_id(account).to_string());
                        assert!(seen.insert(item["id"].as_str().unwrap().to_owned()), "{item}");
                    }
                    match page["bookmark"].as_str() {
                        Some(next) => bookmark = Some(next.to_owned()),
                        None => break,
                    }
                }
                assert_eq!(pages, expected_pages);
            }
            assert_eq!(seen.len(), 2 * 1_030);
        }
    }

    #[tokio::test]
    async fn a_record_has_two_kilobytes_and_a_recent_time() {
        let data = Data::new(&OPTIONS);
        for kind in Kind::ALL {
            let page = read(data.page(kind, 1, Some("250"), None)).await;
            for item in page["items"].as_array().unwrap() {
                let (size, updated) = (item.to_string().len(), item["updated_time"].as_i64().unwrap());
                assert!((2_000..=2_100).contains(&size), "{size}");
                assert!((data.now - 365 * 86_400..data.now).contains(&updated), "{updated}");
            }
        }
    }

    #[tokio::test]
    async fn a_page_size_that_pinterest_refuses_is_refused() {
        let data = Data::new(&OPTIONS);
        for size in ["0", "251", "many"] {
            let status = data.page(Kind::Ads, 0, Some(size), None).status();
            assert_eq!(status, StatusCode::BAD_REQUEST, "{size}");
        }
    }

    #[test]
    fn ids_of_ad_accounts_lead_back_to_them() {
        assert_eq!(account_number(&account_id(59).to_string()), Some(59));
        assert_eq!(account_number("7"), None);
    }
}
