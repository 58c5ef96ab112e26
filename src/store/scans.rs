//! Scans, their events, and the findings that come with them.
//!
//! Everything a runner writes goes through one fenced batch, so that progress, events, findings
//! and finished components of one step are there together or not at all.

use super::{Page, PageRequest};
use crate::{
    domain::{
        coverage::{CoverageSummary, ScanScope},
        event::{Event, NewEvent},
        finding::DetectedFinding,
        ids::{FindingId, ObservationId, ProjectId, RepositoryId, RunnerJobId, ScanId, UserId},
        lease::Fence,
        runner_job::{LauncherKind, RunnerJob, RunnerJobStatus},
        scan::{RecoveryPolicy, Scan, ScanStatus, ScanUsage},
        time::Timestamp,
    },
    error::{Failure, Result},
};
use std::{collections::BTreeMap, time::Duration};

/// Which scans a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanFilter {
    /// Only of this project.
    pub project_id: Option<ProjectId>,
    /// Only of this repository.
    pub repository_id: Option<RepositoryId>,
    /// Only with one of these statuses; empty = all.
    pub statuses: Vec<ScanStatus>,
}

/// A wish to take a scan. The owner is [`super::StoreHealth::owner`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Only this scan; otherwise the oldest by id: a recovered scan keeps its place in the queue.
    pub scan_id: Option<ScanId>,
    /// How long the launch may take before another process may recover the scan.
    pub lease: Duration,
    /// The runner job written in the same change (attempt first, launch after).
    pub runner_job_id: RunnerJobId,
    /// How the runner will be started.
    pub launcher: LauncherKind,
    /// For display.
    pub now: Timestamp,
}

/// A scan that now belongs to the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedScan {
    /// The scan, claimed or running.
    pub scan: Scan,
    /// The proof to show with every write.
    pub fence: Fence,
}

/// What a holder learns when it renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanCheck {
    /// A person asked to call the scan off.
    pub cancel_requested: bool,
}

/// Where the pipeline stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgressUpdate {
    /// 0–100; never goes back.
    pub progress: u8,
    /// The stage.
    pub phase: String,
    /// What is being done.
    pub message: String,
}

/// A detected finding with the ids it gets if it turns out to be new.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFinding {
    /// Id of the finding, if no known one matches.
    pub finding_id: FindingId,
    /// Id of the observation.
    pub observation_id: ObservationId,
    /// What was detected.
    pub detected: DetectedFinding,
}

/// One step of a runner: all of it is stored, or nothing.
#[derive(Debug, Clone, Default)]
pub struct ScanBatch {
    /// Events in order. The store numbers them from `last_seq + 1`.
    pub events: Vec<NewEvent>,
    /// Findings. All of one file must be in one batch. Each is matched against the repository's
    /// known findings, and stored with an observation. For each finding not yet observed by this
    /// scan the store appends a `finding_updated` event (after `events`) whose payload is
    /// `{"finding": <the stored Finding>}`; one that this scan already observed (by an earlier
    /// attempt) changes nothing.
    pub findings: Vec<NewFinding>,
    /// Old path → new path of files that moved since the last scan.
    pub renames: BTreeMap<String, String>,
    /// Where the pipeline stands now.
    pub progress: Option<ProgressUpdate>,
    /// The component that is finished with this batch. If the scan already has it, the whole
    /// batch changes nothing (a recovered runner repeats itself).
    pub finished_component: Option<String>,
    /// AI use in total so far.
    pub usage: Option<ScanUsage>,
    /// For display.
    pub now: Option<Timestamp>,
}

/// How a scan ends. The terminal event is written in the same change and is the last one.
#[derive(Debug, Clone)]
pub enum ScanEnd {
    /// It ran to its end.
    Completed {
        /// The ledger in numbers.
        coverage: CoverageSummary,
        /// On which ground unseen findings are resolved (else they become unknown).
        scope: Box<ScanScope>,
        /// The `summary` of the terminal event.
        summary: serde_json::Value,
    },
    /// It broke.
    Failed(Failure),
    /// It was called off while it ran.
    Cancelled,
}

/// A scan that recovery touched.
#[derive(Debug, Clone, PartialEq)]
pub struct RecoveredScan {
    /// The scan as it is now: queued again, failed or cancelled.
    pub scan: Scan,
    /// Its runner job, marked as failed, if it had one.
    pub runner_job: Option<RunnerJob>,
}

/// Which events a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only of this scan, in order of `seq`. Otherwise newest first by event id.
    pub scan_id: Option<ScanId>,
    /// Only after this `seq` (needs `scan_id`).
    pub after: Option<u64>,
    /// Only of these kinds; empty = all.
    pub kinds: Vec<String>,
    /// At most this many.
    pub limit: usize,
    /// Without `scan_id`: only events whose id sorts before this one.
    pub before_id: Option<String>,
}

