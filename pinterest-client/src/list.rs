//! Listings: page by page or item by item, raw or typed. Paging is written here and nowhere else.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::marker::PhantomData;

use futures::{Stream, TryStreamExt, stream};
use serde::de::DeserializeOwned;

use crate::args::Args;
use crate::client::Client;
use crate::endpoint::{Endpoint, Paging};
use crate::error::{Error, Result};
use crate::page::RawPage;

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
        self.raw().pages().and_then(move |page| std::future::ready(Page::read(page, operation)))
    }

    /// All records, one by one. After an error there is nothing more.
    pub fn items(&self) -> impl Stream<Item = Result<T>> + Send + 'static + use<T> {
        self.pages().map_ok(|page| stream::iter(page.items.into_iter().map(Ok))).try_flatten()
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
