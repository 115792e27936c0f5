//! The streams of rows that a connector reads, and the rows it must deliver.

use serde_json::Value;

use super::{
    entities::{self, Filter, Selection},
    granularity::Granularity,
    history::History,
    level::{Level, ReportLevel},
    rows::{Rows, Shape},
    user_account,
};
use crate::{
    columns::Columns,
    data::{Data, Kind, Stored},
    days::Days,
    misuse::Misuse,
};

/// What a stream's rows are.
#[derive(Debug, Clone, Copy)]
enum Holds {
    UserAccount,
    /// Analytics of the entities that a list shows.
    Listed(Level),
    /// Reports have all entities.
    Report(&'static str),
}

/// The streams by name, with the operation each is read with.
const STREAMS: &[(&str, Holds, &str)] = &[
    ("user_account_analytics", Holds::UserAccount, "user_account/analytics"),
    ("ad_account_analytics", Holds::Listed(Level::AdAccount), "ad_account/analytics"),
    ("campaign_analytics", Holds::Listed(Level::Campaign), "campaigns/analytics"),
    ("ad_group_analytics", Holds::Listed(Level::AdGroup), "ad_groups/analytics"),
    ("ad_analytics", Holds::Listed(Level::Ad), "ads/analytics"),
    ("advertiser_report", Holds::Report("ADVERTISER"), CREATE_REPORT),
    ("advertiser_targeting_report", Holds::Report("ADVERTISER_TARGETING"), CREATE_REPORT),
    ("campaign_analytics_report", Holds::Report("CAMPAIGN"), CREATE_REPORT),
    ("campaign_targeting_report", Holds::Report("CAMPAIGN_TARGETING"), CREATE_REPORT),
    ("ad_group_report", Holds::Report("AD_GROUP"), CREATE_REPORT),
    ("ad_group_targeting_report", Holds::Report("AD_GROUP_TARGETING"), CREATE_REPORT),
    ("pin_promotion_report", Holds::Report("PIN_PROMOTION"), CREATE_REPORT),
    ("pin_promotion_targeting_report", Holds::Report("PIN_PROMOTION_TARGETING"), CREATE_REPORT),
    ("product_group_report", Holds::Report("PRODUCT_GROUP"), CREATE_REPORT),
    ("product_group_targeting_report", Holds::Report("PRODUCT_GROUP_TARGETING"), CREATE_REPORT),
    ("product_item_report", Holds::Report("PRODUCT_ITEM"), CREATE_REPORT),
    ("keyword_report", Holds::Report("KEYWORD"), CREATE_REPORT),
];
const CREATE_REPORT: &str = "analytics/create_report";

/// The operation that a stream of rows begins with.
pub(crate) fn operation_of(stream: &str) -> Option<&'static str> {
    STREAMS.iter().find(|(name, ..)| *name == stream).map(|(.., operation)| *operation)
}

/// The rows of a stream with these days, by day, for parents of these statuses.
pub(crate) fn rows(
    data: &Data,
    history: &History,
    stream: &str,
    days: Days,
    statuses: &[&str],
) -> Result<Vec<Value>, Misuse> {
    let found = STREAMS.iter().find(|(name, ..)| *name == stream);
    match found.map(|(_, holds, _)| *holds) {
        Some(Holds::UserAccount) => Ok(user_account::daily_metrics(history, days)),
        Some(Holds::Listed(level)) => {
            let selection = Selection {
                level,
                by_targeting: false,
                id_column: level.id_column(),
                columns: &Columns::All,
                mixed_ids: false,
                filter: Filter {
                    statuses: (level != Level::AdAccount).then_some(statuses),
                    ..Filter::default()
                },
            };
            Ok(of_all_ad_accounts(data, history, &selection, days))
        }
        Some(Holds::Report(level)) => rows_of_level(data, history, level, days),
        None => Err(Misuse::new(format!("fake-pinterest has no stream of rows named {stream}"))),
    }
}

/// The rows of reports of a level, by day.
pub(crate) fn rows_of_level(
    data: &Data,
    history: &History,
    level: &str,
    days: Days,
) -> Result<Vec<Value>, Misuse> {
    let level = ReportLevel::find(level)
        .ok_or_else(|| Misuse::new(format!("Pinterest has no level named {level}")))?;
    let selection = Selection {
        level: level.level,
        by_targeting: level.by_targeting,
        id_column: level.id_column(),
        columns: &Columns::All,
        mixed_ids: true,
        filter: Filter::default(),
    };
    Ok(of_all_ad_accounts(data, history, &selection, days))
}

fn of_all_ad_accounts(data: &Data, history: &History, selection: &Selection<'_>, days: Days) -> Vec<Value> {
    let of_one = |ad_account: &Stored| {
        let entities = entities::of_ad_account(data, ad_account.id(), selection, history);
        let clock = history.clock();
        Rows::new(entities, days, Granularity::Day, selection.columns, clock, Shape::Array).values()
    };
    data.group(Kind::AdAccounts, "").iter().flat_map(of_one).collect()
}
