//! The config: what the user wrote, in the place of today or at the top level as before version 1.0.
//!
//! A key with a bad value is an error that says what is expected; the engine adds where it stands. No error shows what
//! stands in the place of a secret, because that may be the secret in the wrong form.

mod columns;
mod custom_report;
mod limits;
mod reporting;
mod value;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use secrecy::SecretString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

pub(crate) use columns::OF_ADS;
pub use custom_report::{CustomReport, StatusFilter};
use limits::RateLimits;
pub use pinterest_client::model::{
    AdDeliveryStatus, AttributionType, ConversionReportTime, DeliveryStatus, Granularity, Level, WindowDays,
};
use pinterest_client::{Access, Limits};
pub use reporting::Attribution;
#[cfg(test)]
pub(crate) use reporting::STREAMS as WITH_CHOSEN_COLUMNS;
use value::{choices, days, flag, once, whole};

/// How many digits the id of an ad account has at most; Pinterest takes no more.
const LONGEST_ACCOUNT_ID: usize = 18;

/// What the user wants. Unknown keys are ignored, as the specification allows them; null is as good as absent.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct Config {
    /// Nothing before this day (it begins at midnight UTC) is wanted; `None`: everything that the API serves.
    pub start_date: Option<NaiveDate>,
    /// Which entities to read, at least one status; `None`: the API's default, active and paused ones.
    pub status: Option<Vec<EntityStatus>>,
    /// Only this ad account, its id in digits, and boards and catalogs as its owner sees them; `None`: all that the
    /// sign-in may see.
    pub account_id: Option<String>,
    /// Only these ad accounts, their ids in digits; empty: all that the sign-in may see.
    pub account_ids: Vec<String>,
    /// All ad accounts but these.
    pub excluded_account_ids: Vec<String>,
    /// How many requests are under way at once at most, from 1 to 40; `None`: as many as the limits allow at the latency
    /// seen.
    pub num_threads: Option<usize>,
    /// The custom reports, each with a stream name of its own.
    pub custom_reports: Vec<CustomReport>,
    /// How many days before the last one that was read analytics and reports, custom ones too, read again; at most 90.
    pub lookback_window_days: u8,
    /// How conversions are attributed in the analytics of ads and the report streams. Custom reports have their own.
    pub attribution: Attribution,
    /// The columns of analytics of ads and report streams that do not ask for all, by the name of the stream. Each
    /// list has at least one, each once, and only what the stream may ask for.
    pub stream_columns: BTreeMap<String, Vec<String>>,
    /// Whether analytics and reports have a primary key in the catalog.
    pub primary_keys: bool,
    /// Whether days that were final when they were read are left out of the lookback window.
    pub skip_final_days: bool,
    /// Whether campaigns, ad groups and ads are read once from the start date where the state holds one cursor for all ad
    /// accounts: version 1 of the official connector may have passed records with it.
    pub reread_after_upgrade: bool,
    /// The request budgets that the app of the sign-in has.
    pub limits: Limits,
    credentials: Credentials,
}

/// Which entities of a kind to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EntityStatus {
    /// Running.
    Active,
    /// Paused by the user.
    Paused,
    /// Put away.
    Archived,
    /// Not finished.
    Draft,
    /// Never finished, and deleted.
    DeletedDraft,
}

impl fmt::Display for EntityStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Paused => "PAUSED",
            Self::Archived => "ARCHIVED",
            Self::Draft => "DRAFT",
            Self::DeletedDraft => "DELETED_DRAFT",
        })
    }
}

/// How to sign in; there is one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// An app and a refresh token.
    OAuth2,
}

/// The sign-in. Its parts may be missing: what is needed depends on what it is used for.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Credentials {
    /// How to sign in.
    #[serde(deserialize_with = "auth_method")]
    pub auth_method: Option<AuthMethod>,
    /// The id of the app.
    #[serde(deserialize_with = "hidden_text")]
    pub client_id: Option<String>,
    /// The secret of the app.
    #[serde(deserialize_with = "secret")]
    pub client_secret: Option<SecretString>,
    /// The token that yields access tokens.
    #[serde(deserialize_with = "secret")]
    pub refresh_token: Option<SecretString>,
    /// A token that may still be valid. Alone it is enough until it expires.
    #[serde(deserialize_with = "secret")]
    pub access_token: Option<SecretString>,
    /// Until when it is.
    #[serde(deserialize_with = "moment")]
    pub token_expiry_date: Option<DateTime<Utc>>,
}

/// Shows nothing but when the token expires: the specification marks the app's id as a secret, too.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("token_expiry_date", &self.token_expiry_date)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    fn or(self, other: Self) -> Self {
        Self {
            auth_method: self.auth_method.or(other.auth_method),
            client_id: self.client_id.or(other.client_id),
            client_secret: self.client_secret.or(other.client_secret),
            refresh_token: self.refresh_token.or(other.refresh_token),
            access_token: self.access_token.or(other.access_token),
            token_expiry_date: self.token_expiry_date.or(other.token_expiry_date),
        }
    }
}

impl Config {
    /// The sign-in: the `credentials` object completed by what stands at the top level.
    pub fn credentials(&self) -> Credentials {
        self.credentials.clone()
    }

