//! Records as types, for scripts. A mirror of the families of the API.
//!
//! Only the id of a record must be there: the API leaves fields out and sends null, so everything else is optional.
//! What a type does not name is kept in `extra`, so a record written again holds every value that it was read from. Times are
//! epoch seconds, UTC, unless said otherwise; amounts of money are in millionths of the account's currency.
//! Source: Pinterest's OpenAPI description 5.23.0.

mod ad_accounts;
mod ads;
mod analytics;
mod audiences;
mod boards;
mod catalogs;
mod keywords;
mod reporting;
mod reports;
mod user_account;

pub use ad_accounts::{AdAccount, AdAccountOwner};
pub use ads::{Ad, AdGroup, Campaign, EntityStatus};
pub use analytics::{AnalyticsRow, DailyMetrics, MetricsReadyState};
pub use audiences::{Audience, ConversionTag, CustomerList};
pub use boards::{Board, BoardOwner, BoardSection, Pin};
pub use catalogs::{Catalog, Feed, ProductGroup};
pub use keywords::{Keyword, MatchType};
pub use reporting::{
    AdDeliveryStatus, AttributionType, ConversionReportTime, DeliveryStatus, Granularity, Level,
    ReportRequest, WindowDays,
};
pub use reports::{CreatedReport, Report, ReportLink, ReportStatus};
pub use user_account::UserAccount;

/// The fields of a record that its type does not name.
pub type Extra = serde_json::Map<String, serde_json::Value>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_refused_without_its_id_and_read_with_nothing_else() {
        assert!(serde_json::from_str::<Campaign>(r#"{"name": "x"}"#).is_err());
        assert!(serde_json::from_str::<Campaign>(r#"{"id": null}"#).is_err());
        let campaign: Campaign =
            serde_json::from_str(r#"{"id": "1", "name": null, "status": "SLEEPING"}"#).unwrap();
        assert_eq!(campaign.name, None);
        assert_eq!(campaign.status, Some(EntityStatus::Other("SLEEPING".to_owned())));
    }

    #[test]
    fn a_number_that_is_whole_or_not_is_read_and_kept() {
        for number in ["12", "12.0", "9007199254740993"] {
            let text = format!(r#"{{"id":"1","num_batches":{number}}}"#);
            let list: CustomerList = serde_json::from_str(&text).unwrap();
            assert_eq!(list.num_batches.unwrap().to_string(), number);
        }
    }
}
