//! Endpoints as data: path, rate category, where the items are, how it is paged.

use std::fmt;

/// One call of the API, as data. The constants of this module are the ones the typed calls use; write
/// your own for anything else and hand it to [`Client::list`](crate::Client::list) or
/// [`Client::get`](crate::Client::get).
///
/// Paths, parameters and categories are those of Pinterest's OpenAPI description, version 5.23.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The `operationId` of the OpenAPI description, e.g. `campaigns/list`. Errors name the endpoint by it.
    pub operation: &'static str,
    /// The path below the base URL, with the names of its values in braces, e.g.
    /// `ad_accounts/{ad_account_id}/campaigns`.
    pub path: &'static str,
    /// The budget that a request is counted against (`x-ratelimit-category` of the description).
    pub category: Category,
    /// Where the records are in a response.
    pub items: Items,
    /// How the next page is asked for.
    pub paging: Paging,
}

/// A group of endpoints that share one request budget at Pinterest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Category {
    /// `ads_read`
    AdsRead,
    /// `ads_write`
    AdsWrite,
    /// `ads_analytics`
    AdsAnalytics,
    /// `ads_conversions`
    AdsConversions,
    /// `advanced_auction_read`
    AdvancedAuctionRead,
    /// `advanced_auction_write`
    AdvancedAuctionWrite,
    /// `catalogs_read`
    CatalogsRead,
    /// `catalogs_write`
    CatalogsWrite,
    /// `msot_write`
    MsotWrite,
    /// `org_read`
    OrgRead,
    /// `org_write`
    OrgWrite,
    /// `org_analytics`
    OrgAnalytics,
    /// `trends_read`
    TrendsRead,
}

impl Category {
    /// Every category of the description.
    pub const ALL: [Self; 13] = [
        Self::AdsRead,
        Self::AdsWrite,
        Self::AdsAnalytics,
        Self::AdsConversions,
        Self::AdvancedAuctionRead,
        Self::AdvancedAuctionWrite,
        Self::CatalogsRead,
        Self::CatalogsWrite,
        Self::MsotWrite,
        Self::OrgRead,
        Self::OrgWrite,
        Self::OrgAnalytics,
        Self::TrendsRead,
    ];

    /// Pinterest's name of the category, e.g. `ads_read`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdsRead => "ads_read",
            Self::AdsWrite => "ads_write",
            Self::AdsAnalytics => "ads_analytics",
            Self::AdsConversions => "ads_conversions",
            Self::AdvancedAuctionRead => "advanced_auction_read",
            Self::AdvancedAuctionWrite => "advanced_auction_write",
            Self::CatalogsRead => "catalogs_read",
            Self::CatalogsWrite => "catalogs_write",
            Self::MsotWrite => "msot_write",
            Self::OrgRead => "org_read",
            Self::OrgWrite => "org_write",
            Self::OrgAnalytics => "org_analytics",
            Self::TrendsRead => "trends_read",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the records of a response are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Items {
    /// In the array of this field; the bookmark stands beside it. Most listings use `items`.
    Field(&'static str),
    /// The body is an array of records, as the analytics endpoints answer. It may be empty.
    Array,
    /// In an array inside of objects, the names from the outside in. There is one page.
    Path(&'static [&'static str]),
    /// The body, one object, is the record.
    Whole,
}

/// How the next page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By the `bookmark` of the page before.
    Bookmark {
        /// Sent as `page_size` unless the arguments carry one.
        page_size: Option<u32>,
    },
    /// There is one page.
    None,
}

/// The largest page the API's description allows. `keywords/get` states no maximum; it is asked for the same.
const LARGEST_PAGE: Paging = Paging::Bookmark { page_size: Some(250) };

const LIST: Endpoint = Endpoint {
    operation: "",
    path: "",
    category: Category::AdsRead,
    items: Items::Field("items"),
    paging: LARGEST_PAGE,
};
const ORG_LIST: Endpoint = Endpoint { category: Category::OrgRead, ..LIST };
const CATALOGS_LIST: Endpoint = Endpoint { category: Category::CatalogsRead, ..LIST };
const OBJECT: Endpoint = Endpoint { items: Items::Whole, paging: Paging::None, ..LIST };

/// The boards of the account.
pub const BOARDS: Endpoint = Endpoint { operation: "boards/list", path: "boards", ..ORG_LIST };
/// The sections of a board.
pub const BOARD_SECTIONS: Endpoint =
    Endpoint { operation: "board_sections/list", path: "boards/{board_id}/sections", ..ORG_LIST };
/// The pins of a board, those in its sections included.
pub const BOARD_PINS: Endpoint =
    Endpoint { operation: "boards/list_pins", path: "boards/{board_id}/pins", ..ORG_LIST };
/// The pins of a section of a board.
pub const BOARD_SECTION_PINS: Endpoint = Endpoint {
    operation: "board_sections/list_pins",
    path: "boards/{board_id}/sections/{section_id}/pins",
    ..ORG_LIST
};
/// The ad accounts the token reaches.
pub const AD_ACCOUNTS: Endpoint = Endpoint { operation: "ad_accounts/list", path: "ad_accounts", ..LIST };
/// One ad account.
pub const AD_ACCOUNT: Endpoint =
    Endpoint { operation: "ad_accounts/get", path: "ad_accounts/{ad_account_id}", ..OBJECT };
