//! Campaigns, ad groups and ads of 2 KB, with the fields that Pinterest's have.

use serde_json::{Value, json};

use crate::template::Template;

/// A record has so many bytes.
const SIZE: usize = 2_048;
/// Times lie so many seconds apart, so that 250 of them lie within 300 days.
const STEP: i64 = 100_000;

/// Where numbers go. Marks are as long as what they stand for.
const ACCOUNT: &str = "AAAAAAAAAAAA";
const ID: &str = "IIIIIIIIIIIIIIII";
const AD_GROUP: &str = "GGGGGGGGGGGGGGGG";
const CAMPAIGN: &str = "CCCCCCCCCCCCCCCC";
const BOOKMARK: &str = "BBBBBBBBBB";
/// Where as many letters go as make the record long enough.
const FILLING: &str = "@";

/// What is listed in an ad account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Campaigns,
    AdGroups,
    Ads,
}

impl Kind {
    #[cfg(test)]
    pub(super) const ALL: [Self; 3] = [Self::Campaigns, Self::AdGroups, Self::Ads];

    /// The kind with this name in paths.
    pub(super) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "campaigns" => Self::Campaigns,
            "ad_groups" => Self::AdGroups,
            "ads" => Self::Ads,
            _ => return None,
        })
    }

    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Campaigns => "campaigns/list",
            Self::AdGroups => "ad_groups/list",
            Self::Ads => "ads/list",
        }
    }

    /// An id of 16 digits: two for the kind, five for the ad account, nine for the record.
    pub(super) fn id(self, account: u64, index: u64) -> u64 {
        let kind = match self {
            Self::Campaigns => 62,
            Self::AdGroups => 26,
            Self::Ads => 68,
        };
        (kind * 100_000 + account % 100_000) * 1_000_000_000 + index % 1_000_000_000
    }
}

/// A number of a page.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Account,
    /// The id of a record, or of its parent: the record with the same number.
    Entity(Kind, usize),
    Bookmark,
}

/// What all pages with the same bytes have in common, but for their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) count: usize,
    pub(super) is_last: bool,
}

impl Shape {
    pub(super) fn template(self, now: i64) -> Template<Number> {
        let mut page = Template::new().text("{\"items\":[");
        for index in 0..self.count {
            let comma = if index > 0 { "," } else { "" };
            page = page.text(comma).marked(
                &record(self.kind, index, now),
                &[
                    (ACCOUNT, Number::Account),
                    (ID, Number::Entity(self.kind, index)),
                    (AD_GROUP, Number::Entity(Kind::AdGroups, index)),
                    (CAMPAIGN, Number::Entity(Kind::Campaigns, index)),
                ],
            );
        }
        if self.is_last {
            return page.text("],\"bookmark\":null}");
        }
        page.marked(&format!("],\"bookmark\":\"{BOOKMARK}\"}}"), &[(BOOKMARK, Number::Bookmark)])
    }
}

/// A record of exactly [`SIZE`] bytes, with marks for its ids.
fn record(kind: Kind, index: usize, now: i64) -> String {
    let updated = now - 3_600 - (index as i64 % 250) * STEP;
    let record = match kind {
        Kind::Campaigns => campaign(index, updated),
        Kind::AdGroups => ad_group(index, updated),
        Kind::Ads => ad(index, updated),
    };
    let text = record.to_string();
    let missing = (SIZE + FILLING.len()).saturating_sub(text.len());
    text.replacen(FILLING, &words(missing), 1)
}

/// So many letters, in words.
fn words(letters: usize) -> String {
    "spring sale garden chairs in four colours free delivery ".chars().cycle().take(letters).collect()
}

fn link(index: usize, of: &str) -> String {
    format!(
        "https://www.shop.example/{of}/{index}?utm_source=pinterest&utm_medium=cpc&utm_term=garden%20chairs"
    )
}

fn tracking(index: usize) -> Value {
    json!({
        "impression": [link(index, "seen")],
        "click": [link(index, "clicked")],
        "engagement": [],
        "buyable_button": null,
        "audience_verification": [link(index, "verified")],
    })
}

fn ad(index: usize, updated: i64) -> Value {
    json!({
        "ad_group_id": AD_GROUP,
        "android_deep_link": null,
        "carousel_android_deep_links": null,
        "carousel_destination_urls": [link(index, "one"), link(index, "two")],
        "carousel_ios_deep_links": [],
        "click_tracking_url": link(index, "click"),
        "creative_type": if index.is_multiple_of(3) { "VIDEO" } else { "REGULAR" },
        "destination_url": link(index, "product"),
        "ios_deep_link": null,
        "is_pin_deleted": false,
        "is_removable": index.is_multiple_of(2),
        "name": format!("Größe \"M\" {index} {FILLING}"),
        "pin_id": format!("3947700{:011}", index),
        "status": if index.is_multiple_of(4) { "PAUSED" } else { "ACTIVE" },
        "tracking_urls": tracking(index),
        "view_tracking_url": link(index, "view"),
        "lead_form_id": null,
        "ad_account_id": ACCOUNT,
        "campaign_id": CAMPAIGN,
        "collection_items_destination_url_template": null,
        "created_time": updated - 2_000_000,
        "id": ID,
        "rejected_reasons": [],
        "rejection_labels": [],
        "review_status": "APPROVED",
        "type": "pinpromotion",
        "updated_time": updated,
        "summary_status": "APPROVED",
    })
}

fn campaign(index: usize, updated: i64) -> Value {
    json!({
        "id": ID,
        "ad_account_id": ACCOUNT,
        "name": format!("Größe \"M\" {index} {FILLING}"),
        "status": "ACTIVE",
        "lifetime_spend_cap": null,
        "daily_spend_cap": 1_430_000_000,
        "order_line_id": null,
        "tracking_urls": tracking(index),
        "objective_type": "WEB_CONVERSION",
        "created_time": updated - 2_000_000,
        "updated_time": updated,
        "type": "campaign",
        "start_time": updated - 1_900_000,
        "end_time": null,
        "summary_status": "RUNNING",
        "is_campaign_budget_optimization": true,
        "is_flexible_daily_budgets": false,
    })
}

fn ad_group(index: usize, updated: i64) -> Value {
    json!({
        "name": format!("Größe \"M\" {index} {FILLING}"),
        "status": "ACTIVE",
        "budget_in_micro_currency": 5_000_000,
        "bid_in_micro_currency": null,
        "budget_type": "DAILY",
        "start_time": updated - 1_900_000,
        "end_time": null,
        "targeting_spec": {"GENDER": ["female"], "LOCATION": ["US", "DE"], "INTEREST": [], "AGE_BUCKET": null},
        "tracking_urls": tracking(index),
        "auto_targeting_enabled": true,
        "placement_group": "ALL",
        "pacing_delivery_type": "STANDARD",
        "summary_status": "RUNNING",
        "campaign_id": CAMPAIGN,
        "billable_event": "CLICKTHROUGH",
        "id": ID,
        "type": "adgroup",
        "ad_account_id": ACCOUNT,
        "created_time": updated - 2_000_000,
        "updated_time": updated,
        "bid_strategy_type": "AUTOMATIC_BID",
    })
}
