//! Addresses that may be spoken to.
//!
//! **Promises.** A [`Place`] is https with a host, or `http://localhost` when both flags allow it
//! (A27, digest §2.10-19). It has no user, no password and no fragment.
//!
//! **Never** build a request from a string that is not a [`Place`].

use url::{Host, Url};

/// Whether `http://localhost` may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loopback {
    /// Only https.
    Refused,
    /// The server and the client were both told so.
    Allowed,
}

/// An address that may be spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place(Url);

impl Place {
    /// Reads an address.
    ///
    /// # Errors
    /// Why it may not be used, for developers; never quotes it.
    pub(crate) fn parse(text: &str, loopback: Loopback) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "it is not an absolute URL")?;
        match (url.scheme(), url.host()) {
            ("https", Some(_)) => {}
            ("http", Some(Host::Domain("localhost"))) if loopback == Loopback::Allowed => {}
            ("http", Some(Host::Domain("localhost"))) => {
                return Err("http://localhost was not allowed for it");
            }
            _ => return Err("it is not https"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds a user name");
        }
        if url.fragment().is_some() {
            return Err("it has a fragment");
        }
        Ok(Self(url))
    }

    /// Reads an issuer identifier, which has no query either (RFC 8414 §2).
    ///
    /// # Errors
    /// As [`Place::parse`].
    pub(crate) fn issuer(text: &str, loopback: Loopback) -> Result<Self, &'static str> {
        let place = Self::parse(text, loopback)?;
        if place.0.query().is_some() {
            return Err("it has a query");
        }
        Ok(place)
    }

    /// The same host with another path: for the well-known places of an issuer.
    pub(crate) fn with_path(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(path);
        Self(url)
    }

    /// The path.
    pub(crate) fn path(&self) -> &str {
        self.0.path()
    }

    /// The whole address.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// True for `http://localhost`.
    pub(crate) fn is_loopback_http(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// True if scheme, host and port are the same.
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a27_only_https_and_only_with_both_flags_http_localhost() {
        for (text, refused, allowed) in [
            ("https://as.example", true, true),
            ("https://as.example:8443/tenant", true, true),
            ("http://localhost:4000", false, true),
            ("http://LOCALHOST:4000/x", false, true),
            ("http://127.0.0.1:4000", false, false),
            ("http://[::1]:4000", false, false),
            ("http://localhost.evil.example", false, false),
            ("http://localhost@evil.example", false, false),
            ("http://as.example", false, false),
            ("https://sam@as.example", false, false),
            ("https://:x@as.example", false, false),
            ("https://as.example/#x", false, false),
            ("ftp://localhost", false, false),
            ("file:///etc/passwd", false, false),
            ("as.example", false, false),
            ("/ace", false, false),
            ("", false, false),
        ] {
            assert_eq!(Place::parse(text, Loopback::Refused).is_ok(), refused, "{text}");
            assert_eq!(Place::parse(text, Loopback::Allowed).is_ok(), allowed, "{text}, allowed");
        }
    }

    #[test]
    fn a1_an_issuer_has_no_query() {
        assert!(Place::issuer("https://as.example/t", Loopback::Refused).is_ok());
        assert!(Place::issuer("https://as.example/t?x=1", Loopback::Refused).is_err());
        assert!(Place::parse("https://as.example/ace?x=1", Loopback::Refused).is_ok());
    }
}
