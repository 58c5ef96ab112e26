//! Scans: their states, how they change, and what happens when their runner dies.
//!
//! [`transition`] is the only way from one status to another. Final states never change.

use super::{
    coverage::CoverageSummary,
    finding::SeverityCounts,
    ids::{ProjectId, RepositoryId, ScanId, SnapshotId, UserId},
    lease::{Fence, Lease},
    text_enum,
    time::Timestamp,
};
use crate::error::{Error, ErrorCode, Failure, Result};
use serde::{Deserialize, Serialize};

text_enum! {
    /// Where a scan stands (documented names).
    ScanStatus {
        /// Waiting to be claimed.
        Queued = "queued",
        /// A process took it and is starting a runner.
        Claimed = "claimed",
        /// A runner works on it.
        Running = "running",
        /// Done, perhaps with gaps in its coverage.
        Completed = "completed",
        /// Ended without a result; see the failure reason.
        Failed = "failed",
        /// Called off by a person.
        Cancelled = "cancelled",
    }
}

impl ScanStatus {
    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Claimed | Self::Running => false,
            Self::Completed | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// What can happen to a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanTransition {
    /// A process takes it.
    Claim,
    /// Its runner adopts it.
    Start,
    /// Its runner finished.
    Complete,
    /// It cannot go on.
    Fail,
    /// A person called it off and nothing runs any more.
    Cancel,
    /// Its owner died or handed it back.
    Requeue,
}

/// The status after `event` in `status`, or `conflict` when that cannot happen.
pub fn transition(status: ScanStatus, event: ScanTransition) -> Result<ScanStatus> {
    use ScanStatus as S;
    use ScanTransition as T;
    match (status, event) {
        (S::Queued, T::Claim) => Ok(S::Claimed),
        (S::Claimed, T::Start) => Ok(S::Running),
        (S::Running, T::Complete) => Ok(S::Completed),
        (S::Queued | S::Claimed | S::Running, T::Fail) => Ok(S::Failed),
        (S::Queued | S::Claimed | S::Running, T::Cancel) => Ok(S::Cancelled),
        (S::Claimed | S::Running, T::Requeue) => Ok(S::Queued),
        (S::Queued, T::Start | T::Complete | T::Requeue)
        | (S::Claimed, T::Claim | T::Complete)
        | (S::Running, T::Claim | T::Start)
        | (S::Completed | S::Failed | S::Cancelled, _) => Err(Error::conflict(format!(
            "A scan that is {status} cannot {}",
            match event {
                T::Claim => "be claimed",
                T::Start => "be started",
                T::Complete => "complete",
                T::Fail => "fail",
                T::Cancel => "be cancelled",
                T::Requeue => "be queued again",
            }
        ))),
    }
}

/// Per-scan limits on AI use; 0 means that only the platform's own limit holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanLimits {
    /// Requests to the provider.
    #[serde(default)]
    pub max_requests: u64,
    /// Input plus output tokens.
    #[serde(default)]
    pub max_tokens: u64,
    /// Cost in nano-USD.
    #[serde(default)]
    pub max_cost_nano_usd: u64,
}

/// What a scan has used of AI so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanUsage {
    /// Requests to the provider.
    pub requests: u64,
    /// Input tokens, cached ones included.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Cost in nano-USD.
    pub cost_nano_usd: u64,
}

/// One audit of one snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    /// Identity; sorts in queue order.
    pub id: ScanId,
    /// The repository.
    pub repository_id: RepositoryId,
    /// The project.
    pub project_id: ProjectId,
    /// What is scanned.
    pub snapshot_id: SnapshotId,
    /// Who asked for it.
    pub requested_by: UserId,
    /// gitignore-style patterns of what to look at; empty = everything.
    pub paths: Vec<String>,
    /// The auditors asked for; empty = the platform's default.
    pub auditors: Vec<String>,
    /// The model asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Limits asked for.
    #[serde(default)]
    pub limits: ScanLimits,
    /// Which scan to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_scan_id: Option<ScanId>,
    /// Where it stands.
    pub status: ScanStatus,
    /// How often it was claimed.
    pub attempt: u32,
    /// How often it was recovered after its owner died while it made progress.
    pub recoveries: u32,
    /// How many attempts died without progress.
    pub fruitless_attempts: u32,
    /// The newest fencing number.
    pub fencing: u64,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// When a person asked to call it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_requested_at: Option<Timestamp>,
    /// Who asked to call it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<UserId>,
    /// Number of the last event.
    pub last_seq: u64,
    /// Components that are finished, with their findings in the store; a recovered scan skips them.
    #[serde(default)]
    pub finished_components: Vec<String>,
    /// How many components were finished when the current attempt began.
    #[serde(default)]
    pub components_at_claim: u32,
    /// 0–100.
    pub progress: u8,
    /// The pipeline's stage (`inventory`, `plan`, `audit`, …).
    pub phase: String,
    /// What is being done, in words.
    pub message: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<Failure>,
    /// Findings seen by this scan, by severity (leads not counted).
    #[serde(default)]
    pub finding_counts: SeverityCounts,
    /// The coverage ledger in numbers.
    #[serde(default)]
    pub coverage: CoverageSummary,
    /// AI use.
    #[serde(default)]
    pub usage: ScanUsage,
    /// The attempt whose artifacts count, once the scan ended with some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts_attempt: Option<u32>,
    /// Whether these artifacts lie under their documented keys.
    #[serde(default)]
    pub artifacts_published: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was last put in the queue.
    pub queued_at: Timestamp,
    /// When it was last claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Timestamp>,
    /// When a runner first started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
}