/// The campaigns of an ad account.
pub const CAMPAIGNS: Endpoint =
    Endpoint { operation: "campaigns/list", path: "ad_accounts/{ad_account_id}/campaigns", ..LIST };
/// The ad groups of an ad account.
pub const AD_GROUPS: Endpoint =
    Endpoint { operation: "ad_groups/list", path: "ad_accounts/{ad_account_id}/ad_groups", ..LIST };
/// The ads of an ad account.
pub const ADS: Endpoint = Endpoint { operation: "ads/list", path: "ad_accounts/{ad_account_id}/ads", ..LIST };
/// The audiences of an ad account.
pub const AUDIENCES: Endpoint =
    Endpoint { operation: "audiences/list", path: "ad_accounts/{ad_account_id}/audiences", ..LIST };
/// The keywords of an ad account, of a campaign or of ad groups.
pub const KEYWORDS: Endpoint =
    Endpoint { operation: "keywords/get", path: "ad_accounts/{ad_account_id}/keywords", ..LIST };
/// The conversion tags of an ad account. The description knows no paging and no `page_size` here; should a bookmark come
/// all the same, it is followed.
pub const CONVERSION_TAGS: Endpoint = Endpoint {
    operation: "conversion_tags/list",
    path: "ad_accounts/{ad_account_id}/conversion_tags",
    paging: Paging::Bookmark { page_size: None },
    ..LIST
};
/// The customer lists of an ad account.
pub const CUSTOMER_LISTS: Endpoint =
    Endpoint { operation: "customer_lists/list", path: "ad_accounts/{ad_account_id}/customer_lists", ..LIST };
/// The catalogs of the account.
pub const CATALOGS: Endpoint = Endpoint { operation: "catalogs/list", path: "catalogs", ..CATALOGS_LIST };
/// The feeds of the catalogs.
pub const CATALOGS_FEEDS: Endpoint =
    Endpoint { operation: "feeds/list", path: "catalogs/feeds", ..CATALOGS_LIST };
/// The product groups of the catalogs.
pub const CATALOGS_PRODUCT_GROUPS: Endpoint =
    Endpoint { operation: "catalogs_product_groups/list", path: "catalogs/product_groups", ..CATALOGS_LIST };
/// The account the token belongs to.
pub const USER_ACCOUNT: Endpoint =
    Endpoint { operation: "user_account/get", path: "user_account", category: Category::OrgRead, ..OBJECT };
/// One board.
pub const BOARD: Endpoint =
    Endpoint { operation: "boards/get", path: "boards/{board_id}", category: Category::OrgRead, ..OBJECT };

const ANALYTICS: Endpoint =
    Endpoint { category: Category::AdsAnalytics, items: Items::Array, paging: Paging::None, ..LIST };
/// What happened with the account's own pins, day by day.
pub const USER_ACCOUNT_ANALYTICS: Endpoint = Endpoint {
    operation: "user_account/analytics",
    path: "user_account/analytics",
    category: Category::OrgAnalytics,
    items: Items::Path(&["all", "daily_metrics"]),
    ..ANALYTICS
};
/// The metrics of an ad account.
pub const AD_ACCOUNT_ANALYTICS: Endpoint = Endpoint {
    operation: "ad_account/analytics",
    path: "ad_accounts/{ad_account_id}/analytics",
    ..ANALYTICS
};
/// The metrics of campaigns, at most 250.
pub const CAMPAIGN_ANALYTICS: Endpoint = Endpoint {
    operation: "campaigns/analytics",
    path: "ad_accounts/{ad_account_id}/campaigns/analytics",
    ..ANALYTICS
};
/// The metrics of ad groups, at most 250.
pub const AD_GROUP_ANALYTICS: Endpoint = Endpoint {
    operation: "ad_groups/analytics",
    path: "ad_accounts/{ad_account_id}/ad_groups/analytics",
    ..ANALYTICS
};
/// The metrics of ads, at most 250.
pub const AD_ANALYTICS: Endpoint =
    Endpoint { operation: "ads/analytics", path: "ad_accounts/{ad_account_id}/ads/analytics", ..ANALYTICS };
/// Asks for a report to be made (POST).
pub const CREATE_REPORT: Endpoint = Endpoint {
    operation: "analytics/create_report",
    path: "ad_accounts/{ad_account_id}/reports",
    category: Category::AdsAnalytics,
    ..OBJECT
};
/// How far a report is.
pub const REPORT: Endpoint = Endpoint { operation: "analytics/get_report", ..CREATE_REPORT };
/// The download of a report from its signed link, which is no call of the API: it has no path, no token and no budget.
pub(crate) const REPORT_DOWNLOAD: Endpoint =
    Endpoint { operation: "report/download", path: "", ..CREATE_REPORT };
/// Whether the metrics of a day are final.
pub const METRICS_READY_STATE: Endpoint = Endpoint {
    operation: "metrics_ready_state/get",
    path: "resources/metrics_ready_state",
    category: Category::AdsAnalytics,
    ..OBJECT
};

/// The exchange of a refresh token for an access token.
pub(crate) const OAUTH_TOKEN: Endpoint =
    Endpoint { operation: "oauth/token", path: "oauth/token", category: Category::OrgRead, ..OBJECT };
