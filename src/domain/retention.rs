//! How long things are kept, and what is let go.

use super::{ids::ScanId, snapshot::Snapshot};
use std::time::Duration;

/// How long things are kept; none: for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Files of a scan after its end. Findings and events stay.
    pub artifacts: Option<Duration>,
    /// Snapshots that nobody needs: not a repository's newest, not of its newest completed scan,
    /// and of no scan that has not ended.
    pub snapshots: Option<Duration>,
    /// Sign-in sessions after their end.
    pub sessions: Option<Duration>,
    /// Jobs after their end.
    pub jobs: Option<Duration>,
    /// Temporary git remotes after they expired; what was pushed goes sooner.
    pub git_uploads: Option<Duration>,
    /// Deliveries of webhooks after their end.
    pub deliveries: Option<Duration>,
}

/// Whether something is removed or only told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMode {
    /// Tell what would be done.
    DryRun,
    /// Do it.
    Apply,
}

impl RunMode {
    /// From the flag of commands and requests.
    pub fn from_dry_run(dry_run: bool) -> Self {
        if dry_run { Self::DryRun } else { Self::Apply }
    }
}

/// Records that were (or would be) let go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LetGo {
    /// Scans whose files are no longer kept.
    pub artifacts: Vec<ScanId>,
    /// Snapshots.
    pub snapshots: Vec<Snapshot>,
    /// Sign-in sessions.
    pub sessions: u64,
    /// Jobs.
    pub jobs: u64,
    /// Temporary git remotes.
    pub git_uploads: u64,
    /// Deliveries of webhooks.
    pub deliveries: u64,
    /// Expired idempotency keys.
    pub keys: u64,
}
