//! The values of a request: those in its path and those in its query.

use url::form_urlencoded::byte_serialize;

use crate::endpoint::{Endpoint, Paging};
use crate::error::{Error, Result};

/// The values of a request.
///
/// ```
/// use pinterest_client::Args;
///
/// let args = Args::new()
///     .path("ad_account_id", "549755885175")
///     .query("entity_statuses", "ACTIVE,PAUSED");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
}

impl Args {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of `{name}` in the endpoint's path. It is percent-encoded, so it always stays within
    /// its segment.
    #[must_use]
    pub fn path(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        set(&mut self.path, name.into(), value.to_string());
        self
    }

    /// Sets a query parameter, which every page of a listing is asked with. A comma stays as it is, because
    /// the API reads `A,B` as a list; everything else that needs it is encoded.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        set(&mut self.query, name.into(), value.to_string());
        self
    }

    /// The decoded segments of the path.
    ///
    /// # Errors
    /// A value is missing or empty, or would lead out of its segment.
    pub(crate) fn segments<'a>(&'a self, endpoint: &Endpoint) -> Result<Vec<&'a str>>
    where
        'static: 'a,
    {
        endpoint.path.split('/').map(|segment| self.segment(segment, endpoint)).collect()
    }

    fn segment<'a>(&'a self, segment: &'a str, endpoint: &Endpoint) -> Result<&'a str> {
        let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return Ok(segment);
        };
        let value = self.path.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match value {
            None | Some("") => {
                Err(Error::InvalidArgument(format!("{} needs a value for {name}", endpoint.operation)))
            }
            // A URL takes these two for steps, even when they are encoded.
            Some("." | "..") => Err(Error::InvalidArgument(format!(
                "{name} of {} cannot be a path of dots",
                endpoint.operation
            ))),
            Some(value) => Ok(value),
        }
    }

    /// The query as it is sent: the given parameters, the page size, the bookmark.
    ///
    /// # Errors
    /// The arguments hold a bookmark of their own.
    pub(crate) fn encoded_query(
        &self,
        endpoint: &Endpoint,
        bookmark: Option<&str>,
    ) -> Result<Option<String>> {
        if self.query.iter().any(|(name, _)| name == "bookmark") {
            let problem = "a bookmark belongs to the call of a page, not to the arguments";
            return Err(Error::InvalidArgument(problem.to_owned()));
        }
        let mut parts: Vec<String> =
            self.query.iter().map(|(name, value)| pair(name, &list(value))).collect();
        let sized = self.query.iter().any(|(name, _)| name == "page_size");
        if let (Paging::Bookmark { page_size: Some(size) }, false) = (endpoint.paging, sized) {
            parts.push(format!("page_size={size}"));
        }
        if let Some(bookmark) = bookmark {
            parts.push(pair("bookmark", &encode(bookmark)));
        }
        Ok((!parts.is_empty()).then(|| parts.join("&")))
    }
}

fn set(values: &mut Vec<(String, String)>, name: String, value: String) {
    match values.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => values.push((name, value)),
    }
}

fn pair(name: &str, encoded: &str) -> String {
    format!("{}={encoded}", encode(name))
}

pub(crate) fn encode(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// A percent sign of the value is encoded too, so `%2C` can only have been a comma.
fn list(value: &str) -> String {
    encode(value).replace("%2C", ",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base_url::BaseUrl;
    use crate::endpoint::{BOARD_PINS, BOARDS, USER_ACCOUNT};

    fn query(args: &Args, bookmark: Option<&str>) -> Option<String> {
        args.encoded_query(&BOARDS, bookmark).unwrap()
    }

    #[test]
    fn a_comma_separates_values_and_everything_else_is_encoded() {
        let args = Args::new().query("statuses", "ACTIVE,PAUSED").query("name", "a b&c=ü%2C");
        let sent = "statuses=ACTIVE,PAUSED&name=a+b%26c%3D%C3%BC%252C&page_size=250";
        assert_eq!(query(&args, None).unwrap(), sent);
        assert_eq!(query(&args, Some("x,y")).unwrap(), format!("{sent}&bookmark=x%2Cy"));
    }

    #[test]
    fn the_last_value_of_a_parameter_counts() {
        let args = Args::new().query("page_size", 5).query("page_size", 7);
        assert_eq!(query(&args, None).unwrap(), "page_size=7");
        assert_eq!(args.encoded_query(&USER_ACCOUNT, None).unwrap().unwrap(), "page_size=7");
        assert_eq!(Args::new().encoded_query(&USER_ACCOUNT, None).unwrap(), None);
    }

    #[test]
    fn a_bookmark_among_the_arguments_is_refused() {
        let error = Args::new().query("bookmark", "a").encoded_query(&BOARDS, None).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument(_)));
    }

    #[test]
    fn a_path_needs_each_of_its_values() {
        let refusal = |args: &Args| args.segments(&BOARD_PINS).unwrap_err().to_string();
        assert_eq!(refusal(&Args::new()), "boards/list_pins needs a value for board_id");
        assert_eq!(refusal(&Args::new().path("board_id", "")), "boards/list_pins needs a value for board_id");
        for dots in [".", ".."] {
            assert!(refusal(&Args::new().path("board_id", dots)).contains("path of dots"));
        }
    }

    proptest! {
        #[test]
        fn a_value_stays_within_its_segment(value in "\\PC{1,20}|[./%?#\\\\]{1,6}") {
            prop_assume!(value != "." && value != "..");
            let args = Args::new().path("board_id", &value);
            let url = BaseUrl::production().unwrap().join(&args.segments(&BOARD_PINS).unwrap(), None);
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 4, "{}", url);
            prop_assert_eq!((segments[0], segments[1], segments[3]), ("v5", "boards", "pins"));
            prop_assert_eq!((url.host_str(), url.query(), url.fragment()), (Some("api.pinterest.com"), None, None));
        }
    }
}
