//! Boards with more pins than Pinterest lists: every pin once, or the board says how many are missing.

use connector_core::testing::Run;
use fake_pinterest::{Counts, FakePinterest, Fault, OddBody, Size};
use serde_json::{Value, json};

use crate::connection::{Connection, assert_complete, assert_incomplete, ids, in_order};

/// So many pins are listed, and the large board has this many.
const LISTED: usize = 12;
const PINS: usize = 36;

/// An account with one large board, a small one and an empty one; the id of the large one.
async fn account(change: impl Fn(usize, &mut Value)) -> (Connection, String) {
    let counts = Counts { boards: 3, board_sections: 0, pins: 2 * PINS, ..Counts::SMALL };
    let fake = FakePinterest::builder().size(Size::Custom(counts)).max_page_size(5).max_listed_pins(LISTED);
    let connection = Connection::to(fake).await;
    let boards = connection.fake.truth("boards");
    let board = |at: usize| boards[at]["id"].as_str().unwrap().to_owned();
    let (large, small) = (board(0), board(1));
    connection.fake.edit(|data| {
        for name in ["1", "2"] {
            data.upsert(
                "board_sections",
                json!({"id": format!("549700000000000{name}"), "name": name, "board_id": large}),
            );
        }
        let mut pins = data.records_mut("board_pins");
        let mut kept = 0;
        pins.retain(|pin| {
            pin["board_id"] == large || {
                kept += 1;
                kept <= LISTED
            }
        });
        let of_large = pins.iter_mut().filter(|pin| pin["board_id"] == large);
        of_large.enumerate().for_each(|(at, pin)| {
            pin["board_section_id"] = Value::Null;
            change(at, pin);
        });
    });
    let count = |board: &str| {
        connection.fake.truth("board_pins").iter().filter(|pin| pin["board_id"] == board).count()
    };
    assert_eq!((count(&large), count(&small)), (PINS, LISTED));
    (connection, large)
}

fn of_type(pin: &mut Value, kind: &str) {
    pin["creative_type"] = json!(kind);
}

fn in_section(pin: &mut Value, section: &str) {
    pin["board_section_id"] = json!(format!("549700000000000{section}"));
}

/// Three types, each as many as are listed.
fn by_type(at: usize, pin: &mut Value) {
    of_type(pin, ["REGULAR", "VIDEO", "COLLAGE"][at % 3]);
}

/// Every pin that was handed on came once and as it is; how many were not.
fn missing(connection: &Connection, run: &Run) -> usize {
    let (records, truth) = (run.records("board_pins"), connection.truth("board_pins"));
    let mut distinct = ids(&records);
    distinct.dedup();
    assert_eq!(distinct.len(), records.len(), "a pin came twice");
    assert!(records.iter().all(|pin| truth.contains(pin)));
    truth.len() - records.len()
}

fn assert_others_whole(connection: &Connection, run: &Run, large: &str) {
    let others = |mut pins: Vec<Value>| {
        pins.retain(|pin| pin["board_id"] != large);
        in_order(pins)
    };
    assert_eq!(others(run.records("board_pins")), others(connection.truth("board_pins")));
}

