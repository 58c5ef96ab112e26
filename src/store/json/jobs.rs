//! Leased background work besides scans.

use super::{
    JsonStore,
    change::{Change, Decision},
    state::State,
    view::Moment,
};
use crate::{
    domain::{
        ids::{JobId, RepositoryId},
        job::{Job, JobKind, JobStatus, MAX_JOB_ATTEMPTS},
        lease::{Fence, lease_lost},
        repository::{IngestStatus, Repository},
        snapshot::Snapshot,
        time::Timestamp,
    },
    error::{Error, ErrorCode, Failure, Result},
    store::{ClaimedJob, IngestResult, JobStore},
};
use std::time::Duration;

#[async_trait::async_trait]
impl JobStore for JsonStore {
    async fn enqueue_job(&self, job: Job) -> Result<()> {
        self.commit(move |view, _| {
            if view.state.jobs.get(job.id).is_some() {
                return Err(Error::conflict(format!("Job {} already exists", job.id)));
            }
            Ok(Decision::new((), vec![job.into()]))
        })
        .await
    }

    async fn job(&self, id: JobId) -> Result<Job> {
        self.read(move |view| view.state.jobs.find(id, "Job").cloned())
            .await
    }

    async fn jobs_of(&self, subject_id: &str, limit: usize) -> Result<Vec<Job>> {
        let subject = subject_id.to_owned();
        self.read(move |view| {
            let ids = view.state.jobs_of.of(&subject).rev().take(limit);
            Ok(ids
                .filter_map(|id| view.state.jobs.get(*id).cloned())
                .collect())
        })
        .await
    }

