//! Processes that run scans and jobs, as they report themselves.

use super::{
    JsonStore,
    change::{Change, Decision, Deletion},
    state::State,
    view::Moment,
};
use crate::{
    domain::{ids::WorkerId, worker::Worker},
    error::Result,
    store::WorkerStore,
};
use std::time::Duration;

/// A worker silent for this many times its time to live is forgotten.
const FORGOTTEN_AFTER: u32 = 10;

#[async_trait::async_trait]
impl WorkerStore for JsonStore {
    async fn heartbeat(&self, worker: Worker, ttl: Duration) -> Result<()> {
        self.commit(move |view, moment| Ok(heartbeat(view.state, moment, worker, ttl)))
            .await
    }

    async fn workers(&self, ttl: Duration) -> Result<Vec<(Worker, bool)>> {
        let now = self.now();
        self.read(move |view| {
            let workers = view.state.workers.values().cloned();
            Ok(workers
                .map(|worker| {
                    let alive = now.since(worker.last_heartbeat_at) <= ttl;
                    (worker, alive)
                })
                .collect())
        })
        .await
    }

    async fn remove_worker(&self, id: WorkerId) -> Result<()> {
        self.commit(move |view, _| {
            let known = view.state.workers.get(id);
            let deletion = known.map(|worker| Change::Delete(Deletion::Worker(worker.id)));
            Ok(Decision::new((), deletion.into_iter().collect()))
        })
        .await
    }
}

fn heartbeat(
    state: &State,
    moment: &Moment<'_>,
    mut worker: Worker,
    ttl: Duration,
) -> Decision<()> {
    worker.last_heartbeat_at = moment.now;
    let silent = state.workers.values().filter(|other| {
        other.id != worker.id && moment.now.since(other.last_heartbeat_at) > ttl * FORGOTTEN_AFTER
    });
    let mut changes: Vec<Change> = silent
        .map(|other| Change::Delete(Deletion::Worker(other.id)))
        .collect();
    changes.push(worker.into());
    Decision::new((), changes)
}
