//! Leased background work besides scans.

use crate::{
    domain::{
        ids::JobId,
        job::{Job, JobKind},
        lease::Fence,
        snapshot::Snapshot,
        time::Timestamp,
    },
    error::{Failure, Result},
};
use std::time::Duration;

/// A job that now belongs to the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedJob {
    /// The job, running.
    pub job: Job,
    /// The proof to show with every write.
    pub fence: Fence,
}

/// What an ingest came to.
#[derive(Debug, Clone, PartialEq)]
pub enum IngestResult {
    /// The source is in. If the repository already has a snapshot with this `tree_sha256`, that
    /// one stays and becomes the latest.
    Ready(Box<Snapshot>),
    /// It could not be brought in.
    Failed(Failure),
}

/// Jobs.
#[async_trait::async_trait]
pub trait JobStore: Send + Sync {
    /// Adds a queued job.
    async fn enqueue_job(&self, job: Job) -> Result<()>;
    /// The job, or `not_found`.
    async fn job(&self, id: JobId) -> Result<Job>;
    /// The jobs on a subject, newest first.
    async fn jobs_of(&self, subject_id: &str, limit: usize) -> Result<Vec<Job>>;
    /// Takes the job queued longest among `kinds`, or a running one whose owner is dead or whose
    /// lease expired. One that was started [`crate::domain::job::MAX_JOB_ATTEMPTS`] times fails
    /// with `out_of_attempts` instead (an ingest job also fails its repository).
    async fn claim_job(
        &self,
        kinds: &[JobKind],
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<ClaimedJob>>;
    /// Extends the lease and notes progress.
    async fn renew_job(&self, id: JobId, fence: Fence, lease: Duration, progress: u8)
    -> Result<()>;
    /// Ends a job.
    async fn finish_job(
        &self,
        id: JobId,
        fence: Fence,
        result: std::result::Result<(), Failure>,
        now: Timestamp,
    ) -> Result<()>;
    /// Puts a job back in the queue at once (shutdown); not counted as an attempt.
    async fn release_job(&self, id: JobId, fence: Fence, now: Timestamp) -> Result<()>;
    /// Ends an ingest job together with its repository and snapshot, in one change. Returns the
    /// snapshot that counts.
    async fn finish_ingest(
        &self,
        id: JobId,
        fence: Fence,
        result: IngestResult,
        now: Timestamp,
    ) -> Result<Option<Snapshot>>;
}
