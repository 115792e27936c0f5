//! How far back analytics and reports reach, and how long a range one request may ask for: one table.

use crate::model::{Granularity, Level};

/// How far back an endpoint serves data, and how long a range one request may ask for. Days are those of UTC.
///
/// ```
/// use pinterest_client::{Reach, model::{Granularity, Level}};
/// let reach = Reach::of_reports(Level::ProductItem, Granularity::Day);
/// assert_eq!((reach.days_back, reach.days_long), (92, 31));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The oldest day served is so many days before today.
    pub days_back: u32,
    /// A range holds at most so many days, both ends counted.
    pub days_long: u32,
}

/// Source: the descriptions of `user_account/analytics`, `ad_account/analytics`, `campaigns/analytics`,
/// `ad_groups/analytics`, `ads/analytics` and `analytics/create_report` in Pinterest's OpenAPI description 5.23.0.
impl Reach {
    /// The reach of analytics: of the user's account, of ad accounts, campaigns, ad groups and ads.
    #[must_use]
    pub const fn of_analytics(granularity: Granularity) -> Self {
        match granularity {
            Granularity::Hour => Self { days_back: 8, days_long: 3 },
            _ => Self { days_back: 90, days_long: 90 },
        }
    }

    /// The reach of reports. The description does not say what counts for product items by the hour; the stricter
    /// of both limits does here.
    #[must_use]
    pub const fn of_reports(level: Level, granularity: Granularity) -> Self {
        match (level, granularity) {
            (_, Granularity::Hour) => Self { days_back: 8, days_long: 3 },
            _ if level.is_of_product_items() => Self { days_back: 92, days_long: 31 },
            _ => Self { days_back: 914, days_long: 186 },
        }
    }
}
