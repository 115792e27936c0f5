//! Campaigns, ad groups, ads and keywords.

use serde_json::{Value, json};

use super::{Plan, id, random::Random, share, words};
use crate::data::{Data, Kind, Place};

/// What its children must know of a record.
pub(super) struct Parent {
    id: String,
    /// The id of the parent's own parent; empty for a campaign.
    campaign: String,
    ad_account: String,
}

/// Makes campaigns, ad groups and ads; the ad groups are what keywords belong to.
pub(super) fn make(plan: &Plan, data: &mut Data) -> Vec<Parent> {
    let campaigns = campaigns(plan, data);
    let ad_groups = ad_groups(plan, &campaigns, data);
    ads(plan, &ad_groups, data);
    ad_groups
}

/// One in ten is archived, one in thirty a draft; lists show neither unless asked to. Even the smallest account has
/// one that is there to be seen and one draft.
fn status(random: &mut Random, index: usize) -> &'static str {
    match (index, random.below(30)) {
        (0, _) => "ACTIVE",
        (1, _) | (_, 0) => "DRAFT",
        (_, 1..=3) => "ARCHIVED",
        (_, 4..=11) => "PAUSED",
        _ => "ACTIVE",
    }
}

/// When a record was made and changed last. Neighbours often changed in the same second, as after an edit in bulk.
fn times(plan: &Plan, name: &str, index: usize) -> (i64, i64) {
    let random = &mut plan.random(name, index / 4 + 1_000_000);
    let updated = plan.past(random, 400);
    (updated - random.between(0, 30 * super::DAY), updated)
}

fn tracking_urls(random: &mut Random) -> Value {
    match random.below(4) {
        0 => Value::Null,
        1 => json!({"impression": [words::link(random)], "click": [], "engagement": null}),
        _ => json!({
            "impression": [words::link(random), words::link(random)],
            "click": [words::link(random)],
            "engagement": [],
            "buyable_button": null,
            "audience_verification": [words::link(random)],
        }),
    }
}

/// An amount that a double cannot hold now and then.
fn micro_currency(random: &mut Random) -> Value {
    match random.below(5) {
        0 => Value::Null,
        1 => json!(9_007_199_254_740_993_u64 + 2 * random.below(1_000)),
        _ => json!(random.below(500_000) * 10_000),
    }
}

/// A field that no schema knows, on some records.
fn add_unknown(record: &mut Value, random: &mut Random) {
    if random.one_in(3) {
        record["experiment"] =
            json!({"bucket": random.below(9), "share": 0.1, "notes": [null, "ß", {"deep": []}]});
    }
}

fn campaigns(plan: &Plan, data: &mut Data) -> Vec<Parent> {
    let mut made = Vec::new();
    for index in 0..plan.counts.campaigns {
        let Some(ad_account) = plan.ad_account(index, plan.counts.campaigns) else { return made };
        let random = &mut plan.random("campaign", index);
        let id = id(random, "6267", 8, index);
        let (created, updated) = times(plan, "campaign", index);
        let mut record = json!({
            "id": id,
            "ad_account_id": ad_account,
            "name": words::text(random, 5),
            "status": status(random, index),
            "lifetime_spend_cap": micro_currency(random),
            "daily_spend_cap": micro_currency(random),
            "order_line_id": if random.one_in(2) { Value::Null } else { json!("549755885175") },
            "tracking_urls": tracking_urls(random),
            "objective_type": random.pick(&["AWARENESS", "CONSIDERATION", "WEB_CONVERSION", "A_NEW_ONE"]),
            "created_time": created,
            "updated_time": updated,
            "type": "campaign",
            "start_time": random.one_in(2).then_some(created),
            "end_time": random.one_in(2).then_some(updated + 30 * super::DAY),
            "summary_status": random.pick(&["RUNNING", "PAUSED", "NOT_STARTED", "COMPLETED"]),
            "is_campaign_budget_optimization": random.one_in(2).then_some(true),
            "is_flexible_daily_budgets": random.one_in(2),
            "bid_options": {},
        });
        add_unknown(&mut record, random);
        data.insert(Kind::Campaigns, Place::under(ad_account), &record);
        made.push(Parent { id, campaign: String::new(), ad_account: ad_account.to_owned() });
    }
    made
}

fn ad_groups(plan: &Plan, campaigns: &[Parent], data: &mut Data) -> Vec<Parent> {
    let mut made = Vec::new();
    for index in 0..plan.counts.ad_groups {
        let Some(campaign) = campaigns.get(share(index, plan.counts.ad_groups, campaigns.len())) else {
            break;
        };
        let random = &mut plan.random("ad group", index);
        let id = id(random, "2680", 10, index);
        let (created, updated) = times(plan, "ad group", index);
        let mut record = json!({
            "name": words::text(random, 5),
            "status": status(random, index),
            "budget_in_micro_currency": micro_currency(random),
            "bid_in_micro_currency": micro_currency(random),
            "optimization_goal_metadata": goal(random),
            "budget_type": random.pick(&["DAILY", "LIFETIME", "CBO_ADGROUP"]),
            "start_time": created,
            "end_time": random.one_in(3).then_some(updated + 30 * super::DAY),
            "targeting_spec": {
                "GENDER": ["female"], "LOCATION": ["US", "DE"], "INTEREST": [], "AGE_BUCKET": null,
                "SHOPPING_RETARGETING": [{"lookback_window": 30, "tag_types": [0, 6], "exclusion_window": 14}],
            },
            "lifetime_frequency_cap": random.one_in(2).then_some(100),
            "tracking_urls": tracking_urls(random),
            "auto_targeting_enabled": random.one_in(2),
            "placement_group": random.pick(&["ALL", "SEARCH", "BROWSE"]),
            "placement_traffic_type": random.one_in(3).then_some("EXTERNAL"),
            "pacing_delivery_type": random.pick(&["STANDARD", "ACCELERATED"]),
            "conversion_learning_mode_type": random.one_in(2).then_some("ACTIVE"),
            "summary_status": random.pick(&["RUNNING", "PAUSED", "ARCHIVED"]),
            "feed_profile_id": random.one_in(2).then_some("0"),
            "campaign_id": campaign.id,
            "billable_event": random.pick(&["CLICKTHROUGH", "IMPRESSION", "VIDEO_V_50_MRC"]),
            "id": id,
            "type": "adgroup",
            "ad_account_id": campaign.ad_account,
            "created_time": created,
            "updated_time": updated,
            "bid_strategy_type": random.one_in(2).then_some("AUTOMATIC_BID"),
            "bid_multiplier": 1.5,
        });
        add_unknown(&mut record, random);
        data.insert(Kind::AdGroups, Place::under(&campaign.ad_account), &record);
        made.push(Parent { id, campaign: campaign.id.clone(), ad_account: campaign.ad_account.clone() });
    }
    made
}

