//! Listings: page by page or item by item, raw or typed. Paging is written here and nowhere else.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::marker::PhantomData;

use bytes::Bytes;
use futures::future::ready;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use tokio::task::{JoinError, JoinSet};

use crate::args::Args;
use crate::client::Client;
use crate::endpoint::{Endpoint, Items, Paging};
use crate::error::{Error, Result};
use crate::page::RawPage;
use crate::rows;

/// A listing whose records are not parsed.
#[derive(Clone, Debug)]
#[must_use = "a listing asks for nothing until one of its pages is read"]
pub struct RawList {
    client: Client,
    endpoint: Endpoint,
    args: Args,
}

impl RawList {
    pub(crate) fn new(client: Client, endpoint: Endpoint, args: Args) -> Self {
        Self { client, endpoint, args }
    }

    /// One page: the first, or the one that a bookmark leads to.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn page(&self, bookmark: Option<&str>) -> Result<RawPage> {
        let (page, _) = self.client.fetch(&self.endpoint, &self.args, bookmark).await?;
        Ok(page)
    }

    /// All pages, each asked for when the one before has been taken. The listing ends when there is no
    /// bookmark; an empty page may stand in its middle. After an error there is nothing more.
    pub fn pages(self) -> impl Stream<Item = Result<RawPage>> + Send + 'static {
        stream::try_unfold(Position::first(self), Position::step)
    }

    /// The same pages as [`pages`](Self::pages), but when one is taken the next is asked for at once, in a task of its own,
    /// so that it is fetched and cut while the caller works on the one before. At most one page is held or asked for: a
    /// caller that stops early has asked for one page more than it took. An error comes at its place, after the pages before
    /// it. Dropping the stream ends the request that is under way. The observer hears of it, and is asked for its turn, while
    /// the page before is worked on.
    ///
    /// Must be polled within a tokio runtime.
    pub fn pages_ahead(self) -> impl Stream<Item = Result<RawPage>> + Send + 'static {
        stream::try_unfold(Ahead::Here(Box::new(Position::first(self))), Ahead::step)
    }

    /// All records in groups, none of them empty. Each record is a complete JSON object, and can hold line breaks between its
    /// tokens.
    ///
    /// An answer that is an array ([`Items::Array`]) is cut while it arrives, however large it is: groups of about 64 KiB, and
    /// nothing is received beyond the group that the caller has not taken. Of anything else the records of a page are a
    /// group, as [`pages`](Self::pages) gives them.
    ///
    /// An array that breaks in the middle is asked for again like any call, and the rows that were given before are left out
    /// then, whatever their order: none is lost, and none comes twice unless its numbers changed in between. After an error
    /// there is nothing more, and the rows that were given before it may be some of those that there are.
    pub fn rows(self) -> impl Stream<Item = Result<Vec<Bytes>>> + Send + 'static {
        match self.endpoint.items {
            Items::Array => rows::arriving(self.client, self.endpoint, self.args).left_stream(),
            Items::Field(_) | Items::Path(_) | Items::Whole => {
                let groups = self.pages().map_ok(|page| page.items);
                groups.try_filter(|group| ready(!group.is_empty())).right_stream()
            }
        }
    }
}

/// Where a listing is, and where it was.
struct Position {
    list: RawList,
    next: Next,
    /// The hashes of the bookmarks that were asked for.
    asked: HashSet<u64>,
    hasher: RandomState,
}

enum Next {
    First,
    Bookmark(String),
    End,
}

impl Position {
    fn first(list: RawList) -> Self {
        Self { list, next: Next::First, asked: HashSet::new(), hasher: RandomState::new() }
    }

    async fn step(mut self) -> Result<Option<(RawPage, Self)>> {
        let page = match &self.next {
            Next::End => return Ok(None),
            Next::First => self.list.page(None).await?,
            Next::Bookmark(bookmark) => {
                if !self.asked.insert(self.hasher.hash_one(bookmark)) {
                    return Err(Error::RepeatedBookmark { endpoint: self.list.endpoint.operation });
                }
                self.list.page(Some(bookmark)).await?
            }
        };
        self.next = match (&page.bookmark, self.list.endpoint.paging) {
            (Some(bookmark), Paging::Bookmark { .. }) => Next::Bookmark(bookmark.clone()),
            _ => Next::End,
        };
        Ok(Some((page, self)))
    }
}

