//! What earlier versions of the official connector called or wrote otherwise.
//!
//! A config that is refused is not touched, so that the message names the place where the user wrote it.

use connector_core::Migrations;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::config::{Config, is_blank, is_moment};

/// What stood at the top level before there was `credentials`.
const OF_SIGN_IN: [&str; 5] =
    ["client_id", "client_secret", "refresh_token", "access_token", "token_expiry_date"];
const OF_WINDOWS: [&str; 3] = ["click_window_days", "engagement_window_days", "view_window_days"];

/// All of them, oldest first.
pub(crate) fn migrations() -> Migrations {
    Migrations::new()
        .renamed_stream("1.0.0", "advertizer_report", "advertiser_report")
        .renamed_stream("1.0.0", "advertizer_targeting_report", "advertiser_targeting_report")
        .config("1.0.0", "the sign-in is moved from the top level into credentials", sign_in)
        .config("2.1.12", "num_workers is written as num_threads", num_workers)
        .config("2.1.12", "windows of custom reports are written as numbers, not as lists of one", windows)
}

fn is_understood(config: &Map<String, Value>) -> bool {
    Config::deserialize(Value::Object(config.clone())).is_ok()
}

fn sign_in(config: &mut Map<String, Value>) -> bool {
    if OF_SIGN_IN.iter().all(|key| is_blank(config.get(*key))) || !is_understood(config) {
        return false;
    }
    let mut credentials = match config.get("credentials") {
        Some(Value::Object(credentials)) => credentials.clone(),
        _ => Map::new(),
    };
    if is_blank(credentials.get("auth_method")) {
        credentials.insert("auth_method".into(), json!("oauth2.0"));
    }
    for key in OF_SIGN_IN {
        let Some(before) = config.shift_remove(key) else { continue };
        // What stands in `credentials` counts first, as it does when the config is read.
        if !is_blank(Some(&before)) && !counts(key, credentials.get(key)) {
            credentials.insert(key.into(), before);
        }
    }
    config.insert("credentials".into(), credentials.into());
    true
}

/// Whether a part of the sign-in says something.
fn counts(key: &str, value: Option<&Value>) -> bool {
    !is_blank(value) && (key != "token_expiry_date" || value.is_some_and(is_moment))
}

fn num_workers(config: &mut Map<String, Value>) -> bool {
    if is_blank(config.get("num_workers")) || !is_understood(config) {
        return false;
    }
    if let Some(workers) = config.shift_remove("num_workers") {
        config.insert("num_threads".into(), workers);
    }
    true
}

