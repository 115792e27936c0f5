//! Where the API is.

use std::fmt;

use url::{Host, Url};

use crate::error::{Error, Result};

/// Pinterest's production API.
const PRODUCTION: &str = "https://api.pinterest.com/v5";

/// The address below which all paths are. Held without a trailing slash.
#[derive(Clone)]
pub(crate) struct BaseUrl {
    url: Url,
    loopback: bool,
}

impl BaseUrl {
    pub(crate) fn production() -> Result<Self> {
        Self::parse(PRODUCTION)
    }

    /// # Errors
    /// Not a URL; not https (but for this machine itself); or with a user, a query or a fragment.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let refuse = |why: &str| Err(Error::Build(format!("the base URL {why}")));
        let mut url = match Url::parse(text.trim()) {
            Ok(url) => url,
            Err(error) => return refuse(&format!("cannot be read: {error}")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("must not carry a user name or a password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("must not carry a query or a fragment");
        }
        let loopback = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => return refuse("must begin with https:// (http:// is for loopback hosts only)"),
        }
        // Always possible for http and https.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
        }
        Ok(Self { url, loopback })
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The URL of a path, given as decoded segments, with a query that is encoded already.
    pub(crate) fn join(&self, segments: &[&str], query: Option<&str>) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url.set_query(query);
        url
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BaseUrl").field(&self.url.as_str()).finish()
    }
}

/// Whether the address is of this machine itself.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str) -> String {
        BaseUrl::parse(base).unwrap().join(&["ad_accounts", "7"], Some("a=b")).to_string()
    }

    #[test]
    fn paths_are_below_the_base_with_or_without_a_slash_at_its_end() {
        for (base, url) in [
            ("https://api.pinterest.com/v5", "https://api.pinterest.com/v5/ad_accounts/7?a=b"),
            (
                "https://api-sandbox.pinterest.com/v5/",
                "https://api-sandbox.pinterest.com/v5/ad_accounts/7?a=b",
            ),
            (
                " https://gateway.example/pinterest/v5 ",
                "https://gateway.example/pinterest/v5/ad_accounts/7?a=b",
            ),
            ("https://gateway.example", "https://gateway.example/ad_accounts/7?a=b"),
            ("http://127.0.0.1:8080/v5", "http://127.0.0.1:8080/v5/ad_accounts/7?a=b"),
        ] {
            assert_eq!(joined(base), url);
        }
    }

    #[test]
    fn only_this_machine_is_called_without_https() {
        for base in ["http://localhost:1/v5", "http://LOCALHOST/v5", "http://127.8.9.1", "http://[::1]:9/v5"]
        {
            assert!(BaseUrl::parse(base).unwrap().is_loopback(), "{base}");
        }
        for base in [
            "http://api.pinterest.com/v5",
            "http://10.0.0.1/v5",
            "http://localhost.example/v5",
            "http://0.0.0.0/v5",
            "ftp://localhost/v5",
        ] {
            let error = BaseUrl::parse(base).unwrap_err().to_string();
            assert!(error.contains("must begin with https://"), "{base}: {error}");
        }
    }

    #[test]
    fn what_a_base_cannot_carry_is_refused_and_not_shown() {
        for base in [
            "https://name:password@api.pinterest.com/v5",
            "https://token@api.pinterest.com/v5",
            "https://api.pinterest.com/v5?key=password",
            "https://api.pinterest.com/v5#token",
            "api.pinterest.com/v5",
            "",
        ] {
            let error = BaseUrl::parse(base).unwrap_err();
            assert!(matches!(error, Error::Build(_)), "{base}");
            let text = error.to_string();
            assert!(
                !text.contains("password@") && !text.contains("token@") && !text.contains("key="),
                "{text}"
            );
        }
    }
}
