//! Catalogs, feeds and product groups.

use serde_json::json;

use super::{Plan, id, utc_time, words};
use crate::data::{Data, Kind};

const TYPES: &[&str] = &["RETAIL", "HOTEL", "CREATIVE_ASSETS"];

pub(super) fn make(plan: &Plan, data: &mut Data) {
    catalogs(plan, data);
    let feeds = feeds(plan, data);
    product_groups(plan, &feeds, data);
}

fn catalogs(plan: &Plan, data: &mut Data) {
    for index in 0..plan.counts.catalogs {
        let random = &mut plan.random("catalog", index);
        let created = plan.past(random, 900);
        let record = json!({
            "created_at": utc_time(created),
            "id": id(random, "2680", 8, index),
            "updated_at": utc_time(created + random.between(0, plan.now - created)),
            "name": words::text(random, 3),
            "catalog_type": random.pick(TYPES),
            "items_seen": 9_007_199_254_740_993_u64,
            "owner": {"name": "Größe", "email": null},
        });
        data.insert(Kind::Catalogs, plan.of_user(index, plan.counts.catalogs), &record);
    }
}

fn feeds(plan: &Plan, data: &mut Data) -> Vec<String> {
    let mut made = Vec::new();
    for index in 0..plan.counts.feeds {
        let random = &mut plan.random("feed", index);
        let id = id(random, "5495", 8, index);
        let created = plan.past(random, 900);
        let credentials = (index % 4 != 3)
            .then(|| json!({"username": format!("feed-user-{index}"), "password": format!("feed-password-{index}")}));
        let record = json!({
            "created_at": utc_time(created),
            "id": id,
            "updated_at": utc_time(created + random.between(0, plan.now - created)),
            "name": words::text(random, 3),
            "format": random.pick(&["TSV", "CSV", "XML"]),
            "catalog_type": random.pick(TYPES),
            "credentials": credentials,
            "location": words::link(random),
            "preferred_processing_schedule": random.one_in(2).then(|| json!({"time": "02:59", "timezone": "Europe/Berlin", "days": null})),
            "status": random.pick(&["ACTIVE", "INACTIVE"]),
            "default_currency": random.one_in(2).then_some("EUR"),
            "default_locale": "de-DE",
            "default_country": "DE",
            "default_availability": random.one_in(3).then_some("IN_STOCK"),
            "rows_seen": 9_007_199_254_740_993_u64,
            "comment": "ä",
        });
        data.insert(Kind::Feeds, plan.of_user(index, plan.counts.feeds), &record);
        made.push(id);
    }
    made
}

fn product_groups(plan: &Plan, feeds: &[String], data: &mut Data) {
    for index in 0..plan.counts.product_groups {
        let random = &mut plan.random("product group", index);
        let created = plan.past(random, 900);
        let record = json!({
            // Milliseconds, as in Pinterest's example (its text says seconds).
            "created_at": created * 1_000,
            "description": words::description(random),
            "feed_id": feeds.get(index % feeds.len().max(1)),
            "id": id(random, "4433", 8, index),
            "is_featured": random.one_in(5),
            "name": words::text(random, 3),
            "status": random.pick(&["ACTIVE", "INACTIVE"]),
            "type": random.one_in(2).then_some("MERCHANT_CREATED"),
            "updated_at": (created + random.between(0, plan.now - created)) * 1_000,
            "filters": {"all_of": [{"MIN_PRICE": {"inclusion": true, "negated": false, "values": 12.5}}, {"NAME": "Öl"}]},
            "country": null,
            "revision": 9_007_199_254_740_993_u64 + index as u64,
        });
        data.insert(Kind::ProductGroups, plan.of_user(index, plan.counts.product_groups), &record);
    }
}
