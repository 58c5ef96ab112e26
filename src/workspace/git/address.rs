//! What a git URL and a reference may look like, judged before any process or connection starts.
//!
//! URLs go to `git` only in the form the parser normalised, so that what was judged is what is
//! connected to (`127.1` and `0x7f000001` have become `127.0.0.1` by then).

use crate::error::{Error, Result};
use url::{Host, Url};

const MAX_URL: usize = 2048;
const MAX_REFERENCE: usize = 255;

/// A URL that passed.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// The normalised URL, as given to `git`.
    pub(super) url: String,
    /// Host name, or address without brackets.
    pub(super) host: String,
    /// Port, the scheme's own when the URL names none.
    pub(super) port: u16,
    /// Whether the connection is encrypted.
    pub(super) encrypted: bool,
    /// Whether the host is written as an address.
    pub(super) literal: bool,
}

/// Judges a URL; `validation_error` on `git_url`.
pub(super) fn parse_url(text: &str) -> Result<Address> {
    let refused = |message: &str| Err(Error::field("git_url", message));
    if text.is_empty() || text.len() > MAX_URL {
        return refused("must be an https URL of at most 2048 characters");
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return refused("must not contain spaces or control characters");
    }
    if text.starts_with('-') {
        return refused("must not start with `-`");
    }
    let lower = text.to_ascii_lowercase();
    if !lower.starts_with("https://") && !lower.starts_with("http://") {
        return refused(
            "must start with https:// or http:// (ssh, file and other transports are not supported)",
        );
    }
    if text.contains('\\') {
        return refused("must not contain a backslash");
    }
    let Ok(mut url) = Url::parse(text) else {
        return refused("is not a valid URL");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refused(
            "must not contain a user name, password or token; pass the token separately",
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refused("must not have a query or a fragment");
    }
    if url.path().trim_matches('/').is_empty() {
        return refused("must name a repository, not only a host");
    }
    // `host.` and `host` are the same name; the pinned address has to match the one form left.
    if let Some(name) = url.host_str().and_then(|host| host.strip_suffix('.')) {
        let name = name.to_owned();
        if name.is_empty() || name.ends_with('.') || url.set_host(Some(&name)).is_err() {
            return refused("has a host name that is not valid");
        }
    }
    let (host, literal) = match url.host() {
        Some(Host::Domain(name)) => (name.to_owned(), false),
        Some(Host::Ipv4(address)) => (address.to_string(), true),
        Some(Host::Ipv6(address)) => (address.to_string(), true),
        None => return refused("has no host"),
    };
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    if host.starts_with('-') || !host.bytes().all(plain) {
        return refused("has a host name that is not valid");
    }
    Ok(Address {
        port: url.port_or_known_default().unwrap_or(443),
        encrypted: url.scheme() == "https",
        url: url.into(),
        host,
        literal,
    })
}

/// Judges a branch, tag or commit id (the rules of `git check-ref-format`, and nothing that could
/// be read as an option or a refspec); `validation_error` on `git_ref`.
pub(super) fn check_reference(reference: &str) -> Result<()> {
    let refused = |message: &str| Err(Error::field("git_ref", message));
    if reference.is_empty() || reference.len() > MAX_REFERENCE {
        return refused("must be a branch, tag or commit id of at most 255 characters");
    }
    if reference.starts_with(['-', '+', '/']) {
        return refused("must not start with `-`, `+` or `/`");
    }
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    if reference.contains(forbidden) {
        return refused("must not contain spaces, control characters or any of ~^:?*[\\");
    }
    let malformed = reference.contains("..")
        || reference.contains("@{")
        || reference == "@"
        || reference.ends_with('.')
        || reference
            .split('/')
            .any(|part| part.is_empty() || part.starts_with('.') || part.ends_with(".lock"));
    if malformed {
        return refused("is not a valid name of a branch or tag");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
