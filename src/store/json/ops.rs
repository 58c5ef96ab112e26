//! The operators' view of the whole store.

use super::{JsonStore, change::Decision, paging, retention, scans, state::State};
use crate::{
    domain::{
        job::{Job, JobStatus},
        retention::{LetGo, RetentionPolicy, RunMode},
        scan::{RecoveryPolicy, ScanStatus},
        time::Timestamp,
    },
    error::Result,
    store::{JobFilter, OpsStore, Page, PageRequest, RecoveredScan, StoreFigures},
};

#[async_trait::async_trait]
impl OpsStore for JsonStore {
    async fn figures(&self) -> Result<StoreFigures> {
        let now = self.now();
        self.read(move |view| Ok(figures(view.state, now))).await
    }

    async fn all_jobs(&self, filter: JobFilter, page: PageRequest) -> Result<Page<Job>> {
        self.read(move |view| {
            let wanted = view.state.jobs.values().filter(|job| {
                (filter.kinds.is_empty() || filter.kinds.contains(&job.kind))
                    && (filter.statuses.is_empty() || filter.statuses.contains(&job.status))
            });
            paging::newest_first(wanted.map(|job| job.id), &page, |id| {
                view.state.jobs.get(id).cloned()
            })
        })
        .await
    }

    async fn recoverable_scans(
        &self,
        policy: RecoveryPolicy,
        now: Timestamp,
    ) -> Result<Vec<RecoveredScan>> {
        self.commit_knowing_the_dead(move |view, moment| {
            let recovered = scans::recover(view.state, moment, &policy, now)?;
            Ok(Decision::unchanged(recovered.answer))
        })
        .await
    }

    async fn let_go(&self, policy: RetentionPolicy, mode: RunMode) -> Result<LetGo> {
        self.commit(move |view, moment| Ok(retention::let_go(view.state, moment, &policy, mode)))
            .await
    }
}

fn figures(state: &State, now: Timestamp) -> StoreFigures {
    let mut figures = StoreFigures::default();
    for scan in state.scans.values() {
        *figures.scans.entry(scan.status).or_default() += 1;
        if scan.status == ScanStatus::Queued {
            let waits = now.since(scan.queued_at);
            figures.oldest_queued_scan = figures.oldest_queued_scan.max(Some(waits));
        }
    }
    for job in state.jobs.values() {
        *figures.jobs.entry((job.kind, job.status)).or_default() += 1;
        if job.status == JobStatus::Queued {
            let waits = now.since(job.created_at);
            figures.oldest_queued_job = figures.oldest_queued_job.max(Some(waits));
        }
    }
    figures.waiting_deliveries = state.deliveries.waiting() as u64;
    for repository in state.repositories.ids() {
        state
            .findings
            .count_open(repository, &mut figures.open_findings);
    }
    figures
}