fn goal(random: &mut Random) -> Value {
    match random.below(3) {
        0 => Value::Null,
        1 => json!({"frequency_goal_metadata": {"frequency": 3, "timerange": "THIRTY_DAY"}}),
        _ => json!({
            "conversion_tag_v3_goal_metadata": {
                "attribution_windows": {"click_window_days": 30, "engagement_window_days": null, "view_window_days": 1},
                "conversion_event": "CHECKOUT",
                "conversion_tag_id": "2617998078212",
                "cpa_goal_value_in_micro_currency": "5000000",
                "is_roas_optimized": false,
                "learning_mode_type": "ACTIVE",
            },
            "frequency_goal_metadata": null,
            "scrollup_goal_metadata": {"scrollup_goal_value_in_micro_currency": null},
        }),
    }
}

fn ads(plan: &Plan, ad_groups: &[Parent], data: &mut Data) {
    for index in 0..plan.counts.ads {
        let Some(ad_group) = ad_groups.get(share(index, plan.counts.ads, ad_groups.len())) else { return };
        let random = &mut plan.random("ad", index);
        let (created, updated) = times(plan, "ad", index);
        let mut record = json!({
            "ad_group_id": ad_group.id,
            "android_deep_link": random.one_in(4).then(|| words::link(random)),
            "carousel_android_deep_links": random.one_in(5).then(|| [words::link(random)]),
            "carousel_destination_urls": random.one_in(3).then(|| [words::link(random), words::link(random)]),
            "carousel_ios_deep_links": [],
            "click_tracking_url": random.one_in(3).then(|| words::link(random)),
            "creative_type": random.pick(&["REGULAR", "VIDEO", "CAROUSEL", "SHOP_THE_PIN"]),
            "destination_url": words::link(random),
            "ios_deep_link": random.one_in(4).then(|| words::link(random)),
            "is_pin_deleted": random.one_in(20),
            "is_removable": random.one_in(2),
            "name": words::description(random),
            "pin_id": id(random, "39477", 12, index),
            "status": status(random, index),
            "tracking_urls": tracking_urls(random),
            "view_tracking_url": random.one_in(4).then(|| words::link(random)),
            "lead_form_id": random.one_in(9).then_some("383791336903426391"),
            "ad_account_id": ad_group.ad_account,
            "campaign_id": ad_group.campaign,
            "collection_items_destination_url_template": random.one_in(6).then(|| words::link(random)),
            "created_time": created,
            "id": id(random, "6871", 12, index),
            "rejected_reasons": if random.one_in(9) { json!(["HASHTAGS", "POLICY_NEW"]) } else { json!([]) },
            "rejection_labels": [],
            "review_status": random.pick(&["APPROVED", "PENDING", "REJECTED"]),
            "type": "pinpromotion",
            "updated_time": updated,
            "summary_status": random.pick(&["APPROVED", "PAUSED", "REJECTED"]),
            "spend_in_micro_currency": micro_currency(random),
        });
        add_unknown(&mut record, random);
        data.insert(Kind::Ads, Place::under(&ad_group.ad_account), &record);
    }
}

/// Keywords of ad groups, and one of a campaign in each ad account that has campaigns: no ad group asks for that one.
pub(super) fn make_keywords(plan: &Plan, ad_groups: &[Parent], data: &mut Data) {
    for index in 0..plan.counts.keywords {
        let Some(ad_group) = ad_groups.get(share(index, plan.counts.keywords, ad_groups.len())) else {
            break;
        };
        let record = keyword(plan, index, &ad_group.id, "adgroup");
        data.insert(Kind::Keywords, Place::under(&ad_group.ad_account), &record);
    }
    let mut before = "";
    for (index, ad_group) in ad_groups.iter().enumerate() {
        if ad_group.ad_account != before {
            let record = keyword(plan, plan.counts.keywords + index, &ad_group.campaign, "campaign");
            data.insert(Kind::Keywords, Place::under(&ad_group.ad_account), &record);
            before = &ad_group.ad_account;
        }
    }
}

fn keyword(plan: &Plan, index: usize, parent: &str, parent_type: &str) -> Value {
    let random = &mut plan.random("keyword", index);
    let mut record = json!({
        "archived": random.one_in(10),
        "id": id(random, "3836", 12, index),
        "parent_id": parent,
        "parent_type": parent_type,
        "type": "keyword",
        "bid": micro_currency(random),
        "match_type": random.pick(&["BROAD", "PHRASE", "EXACT", "EXACT_NEGATIVE"]),
        "value": words::text(random, 4),
    });
    add_unknown(&mut record, random);
    record
}
