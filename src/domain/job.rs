//! Jobs: leased, idempotent, resumable background work besides scans.

use super::{
    ids::JobId,
    lease::{Fence, Lease},
    text_enum,
    time::Timestamp,
};
use crate::error::Failure;
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a job does.
    JobKind {
        /// Bring a repository's source in and make a snapshot of it.
        Ingest = "ingest",
        /// Write a threat profile from the newest snapshot.
        GenerateThreatProfile = "generate_threat_profile",
        /// Import findings of another tool.
        Import = "import",
        /// Write an export.
        Export = "export",
        /// Delete a project and all that belongs to it.
        DeleteProject = "delete_project",
        /// Deliver a webhook.
        WebhookDelivery = "webhook_delivery",
        /// Remove what retention lets go.
        Cleanup = "cleanup",
    }
}

text_enum! {
    /// How far a job has come.
    JobStatus {
        /// Waiting for a process to take it.
        Queued = "queued",
        /// A process works on it.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// Ended without success; see `error`.
        Failed = "failed",
        /// Called off.
        Cancelled = "cancelled",
    }
}

impl JobStatus {
    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// How often a job may be started before it fails with `out_of_attempts`.
pub const MAX_JOB_ATTEMPTS: u32 = 10;

/// Leased background work on one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Identity.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// Id of what it works on (a repository for `ingest`, a project for `delete_project`, …).
    pub subject_id: String,
    /// What the job needs to know, by kind; holds object keys and labels, never secrets.
    #[serde(default)]
    pub input: serde_json::Value,
    /// How far it has come.
    pub status: JobStatus,
    /// How often it was started.
    pub attempt: u32,
    /// The newest fencing number.
    pub fencing: u64,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// 0–100.
    pub progress: u8,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Job {
    /// A job waiting to be taken.
    pub fn queued(
        id: JobId,
        kind: JobKind,
        subject_id: impl std::fmt::Display,
        input: serde_json::Value,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            kind,
            subject_id: subject_id.to_string(),
            input,
            status: JobStatus::Queued,
            attempt: 0,
            fencing: 0,
            lease: None,
            progress: 0,
            error: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether `fence` is the one this job's current holder was given.
    pub fn is_held_by(&self, fence: Fence) -> bool {
        self.status == JobStatus::Running && self.fencing == fence.number
    }
}
