//! Boards one by one, and what listings of pins do that others do not.

use fake_pinterest::FakePinterest;
use serde_json::{Value, json};

use super::{Shop, ids, with};

/// The board with most pins.
fn fullest(shop: &Shop) -> Value {
    let boards = shop.fake.truth("boards");
    boards.into_iter().max_by_key(|board| board["pin_count"].as_u64()).unwrap()
}

#[tokio::test]
async fn a_board_counts_its_pins_also_when_they_change() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let mut counts = Vec::new();
    for board in shop.fake.truth("boards") {
        let path = format!("/boards/{}", board["id"].as_str().unwrap());
        assert_eq!(shop.get(&path).await.json(), board);
        let pins = shop.get(&format!("{path}/pins?page_size=250")).await.items().len();
        assert_eq!(board["pin_count"], pins);
        counts.push(pins);
    }
    assert!(counts.iter().sum::<usize>() == 40 && counts.last() == Some(&0), "{counts:?}");
    let board = fullest(&shop);
    let id = board["id"].as_str().unwrap();
    let path = format!("/boards/{id}");
    let count = board["pin_count"].as_u64().unwrap();
    let gone = ids(&shop.get(&format!("{path}/pins")).await.items())[0].to_owned();
    let count_now = async || shop.get(&path).await.json()["pin_count"].as_u64().unwrap();
    shop.fake.edit(|data| data.remove("board_pins", &gone));
    assert_eq!(count_now().await, count - 1);
    shop.fake.edit(|data| {
        data.upsert("board_pins", json!({"id": "1", "board_id": id}));
        data.upsert("board_pins", json!({"id": "2", "board_id": id}));
        data.upsert("board_pins", json!({"id": "2", "board_id": id, "title": "again"}));
    });
    assert_eq!(count_now().await, count + 1);
    shop.fake.edit(|data| data.records_mut("board_pins").retain(|pin| pin["id"] == "1"));
    assert_eq!(count_now().await, 1);
    assert_eq!(shop.get("/boards/1").await.status, 404);
}

#[tokio::test]
async fn creative_types_choose_pins() {
    let shop = Shop::open(FakePinterest::builder()).await;
    let board = fullest(&shop);
    let id = board["id"].as_str().unwrap();
    shop.fake.edit(|data| {
        data.upsert("board_pins", json!({"id": "1", "board_id": id}));
        data.upsert("board_pins", json!({"id": "2", "board_id": id, "creative_type": null}));
    });
    let path = format!("/boards/{id}/pins?page_size=250");
    let all = shop.get(&path).await.items();
    let mut of_a_type = 0;
    for types in ["REGULAR", "VIDEO", "IDEA", "SHOWCASE", "VIDEO,IDEA"] {
        let read = shop.get(&with(&path, &format!("creative_types={types}"))).await.items();
        let mut expected = all.clone();
        expected.retain(|pin| types.split(',').any(|kind| pin["creative_type"] == kind));
        assert_eq!(read, expected, "{types}");
        of_a_type += if types.contains(',') { 0 } else { read.len() };
    }
    assert_eq!(of_a_type, all.len() - 2, "two have no type");
    assert_eq!(shop.get(&with(&path, "creative_types=GIF")).await.status, 400);
}

/// Reads a listing to its end: the ids, and the status of the last answer.
async fn read(shop: &Shop, path: &str) -> (Vec<String>, u16) {
    let mut read = Vec::new();
    let mut page = shop.get(path).await;
    loop {
        if page.status != 200 {
            assert_eq!(page.json()["message"], "Pagination beyond 100.000 pins are not allowed.");
            assert_eq!(page.code(), 1);
            return (read, page.status);
        }
        read.extend(ids(&page.items()).into_iter().map(str::to_owned));
        let Some(bookmark) = page.bookmark() else { return (read, page.status) };
        page = shop.get(&with(path, &format!("bookmark={bookmark}"))).await;
    }
}

#[tokio::test]
async fn a_listing_of_pins_ends_at_its_limit() {
    let free = Shop::open(FakePinterest::builder()).await;
    let board = fullest(&free);
    let id = board["id"].as_str().unwrap();
    let path = format!("/boards/{id}/pins?page_size=2");
    let (all, _) = read(&free, &path).await;
    assert!(all.len() > 5, "{}", all.len());
    for (limit, status) in [(3, 400), (4, 400), (all.len(), 200), (all.len() + 1, 200)] {
        let shop = Shop::open(FakePinterest::builder().max_listed_pins(limit)).await;
        let shown = &all[..limit.min(all.len())];
        assert_eq!(read(&shop, &path).await, (shown.to_vec(), status), "{limit}");
        // Each listing is counted alone.
        for filter in ["REGULAR", "VIDEO", "IDEA"] {
            let filtered = with(&path, &format!("creative_types={filter}"));
            let (pins, _) = read(&free, &filtered).await;
            let expected =
                (pins[..limit.min(pins.len())].to_vec(), if pins.len() > limit { 400 } else { 200 });
            assert_eq!(read(&shop, &filtered).await, expected, "{limit} {filter}");
        }
        assert_eq!(shop.get("/boards?page_size=2").await.status, 200, "boards have no limit");
    }
}

#[tokio::test]
async fn a_listing_of_the_pins_of_a_section_ends_at_its_limit() {
    let shop = Shop::open(FakePinterest::builder().max_listed_pins(1)).await;
    let pins = shop.fake.truth("board_section_pins");
    let in_section = |pin: &&Value| {
        pins.iter().filter(|other| other["board_section_id"] == pin["board_section_id"]).count() > 1
    };
    let pin = pins.iter().find(in_section).unwrap();
    let [board, section] = ["board_id", "board_section_id"].map(|field| pin[field].as_str().unwrap());
    let (read, status) = read(&shop, &format!("/boards/{board}/sections/{section}/pins")).await;
    assert_eq!((read.len(), status), (1, 400));
}