#[tokio::test]
async fn a_board_over_the_limit_is_read_by_creative_type() {
    let (mut connection, large) = account(by_type).await;
    let run = connection.sync(&["board_pins"]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_complete(&run, "board_pins");
    assert_eq!(in_order(run.records("board_pins")), connection.truth("board_pins"));
    assert_eq!(missing(&connection, &run), 0);
    let requests = connection.fake.requests();
    assert!(requests.iter().all(|seen| seen.planned));
    // A board that is not too large is listed once, and so is what nobody asked for.
    let divided: Vec<_> = requests.iter().filter(|seen| seen.query.contains("creative_types=")).collect();
    assert!(!divided.is_empty() && divided.iter().all(|seen| seen.path.contains(&large)));
    let sections = requests.iter().filter(|seen| seen.operation == Some("board_sections/list"));
    assert!(sections.map(|seen| &seen.path).all(|path| path.contains(&large)));
    let again = requests.iter().filter(|seen| seen.status == Some(400)).count();
    assert_eq!(again, 1, "the end of the listing is asked for once");
}

#[tokio::test]
async fn what_a_type_does_not_list_is_read_by_section() {
    let change = |at: usize, pin: &mut Value| {
        of_type(pin, "REGULAR");
        if at >= LISTED {
            in_section(pin, if at.is_multiple_of(2) { "1" } else { "2" });
        }
    };
    let (mut connection, _) = account(change).await;
    let run = connection.sync(&["board_pins"]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(in_order(run.records("board_pins")), connection.truth("board_pins"));
    assert_eq!(missing(&connection, &run), 0);
}

#[tokio::test]
async fn a_pin_without_a_type_or_of_a_new_one_is_read_by_section() {
    let change = |at: usize, pin: &mut Value| {
        by_type(at, pin);
        if at % 6 == 5 {
            of_type(pin, "HOLOGRAM");
            in_section(pin, "1");
        } else if at % 6 == 4 {
            pin.as_object_mut().unwrap().remove("creative_type");
            in_section(pin, "2");
        }
    };
    // The fake knows no such type, and neither does a filter by it.
    let (mut connection, _) = account(change).await;
    let run = connection.sync(&["board_pins"]).await;
    assert!(run.success, "{:?}", run.errors());
    assert_eq!(missing(&connection, &run), 0);
}

#[tokio::test]
async fn pins_that_no_listing_holds_are_counted_and_the_other_boards_are_whole() {
    let change = |at: usize, pin: &mut Value| {
        by_type(at, pin);
        if at >= PINS - 7 {
            pin["creative_type"] = Value::Null;
        }
    };
    let (mut connection, large) = account(change).await;
    let run = connection.sync(&["board_pins", "board_sections"]).await;
    assert_incomplete(&run, "board_pins");
    assert_complete(&run, "board_sections");
    assert_eq!(missing(&connection, &run), 7);
    assert_others_whole(&connection, &run, &large);
    let errors = run.errors();
    let told = format!("7 of the board's {PINS} pins are missing");
    assert!(errors[0].contains(&told) && errors[0].contains(&large), "{errors:?}");
}

#[tokio::test]
async fn a_type_and_a_section_that_are_too_large_again_are_counted_as_well() {
    let change = |_: usize, pin: &mut Value| {
        of_type(pin, "VIDEO");
        in_section(pin, "1");
    };
    let (mut connection, large) = account(change).await;
    let run = connection.sync(&["board_pins"]).await;
    assert_incomplete(&run, "board_pins");
    assert_eq!(missing(&connection, &run), PINS - LISTED);
    assert_others_whole(&connection, &run, &large);
    let told = format!("{} of the board's {PINS} pins are missing", PINS - LISTED);
    assert!(run.errors()[0].contains(&told), "{:?}", run.errors());
    assert!(connection.fake.requests().len() < 60, "{}", connection.fake.requests().len());
}

#[tokio::test]
async fn a_board_that_does_not_count_its_pins_is_not_called_complete() {
    let (mut connection, large) = account(by_type).await;
    let body = json!({"id": large, "name": "large", "pin_count": null});
    connection.fake.add_fault(Fault::on("boards/get").for_ever().status_with_body(200, body));
    let run = connection.sync(&["board_pins"]).await;
    assert_incomplete(&run, "board_pins");
    assert_eq!(missing(&connection, &run), 0);
    assert!(run.errors()[0].contains("does not say how many it has"), "{:?}", run.errors());
}

#[tokio::test]
async fn a_failure_in_any_part_is_a_failure_and_one_that_passes_is_none() {
    let in_sections = |at: usize, pin: &mut Value| {
        by_type(at, pin);
        in_section(pin, ["1", "2"][at % 2]);
    };
    for (what, fault) in [
        ("a type", Fault::on("boards/list_pins").path_contains("creative_types=VIDEO").on_later_pages()),
        ("a type without pins", Fault::on("boards/list_pins").path_contains("creative_types=SHOWCASE")),
        ("the sections", Fault::on("board_sections/list")),
        (
            "a section",
            Fault::on("board_sections/list_pins").path_contains("5497000000000002").on_later_pages(),
        ),
        ("the count", Fault::on("boards/get")),
    ] {
        for (how, fault) in [("503", fault.clone().status(503)), ("HTML", fault.clone().body(OddBody::Html))]
        {
            let (mut connection, large) = account(in_sections).await;
            connection.fake.add_fault(fault.clone());
            let run = connection.sync(&["board_pins"]).await;
            assert!(run.success, "{what}, {how}: {:?}", run.errors());
            assert_eq!(missing(&connection, &run), 0, "{what}, {how}");

            connection.fake.add_fault(fault.for_ever());
            let run = connection.sync(&["board_pins"]).await;
            assert_incomplete(&run, "board_pins");
            assert!(run.errors()[0].contains(&large), "{what}, {how}: {:?}", run.errors());
            missing(&connection, &run);
            assert_others_whole(&connection, &run, &large);
        }
    }
}

#[tokio::test]
async fn a_refusal_of_another_kind_does_not_divide_a_board() {
    let (mut connection, large) = account(by_type).await;
    connection.fake.add_fault(
        Fault::on("boards/list_pins").path_contains(&large).on_later_pages().for_ever().status(400),
    );
    let run = connection.sync(&["board_pins"]).await;
    assert_incomplete(&run, "board_pins");
    assert!(connection.fake.requests().iter().all(|seen| !seen.query.contains("creative_types=")));
    assert_others_whole(&connection, &run, &large);
}

#[tokio::test]
async fn a_section_over_the_limit_is_not_called_complete() {
    let (mut connection, _) = account(|_, pin| in_section(pin, "1")).await;
    let run = connection.sync(&["board_section_pins"]).await;
    assert_incomplete(&run, "board_section_pins");
    assert_eq!(run.records("board_section_pins").len(), LISTED);
}
