//! The config: what the user wrote, in the place of today or at the top level as before version 1.0.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use secrecy::SecretString;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

/// What the user wrote. Unknown keys are ignored, as the specification allows them.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    /// Nothing before this day (UTC) is wanted.
    #[serde(default, deserialize_with = "day")]
    pub start_date: Option<NaiveDate>,
    /// Which entities to read; `None` or empty: the API's default.
    #[serde(default)]
    pub status: Option<Vec<EntityStatus>>,
    /// Only this ad account.
    #[serde(default, deserialize_with = "account")]
    pub account_id: Option<String>,
    /// How many slices are read at once at most.
    #[serde(default, deserialize_with = "threads")]
    pub num_threads: Option<usize>,
    credentials: Option<Credentials>,
    #[serde(flatten)]
    top_level: Credentials,
}

/// Which entities of a kind to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EntityStatus {
    /// Running.
    Active,
    /// Paused by the user.
    Paused,
    /// Put away.
    Archived,
}

impl fmt::Display for EntityStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Paused => "PAUSED",
            Self::Archived => "ARCHIVED",
        })
    }
}

/// The sign-in, wherever it stands.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Credentials {
    /// The id of the app.
    pub client_id: Option<String>,
    /// The secret of the app.
    pub client_secret: Option<SecretString>,
    /// The token that yields access tokens.
    pub refresh_token: Option<SecretString>,
    /// A token that may still be valid.
    pub access_token: Option<SecretString>,
    /// Until when it is.
    #[serde(default, deserialize_with = "moment")]
    pub token_expiry_date: Option<DateTime<Utc>>,
}

impl Config {
    /// The sign-in: the `credentials` object completed by what stands at the top level.
    pub fn credentials(&self) -> Credentials {
        let inner = self.credentials.clone().unwrap_or_default();
        let outer = self.top_level.clone();
        Credentials {
            client_id: inner.client_id.or(outer.client_id),
            client_secret: inner.client_secret.or(outer.client_secret),
            refresh_token: inner.refresh_token.or(outer.refresh_token),
            access_token: inner.access_token.or(outer.access_token),
            token_expiry_date: inner.token_expiry_date.or(outer.token_expiry_date),
        }
    }
}

/// The whole config as the platform must store it after a token refresh.
///
/// Every other key stays. A config of the old shape gets a complete `credentials` object, so that the next run finds
/// a working sign-in in whichever place it looks, and its own refresh token is replaced as well.
pub fn with_tokens(
    config: &Map<String, Value>,
    access_token: &str,
    refresh_token: Option<&str>,
    expires_at: DateTime<Utc>,
) -> Map<String, Value> {
    let mut config = config.clone();
    let old = ["client_id", "client_secret", "refresh_token"].map(|key| (key, config.get(key).cloned()));
    let credentials = config.entry("credentials").or_insert_with(|| json!({"auth_method": "oauth2.0"}));
    if let Some(credentials) = credentials.as_object_mut() {
        for (key, value) in old {
            if let Some(value) = value
                && !credentials.contains_key(key)
            {
                credentials.insert(key.to_owned(), value);
            }
        }
        credentials.insert("access_token".into(), access_token.into());
        let expires_at = expires_at.to_rfc3339_opts(SecondsFormat::Micros, false);
        credentials.insert("token_expiry_date".into(), expires_at.into());
        if let Some(token) = refresh_token {
            credentials.insert("refresh_token".into(), token.into());
        }
    }
    if let (Some(token), true) = (refresh_token, config.contains_key("refresh_token")) {
        config.insert("refresh_token".into(), token.into());
    }
    config
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    let Some(text) = text(deserializer)? else { return Ok(None) };
    let date = text.parse::<NaiveDate>().ok().filter(|_| text.len() == 10);
    date.map(Some).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &"a date as YYYY-MM-DD"))
}

fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(text) = text(deserializer)? else { return Ok(None) };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Some(text));
    }
    Err(D::Error::invalid_value(Unexpected::Str(&text), &"the id of an ad account, which has only digits"))
}

fn threads<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let threads = Option::<u64>::deserialize(deserializer)?;
    match threads {
        None => Ok(None),
        Some(threads @ 1..=40) => Ok(usize::try_from(threads).ok()),
        Some(other) => Err(D::Error::invalid_value(Unexpected::Unsigned(other), &"a number from 1 to 40")),
    }
}

/// A date that nobody can read only means that the token is refreshed at once.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = text(deserializer)? else { return Ok(None) };
    let zoned = DateTime::parse_from_rfc3339(&text).ok().map(|moment| moment.to_utc());
    let plain =
        || NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|moment| moment.and_utc());
    Ok(zoned.or_else(plain))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(config: Value) -> Result<Config, serde_json::Error> {
        serde_json::from_value(config)
    }

    #[test]
    fn the_sign_in_is_found_in_both_places() {
        let keys = json!({"client_id": "1", "client_secret": "s", "refresh_token": "r"});
        for config in [keys.clone(), json!({ "credentials": keys })] {
            let credentials = read(config).unwrap().credentials();
            assert_eq!(credentials.client_id.as_deref(), Some("1"));
            assert_eq!(credentials.refresh_token.unwrap().expose_secret(), "r");
        }
    }

    #[test]
    fn empty_text_and_null_mean_absent() {
        for value in [json!(""), json!(null)] {
            let config =
                read(json!({"start_date": value, "account_id": value, "num_threads": null, "status": null}))
                    .unwrap();
            assert_eq!((config.start_date, config.account_id, config.num_threads), (None, None, None));
        }
    }

    #[test]
    fn a_wrong_value_says_what_is_expected() {
        for (config, expected) in [
            (json!({"start_date": "01/11/2026"}), "YYYY-MM-DD"),
            (json!({"start_date": "2026-2-1"}), "YYYY-MM-DD"),
            (json!({"account_id": "abc"}), "only digits"),
            (json!({"num_threads": 41}), "from 1 to 40"),
            (json!({"status": ["DELETED"]}), "ARCHIVED"),
        ] {
            let error = read(config.clone()).unwrap_err().to_string();
            assert!(error.contains(expected), "{config}: {error}");
        }
    }

    #[test]
    fn new_tokens_are_stored_where_the_next_run_finds_them() {
        let expires_at = "2026-12-24T00:00:00.5Z".parse().unwrap();
        for config in [
            json!({"client_id": "1", "client_secret": "s", "refresh_token": "old", "x": [1]}),
            json!({"credentials": {"client_id": "1", "client_secret": "s", "refresh_token": "old"}, "x": [1]}),
        ] {
            let stored = with_tokens(config.as_object().unwrap(), "access", Some("new"), expires_at);
            assert_eq!(stored["x"], json!([1]));
            assert_eq!(stored["credentials"]["token_expiry_date"], "2026-12-24T00:00:00.500000+00:00");
            assert!(!Value::Object(stored.clone()).to_string().contains("old"));
            let credentials = read(stored.into()).unwrap().credentials();
            assert_eq!(credentials.refresh_token.unwrap().expose_secret(), "new");
            assert_eq!(credentials.access_token.unwrap().expose_secret(), "access");
            assert_eq!(credentials.token_expiry_date, Some(expires_at));
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let config =
            read(json!({"client_secret": "hush", "credentials": {"refresh_token": "quiet"}})).unwrap();
        let shown = format!("{config:?}");
        assert!(!shown.contains("hush") && !shown.contains("quiet"), "{shown}");
    }
}
