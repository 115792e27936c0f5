//! What the config says of Pinterest's rate limits: the access of the app, and allowances of its own.

use std::time::Duration;

use pinterest_client::{Access, Category, Limit, Limits};
use serde::{Deserialize, Deserializer};
use serde_json::Number;

use super::value::{Choice, Object};

/// What Pinterest has granted the app.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccessTier {
    Standard,
    Trial,
}

pub(super) fn access<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Access, D::Error> {
    Ok(match Option::<Choice<AccessTier>>::deserialize(deserializer)? {
        Some(Choice(AccessTier::Trial)) => Access::Trial,
        Some(Choice(AccessTier::Standard)) | None => Access::Standard,
    })
}

/// Allowances in the place of those that Pinterest documents: requests a minute for a category, and a second for all.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RateLimits {
    #[serde(deserialize_with = "requests")]
    ads_analytics: Option<u32>,
    #[serde(deserialize_with = "requests")]
    ads_read: Option<u32>,
    #[serde(deserialize_with = "requests")]
    catalogs_read: Option<u32>,
    #[serde(deserialize_with = "requests")]
    org_analytics: Option<u32>,
    #[serde(deserialize_with = "requests")]
    org_read: Option<u32>,
    #[serde(deserialize_with = "requests")]
    all_per_second: Option<u32>,
}

impl RateLimits {
    /// The limits of this access, with these in the place of some.
    pub(super) fn on(self, access: Access) -> Limits {
        let of_categories = [
            (Category::AdsAnalytics, self.ads_analytics),
            (Category::AdsRead, self.ads_read),
            (Category::CatalogsRead, self.catalogs_read),
            (Category::OrgAnalytics, self.org_analytics),
            (Category::OrgRead, self.org_read),
        ];
        let a_minute = Duration::from_secs(60);
        let limits =
            of_categories.into_iter().fold(
                Limits::of(access),
                |limits, (category, requests)| match requests {
                    Some(requests) => limits.category(category, Limit::new(requests, a_minute)),
                    None => limits,
                },
            );
        match self.all_per_second {
            Some(requests) => limits.overall(Limit::new(requests, Duration::from_secs(1))),
            None => limits,
        }
    }
}

pub(super) fn rate_limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RateLimits, D::Error> {
    Ok(Option::<Object<RateLimits>>::deserialize(deserializer)?
        .map(|Object(limits)| limits)
        .unwrap_or_default())
}

/// A whole number from 1 to a million, also written as 3.0; `None` for null.
fn requests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else { return Ok(None) };
    let whole = number.as_f64().filter(|value| value.fract() == 0.0 && (1.0..=1e6).contains(value));
    match whole {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole, and from 1 to a million"
        )]
        Some(whole) => Ok(Some(whole as u32)),
        None => {
            Err(serde::de::Error::custom(format_args!("{number} is not a whole number from 1 to 1000000")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn limits(tier: Value, own: Value) -> Result<Limits, String> {
        let access = access(tier).map_err(|error| error.to_string())?;
        rate_limits(own).map(|own| own.on(access)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_set_is_what_pinterest_documents() {
        for (tier, access) in [
            (json!(null), Access::Standard),
            (json!("standard"), Access::Standard),
            (json!("trial"), Access::Trial),
        ] {
            for own in [json!(null), json!({}), json!({"ads_read": null})] {
                assert_eq!(limits(tier.clone(), own).unwrap(), Limits::of(access));
            }
        }
    }

    #[test]
    fn own_allowances_take_the_place_of_documented_ones() {
        let own = limits(json!(null), json!({"ads_read": 5000, "all_per_second": 200.0})).unwrap();
        assert_eq!(own.category_limit(Category::AdsRead), Some(Limit::new(5000, Duration::from_secs(60))));
        assert_eq!(
            own.category_limit(Category::AdsAnalytics),
            Limits::default().category_limit(Category::AdsAnalytics)
        );
        assert_eq!(own.overall_limits(), [Limit::new(200, Duration::from_secs(1))]);
    }

    #[test]
    fn what_is_no_allowance_is_refused() {
        for (own, expected) in [
            (json!({"ads_read": 0}), "0 is not a whole number from 1 to 1000000"),
            (json!({"ads_read": 1.5}), "1.5 is not a whole number"),
            (json!({"org_read": 1_000_001}), "1000001 is not a whole number"),
            (json!({"org_read": "7"}), "expected a JSON number"),
            (json!([7]), "expected an object"),
        ] {
            let error = limits(json!(null), own).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(limits(json!("Trial"), json!({})).unwrap_err().contains("expected `standard` or `trial`"));
    }
}