fn windows(config: &mut Map<String, Value>) -> bool {
    if !is_understood(config) {
        return false;
    }
    let mut changed = false;
    let reports = config.get_mut("custom_reports").and_then(Value::as_array_mut);
    for report in reports.into_iter().flatten().filter_map(Value::as_object_mut) {
        for key in OF_WINDOWS {
            if let Some(Value::Array(list)) = report.get(key)
                && let [days] = &list[..]
            {
                let days = days.clone();
                report.insert(key.into(), days);
                changed = true;
            }
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn migrated(mut config: Value) -> (Value, Vec<bool>) {
        let object = config.as_object_mut().unwrap();
        let changed = [sign_in, num_workers, windows].map(|change| change(object));
        (config, changed.into())
    }

    /// All that a config says: its Debug text leaves the sign-in out.
    fn meaning(config: &Value) -> (String, Vec<Option<String>>) {
        let config = Config::deserialize(config).unwrap();
        let credentials = config.credentials();
        let secret = |secret: &Option<secrecy::SecretString>| {
            secret.as_ref().map(|secret| secret.expose_secret().to_owned())
        };
        let sign_in = vec![
            credentials.client_id.clone(),
            secret(&credentials.client_secret),
            secret(&credentials.refresh_token),
            secret(&credentials.access_token),
            credentials.token_expiry_date.map(|moment| moment.to_string()),
        ];
        (format!("{config:?}"), sign_in)
    }

    /// Every choice of values for some keys.
    fn every(choices: &[(&str, Vec<Option<Value>>)]) -> Vec<Map<String, Value>> {
        choices.iter().fold(vec![Map::new()], |made, (key, values)| {
            let with = |config: &Map<String, Value>, value: &Option<Value>| {
                let mut config = config.clone();
                config.extend(value.clone().map(|value| ((*key).to_owned(), value)));
                config
            };
            made.iter().flat_map(|config| values.iter().map(move |value| with(config, value))).collect()
        })
    }

    #[test]
    fn a_migrated_config_means_the_same_and_is_not_migrated_again() {
        let part = |name: &str| vec![None, Some(json!("")), Some(json!(name))];
        let expiry =
            vec![None, Some(json!(null)), Some(json!("soon")), Some(json!("2026-12-24T00:00:00+00:00"))];
        let mut nested: Vec<_> = every(&[
            ("client_id", part("new id")),
            ("refresh_token", part("new token")),
            ("token_expiry_date", expiry.clone()),
        ])
        .into_iter()
        .map(|credentials| Some(Value::Object(credentials)))
        .collect();
        nested.extend([None, Some(json!(null))]);
        let report = |days: Value| {
            json!([{"name": "mine", "level": "CAMPAIGN", "granularity": "DAY", "columns": ["CTR"], "click_window_days": days,
                "view_window_days": [0]}])
        };
        let configs = every(&[
            ("client_id", part("old id")),
            ("refresh_token", part("old token")),
            ("token_expiry_date", expiry),
            ("credentials", nested),
            ("num_workers", vec![None, Some(json!(7))]),
            ("num_threads", vec![None, Some(json!(3))]),
            ("custom_reports", vec![None, Some(report(json!([30])))]),
        ]);
        for config in configs.into_iter().map(Value::Object) {
            let (now, _) = migrated(config.clone());
            assert_eq!(meaning(&now), meaning(&config), "{config} {now}");
            assert_eq!(migrated(now.clone()), (now, vec![false; 3]), "{config}");
        }
    }

    #[test]
    fn what_is_of_before_is_written_as_today() {
        let (now, changed) = migrated(json!({
            "client_id": "old", "client_secret": "hush", "refresh_token": "old token", "start_date": "2026-11-01",
            "credentials": {"refresh_token": "new token"}, "num_threads": 3, "num_workers": 7, "of tomorrow": [1],
            "custom_reports": [{"name": "mine", "level": "CAMPAIGN", "granularity": "DAY", "columns": ["CTR"],
                "view_window_days": [30], "click_window_days": 7}],
        }));
        assert_eq!(
            now.to_string(),
            json!({
                "start_date": "2026-11-01",
                "credentials": {"refresh_token": "new token", "auth_method": "oauth2.0", "client_id": "old",
                    "client_secret": "hush"},
                "num_threads": 7, "of tomorrow": [1],
                "custom_reports": [{"name": "mine", "level": "CAMPAIGN", "granularity": "DAY", "columns": ["CTR"],
                    "view_window_days": 30, "click_window_days": 7}],
            })
            .to_string()
        );
        assert_eq!(changed, [true; 3]);
    }

    #[test]
    fn what_is_of_today_or_refused_is_not_touched() {
        for config in [
            json!({}),
            json!({"credentials": {"client_id": "1"}, "num_threads": 3, "client_id": null, "num_workers": null}),
            json!({"client_id": "1", "client_secret": 5}),
            json!({"client_id": "1", "credentials": "token"}),
            json!({"num_workers": 41}),
            json!({"num_workers": 5, "num_threads": "x"}),
            json!({"num_workers": 5, "client_id": "1", "custom_reports": [{"click_window_days": [30]}]}),
        ] {
            assert_eq!(migrated(config.clone()), (config, vec![false; 3]));
        }
    }
}
