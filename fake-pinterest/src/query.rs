//! The query string of a request, and the checks of its values.

use url::form_urlencoded;

use crate::answer::ApiError;

/// At most this many ids in one filter (OpenAPI: `maxItems`).
const MOST_IDS: usize = 250;
/// An id in a query or path has at most this many digits (OpenAPI: `maxLength`).
const MOST_DIGITS: usize = 18;
/// The kinds of pins (OpenAPI: `CreativeType`).
const CREATIVE_TYPES: &[&str] = &[
    "REGULAR",
    "VIDEO",
    "SHOPPING",
    "CAROUSEL",
    "MAX_VIDEO",
    "SHOP_THE_PIN",
    "COLLECTION",
    "IDEA",
    "SHOWCASE",
    "QUIZ",
    "COLLAGE",
    "MAX_WIDTH_REGULAR_COLLECTION",
    "MAX_WIDTH_VIDEO_COLLECTION",
];
const STATUSES: &[&str] = &["ACTIVE", "PAUSED", "ARCHIVED", "DRAFT", "DELETED_DRAFT"];
/// What the API answers when `entity_statuses` is not sent.
pub(crate) const DEFAULT_STATUSES: &[&str] = &["ACTIVE", "PAUSED"];

/// The decoded parameters, in the order they were sent.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(raw: &str) -> Self {
        Self(form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of a list parameter, sent either repeatedly or joined by commas.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&str>> {
        let values: Vec<&str> =
            self.0.iter().filter(|(key, _)| key == name).flat_map(|(_, value)| value.split(',')).collect();
        (!values.is_empty()).then_some(values)
    }

    pub(crate) fn page_size(&self) -> Result<usize, ApiError> {
        let Some(value) = self.get("page_size") else { return Ok(25) };
        let size: usize = value.parse().map_err(|_| {
            ApiError::bad_request(format!("Parameter 'page_size' was not numeric (was {value})"))
        })?;
        if (1..=250).contains(&size) {
            Ok(size)
        } else {
            Err(ApiError::bad_request(format!("'page_size' must be between 1 and 250 (was {size})")))
        }
    }

    /// The statuses in a parameter of this name, or those the API takes when it is not sent.
    pub(crate) fn statuses(&self, name: &str) -> Result<Vec<&str>, ApiError> {
        let Some(statuses) = self.list(name) else { return Ok(DEFAULT_STATUSES.to_vec()) };
        match statuses.iter().find(|status| !STATUSES.contains(status)) {
            Some(status) => Err(ApiError::bad_request(format!("'{name}' does not know '{status}'"))),
            None => Ok(statuses),
        }
    }

    pub(crate) fn creative_types(&self) -> Result<Option<Vec<&str>>, ApiError> {
        let Some(types) = self.list("creative_types") else { return Ok(None) };
        match types.iter().find(|kind| !CREATIVE_TYPES.contains(kind)) {
            Some(kind) => Err(ApiError::bad_request(format!("'creative_types' does not know '{kind}'"))),
            None => Ok(Some(types)),
        }
    }

    pub(crate) fn ids(&self, name: &str) -> Result<Option<Vec<&str>>, ApiError> {
        let Some(ids) = self.list(name) else { return Ok(None) };
        if ids.len() > MOST_IDS {
            return Err(ApiError::bad_request(format!(
                "'{name}' holds {} ids, at most 250 are allowed",
                ids.len()
            )));
        }
        ids.iter().try_for_each(|id| check_id(name, id))?;
        Ok(Some(ids))
    }

    pub(crate) fn is_descending(&self) -> Result<bool, ApiError> {
        match self.get("order") {
            None | Some("ASCENDING") => Ok(false),
            Some("DESCENDING") => Ok(true),
            Some(other) => Err(ApiError::bad_request(format!("'order' does not know '{other}'"))),
        }
    }
}

/// Whether a value passes a filter that was perhaps not sent.
pub(crate) fn is_wanted(wanted: &Option<Vec<&str>>, value: Option<&str>) -> bool {
    wanted.as_ref().is_none_or(|wanted| value.is_some_and(|value| wanted.contains(&value)))
}

/// Refuses what is not an id: digits only, at most 18 of them.
pub(crate) fn check_id(name: &str, id: &str) -> Result<(), ApiError> {
    if !id.is_empty() && id.len() <= MOST_DIGITS && id.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(ApiError::bad_request(format!("'{name}' value '{id}' must match the pattern: ^\\d+$")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_list_that_is_repeated_or_joined() {
        let wanted = Some(vec!["1", "2", "3"]);
        assert_eq!(Query::parse("ad_ids=1,2,3").ids("ad_ids").unwrap(), wanted);
        assert_eq!(Query::parse("ad_ids=1%2C2&ad_ids=3").ids("ad_ids").unwrap(), wanted);
        assert_eq!(Query::parse("").ids("ad_ids").unwrap(), None);
    }

    #[test]
    fn refuses_values_outside_their_range() {
        for raw in ["page_size=0", "page_size=251", "page_size=3e"] {
            assert_eq!(Query::parse(raw).page_size().unwrap_err().status, 400, "{raw}");
        }
        assert!(Query::parse("entity_statuses=ACTIVE,SLEEPING").statuses("entity_statuses").is_err());
        assert!(Query::parse("ad_ids=12a").ids("ad_ids").is_err());
        assert!(Query::parse("ad_ids=1234567890123456789").ids("ad_ids").is_err());
        assert!(Query::parse("creative_types=VIDEO,GIF").creative_types().is_err());
        assert!(Query::parse("order=UP").is_descending().is_err());
    }
}
