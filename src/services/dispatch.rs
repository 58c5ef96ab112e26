//! The dispatcher: recovers scans whose runner died, claims queued ones, starts a runner for each.
//!
//! Run by `vega serve` in `thread` mode and by `vega worker`. Several may run at once on one store:
//! a claim is atomic, and the store alone judges who is dead.

use super::reports;
use crate::{
    clock::new_id,
    context::AppContext,
    domain::{
        ids::{RunnerJobId, ScanId},
        lease::is_lease_lost,
        runner_job::RunnerJobStatus,
        scan::Scan,
        worker::Worker,
    },
    error::Result,
    launcher::{LaunchSpec, Launched, RunnerExit, SharedLauncher},
    settings::ScanSettings,
    store::{ClaimRequest, ClaimedScan},
    telemetry::metrics,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{Mutex, Notify};

/// How often the store is looked at without being rung.
const POLL: Duration = Duration::from_secs(1);
/// How long a runner may take to end after a person called its scan off.
const CANCEL_PATIENCE: Duration = Duration::from_secs(60);
/// Ended scans looked at in one round.
const MAX_LEFTOVERS: usize = 100;
/// Between asking a runner to stop and ending it by force.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Starts and watches the runners of this process.
pub struct Dispatcher {
    /// The seams.
    pub app: AppContext,
    /// Starts runners.
    pub launcher: SharedLauncher,
    /// How scans are run.
    pub settings: Arc<ScanSettings>,
    /// Rings when a scan was queued.
    pub wake: Arc<Notify>,
    /// What the worker list shows.
    pub mode: &'static str,
    /// Name of this machine.
    pub hostname: String,
}

/// The launches this process watches, with their scans.
type Active = Arc<Mutex<BTreeMap<RunnerJobId, ScanId>>>;

impl Dispatcher {
    /// Works until the process is to end, then stops its runners, which hand their scans back.
    pub async fn run(self) {
        let this = Arc::new(self);
        let token = this.app.tasks.token();
        let active: Active = Arc::default();
        let started_at = this.app.clock.now();
        let mut next_heartbeat = started_at;
        while !token.is_cancelled() {
            if this.app.clock.now() >= next_heartbeat {
                next_heartbeat = this.app.clock.now().after(this.settings.heartbeat_ttl / 4);
                this.heartbeat(&active, started_at).await;
            }
            if let Err(error) = this.round(&active).await {
                tracing::error!(%error, cause = ?error, "scans cannot be dispatched");
            }
            tokio::select! {
                () = token.cancelled() => {}
                () = this.wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        if let Err(error) = this.app.store.remove_worker(this.app.store.owner()).await {
            tracing::warn!(%error, "this worker could not sign off");
        }
    }

    async fn heartbeat(&self, active: &Active, started_at: crate::domain::time::Timestamp) {
        let worker = Worker {
            id: self.app.store.owner(),
            hostname: self.hostname.clone(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").into(),
            mode: self.mode.into(),
            current_scans: active.lock().await.values().copied().collect(),
            started_at,
            last_heartbeat_at: self.app.clock.now(),
        };
        if let Err(error) = self
            .app
            .store
            .heartbeat(worker, self.settings.heartbeat_ttl)
            .await
        {
            tracing::warn!(%error, cause = ?error, "the heartbeat could not be stored");
        }
    }

    /// One look at the store: recover, publish what an interrupted process left, claim.
    async fn round(self: &Arc<Self>, active: &Active) -> Result<()> {
        let now = self.app.clock.now();
        for recovered in self
            .app
            .store
            .recover_scans(self.settings.recovery, now)
            .await?
        {
            metrics::scan_recovered(recovered.scan.status.as_str());
            tracing::warn!(
                scan_id = %recovered.scan.id,
                status = %recovered.scan.status,
                recoveries = recovered.scan.recoveries,
                "a scan lost its owner"
            );
            if recovered.scan.status.is_final() {
                self.tidy(&recovered.scan).await;
            }
        }
        while active.lock().await.len() < self.settings.max_local_runners as usize {
            let request = ClaimRequest {
                scan_id: None,
                lease: self.settings.lease,
                runner_job_id: new_id(),
                launcher: self.launcher.kind(),
                now: self.app.clock.now(),
            };
            let runner_job_id = request.runner_job_id;
            let Some(claimed) = self.app.store.claim_scan(request).await? else {
                break;
            };
            metrics::claimed("scan");
            let spec = LaunchSpec {
                scan_id: claimed.scan.id,
                runner_job_id,
                fence: claimed.fence,
            };
            self.launch(spec, claimed, active).await?;
        }
        self.publish_leftovers().await
    }

    /// Publishes what an interrupted process left. Its runner may be doing the same right now: the
    /// result is the same. One that fails is no reason to leave the others.
    async fn publish_leftovers(&self) -> Result<()> {
        for scan in self.app.store.unpublished_scans(MAX_LEFTOVERS).await? {
            self.tidy(&scan).await;
        }
        Ok(())
    }

    async fn tidy(&self, scan: &Scan) {
        if let Err(error) = reports::publish(&self.app, scan).await {
            tracing::warn!(
                scan_id = %scan.id,
                %error,
                cause = ?error,
                "artifacts are not published yet"
            );
        }
    }

    async fn launch(
        self: &Arc<Self>,
        spec: LaunchSpec,
        claimed: ClaimedScan,
        active: &Active,
    ) -> Result<()> {
        match self.launcher.launch(spec).await {
            Ok(launched) => {
                tracing::info!(
                    scan_id = %spec.scan_id,
                    attempt = spec.fence.attempt,
                    runner = %launched.handle,
                    "runner started"
                );
                active.lock().await.insert(spec.runner_job_id, spec.scan_id);
                let (this, active) = (Arc::clone(self), Arc::clone(active));
                self.app.tasks.spawn(async move {
                    let exit = this.watch(&claimed.scan, launched).await;
                    active.lock().await.remove(&spec.runner_job_id);
                    this.note_exit(spec, exit).await;
                    this.wake.notify_one();
                });
                Ok(())
            }
            Err(error) => {
                tracing::error!(scan_id = %spec.scan_id, %error, cause = ?error, "no runner");
                // Not the scan's fault, so it costs it nothing. The error ends this round; the
                // pause between rounds is the back-off.
                let (store, now) = (&self.app.store, self.app.clock.now());
                let reason = "no runner could be started";
                let failed = RunnerJobStatus::Failed;
                store
                    .note_runner_job(spec.runner_job_id, failed, None, Some(reason.into()), now)
                    .await?;
                store
                    .release_scan(spec.scan_id, spec.fence, reason, now)
                    .await?;
                Err(error)
            }
        }
    }

    /// Waits for a runner to end; ends it when the process stops, or when a person called the scan
    /// off and the runner does not react.
    async fn watch(&self, scan: &Scan, launched: Launched) -> Option<RunnerExit> {
        let Launched { mut exit, stop, .. } = launched;
        let token = self.app.tasks.token();
        tokio::select! {
            exit = &mut exit => return exit.ok(),
            () = token.cancelled() => {}
            () = self.cancelled_too_long(scan.id) => {
                tracing::warn!(scan_id = %scan.id, "the runner ignores that its scan is called off");
            }
        }
        stop.stop(STOP_GRACE);
        exit.await.ok()
    }

    /// Returns once the scan was called off and its runner had its time to react.
    async fn cancelled_too_long(&self, id: ScanId) {
        loop {
            tokio::time::sleep(POLL * 5).await;
            // A store that does not answer is no reason to end a runner.
            let Ok(scan) = self.app.store.scan(id).await else {
                continue;
            };
            let now = self.app.clock.now();
            if scan
                .cancel_requested_at
                .is_some_and(|at| now.since(at) > CANCEL_PATIENCE)
            {
                return;
            }
        }
    }

    async fn note_exit(&self, spec: LaunchSpec, exit: Option<RunnerExit>) {
        let Some(exit) = exit else { return };
        let status = match exit.code {
            Some(0) => RunnerJobStatus::Stopped,
            _ => RunnerJobStatus::Failed,
        };
        let now = self.app.clock.now();
        let store = &self.app.store;
        let reason = Some(exit.reason);
        let noted = store
            .note_runner_job(spec.runner_job_id, status, exit.code, reason, now)
            .await;
        // A runner that died before it adopted its scan: nobody else can tell.
        let abandoned = store
            .abandon_scan(spec.scan_id, spec.fence, self.settings.recovery, now)
            .await
            .map(drop);
        for error in [noted.err(), abandoned.err()].into_iter().flatten() {
            if !is_lease_lost(&error) {
                tracing::warn!(scan_id = %spec.scan_id, %error, "a runner's end could not be noted");
            }
        }
    }
}
