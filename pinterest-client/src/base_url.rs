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

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}
