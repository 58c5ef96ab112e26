//! Projects: what a user groups repositories by, and who owns them.

use super::{
    finding::SeverityCounts,
    ids::{ProjectId, UserId},
    scan::ScanStatus,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A group of repositories with one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Identity.
    pub id: ProjectId,
    /// Name, 1–200 characters.
    pub name: String,
    /// Free text, possibly empty.
    pub description: String,
    /// The owner.
    pub owner_user_id: UserId,
    /// Set once deletion was asked for: the project is gone for its owner while a job clears up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a project's view adds: counts over all its repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectRollup {
    /// Number of repositories.
    pub repository_count: u64,
    /// Scans by status.
    pub scan_counts: BTreeMap<ScanStatus, u64>,
    /// Open findings by severity (leads not counted).
    pub finding_counts: SeverityCounts,
    /// When the newest scan was created.
    pub last_scan_at: Option<Timestamp>,
}
