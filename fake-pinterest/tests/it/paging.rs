//! Lists and their pages: every record once, whatever the cut.

use fake_pinterest::FakePinterest;
use serde_json::Value;

use super::{Reply, Shop, ids, with};

const STREAMS: &[&str] = &[
    "ad_accounts",
    "campaigns",
    "ad_groups",
    "ads",
    "audiences",
    "keywords",
    "conversion_tags",
    "customer_lists",
    "boards",
    "board_sections",
    "board_pins",
    "board_section_pins",
    "catalogs",
    "catalogs_feeds",
    "catalogs_product_groups",
];

/// The lists that together hold all records of a stream.
fn lists(shop: &Shop, stream: &str) -> Vec<String> {
    let records = |stream| shop.fake.edit(|data| data.records(stream));
    let of_each_ad_account =
        |list| shop.ad_accounts().into_iter().map(move |id| format!("/ad_accounts/{id}/{list}")).collect();
    let of_each_board = |list| {
        let boards = records("boards");
        ids(&boards).into_iter().map(|id| format!("/boards/{id}/{list}")).collect::<Vec<_>>()
    };
    match stream {
        "ad_accounts" | "boards" | "catalogs" => vec![format!("/{stream}")],
        "catalogs_feeds" => vec!["/catalogs/feeds".into()],
        "catalogs_product_groups" => vec!["/catalogs/product_groups".into()],
        "board_sections" => of_each_board("sections"),
        "board_pins" => of_each_board("pins"),
        "board_section_pins" => {
            let pins = records(stream);
            let mut lists: Vec<String> = pins
                .iter()
                .map(|pin| [&pin["board_id"], &pin["board_section_id"]].map(|id| id.as_str().unwrap()))
                .map(|[board, section]| format!("/boards/{board}/sections/{section}/pins"))
                .collect();
            lists.sort();
            lists.dedup();
            lists
        }
        "keywords" => {
            let ad_groups = shop.fake.truth("ad_groups");
            let ad_groups = ids(&ad_groups).join(",");
            let lists: Vec<String> = of_each_ad_account("keywords");
            lists.iter().map(|list| with(list, &format!("ad_group_ids={ad_groups}"))).collect()
        }
        _ => of_each_ad_account(stream),
    }
}

/// Every page of a list.
async fn pages(shop: &Shop, list: &str) -> Vec<Reply> {
    let mut pages = vec![shop.get(list).await];
    while let Some(bookmark) = pages[pages.len() - 1].bookmark() {
        assert!(pages.len() < 1_000, "{list} does not end");
        pages.push(shop.get(&with(list, &format!("bookmark={bookmark}"))).await);
    }
    pages
}

/// Reads every stream in pages and compares it with what the server holds; tells how many pages there were.
async fn read_everything(shop: &Shop, page_size: Option<usize>, at_most: usize) -> usize {
    let mut pages_read = 0;
    for &stream in STREAMS {
        let mut read: Vec<Value> = Vec::new();
        for list in lists(shop, stream) {
            // The API takes no page size for this one.
            let size = page_size.filter(|_| stream != "conversion_tags");
            let list = size.map_or(list.clone(), |size| with(&list, &format!("page_size={size}")));
            for page in pages(shop, &list).await {
                let items = page.items();
                assert!(size.is_none() || items.len() <= at_most, "{list}: {} items", items.len());
                read.extend(items);
                pages_read += 1;
            }
        }
        let mut truth = shop.fake.truth(stream);
        assert!(!truth.is_empty(), "{stream} has no records: the comparison would show nothing");
        for records in [&mut read, &mut truth] {
            records.sort_by_cached_key(Value::to_string);
        }
        assert_eq!(read, truth, "{stream}");
    }
    pages_read
}

#[tokio::test]
async fn every_list_gives_every_record_once_at_any_page_size() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let mut pages = Vec::new();
    for size in [1, 7, 250] {
        pages.push(read_everything(&shop, Some(size), size).await);
    }
    assert!(pages[0] > pages[1] && pages[1] > pages[2], "{pages:?}");
}

