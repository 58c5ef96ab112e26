//! Scans: the intents of [`ScanStore`] and what is asked of scans as a whole.
//!
//! Decisions lie below: `lifecycle` (claim to end), `batch` (what a runner stores), `reconcile`
//! (findings across scans), `recovery`. Every change of status goes through
//! [`crate::domain::scan::transition`].

mod batch;
mod lifecycle;
mod reconcile;
mod recovery;

use super::{JsonStore, change::Decision, paging, projects, state::State, view::View};
use crate::{
    domain::{
        event::Event,
        ids::{EventId, RepositoryId, RunnerJobId, ScanId, UserId},
        lease::Fence,
        runner_job::{RunnerJob, RunnerJobStatus},
        scan::{RecoveryPolicy, Scan, ScanStatus},
        time::Timestamp,
    },
    error::{Error, ErrorCode, Result},
    store::{
        Artifacts, ClaimRequest, ClaimedScan, EventQuery, Page, PageRequest, RecoveredScan,
        ScanBatch, ScanCheck, ScanEnd, ScanFilter, ScanStore,
    },
};
pub(super) use lifecycle::cancel;
pub(super) use recovery::recover;
use std::time::Duration;

#[async_trait::async_trait]
impl ScanStore for JsonStore {
    async fn create_scan(&self, scan: Scan, max_active: u32) -> Result<Scan> {
        self.commit(move |view, _| create(view.state, scan, max_active))
            .await
    }

    async fn scan(&self, id: ScanId) -> Result<Scan> {
        self.read(move |view| view.state.scans.find(id, "Scan").cloned())
            .await
    }

    async fn scans(&self, filter: ScanFilter, page: PageRequest) -> Result<Page<Scan>> {
        self.read(move |view| list(view.state, &filter, &page))
            .await
    }

    async fn runner_jobs(&self, scan: ScanId) -> Result<Vec<RunnerJob>> {
        self.read(move |view| {
            view.state.scans.find(scan, "Scan")?;
            let ids = view.state.runner_jobs_of.of(&scan);
            let mut jobs: Vec<_> = ids
                .filter_map(|id| view.state.runner_jobs.get(*id).cloned())
                .collect();
            jobs.sort_by_key(|job| std::cmp::Reverse((job.attempt, job.id)));
            Ok(jobs)
        })
        .await
    }

    async fn claim_scan(&self, request: ClaimRequest) -> Result<Option<ClaimedScan>> {
        let wanted = request.scan_id;
        let idle = self
            .read(move |view| Ok(lifecycle::next_queued(view.state, wanted).is_none()))
            .await?;
        // Pollers ask far more often than there is work: that must not queue for the lock.
        if idle {
            return Ok(None);
        }
        self.commit(move |view, moment| lifecycle::claim(view.state, moment, &request))
            .await
    }

    async fn adopt_scan(
        &self,
        id: ScanId,
        fence: Fence,
        lease: Duration,
        now: Timestamp,
    ) -> Result<ClaimedScan> {
        self.commit(move |view, moment| lifecycle::adopt(view.state, moment, id, fence, lease, now))
            .await
    }

    async fn renew_scan(&self, id: ScanId, fence: Fence, lease: Duration) -> Result<ScanCheck> {
        self.commit(move |view, moment| {
            let mut scan = lifecycle::held(view.state, id, fence)?;
            scan.lease = Some(moment.lease(lease));
            let check = ScanCheck {
                cancel_requested: scan.cancel_requested_at.is_some(),
            };
            Ok(Decision::new(check, vec![scan.into()]))
        })
        .await
    }

    async fn append_to_scan(&self, id: ScanId, fence: Fence, batch: ScanBatch) -> Result<u64> {
        self.commit(move |view, moment| batch::append(view, moment, id, fence, batch))
            .await
    }

    async fn finish_scan(
        &self,
        id: ScanId,
        fence: Fence,
        end: ScanEnd,
        artifacts: Artifacts,
        now: Timestamp,
    ) -> Result<Scan> {
        self.commit(move |view, moment| {
            lifecycle::finish(view, moment, id, fence, end, artifacts, now)
        })
        .await
    }

    async fn release_scan(
        &self,
        id: ScanId,
        fence: Fence,
        reason: &str,
        now: Timestamp,
    ) -> Result<Scan> {
        let reason = reason.to_owned();
        self.commit(move |view, moment| {
            lifecycle::release(view.state, moment, id, fence, &reason, now)
        })
        .await
    }

    async fn mark_artifacts_published(&self, id: ScanId) -> Result<()> {
        self.commit(move |view, _| {
            let mut scan = view.state.scans.find(id, "Scan")?.clone();
            if scan.artifacts_published {
                return Ok(Decision::unchanged(()));
            }
            scan.artifacts_published = true;
            Ok(Decision::new((), vec![scan.into()]))
        })
        .await
    }

    async fn unpublished_scans(&self, limit: usize) -> Result<Vec<Scan>> {
        self.read(move |view| {
            let unpublished = view.state.scans.values().filter(|scan| {
                scan.status.is_final()
                    && scan.artifacts_attempt.is_some()
                    && !scan.artifacts_published
            });
            Ok(unpublished.take(limit).cloned().collect())
        })
        .await
    }