/// Where a listing is that is read ahead.
enum Ahead {
    /// The next page has not been asked for.
    Here(Box<Position>),
    /// It has been. The set holds this one task, and ends it when it is dropped.
    There(JoinSet<Result<Option<(RawPage, Position)>>>, &'static str),
}

impl Ahead {
    async fn step(self) -> Result<Option<(RawPage, Self)>> {
        let step = match self {
            Self::Here(position) => position.step().await?,
            Self::There(mut task, endpoint) => match task.join_next().await {
                Some(Ok(step)) => step?,
                Some(Err(error)) => return Err(lost(error, endpoint)),
                None => None,
            },
        };
        Ok(step.map(|(page, position)| (page, Self::after(position))))
    }

    fn after(position: Position) -> Self {
        if matches!(position.next, Next::End) {
            return Self::Here(Box::new(position));
        }
        let (mut task, endpoint) = (JoinSet::new(), position.list.endpoint.operation);
        task.spawn(position.step());
        Self::There(task, endpoint)
    }
}

/// A panic goes on where the page is taken. Otherwise the task was cancelled, with the runtime.
fn lost(error: JoinError, endpoint: &'static str) -> Error {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(cancelled) => Error::transport(endpoint, cancelled),
    }
}

/// A listing of `T`. Its options depend on what is listed.
///
/// Cloning is cheap, and each of [`page`](Self::page), [`pages`](Self::pages) and [`items`](Self::items)
/// starts anew.
#[must_use = "a listing asks for nothing until one of its pages is read"]
pub struct List<T> {
    raw: RawList,
    marker: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    pub(crate) fn new(client: &Client, endpoint: Endpoint, args: Args) -> Self {
        Self { raw: RawList::new(client.clone(), endpoint, args), marker: PhantomData }
    }

    /// Sends an option of the endpoint.
    pub fn option(mut self, name: &'static str, value: impl ToString) -> Self {
        self.raw.args = self.raw.args.query(name, value);
        self
    }

    /// An option that takes several values, sent with commas between them. None at all is not sent.
    pub fn options<V: ToString>(self, name: &'static str, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        if values.is_empty() { self } else { self.option(name, values.join(",")) }
    }

    /// How many records a page holds at most: 1 to 250, which is the default. Ignored by what is not paged.
    pub fn page_size(self, records: u32) -> Self {
        match self.raw.endpoint.paging {
            Paging::Bookmark { .. } => self.option("page_size", records),
            Paging::None => self,
        }
    }

    /// The same listing with its records as Pinterest sends them.
    pub fn raw(&self) -> RawList {
        self.raw.clone()
    }
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// One page: the first, or the one that a bookmark leads to.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Record`] when a record does not fit `T`.
    pub async fn page(&self, bookmark: Option<&str>) -> Result<Page<T>> {
        Page::read(self.raw.page(bookmark).await?, self.raw.endpoint.operation)
    }

    /// All pages, each asked for when the one before has been taken. After an error there is nothing more.
    pub fn pages(&self) -> impl Stream<Item = Result<Page<T>>> + Send + 'static + use<T> {
        let operation = self.raw.endpoint.operation;
        self.raw().pages().and_then(move |page| ready(Page::read(page, operation)))
    }

    /// All records, one by one, those of an array while it arrives (see [`RawList::rows`]). After an error there is nothing
    /// more.
    pub fn items(&self) -> impl Stream<Item = Result<T>> + Send + 'static + use<T> {
        let operation = self.raw.endpoint.operation;
        let typed = move |record: Bytes| read(&record, operation);
        self.raw().rows().map_ok(move |records| stream::iter(records.into_iter().map(typed))).try_flatten()
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), marker: PhantomData }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("List").field(&self.raw).finish()
    }
}

/// One page of typed records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The records, in Pinterest's order.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    pub bookmark: Option<String>,
}

impl<T: DeserializeOwned> Page<T> {
    fn read(raw: RawPage, endpoint: &'static str) -> Result<Self> {
        let items = raw.items.iter().map(|item| read(item, endpoint)).collect::<Result<_>>()?;
        Ok(Self { items, bookmark: raw.bookmark })
    }
}