#[tokio::test]
async fn an_empty_page_in_the_middle_takes_no_record_away() {
    let shop = Shop::open(FakePinterest::builder().empty_page_in_the_middle().max_page_size(3)).await;
    read_everything(&shop, None, 3).await;
    let sizes: Vec<usize> =
        pages(&shop, "/catalogs/feeds").await.iter().map(|page| page.items().len()).collect();
    assert_eq!(sizes, [3, 0, 1]);
}

#[tokio::test]
async fn a_list_of_one_page_has_no_empty_page() {
    let shop = Shop::open(FakePinterest::builder().empty_page_in_the_middle()).await;
    assert_eq!(pages(&shop, "/catalogs/feeds").await.len(), 1);
}

#[tokio::test]
async fn no_page_is_longer_than_the_server_allows() {
    let shop = Shop::open(FakePinterest::builder().max_page_size(3)).await;
    read_everything(&shop, Some(250), 3).await;
}

#[tokio::test]
async fn a_page_has_25_items_when_no_size_is_asked_for() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let first = shop.get(&shop.first("keywords")).await;
    assert_eq!(first.items().len(), 25);
    assert!(first.bookmark().is_some());
}

#[tokio::test]
async fn a_page_size_outside_its_range_is_refused() {
    let shop = Shop::open(FakePinterest::builder()).await;
    for size in ["0", "251", "-1", "many", ""] {
        let reply = shop.get(&format!("/boards?page_size={size}")).await;
        assert_eq!((reply.status, reply.code()), (400, 1), "{size}");
    }
}

#[tokio::test]
async fn a_bookmark_leads_on_in_its_own_list_only() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let accounts = shop.ad_accounts();
    let of = |account: &str, list: &str| format!("/ad_accounts/{account}/{list}");
    let own = of(&accounts[0], "ads?page_size=2&entity_statuses=ACTIVE");
    let bookmark = shop.get(&own).await.bookmark().unwrap();
    for other in [
        of(&accounts[1], "ads?entity_statuses=ACTIVE"),
        of(&accounts[0], "ads?entity_statuses=PAUSED"),
        of(&accounts[0], "ads"),
        of(&accounts[0], "ads?entity_statuses=ACTIVE&order=DESCENDING"),
        of(&accounts[0], "ad_groups?entity_statuses=ACTIVE"),
    ] {
        let reply = shop.get(&with(&other, &format!("bookmark={bookmark}"))).await;
        assert_eq!(reply.status, 400, "{other}: {}", reply.text);
        assert!(reply.text.contains("bookmark"), "{}", reply.text);
    }
    let other_size = own.replace("page_size=2", "page_size=5");
    assert_eq!(shop.get(&with(&other_size, &format!("bookmark={bookmark}"))).await.items().len(), 5);
}

#[tokio::test]
async fn a_bookmark_that_is_not_encoded_or_not_ours_is_refused() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let bookmark = shop.get("/boards?page_size=1").await.json()["bookmark"].as_str().unwrap().to_owned();
    assert!(bookmark.contains('+'), "a plus must be encoded: {bookmark}");
    for wrong in [bookmark.as_str(), "", "x", "LT1h"] {
        assert_eq!(shop.get(&format!("/boards?bookmark={wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_descending_order_is_the_other_one_turned_round() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let mut read = Vec::new();
    for order in ["ASCENDING", "DESCENDING"] {
        let list = with(&shop.first("ads"), &format!("page_size=4&order={order}"));
        read.push(pages(&shop, &list).await.iter().flat_map(Reply::items).collect::<Vec<_>>());
    }
    assert!(read[0].len() > 4);
    read[1].reverse();
    assert_eq!(read[0], read[1]);
}

#[tokio::test]
async fn pretty_answers_say_the_same_with_line_breaks() {
    let [plain, pretty] =
        [Shop::open(FakePinterest::builder()).await, Shop::open(FakePinterest::builder().pretty()).await];
    let (plain, pretty) = (plain.get("/boards").await, pretty.get("/boards").await);
    assert_eq!(plain.json(), pretty.json());
    assert_eq!((plain.text.contains('\n'), pretty.text.contains('\n')), (false, true));
}