    async fn claim_job(
        &self,
        kinds: &[JobKind],
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<ClaimedJob>> {
        let kinds = kinds.to_vec();
        let idle = {
            let kinds = kinds.clone();
            // Pollers ask far more often than there is work: that must not queue for the lock.
            self.read(move |view| Ok(candidates(view.state, &kinds).next().is_none()))
                .await?
        };
        if idle {
            return Ok(None);
        }
        self.commit_knowing_the_dead(move |view, moment| {
            Ok(claim(view.state, moment, &kinds, lease, now))
        })
        .await
    }

    async fn renew_job(
        &self,
        id: JobId,
        fence: Fence,
        lease: Duration,
        progress: u8,
    ) -> Result<()> {
        self.commit(move |view, moment| {
            let mut job = held(view.state, id, fence)?;
            job.lease = Some(moment.lease(lease));
            job.progress = job.progress.max(progress.min(100));
            job.updated_at = moment.now;
            Ok(Decision::new((), vec![job.into()]))
        })
        .await
    }

    async fn finish_job(
        &self,
        id: JobId,
        fence: Fence,
        result: std::result::Result<(), Failure>,
        now: Timestamp,
    ) -> Result<()> {
        self.commit(move |view, _| {
            let job = held(view.state, id, fence)?;
            let changes = match result {
                Ok(()) => vec![ended(job, None, now).into()],
                Err(failure) => failed(view.state, job, failure, now),
            };
            Ok(Decision::new((), changes))
        })
        .await
    }

    async fn release_job(&self, id: JobId, fence: Fence, now: Timestamp) -> Result<()> {
        self.commit(move |view, _| {
            let mut job = held(view.state, id, fence)?;
            job.status = JobStatus::Queued;
            job.lease = None;
            job.attempt = job.attempt.saturating_sub(1);
            job.updated_at = now;
            Ok(Decision::new((), vec![job.into()]))
        })
        .await
    }

    async fn finish_ingest(
        &self,
        id: JobId,
        fence: Fence,
        result: IngestResult,
        now: Timestamp,
    ) -> Result<Option<Snapshot>> {
        self.commit(move |view, _| {
            let job = held(view.state, id, fence)?;
            match result {
                IngestResult::Failed(failure) => {
                    let changes = failed(view.state, job, failure, now);
                    Ok(Decision::new(None, changes))
                }
                IngestResult::Ready(snapshot) => ingested(view.state, job, *snapshot, now),
            }
        })
        .await
    }
}

/// The job, if `fence` belongs to its current holder.
fn held(state: &State, id: JobId, fence: Fence) -> Result<Job> {
    let job = state.jobs.find(id, "Job")?;
    if job.is_held_by(fence) {
        Ok(job.clone())
    } else {
        Err(lease_lost("job", id))
    }
}

/// Jobs of these kinds that are not final, the oldest first.
fn candidates<'a>(state: &'a State, kinds: &'a [JobKind]) -> impl Iterator<Item = &'a Job> {
    let active = state.active_jobs.iter();
    active
        .filter_map(|id| state.jobs.get(*id))
        .filter(|job| kinds.contains(&job.kind))
}

fn claim(
    state: &State,
    moment: &Moment<'_>,
    kinds: &[JobKind],
    lease: Duration,
    now: Timestamp,
) -> Decision<Option<ClaimedJob>> {
    let mut changes = Vec::new();
    for job in candidates(state, kinds) {
        let free = job.status == JobStatus::Queued || moment.has_ended(job.lease.as_ref());
        if !free {
            continue;
        }
        if job.attempt >= MAX_JOB_ATTEMPTS {
            let error = Error::new(
                ErrorCode::OutOfAttempts,
                format!("{} attempts did not come to an end", job.attempt),
            );
            changes.extend(failed(state, job.clone(), error.to_failure(), now));
            continue;
        }
        let mut job = job.clone();
        job.status = JobStatus::Running;
        job.attempt += 1;
        job.fencing += 1;
        job.lease = Some(moment.lease(lease));
        job.updated_at = now;
        let fence = Fence {
            attempt: job.attempt,
            number: job.fencing,
        };
        changes.push(job.clone().into());
        return Decision::new(Some(ClaimedJob { job, fence }), changes);
    }
    Decision::new(None, changes)
}

fn ended(mut job: Job, error: Option<Failure>, now: Timestamp) -> Job {
    job.status = match error {
        None => JobStatus::Succeeded,
        Some(_) => JobStatus::Failed,
    };
    if error.is_none() {
        job.progress = 100;
    }
    job.error = error;
    job.lease = None;
    job.updated_at = now;
    job
}

/// Fails a job and, for an ingest, its repository, which would wait for ever otherwise.
fn failed(state: &State, job: Job, failure: Failure, now: Timestamp) -> Vec<Change> {
    let repository = ingested_repository(state, &job).cloned();
    let mut changes: Vec<Change> = vec![ended(job, Some(failure.clone()), now).into()];
    changes.extend(repository.map(|mut repository| {
        repository.ingest_status = IngestStatus::Failed;
        repository.ingest_error = Some(failure);
        repository.updated_at = now;
        Change::from(repository)
    }));
    changes
}

fn ingested_repository<'a>(state: &'a State, job: &Job) -> Option<&'a Repository> {
    let id: Option<RepositoryId> = job.subject_id.parse().ok();
    id.filter(|_| job.kind == JobKind::Ingest)
        .and_then(|id| state.repositories.get(id))
}

/// Ends an ingest with the snapshot that counts: an equal tree is the snapshot that exists.
fn ingested(
    state: &State,
    job: Job,
    snapshot: Snapshot,
    now: Timestamp,
) -> Result<Decision<Option<Snapshot>>> {
    let repository = ingested_repository(state, &job);
    let repository = repository.ok_or_else(|| Error::not_found("Repository", &job.subject_id))?;
    let mut repository = repository.clone();
    let known = state
        .snapshots_of
        .of(&repository.id)
        .filter_map(|id| state.snapshots.get(*id))
        .find(|known| known.tree_sha256 == snapshot.tree_sha256);
    let counts = known.unwrap_or(&snapshot).clone();
    repository.ingest_status = IngestStatus::Ready;
    repository.ingest_error = None;
    repository.latest_snapshot_id = Some(counts.id);
    repository.updated_at = now;
    let mut changes: Vec<Change> = vec![repository.into(), ended(job, None, now).into()];
    if known.is_none() {
        changes.push(snapshot.into());
    }
    Ok(Decision::new(Some(counts), changes))
}