    async fn note_runner_job(
        &self,
        id: RunnerJobId,
        status: RunnerJobStatus,
        exit_code: Option<i32>,
        stop_reason: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        self.commit(move |view, _| {
            let mut job = view.state.runner_jobs.find(id, "Runner job")?.clone();
            if lifecycle::is_over(&job) && job.exit_code.is_some() {
                return Ok(Decision::unchanged(()));
            }
            // A runner tells the end of its scan before its process ends: then only the exit code
            // is news.
            if !lifecycle::is_over(&job) {
                job.status = status;
            }
            job.exit_code = exit_code.or(job.exit_code);
            job.stop_reason = stop_reason.or(job.stop_reason);
            job.updated_at = now;
            Ok(Decision::new((), vec![job.into()]))
        })
        .await
    }

    async fn request_cancel(&self, id: ScanId, by: UserId, now: Timestamp) -> Result<Scan> {
        self.commit(move |view, moment| {
            let scan = view.state.scans.find(id, "Scan")?;
            cancel(view.state, moment, scan, by, now)
        })
        .await
    }

    async fn recover_scans(
        &self,
        policy: RecoveryPolicy,
        now: Timestamp,
    ) -> Result<Vec<RecoveredScan>> {
        self.commit_knowing_the_dead(move |view, moment| {
            recovery::recover(view.state, moment, &policy, now)
        })
        .await
    }

    async fn abandon_scan(
        &self,
        id: ScanId,
        fence: Fence,
        policy: RecoveryPolicy,
        now: Timestamp,
    ) -> Result<RecoveredScan> {
        self.commit(move |view, moment| {
            recovery::abandon(view.state, moment, id, fence, &policy, now)
        })
        .await
    }

    async fn events(&self, repository: RepositoryId, query: EventQuery) -> Result<Vec<Event>> {
        self.read(move |view| events(view, repository, &query))
            .await
    }
}

fn create(state: &State, scan: Scan, max_active: u32) -> Result<Decision<Scan>> {
    projects::visible(state, scan.project_id)?;
    let repository = state.repositories.find(scan.repository_id, "Repository")?;
    if !repository.is_ready() {
        return Err(Error::conflict(format!(
            "Repository {} is not ready to be scanned: it is {}",
            repository.id, repository.ingest_status
        )));
    }
    if scan.status != ScanStatus::Queued || state.scans.get(scan.id).is_some() {
        let id = scan.id;
        return Err(Error::conflict(format!("Scan {id} is not a new one")));
    }
    let active = state
        .active_scans
        .iter()
        .filter_map(|id| state.scans.get(*id))
        .filter(|other| other.requested_by == scan.requested_by)
        .count();
    if active >= max_active as usize {
        let error = Error::new(
            ErrorCode::QuotaExceeded,
            format!("There already are {active} scans that have not ended"),
        );
        return Err(error.with_detail("max_active_scans", max_active));
    }
    Ok(Decision::new(scan.clone(), vec![scan.into()]))
}

fn list(state: &State, filter: &ScanFilter, page: &PageRequest) -> Result<Page<Scan>> {
    let ids: Vec<ScanId> = match (filter.repository_id, filter.project_id) {
        (Some(repository), _) => state.scans_of.of(&repository).copied().collect(),
        (None, Some(project)) => state
            .repositories_of
            .of(&project)
            .flat_map(|repository| state.scans_of.of(repository).copied())
            .collect(),
        (None, None) => state.scans.ids().collect(),
    };
    let wanted = ids.into_iter().filter(|id| {
        state.scans.get(*id).is_some_and(|scan| {
            (filter.statuses.is_empty() || filter.statuses.contains(&scan.status))
                && filter
                    .project_id
                    .is_none_or(|project| scan.project_id == project)
        })
    });
    paging::newest_first(wanted, page, |id| state.scans.get(id).cloned())
}

fn events(view: View<'_>, repository: RepositoryId, query: &EventQuery) -> Result<Vec<Event>> {
    let state = view.state;
    state.repositories.find(repository, "Repository")?;
    // A kind no event has ever carried has no name and matches nothing.
    let kinds: Vec<_> = query
        .kinds
        .iter()
        .map(|kind| state.names.find(kind))
        .collect();
    let wanted = |kind| kinds.is_empty() || kinds.contains(&Some(kind));
    if let Some(id) = query.scan_id {
        let scan = state.scans.find(id, "Scan")?;
        if scan.repository_id != repository {
            return Err(Error::not_found("Scan", id));
        }
        let seen = usize::try_from(query.after.unwrap_or(0)).unwrap_or(usize::MAX);
        let events = state.events.of_scan(id).iter().skip(seen);
        return events
            .filter(|event| wanted(event.kind))
            .take(query.limit)
            .map(|event| view.event(event.span))
            .collect();
    }
    let before = query.before_id.as_deref();
    let before = before.map(paging::cursor::<EventId>).transpose()?;
    state
        .events
        .newest_first(repository, before)
        .filter(|event| wanted(event.kind))
        .take(query.limit)
        .map(|event| view.event(event.span))
        .collect()
}
