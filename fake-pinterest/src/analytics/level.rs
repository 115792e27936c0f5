//! What a row is about.

/// What a row is about. Pinterest calls an ad a pin promotion in its reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    AdAccount,
    Campaign,
    AdGroup,
    Ad,
    Keyword,
    ProductGroup,
    ProductItem,
}

/// A level as reports know it: perhaps broken down by who was targeted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReportLevel {
    /// As `MetricsReportingLevel` writes it.
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) by_targeting: bool,
}

const fn plain(name: &'static str, level: Level) -> ReportLevel {
    ReportLevel { name, level, by_targeting: false }
}

const fn by_targeting(name: &'static str, level: Level) -> ReportLevel {
    ReportLevel { name, level, by_targeting: true }
}

/// All levels of `MetricsReportingLevel`.
const REPORT_LEVELS: &[ReportLevel] = &[
    plain("ADVERTISER", Level::AdAccount),
    by_targeting("ADVERTISER_TARGETING", Level::AdAccount),
    plain("CAMPAIGN", Level::Campaign),
    by_targeting("CAMPAIGN_TARGETING", Level::Campaign),
    plain("AD_GROUP", Level::AdGroup),
    by_targeting("AD_GROUP_TARGETING", Level::AdGroup),
    plain("PIN_PROMOTION", Level::Ad),
    by_targeting("PIN_PROMOTION_TARGETING", Level::Ad),
    plain("KEYWORD", Level::Keyword),
    plain("PRODUCT_GROUP", Level::ProductGroup),
    by_targeting("PRODUCT_GROUP_TARGETING", Level::ProductGroup),
    plain("PRODUCT_ITEM", Level::ProductItem),
    by_targeting("PRODUCT_ITEM_TARGETING", Level::ProductItem),
];

impl ReportLevel {
    pub(crate) fn find(name: &str) -> Option<Self> {
        REPORT_LEVELS.iter().find(|level| level.name == name).copied()
    }

    /// The column that tells which entity a row of a report is about. Every row has it.
    pub(crate) fn id_column(self) -> &'static str {
        match self.level {
            Level::AdAccount => "ADVERTISER_ID",
            Level::Ad => "PIN_PROMOTION_ID",
            Level::Keyword => "KEYWORD_ID",
            Level::ProductGroup => "PRODUCT_GROUP_ID",
            Level::ProductItem => "PRODUCT_ITEM_ID",
            level => level.id_column(),
        }
    }
}

impl Level {
    /// The column that tells which entity a row of analytics is about. Every row has it.
    pub(crate) fn id_column(self) -> &'static str {
        match self {
            Self::Campaign => "CAMPAIGN_ID",
            Self::AdGroup => "AD_GROUP_ID",
            Self::Ad => "AD_ID",
            _ => "AD_ACCOUNT_ID",
        }
    }

    /// The parameter that chooses entities of a level; analytics of an ad account need none.
    pub(crate) fn ids_parameter(self) -> Option<&'static str> {
        match self {
            Self::Campaign => Some("campaign_ids"),
            Self::AdGroup => Some("ad_group_ids"),
            Self::Ad => Some("ad_ids"),
            _ => None,
        }
    }
}
