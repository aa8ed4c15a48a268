//! The origin of a service (scheme, host, port), and the rule that plain http stays on this machine.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// An `https` origin, or an `http` one on loopback, e.g. `https://graph.microsoft.com`. Never has a path, user or query.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    url: Url,
}

/// Why a text is not an origin we talk to. Usually a typing mistake in a flag or an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// The text is not `https://host[:port]` or `host[:port]`.
    #[error("`{text}` is not an origin: write https://host[:port] or host[:port]")]
    Form {
        /// The text as given, without a user or password.
        text: String,
    },
    /// The scheme is plain http and the host is another machine: tokens would travel readable by everyone on the way.
    #[error("`{text}` is plain http to another machine: use https (http is accepted for loopback hosts only)")]
    PlainHttp {
        /// The origin as given.
        text: String,
    },
}

impl Origin {
    /// Returns the origin that `text` names: `https://host[:port]`, `host[:port]` (which means https), or
    /// `http://host[:port]` for a loopback host. One trailing `/` is forgiven, as login endpoints are often written so.
    ///
    /// # Errors
    /// [`OriginError::Form`] for anything with a path, user, query or unknown scheme; [`OriginError::PlainHttp`] for http
    /// to a host that is not loopback.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let text = text.trim();
        // What stands before an `@` may be a password, which no message may repeat.
        let shown = text.rsplit_once('@').map_or(text, |(_, host)| host).to_owned();
        let form = || OriginError::Form { text: shown.clone() };
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&full).map_err(|_| form())?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        if !bare || url.host_str().is_none_or(str::is_empty) {
            return Err(form());
        }
        match url.scheme() {
            "https" => Ok(Self { url }),
            "http" if is_loopback(&url) => Ok(Self { url }),
            "http" => Err(OriginError::PlainHttp { text: shown }),
            _ => Err(form()),
        }
    }

    /// Returns an origin that is known to be good at compile time.
    pub(super) fn known(host: &'static str) -> Self {
        Self::parse(host).unwrap_or_else(|error| unreachable!("built-in host: {error}"))
    }

    /// Returns the origin of `url` with the same rule as [`Origin::parse`]; path and query are dropped.
    pub(super) fn of(url: &Url) -> Result<Self, OriginError> {
        Self::parse(&url.origin().ascii_serialization())
    }

    /// Tells whether the scheme is http, which implies loopback.
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// Tells whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Tells whether `url` has this scheme, host and port, and no user.
    pub(super) fn owns(&self, url: &Url) -> bool {
        url.origin() == self.url.origin() && url.username().is_empty() && url.password().is_none()
    }

    /// Returns the address of `path_and_query`, which begins with `/`, at this origin; `None` when the result would lie
    /// elsewhere, or its path would be changed by dot segments.
    pub(super) fn at(&self, path_and_query: &str) -> Option<Url> {
        let path = path_and_query.split(['?', '#']).next().unwrap_or_default();
        let dotted = path.split('/').any(|segment| {
            let plain = segment.to_ascii_lowercase().replace("%2e", ".");
            plain == "." || plain == ".."
        });
        if dotted || !path.starts_with('/') || path.starts_with("//") || path.contains('\\') {
            return None;
        }
        let url = Url::parse(&format!("{self}{path_and_query}")).ok()?;
        self.owns(&url).then_some(url)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url.origin().ascii_serialization())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}

/// Tells whether the host of `url` is `localhost` or a loopback address.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare.ends_with(".localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| match ip {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        for (text, want) in [
            ("https://graph.microsoft.com", "https://graph.microsoft.com"),
            ("https://graph.microsoft.com/", "https://graph.microsoft.com"),
            ("graph.microsoft.com", "https://graph.microsoft.com"),
            ("https://Graph.Microsoft.com:443", "https://graph.microsoft.com"),
            ("localhost:8443", "https://localhost:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(Origin::parse(text).map(|o| o.to_string()), Ok(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_plain_http_elsewhere() {
        for text in ["http://graph.microsoft.com", "http://10.0.0.1", "http://127.0.0.1.evil.example", "http://[::2]"] {
            assert!(matches!(Origin::parse(text), Err(OriginError::PlainHttp { .. })), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_origin_and_hides_passwords() {
        for text in ["", "https://", "https://a/b", "https://a?x=1", "ftp://a", "file:///etc/passwd", "https://a#f"] {
            assert!(matches!(Origin::parse(text), Err(OriginError::Form { .. })), "{text}");
        }
        let error = Origin::parse("https://me:hunter2@host").expect_err("a password is no origin");
        assert!(!format!("{error}{error:?}").contains("hunter2"));
    }

    #[test]
    fn a_path_cannot_leave_its_origin() {
        let arm = Origin::parse("https://management.azure.com").expect("good");
        assert!(arm.at("/subscriptions?api-version=1").is_some());
        for path in [".evil.example/", "@evil.example/", "//evil.example/", "/a/../b", "/a/%2E%2e/b", "/\\evil"] {
            assert_eq!(arm.at(path), None, "{path}");
        }
        assert!(arm.owns(&Url::parse("https://management.azure.com:443/x").expect("good")));
        assert!(!arm.owns(&Url::parse("http://management.azure.com/x").expect("good")));
        assert!(!arm.owns(&Url::parse("https://u@management.azure.com/x").expect("good")));
    }
}
