//! Getting source trees in: archives, git, bounded walks, snapshots.
//!
//! Everything read here was written by a stranger. Invariants: nothing outside a private staging
//! folder is touched before every check has passed; a rejected, cancelled or failed run leaves no
//! file behind; no symbolic link is ever created or followed; sizes are counted from the bytes that
//! come out, never believed. The rules and their reasons: `docs/design/ingest.md`.
//! This module returns files on disk. It knows nothing of repositories, jobs, stores or objects.
//! All functions block: call them in `spawn_blocking`.

pub mod archive;
pub mod git;
pub mod language;
mod paths;
pub mod rejection;
pub mod snapshot;
mod staging;
pub mod walk;

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};
use tokio_util::sync::CancellationToken;

pub use archive::ArchiveFormat;
pub use git::{GitCheckout, GitSettings, GitSource};
pub use rejection::Reason;
pub use walk::{SkippedEntry, SourceWalk, WalkEntry};

/// How much source may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceLimits {
    /// Bytes of an archive before extraction, and of what a git fetch may transfer.
    pub max_source_bytes: u64,
    /// Entries of a source: files, links and directories.
    pub max_entries: u64,
    /// Bytes of a single file after extraction.
    pub max_file_bytes: u64,
    /// Bytes of all files together after extraction.
    pub max_total_bytes: u64,
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self {
            max_source_bytes: 2_147_483_648,
            max_entries: 50_000,
            max_file_bytes: 104_857_600,
            max_total_bytes: 5_368_709_120,
        }
    }
}

/// What kind of file an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileMode {
    /// A plain file.
    Regular,
    /// A plain file with the owner's execute bit.
    Executable,
    /// A symbolic link of the source, kept as a plain file that holds the link's target.
    Symlink,
}

/// One file of a source tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// Path relative to the root: plain segments separated by `/`.
    pub path: String,
    /// What kind of file it is.
    pub mode: FileMode,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content, lower-case hex.
    pub sha256: String,
}

/// A source tree on disk that passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTree {
    /// The folder that holds the files.
    pub root: PathBuf,
    /// Every file, sorted by path (byte order).
    pub entries: Vec<ManifestEntry>,
}

impl SourceTree {
    /// Sum of the files' sizes in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}

/// What is known of a snapshot once it is packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedSnapshot {
    /// SHA-256 (hex) of the sorted manifest: the same tree has the same hash however it came in.
    pub tree_sha256: String,
    /// SHA-256 (hex) of the zip.
    pub archive_sha256: String,
    /// Sum of the files' sizes in bytes, unpacked.
    pub size_bytes: u64,
    /// Number of files.
    pub file_count: u64,
    /// Bytes of source per language.
    pub languages: BTreeMap<String, u64>,
}

/// Fails with `conflict` (`details.reason` = `cancelled`) once `cancel` is cancelled.
pub(crate) fn check_cancelled(cancel: &CancellationToken) -> Result<()> {
    if cancel.is_cancelled() {
        Err(Error::conflict("The operation was cancelled.").with_detail("reason", "cancelled"))
    } else {
        Ok(())
    }
}