    /// The ad accounts that are named to be read, no others; empty when all are wanted, or all but some.
    pub fn named_accounts(&self) -> Vec<&str> {
        self.account_id.iter().chain(&self.account_ids).map(String::as_str).collect()
    }

    /// The one ad account that is named, where it is one.
    pub fn only_account(&self) -> Option<&str> {
        match self.named_accounts()[..] {
            [account] => Some(account),
            _ => None,
        }
    }

    /// Whether this ad account is to be read, by `account_id`, `account_ids` and `excluded_account_ids`.
    pub fn wants_account(&self, id: &str) -> bool {
        let listed = |ids: &[String]| ids.iter().any(|listed| listed == id);
        self.account_id.as_ref().is_none_or(|wanted| wanted == id)
            && (self.account_ids.is_empty() || listed(&self.account_ids))
            && !listed(&self.excluded_account_ids)
    }
}

/// The config key by key. (`flatten` would spare the last five, but its errors do not name the key.)
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    #[serde(deserialize_with = "day")]
    start_date: Option<NaiveDate>,
    #[serde(deserialize_with = "statuses")]
    status: Option<Vec<EntityStatus>>,
    #[serde(deserialize_with = "account")]
    account_id: Option<String>,
    #[serde(deserialize_with = "accounts")]
    account_ids: Vec<String>,
    #[serde(deserialize_with = "accounts")]
    excluded_account_ids: Vec<String>,
    /// What newer versions of the official connector call `num_threads`.
    #[serde(deserialize_with = "threads")]
    num_workers: Option<usize>,
    #[serde(deserialize_with = "threads")]
    num_threads: Option<usize>,
    #[serde(deserialize_with = "custom_report::all")]
    custom_reports: Vec<CustomReport>,
    #[serde(deserialize_with = "lookback")]
    lookback_window_days: u8,
    #[serde(deserialize_with = "days")]
    click_window_days: Option<WindowDays>,
    #[serde(deserialize_with = "days")]
    engagement_window_days: Option<WindowDays>,
    #[serde(deserialize_with = "days")]
    view_window_days: Option<WindowDays>,
    #[serde(deserialize_with = "reporting::report_time")]
    conversion_report_time: Option<ConversionReportTime>,
    #[serde(deserialize_with = "reporting::stream_columns")]
    stream_columns: BTreeMap<String, Vec<String>>,
    #[serde(deserialize_with = "flag")]
    primary_keys: bool,
    #[serde(deserialize_with = "flag")]
    skip_final_days: bool,
    #[serde(deserialize_with = "flag")]
    reread_after_upgrade: bool,
    #[serde(deserialize_with = "limits::access")]
    access_tier: Access,
    #[serde(deserialize_with = "limits::rate_limits")]
    rate_limits: RateLimits,
    #[serde(deserialize_with = "section")]
    credentials: Option<Credentials>,
    #[serde(deserialize_with = "hidden_text")]
    client_id: Option<String>,
    #[serde(deserialize_with = "secret")]
    client_secret: Option<SecretString>,
    #[serde(deserialize_with = "secret")]
    refresh_token: Option<SecretString>,
    #[serde(deserialize_with = "secret")]
    access_token: Option<SecretString>,
    #[serde(deserialize_with = "moment")]
    token_expiry_date: Option<DateTime<Utc>>,
}

impl TryFrom<Written> for Config {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        written.check_accounts()?;
        let top_level = Credentials {
            auth_method: None,
            client_id: written.client_id,
            client_secret: written.client_secret,
            refresh_token: written.refresh_token,
            access_token: written.access_token,
            token_expiry_date: written.token_expiry_date,
        };
        Ok(Self {
            start_date: written.start_date,
            status: written.status,
            account_id: written.account_id,
            account_ids: written.account_ids,
            excluded_account_ids: written.excluded_account_ids,
            num_threads: written.num_workers.or(written.num_threads),
            custom_reports: written.custom_reports,
            lookback_window_days: written.lookback_window_days,
            attribution: Attribution {
                click_window_days: written.click_window_days,
                engagement_window_days: written.engagement_window_days,
                view_window_days: written.view_window_days,
                conversion_report_time: written.conversion_report_time,
            },
            stream_columns: written.stream_columns,
            primary_keys: written.primary_keys,
            skip_final_days: written.skip_final_days,
            reread_after_upgrade: written.reread_after_upgrade,
            limits: written.rate_limits.on(written.access_tier),
            credentials: written.credentials.unwrap_or_default().or(top_level),
        })
    }
}

impl Written {
    /// One account or a choice of several: what both together mean would be a guess.
    fn check_accounts(&self) -> Result<(), String> {
        for (key, ids) in
            [("account_ids", &self.account_ids), ("excluded_account_ids", &self.excluded_account_ids)]
        {
            if let (Some(account), false) = (&self.account_id, ids.is_empty()) {
                return Err(format!(
                    "account_id is {account} and {key} is set, too; use account_id or {key}, not both"
                ));
            }
        }
        match self.account_ids.iter().find(|id| self.excluded_account_ids.contains(id)) {
            Some(id) => {
                Err(format!("{id} is in account_ids and in excluded_account_ids; leave it in one of them"))
            }
            None => Ok(()),
        }
    }
}

