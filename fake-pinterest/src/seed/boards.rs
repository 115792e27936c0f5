//! Boards, their sections and their pins.

use serde_json::{Value, json};

use super::{Plan, id, local_time, random::Random, share, words};
use crate::data::{Data, Kind, Place};

struct Board {
    id: String,
    sections: Vec<String>,
}

pub(super) fn make(plan: &Plan, data: &mut Data) {
    // The last board has nothing in it, unless it is the only one.
    let holders = plan.counts.boards.saturating_sub(1).max(1).min(plan.counts.boards);
    let mut boards = boards(plan, holders, data);
    sections(plan, &mut boards[..holders], data);
    pins(plan, &boards[..holders], data);
}

fn boards(plan: &Plan, holders: usize, data: &mut Data) -> Vec<Board> {
    let mut pin_counts = vec![0; plan.counts.boards];
    for pin in 0..plan.counts.pins {
        if let Some(count) = pin_counts.get_mut(share(pin, plan.counts.pins, holders)) {
            *count += 1;
        }
    }
    let made = (0..plan.counts.boards).map(|index| {
        let random = &mut plan.random("board", index);
        let id = id(random, "5497", 12, index);
        let created = plan.past(random, 1_200);
        let record = json!({
            "id": id,
            "name": words::text(random, 3),
            "description": words::description(random),
            "owner": {"username": "shop_ünique"},
            "privacy": random.pick(&["PUBLIC", "PROTECTED", "SECRET"]),
            "follower_count": 9_007_199_254_740_993_u64 + random.below(100),
            "collaborator_count": random.below(5),
            "pin_count": pin_counts[index],
            "media": {"image_cover_url": words::link(random), "pin_thumbnail_urls": [], "media_type": null},
            "created_at": local_time(created),
            "board_pins_modified_at": random.one_in(2).then(|| local_time(plan.now.min(created + 60))),
            "is_ads_only": false,
            "layout": {"columns": 3, "ratio": 0.75, "theme": null, "hidden": {}},
        });
        data.insert(Kind::Boards, plan.of_user(index, plan.counts.boards), &record);
        Board { id, sections: Vec::new() }
    });
    made.collect()
}

fn sections(plan: &Plan, boards: &mut [Board], data: &mut Data) {
    for index in 0..plan.counts.board_sections {
        // Every third board has no sections.
        let place = share(index, plan.counts.board_sections, boards.len());
        let place = if place % 3 == 2 { place - 1 } else { place };
        let Some(board) = boards.get_mut(place) else { return };
        let random = &mut plan.random("board section", index);
        let id = id(random, "5497", 11, index);
        let mut record = json!({"id": id, "name": format!("{} ü", words::text(random, 3))});
        if random.one_in(2) || index == 0 {
            record["position"] = json!({"order": 9_007_199_254_740_993_u64, "pinned": null});
        }
        data.insert(Kind::BoardSections, Place::under(&board.id), &record);
        board.sections.push(id);
    }
}

fn pins(plan: &Plan, boards: &[Board], data: &mut Data) {
    for index in 0..plan.counts.pins {
        let Some(board) = boards.get(share(index, plan.counts.pins, boards.len())) else { return };
        let random = &mut plan.random("pin", index);
        let section =
            if index % 3 == 2 { None } else { board.sections.get(index % board.sections.len().max(1)) };
        let record = json!({
            "id": id(random, "8131", 13, index),
            "created_at": local_time(plan.past(random, 1_000)),
            "creative_type": random.pick(&["REGULAR", "VIDEO", "IDEA"]),
            "is_standard": random.one_in(2),
            "is_owner": true,
            "product_tags": if random.one_in(4) { json!([{"pin_id": "813744226420795884"}]) } else { json!([]) },
            "dominant_color": random.one_in(3).then_some("#6E7874"),
            "parent_pin_id": random.one_in(5).then_some("813744226420795884"),
            "link": random.one_in(2).then(|| words::link(random)),
            "title": words::text(random, 6),
            "description": words::description(random),
            "alt_text": words::description(random),
            "note": "",
            "board_id": board.id,
            "board_section_id": section,
            "board_owner": {"username": "shop_ünique"},
            "media": media(random),
            "pin_metrics": pin_metrics(random),
            "has_been_promoted": random.one_in(3),
            "ai_generated": {"score": 0.125, "labels": null},
        });
        data.insert(Kind::Pins, Place::under(&board.id), &record);
    }
}

fn media(random: &mut Random) -> Value {
    let images = [
        ("150x150", 150, 150),
        ("400x300", 400, 300),
        ("600x", 600, 900),
        ("1200x", 1200, 1800),
        ("originals", 2400, 3600),
    ];
    let images = images.map(|(size, width, height)| {
        (size, json!({"width": width, "height": height, "url": format!("https://i.pinimg.example/{size}/0d/f6.jpg")}))
    });
    let kind = random.pick(&["image", "video", "multiple_images"]);
    json!({"media_type": kind, "images": images.into_iter().collect::<std::collections::BTreeMap<_, _>>()})
}

fn pin_metrics(random: &mut Random) -> Value {
    match random.below(3) {
        0 => Value::Null,
        _ => json!({
            "90d": {"pin_click": random.below(900), "impression": 9_007_199_254_740_993_u64, "clickthrough": null},
            "lifetime_metrics": {"reaction": random.below(50), "comment": 0},
        }),
    }
}