pub(crate) fn read<T: DeserializeOwned>(item: &[u8], endpoint: &'static str) -> Result<T> {
    serde_json::from_slice(item).map_err(|source| Error::Record { endpoint, source })
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::time::Duration;

    use futures::StreamExt;
    use serde::Deserialize;
    use tokio::time::Instant;

    use super::*;
    use crate::auth::Auth;
    use crate::endpoint::{BOARDS, CAMPAIGNS, USER_ACCOUNT};
    use crate::transport::http::scripted::{Scripted, answer};

    #[derive(Debug, Deserialize, PartialEq)]
    struct Board {
        id: u32,
    }

    fn client(network: &Arc<Scripted>) -> Client {
        let auth = Auth::access_token("token".into());
        Client::builder().auth(auth).transport(Arc::clone(network) as _).build().unwrap()
    }

    /// Answers the pages in turn.
    fn pages(bodies: &'static [&'static str]) -> Arc<Scripted> {
        Scripted::new(|_, number| Ok(answer(200, bodies[number - 1])))
    }

    async fn boards(network: &Arc<Scripted>) -> Vec<Result<Board>> {
        client(network).list_as::<Board>(&BOARDS, Args::new()).items().collect().await
    }

    fn numbers(items: Vec<Result<Board>>) -> Vec<u32> {
        items.into_iter().map(|item| item.unwrap().id).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn goes_on_after_an_empty_page_and_ends_without_a_bookmark() {
        for last in [r#"{"items":[{"id":3}]}"#, r#"{"items":[{"id":3}],"bookmark":null}"#] {
            let network = Scripted::new(move |_, number| {
                Ok(answer(
                    200,
                    match number {
                        1 => r#"{"items":[{"id":1},{"id":2}],"bookmark":"a"}"#,
                        2 => r#"{"items":[],"bookmark":"b"}"#,
                        _ => last,
                    },
                ))
            });
            assert_eq!(numbers(boards(&network).await), [1, 2, 3]);
            assert_eq!(network.requests().len(), 3);
        }
        let network = pages(&[r#"{"items":[{"id":1}],"bookmark":""}"#]);
        assert_eq!(numbers(boards(&network).await), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_bookmark_is_an_error_and_nothing_follows() {
        let network = Scripted::new(|_, number| {
            let bookmark = ["a", "b", "a"][(number - 1) % 3];
            Ok(answer(200, format!(r#"{{"items":[{{"id":{number}}}],"bookmark":"{bookmark}"}}"#)))
        });
        let mut items = boards(&network).await;
        let error = items.pop().unwrap().unwrap_err();
        assert!(matches!(error, Error::RepeatedBookmark { endpoint: "boards/list" }), "{error}");
        assert_eq!(numbers(items), [1, 2, 3]);
        assert_eq!(network.requests().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn asks_for_a_page_only_when_it_is_wanted() {
        let network =
            pages(&[r#"{"items":[{"id":1}],"bookmark":"a"}"#, r#"{"items":[{"id":2}],"bookmark":"b"}"#]);
        let mut items = pin!(client(&network).list_as::<Board>(&BOARDS, Args::new()).items());
        assert_eq!(network.requests().len(), 0);
        assert_eq!(items.next().await.unwrap().unwrap().id, 1);
        assert_eq!(network.requests().len(), 1);
        assert_eq!(items.next().await.unwrap().unwrap().id, 2);
        assert_eq!(network.requests().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn every_page_is_asked_with_the_options_and_an_encoded_bookmark() {
        let network = pages(&[r#"{"items":[],"bookmark":"a+/=&é\u0022"}"#, r#"{"items":[]}"#]);
        let args = Args::new().path("ad_account_id", "7");
        let list = client(&network).list_as::<Board>(&CAMPAIGNS, args);
        let list = list.options("entity_statuses", ["ACTIVE", "PAUSED"]).page_size(9);
        let list = list.options("campaign_ids", Vec::<u32>::new());
        assert!(list.items().collect::<Vec<_>>().await.is_empty());
        let requests = network.requests();
        let first =
            "https://api.pinterest.com/v5/ad_accounts/7/campaigns?entity_statuses=ACTIVE,PAUSED&page_size=9";
        assert_eq!(requests[0].url.as_str(), first);
        assert_eq!(requests[1].url.as_str(), format!("{first}&bookmark=a%2B%2F%3D%26%C3%A9%22"));
        let bookmark = requests[1].url.query_pairs().find(|(name, _)| name == "bookmark").unwrap().1;
        assert_eq!(bookmark, "a+/=&é\"");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_paged_has_one_page_and_no_page_size() {
        let network = pages(&[r#"{"id":1,"bookmark":"a"}"#]);
        let list = client(&network).list_as::<Board>(&USER_ACCOUNT, Args::new()).page_size(10);
        let page = list.page(None).await.unwrap();
        assert_eq!((page.items, page.bookmark), (vec![Board { id: 1 }], None));
        assert_eq!(network.requests()[0].url.query(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_no_page_is_asked_for_again_and_then_an_error() {
        for (body, problem) in [
            ("<html><body>Bad gateway</body></html>", "is a web page, not JSON"),
            ("", "is empty"),
            ("null", "is not a JSON object"),
            ("[]", "is an array, not an object"),
            (r#"{"bookmark":null}"#, "has no items"),
            (r#"{"items":null,"bookmark":null}"#, "has null for items"),
            (r#"{"items":[{"id":1},2]}"#, "has an item that is no object"),
            (r#"{"items":[{"id":1}"#, "ends in the middle"),
        ] {
            let network = Scripted::new(move |_, _| Ok(answer(200, body)));
            let error = boards(&network).await.pop().unwrap().unwrap_err();
            assert!(matches!(error, Error::Decode { endpoint: "boards/list", .. }), "{body}: {error}");
            assert!(error.to_string().contains(problem), "{body}: {error}");
            assert_eq!(network.requests().len(), 6, "{body}");

            let good = r#"{"items":[{"id":1}]}"#;
            let network =
                Scripted::new(move |_, number| Ok(answer(200, if number < 4 { body } else { good })));
            assert_eq!(numbers(boards(&network).await), [1], "{body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_that_does_not_fit_its_type_still_comes_through_the_raw_door() {
        let network = Scripted::new(|_, _| Ok(answer(200, r#"{"items":[{"id":1},{"id":"x"}]}"#)));
        let list = client(&network).list_as::<Board>(&BOARDS, Args::new());
        let error = list.page(None).await.unwrap_err();
        assert!(matches!(error, Error::Record { endpoint: "boards/list", .. }), "{error}");
        assert_eq!(network.requests().len(), 1);
        let raw = list.raw().page(None).await.unwrap();
        assert_eq!(raw.items, [r#"{"id":1}"#, r#"{"id":"x"}"#]);
    }

    /// Three pages, a second each.
    fn slow(bodies: &'static [&'static str]) -> Arc<Scripted> {
        Scripted::slow(Duration::from_secs(1), |_, number| Ok(answer(200, bodies[number - 1])))
    }

    const THREE: &[&str] = &[
        r#"{"items":[{"id":1}],"bookmark":"a"}"#,
        r#"{"items":[{"id":2}],"bookmark":"b"}"#,
        r#"{"items":[{"id":3}]}"#,
    ];

    #[tokio::test(start_paused = true)]
    async fn a_page_is_fetched_while_its_predecessor_is_worked_on() {
        let start = Instant::now();
        let network = slow(THREE);
        let mut pages = pin!(client(&network).list(&BOARDS, Args::new()).pages_ahead());
        assert_eq!(network.requests().len(), 0);
        for number in 1..=3 {
            let page = pages.next().await.unwrap().unwrap();
            assert_eq!(page.items, [format!(r#"{{"id":{number}}}"#)]);
            tokio::time::sleep(Duration::from_secs(5)).await;
            // Never more than one beyond what was taken.
            assert_eq!(network.requests().len(), 3.min(number + 1));
        }
        assert!(pages.next().await.is_none());
        assert_eq!(start.elapsed().as_secs(), 1 + 3 * 5);
        assert_eq!(network.requests().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_ahead_comes_at_its_place_and_nothing_follows() {
        let network = Scripted::new(|_, number| {
            Ok(if number == 2 { answer(404, "{}") } else { answer(200, THREE[number - 1]) })
        });
        let mut pages = pin!(client(&network).list(&BOARDS, Args::new()).pages_ahead());
        assert_eq!(pages.next().await.unwrap().unwrap().items.len(), 1);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(network.requests().len(), 2);
        assert_eq!(pages.next().await.unwrap().unwrap_err().status(), Some(404));
        assert!(pages.next().await.is_none());
        assert_eq!(network.requests().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_listing_ends_the_request_for_its_next_page() {
        let network = slow(THREE);
        let mut pages = Box::pin(client(&network).list(&BOARDS, Args::new()).pages_ahead());
        pages.next().await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(network.requests().len(), 2);
        drop(pages);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(network.requests().len(), 2);
        assert_eq!(Arc::strong_count(&network), 1, "the task is gone, and the client with it");
    }
}