/// What every auditor of an import is called; the tool's name follows.
pub const IMPORT_PREFIX: &str = "import:";

/// What a scan is asked to do, as far as the store must know.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields of `Scan` they become")]
pub struct ScanOrder {
    pub id: ScanId,
    pub repository_id: RepositoryId,
    pub project_id: ProjectId,
    pub snapshot_id: SnapshotId,
    pub requested_by: UserId,
    pub paths: Vec<String>,
    pub auditors: Vec<String>,
    pub model: Option<String>,
    pub limits: ScanLimits,
    pub baseline_scan_id: Option<ScanId>,
}

impl Scan {
    /// A scan waiting to be claimed.
    pub fn queued(order: ScanOrder, now: Timestamp) -> Self {
        Self {
            id: order.id,
            repository_id: order.repository_id,
            project_id: order.project_id,
            snapshot_id: order.snapshot_id,
            requested_by: order.requested_by,
            paths: order.paths,
            auditors: order.auditors,
            model: order.model,
            limits: order.limits,
            baseline_scan_id: order.baseline_scan_id,
            status: ScanStatus::Queued,
            attempt: 0,
            recoveries: 0,
            fruitless_attempts: 0,
            fencing: 0,
            lease: None,
            cancel_requested_at: None,
            cancelled_by: None,
            last_seq: 0,
            finished_components: Vec::new(),
            components_at_claim: 0,
            progress: 0,
            phase: String::new(),
            message: "waiting for a runner".into(),
            failure_reason: None,
            finding_counts: SeverityCounts::default(),
            coverage: CoverageSummary::default(),
            usage: ScanUsage::default(),
            artifacts_attempt: None,
            artifacts_published: false,
            created_at: now,
            updated_at: now,
            queued_at: now,
            claimed_at: None,
            started_at: None,
            completed_at: None,
        }
    }

    /// Whether its silence means anything for a finding of `auditors`. An import tells of its own
    /// tools only, and an audit tells nothing of what tools outside found: neither looked.
    pub fn speaks_of(&self, auditors: &[String]) -> bool {
        if self.is_import() {
            return auditors.iter().any(|name| self.auditors.contains(name));
        }
        !auditors.iter().all(|name| name.starts_with(IMPORT_PREFIX))
    }

    /// Whether it takes over another tool's results instead of auditing.
    pub fn is_import(&self) -> bool {
        self.auditors
            .iter()
            .any(|name| name.starts_with(IMPORT_PREFIX))
    }

    /// Whether `fence` is the one the current holder was given.
    pub fn is_held_by(&self, fence: Fence) -> bool {
        matches!(self.status, ScanStatus::Claimed | ScanStatus::Running)
            && self.fencing == fence.number
            && self.attempt == fence.attempt
    }

    /// Whether the current attempt finished at least one component.
    pub fn made_progress(&self) -> bool {
        self.finished_components.len() > self.components_at_claim as usize
    }
}

/// How often a scan may lose its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryPolicy {
    /// Attempts that may die without progress (`VEGA_SCAN_MAX_ATTEMPTS`).
    pub max_attempts: u32,
    /// Recoveries while the scan makes progress (`VEGA_SCAN_MAX_RECOVERIES`).
    pub max_recoveries: u32,
    /// How long a scan may run in all (`VEGA_SCAN_RUNNING_STALE_SECONDS`).
    pub running_stale: std::time::Duration,
}

/// What to do with a scan whose owner is gone.
#[derive(Debug, Clone, PartialEq)]
pub enum Recovery {
    /// Put it back in the queue.
    Requeue,
    /// End it as failed.
    Fail(Failure),
    /// End it as cancelled: that was asked for before the owner died.
    Cancel,
}

/// Decides what becomes of `scan`, whose owner is gone.
pub fn recovery(scan: &Scan, policy: &RecoveryPolicy) -> Recovery {
    if scan.cancel_requested_at.is_some() {
        return Recovery::Cancel;
    }
    let fruitless = scan.fruitless_attempts + u32::from(!scan.made_progress());
    if fruitless >= policy.max_attempts {
        let error = Error::new(
            ErrorCode::OutOfAttempts,
            format!("{fruitless} attempts ended without progress"),
        );
        return Recovery::Fail(error.with_detail("attempts", scan.attempt).to_failure());
    }
    if scan.recoveries >= policy.max_recoveries {
        let error = Error::new(
            ErrorCode::RunnerLost,
            format!("the runner was lost {} times", scan.recoveries + 1),
        );
        return Recovery::Fail(
            error
                .with_detail("recoveries", scan.recoveries)
                .to_failure(),
        );
    }
    Recovery::Requeue
}