/// Scans and their events.
#[async_trait::async_trait]
pub trait ScanStore: Send + Sync {
    /// Adds a queued scan. `quota_exceeded` when the user already has `max_active` scans that are
    /// not final; `conflict` when the repository is not ready.
    async fn create_scan(&self, scan: Scan, max_active: u32) -> Result<Scan>;
    /// The scan, or `not_found`.
    async fn scan(&self, id: ScanId) -> Result<Scan>;
    /// Scans, newest first.
    async fn scans(&self, filter: ScanFilter, page: PageRequest) -> Result<Page<Scan>>;
    /// The current runner job of a scan and the earlier ones, newest first.
    async fn runner_jobs(&self, scan: ScanId) -> Result<Vec<RunnerJob>>;

    /// Takes a queued scan: status `claimed`, attempt and fencing number raised, lease set, runner
    /// job `launching` written. `None` when there is nothing to take.
    async fn claim_scan(&self, request: ClaimRequest) -> Result<Option<ClaimedScan>>;
    /// The runner takes over from its launcher: status `running`, fencing number raised, lease in
    /// the caller's name, runner job `running`. `lease_lost` when `fence` is not the current one.
    /// Does not check cancellation: the first renewal tells.
    async fn adopt_scan(
        &self,
        id: ScanId,
        fence: Fence,
        lease: Duration,
        now: Timestamp,
    ) -> Result<ClaimedScan>;
    /// Extends the lease and tells whether the scan is to stop.
    async fn renew_scan(&self, id: ScanId, fence: Fence, lease: Duration) -> Result<ScanCheck>;
    /// Stores one step. Returns the scan's last event number.
    async fn append_to_scan(&self, id: ScanId, fence: Fence, batch: ScanBatch) -> Result<u64>;
    /// Ends a scan: final status, counts, states of findings not seen, terminal event, runner job
    /// `stopped`, all in one change. `artifacts` tells whether this attempt wrote some.
    async fn finish_scan(
        &self,
        id: ScanId,
        fence: Fence,
        end: ScanEnd,
        artifacts: Artifacts,
        now: Timestamp,
    ) -> Result<Scan>;
    /// Hands a claimed or running scan back to the queue at once (shutdown, launch failure). Not
    /// counted as a fruitless attempt.
    async fn release_scan(
        &self,
        id: ScanId,
        fence: Fence,
        reason: &str,
        now: Timestamp,
    ) -> Result<Scan>;
    /// The runner of this claim is known to be gone without having adopted the scan (its launcher
    /// saw it die, or could not start it): does at once what [`ScanStore::recover_scans`] would do
    /// after the lease. `lease_lost` when `fence` is not the current one.
    async fn abandon_scan(
        &self,
        id: ScanId,
        fence: Fence,
        policy: RecoveryPolicy,
        now: Timestamp,
    ) -> Result<RecoveredScan>;
    /// Notes that the artifacts lie under their documented keys.
    async fn mark_artifacts_published(&self, id: ScanId) -> Result<()>;
    /// Scans that ended with artifacts which are not yet published.
    async fn unpublished_scans(&self, limit: usize) -> Result<Vec<Scan>>;
    /// Notes what became of a runner: its status and reason, if its job is not final already, and
    /// its exit code, if none is known.
    async fn note_runner_job(
        &self,
        id: RunnerJobId,
        status: RunnerJobStatus,
        exit_code: Option<i32>,
        stop_reason: Option<String>,
        now: Timestamp,
    ) -> Result<()>;

    /// Asks a scan to stop: a queued one is cancelled at once (its only event is then
    /// `scan_cancelled`), a running one gets `cancel_requested_at`. Idempotent; a final scan stays
    /// as it is and is returned.
    async fn request_cancel(&self, id: ScanId, by: UserId, now: Timestamp) -> Result<Scan>;
    /// Finds scans whose owner is dead or whose lease expired, and does with each what
    /// [`crate::domain::scan::recovery`] says; also ends scans running longer than the policy
    /// allows with `timeout`.
    async fn recover_scans(
        &self,
        policy: RecoveryPolicy,
        now: Timestamp,
    ) -> Result<Vec<RecoveredScan>>;

    /// Events, as the query says.
    async fn events(&self, repository: RepositoryId, query: EventQuery) -> Result<Vec<Event>>;
}

/// Whether an attempt left artifacts to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Artifacts {
    /// They lie under the attempt's keys.
    Written,
    /// There are none.
    None,
}
