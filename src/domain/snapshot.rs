//! Snapshots: immutable copies of a repository's source.

use super::{
    ids::{RepositoryId, SnapshotId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An immutable copy of a source tree, stored as one zip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Identity.
    pub id: SnapshotId,
    /// The repository it is of.
    pub repository_id: RepositoryId,
    /// Where the zip lies in the object store (`snapshots/<repository>/<tree_sha256>.zip`).
    pub storage_key: String,
    /// SHA-256 (hex) of the sorted manifest (path, mode, size, content hash): the same tree has
    /// the same hash whatever it was packed with.
    pub tree_sha256: String,
    /// SHA-256 (hex) of the stored zip.
    pub archive_sha256: String,
    /// Sum of the files' sizes in bytes.
    pub size_bytes: u64,
    /// Number of files.
    pub file_count: u64,
    /// Bytes of source per language.
    pub languages: BTreeMap<String, u64>,
    /// The commit, for git sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Where it came from, in words (`requests-2.32.0.tar.gz`, `main@1a2b3c4`).
    pub source_label: String,
    /// When it was taken.
    pub created_at: Timestamp,
}
