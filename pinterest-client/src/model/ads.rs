//! Campaigns, ad groups and ads.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Extra;
use crate::ids::{AdAccountId, AdGroupId, AdId, CampaignId, PinId};

/// Whether a campaign, ad group or ad runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum EntityStatus {
    /// It runs.
    Active,
    /// It was paused.
    Paused,
    /// It was put away.
    Archived,
    /// It is not finished.
    Draft,
    /// It was never finished and is deleted.
    DeletedDraft,
    /// A status that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// As the API writes it.
impl fmt::Display for EntityStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Paused => "PAUSED",
            Self::Archived => "ARCHIVED",
            Self::Draft => "DRAFT",
            Self::DeletedDraft => "DELETED_DRAFT",
            Self::Other(status) => status,
        })
    }
}

/// A campaign: what is to be reached, and for how much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// The ad account it belongs to.
    pub ad_account_id: Option<AdAccountId>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it runs.
    pub status: Option<EntityStatus>,
    /// What keeps it from running, e.g. `NOT_STARTED`.
    pub summary_status: Option<String>,
    /// What it is to reach, e.g. `AWARENESS`.
    pub objective_type: Option<String>,
    /// The most to spend a day, in millionths of the currency.
    pub daily_spend_cap: Option<i64>,
    /// The most to spend in all, in millionths of the currency.
    pub lifetime_spend_cap: Option<i64>,
    /// The order line it is billed to.
    pub order_line_id: Option<String>,
    /// Whether its budget is divided by Pinterest.
    pub is_campaign_budget_optimization: Option<bool>,
    /// Whether a day may spend more than its share.
    pub is_flexible_daily_budgets: Option<bool>,
    /// When it begins.
    pub start_time: Option<i64>,
    /// When it ends.
    pub end_time: Option<i64>,
    /// Addresses that are called when something happens, by event.
    pub tracking_urls: Option<Value>,
    /// When it was created.
    pub created_time: Option<i64>,
    /// When it was last changed.
    pub updated_time: Option<i64>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An ad group: to whom the ads of a campaign are shown, and for which bid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdGroup {
    /// Its id.
    pub id: AdGroupId,
    /// The ad account it belongs to.
    pub ad_account_id: Option<AdAccountId>,
    /// The campaign it belongs to.
    pub campaign_id: Option<CampaignId>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it runs.
    pub status: Option<EntityStatus>,
    /// What keeps it from running.
    pub summary_status: Option<String>,
    /// Its budget, in millionths of the currency.
    pub budget_in_micro_currency: Option<i64>,
    /// Its bid, in millionths of the currency.
    pub bid_in_micro_currency: Option<i64>,
    /// What the budget is for, e.g. `DAILY`.
    pub budget_type: Option<String>,
    /// What is paid for, e.g. `CLICKTHROUGH`.
    pub billable_event: Option<String>,
    /// How bids are made.
    pub bid_strategy_type: Option<String>,
    /// Whom the ads are shown to.
    pub targeting_spec: Option<Value>,
    /// What bids are optimized for.
    pub optimization_goal_metadata: Option<Value>,
    /// Whether Pinterest widens the targeting.
    pub auto_targeting_enabled: Option<bool>,
    /// Where the ads are shown.
    pub placement_group: Option<String>,
    /// How fast the budget is spent.
    pub pacing_delivery_type: Option<String>,
    /// When it begins.
    pub start_time: Option<i64>,
    /// When it ends.
    pub end_time: Option<i64>,
    /// Addresses that are called when something happens, by event.
    pub tracking_urls: Option<Value>,
    /// When it was created.
    pub created_time: Option<i64>,
    /// When it was last changed.
    pub updated_time: Option<i64>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An ad: a pin that is promoted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ad {
    /// Its id.
    pub id: AdId,
    /// The ad account it belongs to.
    pub ad_account_id: Option<AdAccountId>,
    /// The campaign it belongs to.
    pub campaign_id: Option<CampaignId>,
    /// The ad group it belongs to.
    pub ad_group_id: Option<AdGroupId>,
    /// The pin that it shows.
    pub pin_id: Option<PinId>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it runs.
    pub status: Option<EntityStatus>,
    /// What keeps it from running.
    pub summary_status: Option<String>,
    /// What the review said, e.g. `APPROVED`.
    pub review_status: Option<String>,
    /// Why the review refused it.
    pub rejected_reasons: Option<Vec<String>>,
    /// What it looks like, e.g. `VIDEO`.
    pub creative_type: Option<String>,
    /// Where a click leads.
    pub destination_url: Option<String>,
    /// Whether its pin is gone.
    pub is_pin_deleted: Option<bool>,
    /// Whether it may be removed.
    pub is_removable: Option<bool>,
    /// Addresses that are called when something happens, by event.
    pub tracking_urls: Option<Value>,
    /// When it was created.
    pub created_time: Option<i64>,
    /// When it was last changed.
    pub updated_time: Option<i64>,
    /// All other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
