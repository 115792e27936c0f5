//! The entities that rows are about, with the columns that name them.

use std::collections::HashMap;

use serde_json::Value;

use super::{history::History, level::Level, presence::Presence};
use crate::{
    columns::Columns,
    data::{Data, Kind, Stored},
    query::is_wanted,
};

/// What each targeted row is broken down by.
const TARGETING: &[&str] = &[
    r#""TARGETING_TYPE":"GENDER","TARGETING_VALUE":"female""#,
    r#""TARGETING_TYPE":"GENDER","TARGETING_VALUE":"male""#,
];
/// How many items each ad account with campaigns has sold.
const PRODUCT_ITEMS: u64 = 4;

/// One entity, ready to be written. It borrows nothing: rows are written after the data is free for others again.
#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) id: String,
    pub(crate) presence: Presence,
    /// One, or one for each value it is broken down by.
    pub(crate) series: Vec<Series>,
}

/// The rows of an entity that differ by date only.
#[derive(Debug)]
pub(crate) struct Series {
    /// The fields that all rows have in common, as JSON.
    pub(crate) fields: String,
    /// What their numbers follow from.
    pub(crate) key: u64,
}

/// What entities of an ad account are asked for, and how their rows name them.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    pub(crate) level: Level,
    pub(crate) by_targeting: bool,
    pub(crate) id_column: &'static str,
    pub(crate) columns: &'a Columns,
    /// Ids in columns that warehouses hold as numbers are written as text or as integers, as it comes.
    pub(crate) mixed_ids: bool,
    pub(crate) filter: Filter<'a>,
}

/// Which entities. What is not said lets all pass.
#[derive(Debug, Default)]
pub(crate) struct Filter<'a> {
    /// These, in this order.
    pub(crate) ids: Option<Vec<&'a str>>,
    /// By their own `status`.
    pub(crate) statuses: Option<&'a [&'a str]>,
    /// By the `summary_status` of their campaign, ad group or themselves.
    pub(crate) campaign_statuses: Option<Vec<&'a str>>,
    pub(crate) ad_group_statuses: Option<Vec<&'a str>>,
    pub(crate) ad_statuses: Option<Vec<&'a str>>,
}

/// The entities of one ad account.
pub(crate) fn of_ad_account(
    data: &Data,
    ad_account: &str,
    selection: &Selection<'_>,
    history: &History,
) -> Vec<Entity> {
    let mut account = Account::new(data, ad_account, selection, history);
    match selection.level {
        Level::AdAccount => vec![account.itself()],
        Level::ProductItem => account.product_items(),
        level => {
            let chosen = account.chosen(level);
            chosen.into_iter().filter_map(|stored| account.listed(level, stored)).collect()
        }
    }
}

/// An ad account while its entities are looked through.
struct Account<'a> {
    data: &'a Data,
    id: &'a str,
    selection: &'a Selection<'a>,
    history: &'a History,
    campaigns: HashMap<&'a str, &'a Stored>,
    ad_groups: HashMap<&'a str, &'a Stored>,
    /// The names of campaigns as JSON, once read.
    names: HashMap<&'a str, String>,
}

impl<'a> Account<'a> {
    fn new(data: &'a Data, id: &'a str, selection: &'a Selection<'a>, history: &'a History) -> Self {
        let by_id = |kind| data.group(kind, id).iter().map(|stored| (stored.id(), stored)).collect();
        let (campaigns, ad_groups) = (by_id(Kind::Campaigns), by_id(Kind::AdGroups));
        Self { data, id, selection, history, campaigns, ad_groups, names: HashMap::new() }
    }

    fn itself(&self) -> Entity {
        let key = self.history.key(self.id);
        let presence = self.history.long(key, !self.campaigns.is_empty());
        self.entity(self.id, key, presence, self.fields())
    }

    /// Items of no catalog: Pinterest lists them nowhere.
    fn product_items(&self) -> Vec<Entity> {
        let count = if self.campaigns.is_empty() { 0 } else { PRODUCT_ITEMS };
        let items = (0..count).map(|index| {
            let key = self.history.key(&format!("{}/item/{index}", self.id));
            let id = format!("7{:016}", key % 10_000_000_000_000_000);
            let mut fields = self.fields();
            fields.add_id("PRODUCT_ITEM_ID", &id);
            self.entity(&id, key, self.history.short(key), fields)
        });
        items.collect()
    }

