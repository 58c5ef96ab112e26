//! Repositories: where source comes from and whether it is ready to be scanned.

use super::{
    ids::{ProjectId, RepositoryId, SnapshotId},
    text_enum,
    time::Timestamp,
};
use crate::error::Failure;
use serde::{Deserialize, Serialize};

text_enum! {
    /// How source gets in.
    SourceType {
        /// Cloned from a git URL.
        Git = "git",
        /// Uploaded as an archive.
        Archive = "archive",
        /// Pushed with git to a temporary remote.
        GitPush = "git_push",
    }
}

text_enum! {
    /// How far the newest source has come (documented names).
    IngestStatus {
        /// Nothing brought in yet.
        Pending = "pending",
        /// A job is bringing source in.
        Ingesting = "ingesting",
        /// A snapshot exists and can be scanned.
        Ready = "ready",
        /// The last attempt failed; see `ingest_error`.
        Failed = "failed",
    }
}

/// A secret (git token, webhook secret) as stored: sealed with the key named by `key_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// Which key sealed it, so that keys can be rotated.
    pub key_id: String,
    /// Nonce and ciphertext, base64.
    pub ciphertext: String,
}

/// A source of code inside a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// Identity.
    pub id: RepositoryId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Name, 1–200 characters.
    pub name: String,
    /// How source gets in.
    pub source_type: SourceType,
    /// For `git`: where to clone from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_url: Option<String>,
    /// For `git`: branch, tag or commit; the remote's default branch when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// For `git`: the access token, sealed; never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_token: Option<SealedSecret>,
    /// How far the newest source has come.
    pub ingest_status: IngestStatus,
    /// Why the last ingest failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest_error: Option<Failure>,
    /// The newest snapshot; stays while a later ingest runs or fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_snapshot_id: Option<SnapshotId>,
    /// Patterns a scan uses when it names none.
    #[serde(default)]
    pub default_paths: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Repository {
    /// Whether a scan can start: there is a snapshot and no ingest is replacing it.
    pub fn is_ready(&self) -> bool {
        self.ingest_status == IngestStatus::Ready
    }
}
