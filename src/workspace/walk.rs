//! A bounded walk over a local directory nobody vouches for.

use super::SourceLimits;
use crate::error::{Error, ErrorCode, Result};
use std::path::Path;

/// A file found by a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEntry {
    /// Path relative to the root, separated by `/`; bytes that are not UTF-8 percent-encoded.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Whether the owner may execute it.
    pub executable: bool,
}

/// Something a walk passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedEntry {
    /// Path relative to the root.
    pub path: String,
    /// Why: `symlink`, `special_file`, `vcs_metadata`, `too_large`, `unreadable`, `ignored`.
    pub reason: &'static str,
}

/// The result of a walk, both lists sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceWalk {
    /// The files.
    pub entries: Vec<WalkEntry>,
    /// What was passed over.
    pub skipped: Vec<SkippedEntry>,
}

/// Whether `.gitignore` files of the tree are honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IgnoreFiles {
    /// Nothing in the tree decides what is scanned.
    #[default]
    Disregard,
    /// Files that `.gitignore` excludes are skipped.
    HonourGitignore,
}

/// Walks `root` without following links, disregarding the tree's ignore files.
///
/// # Errors
/// `payload_too_large` above `max_entries` or `max_total_bytes`; `validation_error` on `source`
/// when `root` is not a readable directory.
pub fn walk(root: &Path, limits: &SourceLimits) -> Result<SourceWalk> {
    walk_with(root, limits, IgnoreFiles::Disregard)
}

/// As [`walk`], with a say in whether `.gitignore` files count.
///
/// # Errors
/// As [`walk`].
pub fn walk_with(root: &Path, limits: &SourceLimits, ignore: IgnoreFiles) -> Result<SourceWalk> {
    let _ = (root, limits, ignore);
    Err(Error::of(ErrorCode::InternalError))
}
