//! The user and the ad accounts.

use serde_json::{Map, Value, json};

use super::{Plan, words};
use crate::data::{Data, Kind, Place};

pub(super) fn make(plan: &Plan, data: &mut Data) {
    data.set_user(user(plan));
    for (index, id) in plan.ad_accounts.iter().enumerate() {
        let random = &mut plan.random("ad account", index + 1_000_000);
        let created = plan.past(random, 1_500);
        let record = json!({
            "id": id,
            "name": format!("{} {index}", words::text(random, 3)),
            "owner": {"username": "shop_ünique", "id": "383791336903426391", "verified": null},
            "country": random.pick(&["US", "DE", "JP"]),
            "currency": random.pick(&["USD", "EUR", "JPY"]),
            "permissions": ["OWNER", "ADMIN", "SOMETHING_NEW"],
            "created_time": created,
            "updated_time": created + random.between(0, plan.now - created),
            "credit_limit_in_micro_currency": 9_007_199_254_740_993_i64 + index as i64,
            "time_zone": null,
        });
        data.insert(Kind::AdAccounts, Place::default(), &record);
    }
}

fn user(plan: &Plan) -> Map<String, Value> {
    let random = &mut plan.random("user", 0);
    let fields = [
        ("account_type", json!("BUSINESS")),
        ("about", json!(words::description(random))),
        ("profile_image", json!("https://i.pinimg.example/280x280_RS/5e/57/92.jpg")),
        ("website_url", json!(words::link(random))),
        ("username", json!("shop_ünique")),
        ("business_name", json!(words::text(random, 3))),
        ("board_count", json!(plan.counts.boards)),
        ("pin_count", json!(plan.counts.pins)),
        ("follower_count", json!(random.below(1_000_000))),
        ("following_count", json!(random.below(1_000))),
        ("monthly_views", json!(9_007_199_254_740_993_u64)),
        ("id", json!("383791336903426391")),
        ("not_yet_known", json!({"since": null})),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
