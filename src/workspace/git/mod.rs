//! Git sources, through the real `git` program in a clean environment.

use super::{SourceLimits, SourceTree};
use crate::error::{Error, ErrorCode, Result};
use std::{fmt, path::Path, time::Duration};
use tokio_util::sync::CancellationToken;

/// What to fetch.
#[derive(Clone)]
pub struct GitSource {
    /// An `https` or `http` URL without user name and password.
    pub url: String,
    /// A branch, tag or full commit id; the remote's default branch when absent.
    pub reference: Option<String>,
    /// A token for private repositories. Never logged, never in an argument.
    pub token: Option<String>,
}

impl fmt::Debug for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSource")
            .field("url", &self.url)
            .field("reference", &self.reference)
            .field("token", &self.token.as_ref().map(|_| "[redacted]"))
            .finish()
    }
}

/// How git sources are fetched.
#[derive(Debug, Clone)]
pub struct GitSettings {
    /// Hosts (`host` or `host:port`) that may resolve to private addresses.
    pub allow_private_hosts: Vec<String>,
    /// How long a fetch may take.
    pub timeout: Duration,
    /// How much may come in.
    pub limits: SourceLimits,
}

/// A fetched commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitCheckout {
    /// The commit's files.
    pub tree: SourceTree,
    /// The full commit id, lower-case hex.
    pub commit: String,
    /// What was fetched: the given reference, or the name of the default branch.
    pub reference: String,
}

/// Checks URL and reference without touching the network.
///
/// # Errors
/// `validation_error` on field `git_url` or `git_ref`.
pub fn validate(url: &str, reference: Option<&str>) -> Result<()> {
    let _ = (url, reference);
    Err(Error::of(ErrorCode::InternalError))
}

/// Fetches one commit and writes its files to `dest`, which must not exist yet.
///
/// # Errors
/// `ingest_failed` with `details.reason`; `validation_error` as in [`validate`]; `conflict` with
/// `details.reason` = `cancelled`; `dependency_unavailable` when the disk is full or `git` is
/// missing. Nothing is left behind in any of these cases.
pub fn fetch(
    source: &GitSource,
    dest: &Path,
    settings: &GitSettings,
    cancel: &CancellationToken,
) -> Result<GitCheckout> {
    let _ = (source, dest, settings, cancel);
    Err(Error::of(ErrorCode::InternalError))
}
