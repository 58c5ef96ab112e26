//! The operators' view of the whole store.

use super::{JsonStore, state::State};
use crate::{
    domain::{job::JobStatus, scan::ScanStatus, time::Timestamp},
    error::Result,
    store::{OpsStore, StoreFigures},
};

#[async_trait::async_trait]
impl OpsStore for JsonStore {
    async fn figures(&self) -> Result<StoreFigures> {
        let now = self.now();
        self.read(move |view| Ok(figures(view.state, now))).await
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
    for repository in state.repositories.ids() {
        state
            .findings
            .count_open(repository, &mut figures.open_findings);
    }
    figures
}