/// The whole config as the platform must store it after a token refresh.
///
/// Every other key stays as it is and where it is. A config of the old shape gets a complete `credentials` object, and
/// its own refresh token is replaced as well: Pinterest takes a rotated token once only, so whichever place the next run
/// looks in, this connector or an older one, it must find the new token and the app that it belongs to.
pub fn with_tokens(
    config: &Map<String, Value>,
    access_token: &str,
    refresh_token: Option<&str>,
    expires_at: DateTime<Utc>,
) -> Map<String, Value> {
    let mut config = config.clone();
    let mut credentials = config.get("credentials").and_then(Value::as_object).cloned().unwrap_or_default();
    if is_blank(credentials.get("auth_method")) {
        credentials.insert("auth_method".into(), json!("oauth2.0"));
    }
    for key in ["client_id", "client_secret", "refresh_token"] {
        if let (true, Some(value)) = (is_blank(credentials.get(key)), config.get(key)) {
            credentials.insert(key.into(), value.clone());
        }
    }
    if let Some(token) = refresh_token {
        credentials.insert("refresh_token".into(), token.into());
        if !is_blank(config.get("refresh_token")) {
            config.insert("refresh_token".into(), token.into());
        }
    }
    credentials.insert("access_token".into(), access_token.into());
    let expires_at = expires_at.to_rfc3339_opts(SecondsFormat::Micros, false);
    credentials.insert("token_expiry_date".into(), expires_at.into());
    config.insert("credentials".into(), credentials.into());
    config
}

/// Whether a key says nothing: absent, null or empty.
pub(crate) fn is_blank(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || value == "")
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

fn hidden_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        _ => Err(D::Error::custom("expected a string in quotes")),
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(hidden_text(deserializer)?.map(SecretString::from))
}

fn section<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Credentials>, D::Error> {
    deserializer.deserialize_any(Section)
}

/// Reads an object or null, and shows nothing of what else may stand there: often a bare token.
struct Section;

impl<'de> Visitor<'de> for Section {
    type Value = Option<Credentials>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `client_id`, `client_secret` and `refresh_token`")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(E::invalid_type(Unexpected::Other("a string"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Credentials::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

/// Does not show what else stands here, which may be a token in the wrong place.
fn auth_method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AuthMethod>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(method) if method == "oauth2.0" => Ok(Some(AuthMethod::OAuth2)),
        _ => Err(D::Error::custom("the only way is `oauth2.0`")),
    }
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    let Some(text) = text(deserializer)? else { return Ok(None) };
    // What is read must be what was written: the parser alone takes signs, spaces and single digits.
    let date = text.parse::<NaiveDate>().ok().filter(|date| date.to_string() == text);
    date.map(Some).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &"a date as YYYY-MM-DD"))
}

fn statuses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<EntityStatus>>, D::Error> {
    Ok(Some(choices(deserializer)?).filter(|statuses: &Vec<_>| !statuses.is_empty()))
}

fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer)?.map(account_id).transpose()
}

fn account_id<E: serde::de::Error>(text: String) -> Result<String, E> {
    if (1..=LONGEST_ACCOUNT_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text);
    }
    let expected = format!("the id of an ad account, which has only digits, at most {LONGEST_ACCOUNT_ID}");
    Err(E::invalid_value(Unexpected::Str(&text), &expected.as_str()))
}

fn accounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Id(#[serde(deserialize_with = "id")] String);

    fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        account_id(String::deserialize(deserializer)?)
    }

    let ids = Option::<Vec<Id>>::deserialize(deserializer)?.unwrap_or_default();
    once(ids.into_iter().map(|Id(id)| id).collect())
}

fn threads<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    Ok(whole(deserializer, 1..=40)?.map(usize::from))
}

fn lookback<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    Ok(whole(deserializer, 0..=90)?.unwrap_or_default())
}

/// ISO 8601 in UTC unless it says otherwise. What nobody can read only means that the token is refreshed at once.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(moment_of(&Value::deserialize(deserializer)?))
}

fn moment_of(value: &Value) -> Option<DateTime<Utc>> {
    let text = value.as_str()?;
    let without_offset = || text.parse::<NaiveDateTime>().map(|moment| moment.and_utc());
    text.parse().or_else(|_| without_offset()).ok()
}

