//! What an ad account holds beside its ads: audiences, customer lists, conversion tags.

use serde_json::{Value, json};

use super::{Plan, id, words};
use crate::data::{Data, Kind, Place};

pub(super) fn make(plan: &Plan, data: &mut Data) {
    audiences(plan, data);
    customer_lists(plan, data);
    conversion_tags(plan, data);
}

fn audiences(plan: &Plan, data: &mut Data) {
    for index in 0..plan.counts.audiences {
        let Some(ad_account) = plan.ad_account(index, plan.counts.audiences) else { return };
        let random = &mut plan.random("audience", index);
        let created = plan.past(random, 900);
        let record = json!({
            "ad_account_id": ad_account,
            "id": id(random, "2542", 9, index),
            "name": words::text(random, 4),
            "audience_type": random.pick(&["CUSTOMER_LIST", "VISITOR", "ENGAGEMENT", "ACTALIKE"]),
            "description": words::description(random),
            "rule": {
                "country": random.one_in(2).then_some("US"),
                "engagement_domain": ["www.shop.example"],
                "retention_days": random.between(1, 540),
                "customer_list_id": random.one_in(3).then_some("643"),
                "engagement_type": random.one_in(3).then_some("click"),
                "event": random.one_in(2).then_some("checkout"),
                "percentage": random.one_in(2).then_some(5),
                "prefill": random.one_in(2),
                "visitor_source_id": random.one_in(3).then_some("2617998078212"),
                "ad_account_id": ad_account,
                "event_data": {"currency": "USD", "lead_type": null, "line_items": []},
                "engager_type": random.one_in(2).then_some(1),
            },
            "size": if index == 0 { json!(9_007_199_254_740_993_u64) } else { json!(random.below(5_000_000)) },
            "status": random.pick(&["READY", "INITIALIZING", "TOO_SMALL"]),
            "type": "audience",
            "created_timestamp": created,
            "updated_timestamp": random.one_in(2).then_some(created),
            "created_by_company_name": null,
            "overlap": {"share": 0.25, "with": []},
        });
        data.insert(Kind::Audiences, Place::under(ad_account), &record);
    }
}

fn customer_lists(plan: &Plan, data: &mut Data) {
    for index in 0..plan.counts.customer_lists {
        let Some(ad_account) = plan.ad_account(index, plan.counts.customer_lists) else { return };
        let random = &mut plan.random("customer list", index);
        let created = plan.past(random, 900);
        let record = json!({
            "ad_account_id": ad_account,
            "created_time": created,
            "id": id(random, "6433", 9, index),
            "name": words::text(random, 4),
            "num_batches": random.below(9),
            "num_removed_user_records": 0,
            "num_uploaded_user_records": 9_007_199_254_740_993_u64 + random.below(11),
            "status": random.pick(&["PROCESSING", "READY", "TOO_SMALL", "UPLOADING"]),
            "type": "customerlist",
            "updated_time": created,
            "exceptions": {"count": 0, "sample": null},
        });
        data.insert(Kind::CustomerLists, Place::under(ad_account), &record);
    }
}

fn conversion_tags(plan: &Plan, data: &mut Data) {
    for index in 0..plan.counts.conversion_tags {
        let Some(ad_account) = plan.ad_account(index, plan.counts.conversion_tags) else { return };
        let random = &mut plan.random("conversion tag", index);
        let fired = if random.one_in(3) { Value::Null } else { json!(plan.past(random, 30) * 1_000) };
        let record = json!({
            "ad_account_id": ad_account,
            "code_snippet": "<script type=\"text/javascript\">\n!function(e){/* \"pintrk\" */}();\n</script>",
            "enhanced_match_status": random.pick(&["UNKNOWN", "NOT_VALIDATED", "VALIDATED"]),
            "id": id(random, "2617", 9, index),
            "last_fired_time_ms": fired,
            "name": words::text(random, 3),
            "status": random.pick(&["ACTIVE", "PAUSED", "ARCHIVED"]),
            "version": "3",
            "configs": {
                "aem_enabled": random.one_in(2), "md_frequency": 0.5, "aem_fnln_enabled": null, "aem_ph_enabled": false,
                "aem_ge_enabled": true, "aem_db_enabled": null, "aem_loc_enabled": null,
            },
            "fires_total": 9_007_199_254_740_993_u64 + random.below(7),
            "owner_note": "für später",
        });
        data.insert(Kind::ConversionTags, Place::under(ad_account), &record);
    }
}
