//! What operators ask of the whole store, across all users.

use super::{Page, PageRequest, RecoveredScan};
use crate::{
    domain::{
        finding::SeverityCounts,
        job::{Job, JobKind, JobStatus},
        retention::{LetGo, RetentionPolicy, RunMode},
        scan::{RecoveryPolicy, ScanStatus},
        time::Timestamp,
    },
    error::Result,
};
use std::{collections::BTreeMap, time::Duration};

/// How much there is, and how long the longest waits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoreFigures {
    /// Scans by status.
    pub scans: BTreeMap<ScanStatus, u64>,
    /// Jobs by kind and status.
    pub jobs: BTreeMap<(JobKind, JobStatus), u64>,
    /// Deliveries of webhooks that wait for an attempt.
    pub waiting_deliveries: u64,
    /// Open findings by severity.
    pub open_findings: SeverityCounts,
    /// How long the oldest queued scan has been waiting, by the store's clock.
    pub oldest_queued_scan: Option<Duration>,
    /// How long the oldest queued job has been waiting, by the store's clock.
    pub oldest_queued_job: Option<Duration>,
}

/// Which jobs a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only of these kinds; empty = all.
    pub kinds: Vec<JobKind>,
    /// Only with one of these statuses; empty = all.
    pub statuses: Vec<JobStatus>,
}

/// The operators' view.
#[async_trait::async_trait]
pub trait OpsStore: Send + Sync {
    /// How much there is. Cheap enough to be asked every few seconds.
    async fn figures(&self) -> Result<StoreFigures>;
    /// Jobs of everyone, newest first.
    async fn all_jobs(&self, filter: JobFilter, page: PageRequest) -> Result<Page<Job>>;
    /// What [`super::ScanStore::recover_scans`] would do now, without doing it.
    async fn recoverable_scans(
        &self,
        policy: RecoveryPolicy,
        now: Timestamp,
    ) -> Result<Vec<RecoveredScan>>;
    /// Removes what the policy does not keep, by the store's clock, and tells what that was. Files
    /// are the caller's to remove afterwards. Idempotent.
    async fn let_go(&self, policy: RetentionPolicy, mode: RunMode) -> Result<LetGo>;
}
