//! What the config says of all analytics and reports together: how conversions are attributed, and the columns of
//! single streams.

use std::collections::BTreeMap;

use pinterest_client::model::{ConversionReportTime, WindowDays};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::columns::{self, Kind};
use super::value::{Choice, Object};

/// How conversions are attributed to ads, in the analytics of ads and the report streams. What is `None` is not sent,
/// and Pinterest's default counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    /// How many days after a click a conversion counts.
    pub click_window_days: Option<WindowDays>,
    /// How many days after an engagement a conversion counts.
    pub engagement_window_days: Option<WindowDays>,
    /// How many days after a view a conversion counts.
    pub view_window_days: Option<WindowDays>,
    /// On which day a conversion counts.
    pub conversion_report_time: Option<ConversionReportTime>,
}

/// The streams whose columns can be chosen, and what they are.
pub(crate) const STREAMS: [(&str, Kind); 16] = [
    ("ad_account_analytics", Kind::Analytics),
    ("campaign_analytics", Kind::Analytics),
    ("ad_group_analytics", Kind::Analytics),
    ("ad_analytics", Kind::Analytics),
    ("advertiser_report", Kind::Report),
    ("ad_group_report", Kind::Report),
    ("campaign_analytics_report", Kind::Report),
    ("pin_promotion_report", Kind::Report),
    ("product_group_report", Kind::Report),
    ("product_item_report", Kind::ReportOfProductItems),
    ("campaign_targeting_report", Kind::Report),
    ("advertiser_targeting_report", Kind::Report),
    ("ad_group_targeting_report", Kind::Report),
    ("pin_promotion_targeting_report", Kind::Report),
    ("product_group_targeting_report", Kind::Report),
    ("keyword_report", Kind::Report),
];

/// The columns of one stream.
#[derive(Deserialize)]
#[serde(try_from = "Written")]
struct StreamColumns {
    stream: String,
    columns: Vec<String>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(deserialize_with = "stream")]
    stream: (&'static str, Kind),
    columns: Vec<String>,
}

impl TryFrom<Written> for StreamColumns {
    type Error = String;

    fn try_from(Written { stream: (stream, kind), columns }: Written) -> Result<Self, String> {
        columns::check(&columns, kind).map_err(|error| format!("columns of {stream}: {error}"))?;
        Ok(Self { stream: stream.to_owned(), columns: columns::each_once(columns) })
    }
}

fn stream<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(&'static str, Kind), D::Error> {
    let name = String::deserialize(deserializer)?;
    STREAMS.into_iter().find(|(known, _)| *known == name).ok_or_else(|| {
        let known = STREAMS.map(|(known, _)| known).join(", ");
        D::Error::custom(format_args!("{name:?} is none of the streams whose columns can be chosen: {known}"))
    })
}

/// The columns by the name of their stream; each stream has them once.
pub(super) fn stream_columns<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    let mut all = BTreeMap::new();
    for Object(entry) in Option::<Vec<Object<StreamColumns>>>::deserialize(deserializer)?.unwrap_or_default()
    {
        let StreamColumns { stream, columns } = entry;
        if all.contains_key(&stream) {
            return Err(D::Error::custom(format_args!("the columns of {stream} are listed twice")));
        }
        all.insert(stream, columns);
    }
    Ok(all)
}

pub(super) fn report_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ConversionReportTime>, D::Error> {
    Ok(Option::<Choice<_>>::deserialize(deserializer)?.map(|Choice(time)| time))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn error(value: Value) -> String {
        serde_path_to_error::deserialize::<_, Wrapped>(json!({ "stream_columns": value }))
            .map(|wrapped| wrapped.stream_columns)
            .map_err(|error| format!("{}: {}", error.path(), error.inner()))
            .unwrap_err()
    }

    #[derive(Deserialize)]
    struct Wrapped {
        #[serde(deserialize_with = "stream_columns")]
        stream_columns: BTreeMap<String, Vec<String>>,
    }

    #[test]
    fn columns_are_found_by_their_stream() {
        let all = stream_columns(json!([
            {"columns": ["CTR", "PIN_ID", "CTR"], "stream": "keyword_report"},
            {"stream": "ad_analytics", "columns": ["AD_ID"], "a key of tomorrow": 1},
        ]));
        let all = all.unwrap();
        assert_eq!(all["keyword_report"], ["CTR", "PIN_ID"]);
        assert_eq!((all.len(), &all["ad_analytics"]), (2, &vec!["AD_ID".to_owned()]));
        assert!(stream_columns(json!(null)).unwrap().is_empty());
        assert!(stream_columns(json!([])).unwrap().is_empty());
    }

    #[test]
    fn every_stream_is_checked_for_what_it_can_have() {
        for (stream, kind) in STREAMS {
            let refused = match kind {
                Kind::Analytics => "AD_STATUS",
                Kind::Report => "QUIZ_PIN_RESULT_OPEN",
                Kind::ReportOfProductItems => "AD_ID",
            };
            assert_eq!(stream_columns(json!([{"stream": stream, "columns": ["CTR"]}])).unwrap().len(), 1);
            let error = error(json!([{"stream": stream, "columns": ["CTR", refused]}]));
            let start = format!("stream_columns[0]: columns of {stream}: ");
            assert!(error.starts_with(&start) && error.contains(refused), "{error}");
        }
    }

    #[test]
    fn a_wrong_entry_is_told_with_its_place() {
        let good = json!({"stream": "keyword_report", "columns": ["CTR"]});
        for (wrong, start, contained) in [
            (
                json!({"stream": "campaigns", "columns": ["CTR"]}),
                "stream_columns[1].stream: \"campaigns\"",
                "keyword_report",
            ),
            (
                json!({"stream": "user_account_analytics", "columns": ["CTR"]}),
                "stream_columns[1].stream: ",
                "ad_analytics",
            ),
            (json!({"stream": "ad_analytics", "columns": []}), "stream_columns[1]: ", "at least one column"),
            (json!({"stream": "ad_analytics"}), "stream_columns[1]: ", "missing field `columns`"),
            (json!({"columns": ["CTR"]}), "stream_columns[1]: ", "missing field `stream`"),
            (
                json!({"stream": "ad_analytics", "columns": "CTR"}),
                "stream_columns[1].columns: ",
                "a sequence",
            ),
            (json!(["ad_analytics", ["CTR"]]), "stream_columns[1]: ", "an object"),
            (good.clone(), "stream_columns: ", "the columns of keyword_report are listed twice"),
        ] {
            let error = error(json!([good, wrong]));
            assert!(error.starts_with(start) && error.contains(contained), "{error}");
        }
    }
}
