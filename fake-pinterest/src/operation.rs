//! The operations the fake serves: path, scopes, rate category, parameters. All facts are those of Pinterest's
//! OpenAPI description 5.23.0 (`operationId`, `security`, `x-ratelimit-category`).

use crate::{analytics::Level, data::Kind};

/// One operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The `operationId`, e.g. `campaigns/list`.
    pub(crate) id: &'static str,
    pub(crate) method: &'static str,
    /// The path, with `{}` in the place of each id.
    pub(crate) path: &'static str,
    pub(crate) category: &'static str,
    pub(crate) scopes: &'static [&'static str],
    /// The query parameters the fake honours. Any other makes the request an unplanned one.
    pub(crate) parameters: &'static [&'static str],
    pub(crate) serves: Serves,
}

/// What an operation is answered with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Serves {
    /// Records of the user, or of one ad account when `ad_account_id` is given.
    OfUser(Kind),
    /// Records of the ad account in the path.
    OfAdAccount(Kind),
    /// Records of the board in the path.
    OfBoard(Kind),
    SectionPins,
    AdAccount,
    Board,
    UserAccount,
    UserAnalytics,
    /// Rows about the ad account in the path, or about what it holds.
    Analytics(Level),
    ReadyState,
    CreateReport,
    PollReport,
    /// The file of a report, which no token leads to.
    Download,
    Token,
}

const ADS: Operation = Operation {
    id: "",
    method: "GET",
    path: "",
    category: "ads_read",
    scopes: &["ads:read"],
    parameters: &["bookmark", "page_size", "order"],
    serves: Serves::AdAccount,
};
const BOARDS: Operation = Operation {
    category: "org_read",
    scopes: &["boards:read"],
    parameters: &["bookmark", "page_size", "ad_account_id"],
    ..ADS
};
const PINS: Operation = Operation { scopes: &["boards:read", "pins:read"], ..BOARDS };
const CATALOGS: Operation = Operation {
    category: "catalogs_read",
    scopes: &["catalogs:read"],
    parameters: &["bookmark", "page_size", "ad_account_id"],
    ..ADS
};

const ANALYTICS: Operation = Operation {
    category: "ads_analytics",
    parameters: &[
        "start_date",
        "end_date",
        "columns",
        "granularity",
        "click_window_days",
        "engagement_window_days",
        "view_window_days",
        "conversion_report_time",
    ],
    ..ADS
};
const REPORTS: Operation = Operation { path: "/v5/ad_accounts/{}/reports", ..ANALYTICS };