    /// The records of a level that the ids choose.
    fn chosen(&self, level: Level) -> Vec<&'a Stored> {
        let (kind, group) = match level {
            Level::Campaign => (Kind::Campaigns, self.id),
            Level::AdGroup => (Kind::AdGroups, self.id),
            Level::Ad => (Kind::Ads, self.id),
            Level::Keyword => (Kind::Keywords, self.id),
            Level::ProductGroup => (Kind::ProductGroups, ""),
            Level::AdAccount | Level::ProductItem => return Vec::new(),
        };
        match &self.selection.filter.ids {
            Some(ids) => ids.iter().filter_map(|id| self.data.find_in(kind, group, id)).collect(),
            None => self.data.group(kind, group).iter().collect(),
        }
    }

    /// The entity of a record, if it passes the filter.
    fn listed(&mut self, level: Level, stored: &'a Stored) -> Option<Entity> {
        let selection = self.selection;
        let filter = &selection.filter;
        let ad_group_id = match level {
            Level::AdGroup => Some(stored.id()),
            Level::Keyword => stored.parent_id().filter(|id| self.ad_groups.contains_key(id)),
            _ => stored.ad_group_id(),
        };
        let ad_group = ad_group_id.and_then(|id| self.ad_groups.get(id).copied());
        let campaign_id = match level {
            Level::Campaign => Some(stored.id()),
            Level::Keyword => ad_group.map_or(stored.parent_id(), Stored::campaign_id),
            _ => stored.campaign_id(),
        };
        let campaign = campaign_id.and_then(|id| self.campaigns.get(id).copied());
        let ad = (level == Level::Ad).then_some(stored);
        // A product group belongs to no campaign, so that no status of one can leave it out.
        let is_below_campaigns = level != Level::ProductGroup;
        let passes = |statuses: &Option<Vec<&str>>, of: Option<&Stored>, applies: bool| {
            !applies || is_wanted(statuses, of.and_then(Stored::summary_status))
        };
        let is_below_ad_groups = is_below_campaigns && level != Level::Campaign;
        let passes = passes(&filter.campaign_statuses, campaign, is_below_campaigns)
            && passes(&filter.ad_group_statuses, ad_group, is_below_ad_groups)
            && passes(&filter.ad_statuses, ad, level == Level::Ad)
            && filter.statuses.is_none_or(|statuses| stored.has_status(statuses))
            && (level != Level::ProductGroup || stored.owner() == Some(self.id));
        if !passes {
            return None;
        }

        let mut fields = self.fields();
        campaign_id.inspect(|id| fields.add_id("CAMPAIGN_ID", id));
        if let Some(campaign) = campaign {
            if selection.columns.has("CAMPAIGN_NAME") {
                fields.add_json("CAMPAIGN_NAME", self.name_of(campaign));
            }
            campaign.status().inspect(|status| fields.add_text("CAMPAIGN_ENTITY_STATUS", status));
        }
        ad_group_id.inspect(|id| fields.add_id("AD_GROUP_ID", id));
        ad_group.and_then(Stored::status).inspect(|status| fields.add_text("AD_GROUP_ENTITY_STATUS", status));
        match level {
            Level::Ad => {
                fields.add_id("AD_ID", stored.id());
                fields.add_id("PIN_PROMOTION_ID", stored.id());
                stored.pin_id().inspect(|id| fields.add_id("PIN_ID", id));
            }
            Level::Keyword => fields.add_id("KEYWORD_ID", stored.id()),
            Level::ProductGroup => fields.add_id("PRODUCT_GROUP_ID", stored.id()),
            _ => {}
        }
        let key = self.history.key(stored.id());
        Some(self.entity(stored.id(), key, self.history.short(key), fields))
    }

    fn name_of(&mut self, campaign: &'a Stored) -> &str {
        self.names.entry(campaign.id()).or_insert_with(|| campaign.value()["name"].to_string())
    }

    /// The fields that all entities of the ad account have.
    fn fields(&self) -> Fields<'a> {
        let mut fields = Fields { selection: self.selection, text: String::new() };
        fields.add_id("ADVERTISER_ID", self.id);
        fields.add_id("AD_ACCOUNT_ID", self.id);
        fields
    }

    fn entity(&self, id: &str, key: u64, presence: Presence, fields: Fields<'_>) -> Entity {
        let series = if self.selection.by_targeting {
            let of_value = |(index, value): (usize, &&str)| Series {
                fields: format!("{},{value}", fields.text),
                key: key.wrapping_add(1 + index as u64),
            };
            TARGETING.iter().enumerate().map(of_value).collect()
        } else {
            vec![Series { fields: fields.text, key }]
        };
        Entity { id: id.to_owned(), presence, series }
    }
}

/// The fields of an entity that were asked for.
struct Fields<'a> {
    selection: &'a Selection<'a>,
    text: String,
}

impl Fields<'_> {
    fn add_id(&mut self, column: &str, id: &str) {
        let is_text_everywhere = ["AD_ACCOUNT_ID", "AD_GROUP_ID", "AD_ID"].contains(&column);
        let is_number = (12..=18).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && !id.starts_with('0');
        // Neither the last digit alone nor the column alone, so that every column has both.
        let odd = (id.bytes().map(usize::from).sum::<usize>() + column.len()) % 2 == 1;
        if self.selection.mixed_ids && !is_text_everywhere && is_number && odd {
            self.add_json(column, id);
        } else {
            self.add_text(column, id);
        }
    }

    fn add_text(&mut self, column: &str, text: &str) {
        if self.is_asked_for(column) {
            self.add_json(column, &Value::from(text).to_string());
        }
    }

    fn add_json(&mut self, column: &str, json: &str) {
        if self.is_asked_for(column) {
            if !self.text.is_empty() {
                self.text.push(',');
            }
            for part in ["\"", column, "\":", json] {
                self.text.push_str(part);
            }
        }
    }

    fn is_asked_for(&self, column: &str) -> bool {
        column == self.selection.id_column || self.selection.columns.has(column)
    }
}