/// Whether a value names a moment.
pub(crate) fn is_moment(value: &Value) -> bool {
    moment_of(value).is_some()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pinterest_client::{ANALYTICS_COLUMNS, Category, Limit, REPORT_COLUMNS};
    use secrecy::ExposeSecret;

    use super::*;

    const EXPIRY: &str = "2026-12-24T00:00:00.500000+00:00";

    /// As the engine reads it: an error begins with the path of its key.
    fn read(config: Value) -> Result<Config, String> {
        serde_path_to_error::deserialize(config)
            .map_err(|error| format!("{}: {}", error.path(), error.inner()))
    }

    fn sign_in() -> Value {
        json!({"client_id": "1", "client_secret": "s", "refresh_token": "old"})
    }

    fn stored(config: Value, rotated: Option<&str>) -> Value {
        with_tokens(config.as_object().unwrap(), "access", rotated, EXPIRY.parse().unwrap()).into()
    }

    fn keys(object: &Value) -> Vec<&str> {
        object.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn every_key_is_read() {
        let config = read(json!({
            "start_date": "2026-11-01",
            "status": ["ARCHIVED", "ACTIVE"],
            "account_id": "549755885175",
            "num_threads": 40,
            "custom_reports": [with("name", json!("mine"))],
            "lookback_window_days": 60,
            "click_window_days": 7,
            "engagement_window_days": 0,
            "view_window_days": 60,
            "conversion_report_time": "TIME_OF_CONVERSION",
            "stream_columns": [{"stream": "ad_analytics", "columns": ["AD_ID", "CTR"]}],
            "primary_keys": true,
            "skip_final_days": true,
            "reread_after_upgrade": true,
            "access_tier": "trial",
            "rate_limits": {"ads_read": 7},
            "a key of tomorrow": {},
        }));
        let config = config.unwrap();
        assert_eq!(config.start_date, NaiveDate::from_ymd_opt(2026, 11, 1));
        assert_eq!(config.status, Some(vec![EntityStatus::Archived, EntityStatus::Active]));
        assert_eq!(config.account_id.as_deref(), Some("549755885175"));
        assert_eq!(config.num_threads, Some(40));
        assert_eq!(config.custom_reports[0].name, "mine");
        assert_eq!(config.lookback_window_days, 60);
        assert_eq!(
            config.attribution,
            Attribution {
                click_window_days: WindowDays::new(7),
                engagement_window_days: WindowDays::new(0),
                view_window_days: WindowDays::new(60),
                conversion_report_time: Some(ConversionReportTime::TimeOfConversion),
            }
        );
        let columns =
            BTreeMap::from([("ad_analytics".to_owned(), vec!["AD_ID".to_owned(), "CTR".to_owned()])]);
        assert_eq!(config.stream_columns, columns);
        assert!(config.primary_keys && config.skip_final_days && config.reread_after_upgrade);
        let ads_read = Limit::new(7, Duration::from_secs(60));
        assert_eq!(config.limits, Limits::of(Access::Trial).category(Category::AdsRead, ads_read));
    }

    #[test]
    fn accounts_are_chosen_or_left_out() {
        for (config, wanted, unwanted) in [
            (json!({}), vec!["1", "2", "3"], vec![]),
            (json!({"account_id": "1"}), vec!["1"], vec!["2", "3"]),
            (
                json!({"account_id": "1", "account_ids": [], "excluded_account_ids": null}),
                vec!["1"],
                vec!["2"],
            ),
            (json!({"account_ids": ["3", "1"]}), vec!["1", "3"], vec!["2", "33"]),
            (json!({"account_id": "", "excluded_account_ids": ["2"]}), vec!["1", "3"], vec!["2"]),
            (
                json!({"account_ids": ["3", "1"], "excluded_account_ids": ["2"]}),
                vec!["1", "3"],
                vec!["2", "4"],
            ),
        ] {
            let config = read(config).unwrap();
            assert!(wanted.iter().all(|id| config.wants_account(id)), "{config:?}");
            assert!(!unwanted.iter().any(|id| config.wants_account(id)), "{config:?}");
        }
        let config = read(json!({"account_ids": ["3", "1"], "excluded_account_ids": ["2"]})).unwrap();
        assert_eq!(
            (config.account_ids, config.excluded_account_ids),
            (vec!["3".into(), "1".into()], vec!["2".into()])
        );
    }

    #[test]
    fn the_newer_name_of_the_number_of_threads_counts_first() {
        for (config, expected) in [
            (json!({"num_workers": 5}), Some(5)),
            (json!({"num_threads": 3, "num_workers": 5}), Some(5)),
            (json!({"num_threads": 3, "num_workers": null}), Some(3)),
        ] {
            assert_eq!(read(config).unwrap().num_threads, expected);
        }
    }

    #[test]
    fn absent_null_and_empty_are_the_same() {
        let nulls = json!({"start_date": null, "status": null, "account_id": null, "num_threads": null,
            "custom_reports": null, "credentials": null, "client_id": null, "account_ids": null,
            "excluded_account_ids": null, "num_workers": null, "lookback_window_days": null,
            "click_window_days": null, "engagement_window_days": null, "view_window_days": null,
            "conversion_report_time": null, "stream_columns": null, "primary_keys": null, "skip_final_days": null,
            "reread_after_upgrade": null, "access_tier": null, "rate_limits": null});
        let empty = json!({"start_date": "", "status": [], "account_id": "", "custom_reports": [],
            "credentials": {"client_id": "", "access_token": "", "token_expiry_date": ""}, "client_id": "",
            "account_ids": [], "excluded_account_ids": [], "stream_columns": [], "rate_limits": {}});
        for config in [json!({}), nulls, empty] {
            let config = read(config).unwrap();
            assert_eq!((config.start_date, config.account_id, config.num_threads), (None, None, None));
            assert_eq!((config.status, config.custom_reports.len()), (None, 0));
            assert_eq!((config.account_ids.len(), config.excluded_account_ids.len()), (0, 0));
            assert_eq!((config.lookback_window_days, config.attribution), (0, Attribution::default()));
            assert_eq!(
                (config.stream_columns.len(), config.primary_keys, config.skip_final_days),
                (0, false, false)
            );
            assert!(!config.reread_after_upgrade);
            assert_eq!(config.limits, Limits::default());
            let credentials = config.credentials;
            assert!(credentials.client_id.is_none() && credentials.access_token.is_none());
        }
    }

    #[test]
    fn the_sign_in_is_found_in_both_places() {
        let half = json!({"credentials": {"access_token": "a", "refresh_token": ""}, "client_id": "1",
            "client_secret": "s", "refresh_token": "old"});
        for config in [sign_in(), json!({ "credentials": sign_in() }), half] {
            let credentials = read(config).unwrap().credentials();
            assert_eq!(credentials.client_id.as_deref(), Some("1"));
            assert_eq!(credentials.client_secret.unwrap().expose_secret(), "s");
            assert_eq!(credentials.refresh_token.unwrap().expose_secret(), "old");
        }
    }

    #[test]
    fn the_place_of_today_counts_before_the_old_one() {
        let config = json!({"refresh_token": "old", "credentials": {"refresh_token": "new"}});
        let token = read(config).unwrap().credentials().refresh_token;
        assert_eq!(token.unwrap().expose_secret(), "new");
    }

    #[test]
    fn an_access_token_may_stand_alone() {
        let credentials = read(json!({"credentials": {"access_token": "a"}})).unwrap().credentials();
        assert_eq!(credentials.access_token.unwrap().expose_secret(), "a");
        assert!(credentials.refresh_token.is_none() && credentials.token_expiry_date.is_none());
    }

    #[test]
    fn a_wrong_value_is_told_with_its_key_and_what_is_expected() {
        for (config, key, expected) in [
            (json!({"start_date": "01/11/2026"}), "start_date", "YYYY-MM-DD"),
            (json!({"start_date": "2026-2-1"}), "start_date", "YYYY-MM-DD"),
            (json!({"start_date": "2026-2-10 "}), "start_date", "YYYY-MM-DD"),
            (json!({"start_date": "+2026-2-1"}), "start_date", "YYYY-MM-DD"),
            (json!({"start_date": "2026-02-30"}), "start_date", "YYYY-MM-DD"),
            (json!({"start_date": 20_261_101}), "start_date", "a string"),
            (json!({"account_id": "abc"}), "account_id", "only digits"),
            (json!({"account_id": "12 "}), "account_id", "only digits"),
            (json!({"account_id": "1234567890123456789"}), "account_id", "only digits, at most 18"),
            (json!({"num_threads": 0}), "num_threads", "from 1 to 40"),
            (json!({"num_threads": 41}), "num_threads", "from 1 to 40"),
            (json!({"num_threads": -1}), "num_threads", "from 1 to 40"),
            (json!({"num_threads": 2.5}), "num_threads", "from 1 to 40"),
            (json!({"num_threads": "3"}), "num_threads", "number"),
            (json!({"status": "ACTIVE"}), "status", "a sequence"),
            (json!({"num_workers": 0}), "num_workers", "from 1 to 40"),
            (json!({"status": ["ACTIVE", "DELETED"]}), "status[1]", "`ARCHIVED`, `DRAFT`, `DELETED_DRAFT`"),
            (json!({"status": ["PAUSED", "ACTIVE", "PAUSED"]}), "status", "PAUSED is listed twice"),
            (json!({"account_ids": "1"}), "account_ids", "a sequence"),
            (json!({"account_ids": ["1", "x"]}), "account_ids[1]", "\"x\", expected the id of an ad account"),
            (json!({"account_ids": ["1", ""]}), "account_ids[1]", "only digits"),
            (json!({"account_ids": ["1", 2]}), "account_ids[1]", "a string"),
            (json!({"account_ids": ["1", "2", "1"]}), "account_ids", "1 is listed twice"),
            (json!({"account_ids": ["1234567890123456789"]}), "account_ids[0]", "at most 18"),
            (json!({"excluded_account_ids": ["-1"]}), "excluded_account_ids[0]", "only digits"),
            (
                json!({"excluded_account_ids": ["1", "1234567890123456789"]}),
                "excluded_account_ids[1]",
                "at most 18",
            ),
            (
                json!({"account_id": "1", "account_ids": ["1"]}),
                ".",
                "account_id is 1 and account_ids is set, too; use account_id or account_ids, not both",
            ),
            (
                json!({"account_id": "1", "excluded_account_ids": ["2"]}),
                ".",
                "use account_id or excluded_account_ids, not both",
            ),
            (
                json!({"account_ids": ["1", "2"], "excluded_account_ids": ["3", "2"]}),
                ".",
                "2 is in account_ids and in excluded_account_ids",
            ),
            (
                json!({"lookback_window_days": -1}),
                "lookback_window_days",
                "-1 is not a whole number from 0 to 90",
            ),
            (
                json!({"lookback_window_days": 91}),
                "lookback_window_days",
                "91 is not a whole number from 0 to 90",
            ),
            (json!({"lookback_window_days": "7"}), "lookback_window_days", "number"),
            (
                json!({"click_window_days": 2}),
                "click_window_days",
                "2 is none of 0, 1, 7, 14, 30 and 60 days",
            ),
            (json!({"engagement_window_days": [30]}), "engagement_window_days", "[30] is none of"),
            (json!({"view_window_days": "7"}), "view_window_days", "\"7\" is none of"),
            (
                json!({"conversion_report_time": "NOW"}),
                "conversion_report_time",
                "`NOW`, expected `TIME_OF_AD_ACTION` or `TIME_OF_CONVERSION`",
            ),
            (json!({"stream_columns": {}}), "stream_columns", "a sequence"),
            (json!({"stream_columns": [{"stream": "ads"}]}), "stream_columns[0].stream", "keyword_report"),
            (json!({"primary_keys": "yes"}), "primary_keys", "a boolean"),
            (json!({"skip_final_days": 1}), "skip_final_days", "a boolean"),
            (json!({"access_tier": "gold"}), "access_tier", "expected `standard` or `trial`"),
            (json!({"rate_limits": {"ads_read": 0}}), "rate_limits.ads_read", "from 1 to 1000000"),
            (json!({"custom_reports": {"name": "mine"}}), "custom_reports", "a sequence"),
            (json!({"custom_reports": ["mine"]}), "custom_reports[0]", "an object"),
            (
                json!({"custom_reports": [["mine", "CAMPAIGN", "DAY", ["CTR"]]]}),
                "custom_reports[0]",
                "an object",
            ),
            (json!({"custom_reports": [{}]}), "custom_reports[0]", "missing field `name`"),
            (json!({"credentials": {"auth_method": "basic"}}), "credentials.auth_method", "`oauth2.0`"),
            (json!({"credentials": ["hush"]}), "credentials", "an object with `client_id`"),
        ] {
            let error = read(config.clone()).unwrap_err();
            assert!(error.starts_with(&format!("{key}: ")) && error.contains(expected), "{config}: {error}");
        }
    }

    /// A whole custom report but for one key.
    fn with(key: &str, value: Value) -> Value {
        let mut report =
            json!({"name": "mine", "level": "CAMPAIGN", "granularity": "DAY", "columns": ["CTR"]});
        report[key] = value;
        report
    }

    #[test]
    fn what_the_published_specification_takes_or_refuses_is_taken_or_refused_here() {
        let spec: Value = serde_json::from_str(include_str!("../spec.json")).unwrap();
        let schema = jsonschema::validator_for(&spec["connectionSpecification"]).unwrap();
        let judge = |config: Value, accepted: bool| {
            assert_eq!(schema.is_valid(&config), accepted, "the specification on {config}");
            assert_eq!(read(config.clone()).is_ok(), accepted, "{config}");
        };
        let mut credentials = sign_in();
        credentials["auth_method"] = json!("oauth2.0");
        let columns = |stream: &str, columns: Value| json!([{"stream": stream, "columns": columns}]);
        for (key, good, bad) in [
            ("start_date", json!("2026-11-01"), json!("1/11/2026")),
            ("status", json!(["ACTIVE", "PAUSED", "ARCHIVED"]), json!(["ACTIVE", "ACTIVE"])),
            ("status", json!(["DRAFT", "DELETED_DRAFT"]), json!(["DELETED"])),
            ("status", json!(null), json!([{"ACTIVE": null}])),
            ("credentials", credentials, json!({"auth_method": "basic"})),
            ("custom_reports", json!([]), json!(["mine"])),
            ("custom_reports", json!([with("name", json!("x"))]), json!([["x", "CAMPAIGN", "DAY", ["CTR"]]])),
            ("account_id", json!("549755885175"), json!(549_755_885_175_u64)),
            ("account_id", json!("123456789012345678"), json!("1234567890123456789")),
            ("num_threads", json!(1), json!(0)),
            ("num_threads", json!(40), json!(41)),
            ("num_threads", json!(3.0), json!(3.5)),
            ("account_ids", json!(["549755885175", "1"]), json!(["1", "1"])),
            ("account_ids", json!(null), json!(["x"])),
            ("account_ids", json!([]), json!([1])),
            ("account_ids", json!(["123456789012345678"]), json!(["1234567890123456789"])),
            ("excluded_account_ids", json!(["1"]), json!([""])),
            ("excluded_account_ids", json!(null), json!("1")),
            ("excluded_account_ids", json!(["123456789012345678"]), json!(["1234567890123456789"])),
            ("lookback_window_days", json!(0), json!(-1)),
            ("lookback_window_days", json!(90), json!(91)),
            ("lookback_window_days", json!(7.0), json!(7.5)),
            ("click_window_days", json!(0), json!(2)),
            ("engagement_window_days", json!(60), json!([30])),
            ("view_window_days", json!(14), json!("14")),
            ("conversion_report_time", json!("TIME_OF_CONVERSION"), json!("TODAY")),
            ("stream_columns", json!(null), json!({})),
            ("stream_columns", json!([]), json!(["ad_analytics"])),
            ("stream_columns", columns("ad_analytics", json!(["CTR"])), columns("ad_analytics", json!([]))),
            (
                "stream_columns",
                columns("keyword_report", json!(["CTR"])),
                columns("keywords", json!(["CTR"])),
            ),
            (
                "stream_columns",
                columns("ad_analytics", json!(["PIN_ID"])),
                columns("ad_analytics", json!(["PIN"])),
            ),
            (
                "stream_columns",
                columns("ad_analytics", json!(["AD_ID"])),
                json!([{"stream": "ad_analytics"}]),
            ),
            (
                "stream_columns",
                columns("ad_analytics", json!(["CTR", "ECTR"])),
                json!([{"columns": ["CTR"]}]),
            ),
            (
                "stream_columns",
                columns("ad_analytics", json!(["QUIZ_PIN_RESULT_OPEN", "CTR", "CTR"])),
                columns("ad_analytics", json!(["CTR", 1])),
            ),
            ("primary_keys", json!(true), json!("true")),
            ("skip_final_days", json!(false), json!(0)),
            ("access_tier", json!("trial"), json!("TRIAL")),
            ("rate_limits", json!(null), json!([])),
            ("rate_limits", json!({"a key of tomorrow": 7}), json!({"org_read": "7"})),
            ("rate_limits", json!({"ads_read": 1, "all_per_second": 1e6}), json!({"ads_read": 0})),
            ("rate_limits", json!({"org_read": 7.0, "ads_analytics": 7}), json!({"org_read": 7.5})),
            ("rate_limits", json!({"catalogs_read": 7, "org_analytics": 7}), json!({"all_per_second": "7"})),
        ] {
            judge(json!({ key: good }), true);
            judge(json!({ key: bad }), false);
        }
        for (key, good, bad) in [
            ("name", json!("My Report"), json!("")),
            ("name", json!(" x "), json!(" \t\n")),
            ("level", json!("PRODUCT_ITEM_TARGETING"), json!("PLANET")),
            ("level", json!("KEYWORD"), json!({"KEYWORD": null})),
            ("granularity", json!("HOUR"), json!("YEAR")),
            ("columns", json!(["CTR", "ADS_CREDIT_SPEND_IN_DOLLAR"]), json!([])),
            ("columns", json!(["TOTAL_CHECKOUT"]), json!(["QUIZ_PIN_RESULT_OPEN"])),
            ("columns", json!(["CTR", "PIN_ID", "CTR"]), json!(["CTR", null])),
            ("click_window_days", json!(0), json!(3)),
            ("engagement_window_days", json!(14), json!("14")),
            ("view_window_days", json!(60), json!([])),
            ("conversion_report_time", json!("TIME_OF_AD_ACTION"), json!("NOW")),
            ("attribution_types", json!(["HOUSEHOLD"]), json!(["FAMILY"])),
            ("attribution_types", json!([]), json!(["HOUSEHOLD", "HOUSEHOLD"])),
            ("start_date", json!("2026-11-01"), json!("2026-11")),
            ("campaign_statuses", json!(null), json!("RUNNING")),
            ("campaign_statuses", json!(["RUNNING", "DELETED_DRAFT"]), json!(["APPROVED"])),
            ("ad_group_statuses", json!([]), json!(["PAUSED", "PAUSED"])),
            ("ad_statuses", json!(["APPROVED", "PENDING"]), json!(["RUNNING"])),
        ] {
            judge(json!({"custom_reports": [with(key, good)]}), true);
            judge(json!({"custom_reports": [with(key, bad)]}), false);
        }
        for key in ["name", "level", "granularity", "columns"] {
            let mut report = with("name", json!("mine"));
            report.as_object_mut().unwrap().remove(key);
            judge(json!({"custom_reports": [report]}), false);
        }
        let known = [
            "start_date",
            "status",
            "credentials",
            "custom_reports",
            "account_id",
            "num_threads",
            "account_ids",
            "excluded_account_ids",
            "lookback_window_days",
            "click_window_days",
            "engagement_window_days",
            "view_window_days",
            "conversion_report_time",
            "stream_columns",
            "primary_keys",
            "skip_final_days",
            "reread_after_upgrade",
            "access_tier",
            "rate_limits",
        ];
        assert_eq!(keys(&spec["connectionSpecification"]["properties"]), known);
    }

    /// The choices that a form offers, found in the specification by their path.
    #[test]
    fn the_published_specification_lists_what_is_taken() {
        let spec: Value = serde_json::from_str(include_str!("../spec.json")).unwrap();
        let listed = |path: &str| -> Vec<String> {
            let list = spec["connectionSpecification"]["properties"].pointer(path).unwrap();
            serde_json::from_value(list.clone()).unwrap()
        };
        let report = |path: &str| listed(&format!("/custom_reports/items/properties/{path}"));
        let names = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
        let delivery = DeliveryStatus::ALL.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(report("level/enum"), Level::ALL.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            report("granularity/enum"),
            Granularity::ALL.iter().map(ToString::to_string).collect::<Vec<_>>()
        );
        assert_eq!(report("columns/items/enum"), names(REPORT_COLUMNS));
        assert_eq!(report("campaign_statuses/items/enum"), delivery);
        assert_eq!(report("ad_group_statuses/items/enum"), delivery);
        assert_eq!(
            report("ad_statuses/items/enum"),
            AdDeliveryStatus::ALL.iter().map(ToString::to_string).collect::<Vec<_>>()
        );
        let columns = listed("/stream_columns/items/properties/columns/items/enum");
        let only_analytics = ANALYTICS_COLUMNS.iter().filter(|column| !REPORT_COLUMNS.contains(column));
        assert_eq!(columns, names(&REPORT_COLUMNS.iter().chain(only_analytics).copied().collect::<Vec<_>>()));
        let streams = listed("/stream_columns/items/properties/stream/enum");
        assert_eq!(streams, names(&reporting::STREAMS.map(|(stream, _)| stream)));
    }

    #[test]
    fn every_key_is_described_and_the_new_ones_follow_in_order() {
        let spec: Value = serde_json::from_str(include_str!("../spec.json")).unwrap();
        let properties = spec["connectionSpecification"]["properties"].as_object().unwrap();
        for (key, schema) in properties {
            let texts = [&schema["title"], &schema["description"]];
            assert!(texts.iter().all(|text| text.as_str().is_some_and(|text| !text.is_empty())), "{key}");
        }
        let orders: Vec<_> = properties.values().filter_map(|schema| schema["order"].as_u64()).collect();
        assert_eq!(orders, (10..=23).collect::<Vec<_>>());
    }

    #[test]
    fn what_stands_in_the_place_of_a_secret_is_never_shown() {
        for (config, key) in [
            (json!({"credentials": "4711"}), "credentials"),
            (json!({"credentials": {"client_secret": 4711}}), "credentials.client_secret"),
            (json!({"credentials": {"refresh_token": ["4711"]}}), "credentials.refresh_token"),
            (json!({"client_id": 4711}), "client_id"),
            (json!({"access_token": {"value": "4711"}}), "access_token"),
        ] {
            let error = read(config.clone()).unwrap_err();
            assert!(error.starts_with(&format!("{key}: ")) && !error.contains("4711"), "{config}: {error}");
        }
        let config = read(json!({"client_secret": "4711", "client_id": "4711",
            "credentials": {"refresh_token": "4711", "access_token": "4711"}}));
        assert!(!format!("{:?}", config.unwrap()).contains("4711"));
    }

    #[test]
    fn an_expiry_is_read_in_the_forms_that_connectors_write() {
        for (text, expected) in [
            ("2026-11-24T01:30:00.250000+00:00", Some("2026-11-24T01:30:00.25Z")),
            ("2026-11-24T01:30:00.250000", Some("2026-11-24T01:30:00.25Z")),
            ("2026-11-24T01:30:00Z", Some("2026-11-24T01:30:00Z")),
            ("2026-11-24T01:30:00-08:00", Some("2026-11-24T09:30:00Z")),
            ("2026-11-24 01:30:00+00:00", Some("2026-11-24T01:30:00Z")),
            ("tomorrow", None),
        ] {
            let config = read(json!({"credentials": {"token_expiry_date": text}}));
            let expected = expected.map(|moment| moment.parse().unwrap());
            assert_eq!(config.unwrap().credentials().token_expiry_date, expected, "{text}");
        }
    }

    #[test]
    fn new_tokens_are_read_back_from_a_config_of_any_shape() {
        let half = json!({"credentials": {"access_token": "stale", "refresh_token": null}, "client_id": "1",
            "client_secret": "s", "refresh_token": "old"});
        let mut null = sign_in();
        null["credentials"] = Value::Null;
        for config in [sign_in(), json!({ "credentials": sign_in() }), half, null] {
            for (rotated, expected) in [(Some("new"), "new"), (None, "old")] {
                let stored = stored(config.clone(), rotated);
                assert_eq!(stored["credentials"]["auth_method"], "oauth2.0");
                let alone = read(json!({"credentials": stored["credentials"]})).unwrap().credentials();
                assert_eq!(alone.client_id.as_deref(), Some("1"));
                assert_eq!(alone.client_secret.unwrap().expose_secret(), "s");
                assert_eq!(alone.refresh_token.unwrap().expose_secret(), expected);
                assert_eq!(alone.access_token.unwrap().expose_secret(), "access");
                assert_eq!(alone.token_expiry_date, Some(EXPIRY.parse().unwrap()));
                if let Some(old_place) = stored.get("refresh_token") {
                    assert_eq!(old_place, expected);
                }
            }
        }
    }

    #[test]
    fn other_keys_stay_as_they_are_and_where_they_are() {
        let config = json!({"z": [1.50, null], "credentials": {"refresh_token": "old", "x": 1, "client_id": "1"},
            "a": {"b": ""}});
        let stored = stored(config.clone(), Some("new"));
        assert_eq!(keys(&stored), ["z", "credentials", "a"]);
        assert_eq!((&stored["z"], &stored["a"]), (&config["z"], &config["a"]));
        assert_eq!(keys(&stored["credentials"])[..3], ["refresh_token", "x", "client_id"]);
        assert_eq!(stored["credentials"]["token_expiry_date"], EXPIRY);
    }

    #[test]
    fn an_old_config_keeps_its_keys_and_gets_the_object_at_the_end() {
        let stored = stored(sign_in(), Some("new"));
        assert_eq!(keys(&stored), ["client_id", "client_secret", "refresh_token", "credentials"]);
        assert_eq!(
            keys(&stored["credentials"]),
            [
                "auth_method",
                "client_id",
                "client_secret",
                "refresh_token",
                "access_token",
                "token_expiry_date"
            ]
        );
    }
}