/// Every operation the fake serves.
pub(crate) const ALL: &[Operation] = &[
    Operation { id: "boards/list", path: "/v5/boards", serves: Serves::OfUser(Kind::Boards), ..BOARDS },
    Operation {
        id: "boards/get",
        path: "/v5/boards/{}",
        parameters: &["ad_account_id"],
        serves: Serves::Board,
        ..BOARDS
    },
    Operation {
        id: "board_sections/list",
        path: "/v5/boards/{}/sections",
        serves: Serves::OfBoard(Kind::BoardSections),
        ..BOARDS
    },
    Operation {
        id: "boards/list_pins",
        path: "/v5/boards/{}/pins",
        parameters: &["bookmark", "page_size", "ad_account_id", "creative_types"],
        serves: Serves::OfBoard(Kind::Pins),
        ..PINS
    },
    Operation {
        id: "board_sections/list_pins",
        path: "/v5/boards/{}/sections/{}/pins",
        serves: Serves::SectionPins,
        ..PINS
    },
    Operation {
        id: "ad_accounts/list",
        path: "/v5/ad_accounts",
        parameters: &["bookmark", "page_size"],
        serves: Serves::OfUser(Kind::AdAccounts),
        ..ADS
    },
    Operation { id: "ad_accounts/get", path: "/v5/ad_accounts/{}", parameters: &[], ..ADS },
    Operation {
        id: "campaigns/list",
        path: "/v5/ad_accounts/{}/campaigns",
        parameters: &["bookmark", "page_size", "order", "entity_statuses", "campaign_ids"],
        serves: Serves::OfAdAccount(Kind::Campaigns),
        ..ADS
    },
    Operation {
        id: "ad_groups/list",
        path: "/v5/ad_accounts/{}/ad_groups",
        parameters: &["bookmark", "page_size", "order", "entity_statuses", "campaign_ids", "ad_group_ids"],
        serves: Serves::OfAdAccount(Kind::AdGroups),
        ..ADS
    },
    Operation {
        id: "ads/list",
        path: "/v5/ad_accounts/{}/ads",
        parameters: &[
            "bookmark",
            "page_size",
            "order",
            "entity_statuses",
            "campaign_ids",
            "ad_group_ids",
            "ad_ids",
        ],
        serves: Serves::OfAdAccount(Kind::Ads),
        ..ADS
    },
    Operation {
        id: "audiences/list",
        path: "/v5/ad_accounts/{}/audiences",
        serves: Serves::OfAdAccount(Kind::Audiences),
        ..ADS
    },
    Operation {
        id: "keywords/get",
        path: "/v5/ad_accounts/{}/keywords",
        parameters: &["bookmark", "page_size", "campaign_id", "ad_group_id", "ad_group_ids"],
        serves: Serves::OfAdAccount(Kind::Keywords),
        ..ADS
    },
    Operation {
        id: "conversion_tags/list",
        path: "/v5/ad_accounts/{}/conversion_tags",
        // The description knows no paging here. The fake's answer may have a bookmark all the same.
        parameters: &["bookmark"],
        serves: Serves::OfAdAccount(Kind::ConversionTags),
        ..ADS
    },
    Operation {
        id: "customer_lists/list",
        path: "/v5/ad_accounts/{}/customer_lists",
        serves: Serves::OfAdAccount(Kind::CustomerLists),
        ..ADS
    },
    Operation {
        id: "catalogs/list",
        path: "/v5/catalogs",
        serves: Serves::OfUser(Kind::Catalogs),
        ..CATALOGS
    },
    Operation {
        id: "feeds/list",
        path: "/v5/catalogs/feeds",
        serves: Serves::OfUser(Kind::Feeds),
        ..CATALOGS
    },
    Operation {
        id: "catalogs_product_groups/list",
        path: "/v5/catalogs/product_groups",
        serves: Serves::OfUser(Kind::ProductGroups),
        ..CATALOGS
    },
    Operation {
        id: "user_account/get",
        path: "/v5/user_account",
        category: "org_read",
        scopes: &["user_accounts:read"],
        parameters: &["ad_account_id"],
        serves: Serves::UserAccount,
        ..ADS
    },
    Operation {
        id: "user_account/analytics",
        path: "/v5/user_account/analytics",
        category: "org_analytics",
        scopes: &["user_accounts:read"],
        // The description does not know the granularity and the columns, which connectors send all the same.
        parameters: &["start_date", "end_date", "granularity", "columns", "ad_account_id"],
        serves: Serves::UserAnalytics,
        ..ANALYTICS
    },
    Operation {
        id: "ad_account/analytics",
        path: "/v5/ad_accounts/{}/analytics",
        serves: Serves::Analytics(Level::AdAccount),
        ..ANALYTICS
    },
    Operation {
        id: "campaigns/analytics",
        path: "/v5/ad_accounts/{}/campaigns/analytics",
        serves: Serves::Analytics(Level::Campaign),
        ..ANALYTICS
    },
    Operation {
        id: "ad_groups/analytics",
        path: "/v5/ad_accounts/{}/ad_groups/analytics",
        serves: Serves::Analytics(Level::AdGroup),
        ..ANALYTICS
    },
    Operation {
        id: "ads/analytics",
        path: "/v5/ad_accounts/{}/ads/analytics",
        serves: Serves::Analytics(Level::Ad),
        ..ANALYTICS
    },
    Operation {
        id: "metrics_ready_state/get",
        path: "/v5/resources/metrics_ready_state",
        parameters: &["date"],
        serves: Serves::ReadyState,
        ..ANALYTICS
    },
    Operation {
        id: "analytics/create_report",
        method: "POST",
        parameters: &[],
        serves: Serves::CreateReport,
        ..REPORTS
    },
    Operation { id: "analytics/get_report", parameters: &["token"], serves: Serves::PollReport, ..REPORTS },
    Operation {
        // No operation of the API, but a place that reports are downloaded from.
        id: "report/download",
        path: "/downloads/{}",
        category: "",
        scopes: &[],
        parameters: &["signature"],
        serves: Serves::Download,
        ..ANALYTICS
    },
    Operation {
        id: "oauth/token",
        method: "POST",
        path: "/v5/oauth/token",
        category: "org_read",
        scopes: &[],
        parameters: &[],
        serves: Serves::Token,
    },
];

impl Operation {
    /// Whether it honours a query parameter.
    pub(crate) fn takes(&self, parameter: &str) -> bool {
        let ids = match self.serves {
            Serves::Analytics(level) => level.ids_parameter(),
            _ => None,
        };
        self.parameters.contains(&parameter) || ids == Some(parameter)
    }
}

/// The operation that serves this method and path, with the ids found in the path.
pub(crate) fn find<'p>(method: &str, path: &'p str) -> Option<(&'static Operation, Vec<&'p str>)> {
    ALL.iter()
        .filter(|operation| operation.method == method)
        .find_map(|operation| Some((operation, ids(operation.path, path)?)))
}

fn ids<'p>(template: &str, path: &'p str) -> Option<Vec<&'p str>> {
    let mut wanted = template.split('/');
    let mut ids = Vec::new();
    for found in path.split('/') {
        match wanted.next()? {
            "{}" if !found.is_empty() => ids.push(found),
            literal if literal == found => {}
            _ => return None,
        }
    }
    wanted.next().is_none().then_some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_ids_out_of_a_path() {
        let (operation, ids) = find("GET", "/v5/boards/12/sections/34/pins").unwrap();
        assert_eq!((operation.id, ids), ("board_sections/list_pins", vec!["12", "34"]));
    }

    #[test]
    fn knows_only_whole_paths_and_their_method() {
        for (method, path) in [
            ("GET", "/v5/boards/"),
            ("GET", "/boards"),
            ("POST", "/v5/boards"),
            ("GET", "/v5/ad_accounts/1/campaigns/2"),
            ("GET", "/v5/ad_accounts//campaigns"),
        ] {
            assert!(find(method, path).is_none(), "{method} {path}");
        }
    }

    #[test]
    fn every_operation_is_found_by_its_own_path() {
        for operation in ALL {
            let path = operation.path.replace("{}", "1");
            assert_eq!(find(operation.method, &path).map(|(found, _)| found.id), Some(operation.id));
        }
    }
}
