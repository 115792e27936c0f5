//! Parents: read once a sync, whoever needs them.

use std::collections::{BTreeMap, HashMap};

use airbyte_protocol::{RawJson, StreamStatus};
use connector_core::testing::Run;
use connector_core::{Failure, Page, Slice};
use futures::{StreamExt, stream};
use serde_json::json;

use crate::made::{Made, Table};

const ACCOUNTS: [&str; 3] = ["1", "2", "3"];

/// Accounts that were changed at 10, 20 and 30; each has two boards, and every account and board has two pins.
struct Tree {
    accounts: Table,
    boards: Table,
    ads: Table,
    pins: Table,
}

impl Tree {
    fn new() -> Self {
        let account = |id: &&str| json!({"id": id, "updated": id.parse::<i64>().unwrap() * 10});
        let accounts = Table::new("accounts", move |_| {
            // A page for each account: children may start before the parent has ended.
            let pages = ACCOUNTS.iter().map(|id| Page::from_values([account(id)])).collect::<Vec<_>>();
            stream::iter(pages).boxed()
        });
        let two = |slice: Slice| {
            let parent = slice.partition().get("id").unwrap().to_owned();
            stream::iter([Page::from_values([1, 2].map(|n| json!({"id": format!("{parent}.{n}")})))]).boxed()
        };
        Self {
            accounts: accounts.incremental(),
            boards: Table::new("boards", two).child_of("accounts"),
            ads: Table::new("ads", two).child_of("accounts"),
            pins: Table::new("pins", two).child_of("boards"),
        }
    }

    async fn sync(&self, streams: &[&str], saved: &HashMap<String, RawJson>) -> Run {
        let source = Made::of([&self.pins, &self.ads, &self.boards, &self.accounts]);
        source.sync(&source.catalog_of(streams), saved).await
    }

    /// Each partition of each stream was read once, and no other.
    fn assert_read_once(&self, boards: bool, ads: bool, pins: bool) {
        let once = |wanted: bool, ids: &[&str]| {
            let ids = ids.iter().filter(|_| wanted);
            ids.map(|id| ((*id).to_owned(), 1)).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(self.accounts.reads(), once(true, &["all"]));
        assert_eq!(self.boards.reads(), once(boards, &ACCOUNTS));
        assert_eq!(self.ads.reads(), once(ads, &ACCOUNTS));
        assert_eq!(self.pins.reads(), once(pins, &["1.1", "1.2", "2.1", "2.2", "3.1", "3.2"]));
    }
}

#[tokio::test]
async fn a_parent_is_read_once_for_itself_and_all_its_children_in_any_order() {
    for order in [["accounts", "boards", "ads", "pins"], ["pins", "ads", "boards", "accounts"]] {
        let tree = Tree::new();
        let run = tree.sync(&order, &HashMap::new()).await;
        assert!(run.success, "{:?}", run.errors());
        tree.assert_read_once(true, true, true);
        assert_eq!(order.map(|stream| run.records(stream).len()).iter().sum::<usize>(), 3 + 6 + 6 + 12);
    }
}

#[tokio::test]
async fn a_parent_that_nobody_configured_is_read_once_for_all_its_children() {
    let tree = Tree::new();
    let run = tree.sync(&["ads", "pins"], &HashMap::new()).await;
    assert!(run.success, "{:?}", run.errors());
    // The pins need the boards, and these the accounts.
    tree.assert_read_once(true, true, true);
    assert_eq!((run.records("ads").len(), run.records("pins").len()), (6, 12));
    assert_eq!((run.records("accounts").len(), run.records("boards").len()), (0, 0));
    for stream in ["accounts", "boards"] {
        assert!(run.statuses(stream).is_empty() && run.states(stream).is_empty());
    }
}

#[tokio::test]
async fn a_parent_that_nobody_needs_is_not_read() {
    let tree = Tree::new();
    tree.sync(&["accounts"], &HashMap::new()).await;
    tree.assert_read_once(false, false, false);
}

/// The second sync has no new account, and still every account has its children.
#[tokio::test]
async fn a_parent_filtered_by_its_cursor_still_gives_all_its_children() {
    let first = Tree::new().sync(&["accounts"], &HashMap::new()).await;
    assert_eq!(first.records("accounts").len(), 3);
    let tree = Tree::new();
    let second = tree.sync(&["accounts", "boards", "ads"], &first.saved()).await;
    assert_eq!(second.records("accounts").len(), 1, "the one that equals the saved value");
    assert_eq!((second.records("boards").len(), second.records("ads").len()), (6, 6));
    tree.assert_read_once(true, true, false);
}

#[tokio::test]
async fn a_parent_that_fails_in_the_middle_is_not_read_again_and_says_so_to_every_generation() {
    let mut tree = Tree::new();
    let page = |id: &str| Page::from_values([json!({"id": id, "updated": 10})]);
    tree.accounts = Table::new("accounts", move |_| {
        stream::iter([page("1"), Err(Failure::transient("the line went dead"))]).boxed()
    });
    let run = tree.sync(&["accounts", "boards", "pins"], &HashMap::new()).await;
    assert!(!run.success);
    for stream in ["accounts", "boards", "pins"] {
        assert_eq!(run.statuses(stream).last(), Some(&StreamStatus::Incomplete), "{stream}");
        let mut errors = run.errors().into_iter();
        let error = errors.find(|error| error.starts_with(&format!("stream {stream}: "))).unwrap();
        assert!(error.contains("the line went dead"), "{error}");
    }
    assert_eq!((run.records("boards").len(), run.records("pins").len()), (2, 4));
    assert_eq!(tree.accounts.reads(), [("all".to_owned(), 1)].into());
}
