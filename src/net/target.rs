//! Where a user asks requests to be sent: what such a URL may look like, judged before any look-up.
//!
//! Only the form the parser normalised is used, so that what was judged is what is connected to
//! (`127.1`, `0x7f000001` and `2130706433` have become `127.0.0.1` by then). A name is judged by
//! [`super::egress`] at every connection; here it is only read.

use super::egress;
use std::net::IpAddr;
use url::{Host, Url};

/// Longest URL, in bytes.
pub const MAX_URL: usize = 2048;

/// A URL that passed.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// The normalised URL.
    pub url: Url,
    /// Host name, or address without brackets.
    pub host: String,
    /// Port, the scheme's own when the URL names none.
    pub port: u16,
}

impl std::fmt::Debug for Target {
    // Path and query may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({}:{})", self.host, self.port)
    }
}

/// Judges a URL. `exceptions` as for [`egress::judge`]; they may also be reached without TLS.
///
/// # Errors
/// A sentence for who gave it, to stand after the field's name.
pub fn parse(text: &str, exceptions: &[String]) -> Result<Target, &'static str> {
    if text.is_empty() || text.len() > MAX_URL {
        return Err("must be an https URL of at most 2048 characters");
    }
    // The parser would drop or turn these around silently.
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return Err("must not contain spaces, control characters or backslashes");
    }
    let lower = text.to_ascii_lowercase();
    if !lower.starts_with("https://") && !lower.starts_with("http://") {
        return Err("must start with https://");
    }
    let mut url = Url::parse(text).map_err(|_| "is not a valid URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password");
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    // `host.` and `host` are the same name; the pinned address has to match the one form left.
    if let Some(name) = url.host_str().and_then(|host| host.strip_suffix('.')) {
        let name = name.to_owned();
        if name.is_empty() || name.ends_with('.') || url.set_host(Some(&name)).is_err() {
            return Err("has a host name that is not valid");
        }
    }
    let (host, address) = match url.host() {
        Some(Host::Domain(name)) => (name.to_owned(), None),
        Some(Host::Ipv4(address)) => (address.to_string(), Some(IpAddr::from(address))),
        Some(Host::Ipv6(address)) => (address.to_string(), Some(IpAddr::from(address))),
        None => return Err("has no host"),
    };
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    if host.starts_with('-') || host.len() > 253 || !host.bytes().all(plain) {
        return Err("has a host name that is not valid");
    }
    let port = url.port_or_known_default().filter(|port| *port != 0);
    let port = port.ok_or("has a port that nothing listens on")?;
    if !egress::is_exception(&host, port, exceptions) {
        if url.scheme() != "https" {
            return Err("must start with https://");
        }
        let is_local = match address {
            Some(address) => !egress::is_public(address),
            None => is_local_name(&host),
        };
        if is_local {
            return Err("must lead to a host on the public internet");
        }
    }
    Ok(Target { url, host, port })
}

/// Names that never belong to the public internet (RFC 6761, RFC 6762, RFC 8375, RFC 9476), and
/// those of one label, which only search lists of the own network complete.
fn is_local_name(host: &str) -> bool {
    const LOCAL: &[&str] = &[
        "localhost",
        "local",
        "internal",
        "home.arpa",
        "localdomain",
        "lan",
        "intranet",
        "corp",
        "home",
        "alt",
        "test",
        "invalid",
        "onion",
    ];
    let host = host.to_ascii_lowercase();
    let within = |name: &str| {
        host.strip_suffix(name)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    !host.contains('.') || LOCAL.iter().any(|name| within(name))
}

#[cfg(test)]
mod tests;
