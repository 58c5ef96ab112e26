//! One scan, from adoption to its end: what `vega runner --scan-id` does, and the documented
//! V16 adapter, which maps domain objects into the engine and engine events out.
//!
//! Everything written carries the fence. Whoever loses the lease stops and writes nothing more.

use super::{
    engine_objects::{ObjectCache, ObjectCheckpoints},
    reports,
    spool::{Delivery, Spool},
    threat_profiles,
    working_dir::WorkingRoot,
};
use crate::{
    clock::{Stopwatch, new_id},
    context::AppContext,
    domain::{
        coverage::CoverageOutcome,
        event::kind,
        ids::{RepositoryId, ScanId},
        lease::{Fence, is_lease_lost},
        object_key::{Artifact, ObjectKey},
        runner_job::LauncherKind,
        scan::{Scan, ScanStatus},
    },
    engine::{self, EngineSettings, ScanOutcome, report},
    error::{Error, ErrorCode, Result},
    settings::V16Settings,
    shutdown::blocking,
    store::{Artifacts, ClaimRequest, ClaimedScan, PageRequest, ScanBatch, ScanEnd, ScanFilter},
    workspace,
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How often a runner looks whether its scan is called off or taken away (cancel within 2 s).
const WATCH: Duration = Duration::from_millis(500);

/// Which scan to run.
#[derive(Debug, Clone, Copy)]
pub struct RunnerOrder {
    /// The scan.
    pub scan_id: ScanId,
    /// The launcher's claim; without it the runner claims the scan itself.
    pub claim: Option<Fence>,
}

/// How a scan is to be run.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// Lease without renewal.
    pub lease: Duration,
    /// The engine.
    pub v16: V16Settings,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// The scan has this final status.
    Ended(ScanStatus),
    /// The scan went back to the queue, because this process is to end.
    HandedBack,
    /// Another process has the scan.
    LeaseLost,
}

/// Why the engine was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interrupt {
    CalledOff,
    LeaseLost,
    Shutdown,
}

/// Runs one scan to its end. An error means that the attempt broke in a way another attempt may
/// not; the store's recovery decides about that.
pub async fn run(app: &AppContext, options: &RunnerOptions, order: RunnerOrder) -> Result<RunEnd> {
    let claim = match order.claim {
        Some(fence) => fence,
        None => claim(app, options, order.scan_id).await?,
    };
    let now = app.clock.now();
    let adopted = match app
        .store
        .adopt_scan(order.scan_id, claim, options.lease, now)
        .await
    {
        Err(error) if is_lease_lost(&error) => return Ok(RunEnd::LeaseLost),
        result => result?,
    };
    let run = Run {
        app,
        options,
        scan: &adopted.scan,
        fence: adopted.fence,
    };
    match run.to_its_end().await {
        Err(error) if is_lease_lost(&error) => Ok(RunEnd::LeaseLost),
        result => result,
    }
}

async fn claim(app: &AppContext, options: &RunnerOptions, id: ScanId) -> Result<Fence> {
    let request = ClaimRequest {
        scan_id: Some(id),
        lease: options.lease,
        runner_job_id: new_id(),
        launcher: LauncherKind::Local,
        now: app.clock.now(),
    };
    match app.store.claim_scan(request).await? {
        Some(ClaimedScan { fence, .. }) => Ok(fence),
        None => {
            let status = app.store.scan(id).await?.status;
            Err(Error::conflict(format!(
                "Scan {id} is {status}, not queued"
            )))
        }
    }
}

struct Run<'a> {
    app: &'a AppContext,
    options: &'a RunnerOptions,
    scan: &'a Scan,
    fence: Fence,
}

impl Run<'_> {
    async fn to_its_end(&self) -> Result<RunEnd> {
        let stop = CancellationToken::new();
        let work = self.audit(stop.clone());
        tokio::pin!(work);
        let (result, interrupt) = tokio::select! {
            result = &mut work => (result, None),
            interrupt = self.watch() => {
                stop.cancel();
                (self.holding(work).await, Some(interrupt))
            }
        };
        let now = self.app.clock.now();
        let store = &self.app.store;
        match (result, interrupt) {
            (_, Some(Interrupt::LeaseLost)) => Ok(RunEnd::LeaseLost),
            (_, Some(Interrupt::Shutdown)) => {
                let reason = "the runner was asked to stop";
                store
                    .release_scan(self.scan.id, self.fence, reason, now)
                    .await?;
                Ok(RunEnd::HandedBack)
            }
            (Ok(outcome), Some(Interrupt::CalledOff)) => {
                self.holding(self.write_artifacts(outcome)).await?;
                self.finish(ScanEnd::Cancelled, Artifacts::Written).await
            }
            (Err(error), Some(Interrupt::CalledOff)) => {
                tracing::info!(%error, "called off before there was anything to report");
                self.finish(ScanEnd::Cancelled, Artifacts::None).await
            }
            (Ok(outcome), None) => {
                let end = completed(self.scan, &outcome);
                self.holding(self.write_artifacts(outcome)).await?;
                self.finish(end, Artifacts::Written).await
            }
            (Err(error), None) if is_lease_lost(&error) || error.code().retryable() => Err(error),
            (Err(error), None) => {
                tracing::error!(%error, cause = ?error, "the scan broke");
                self.finish(ScanEnd::Failed(error.to_failure()), Artifacts::None)
                    .await
            }
        }
    }

    /// Keeps the lease and returns as soon as there is a reason to stop.
    async fn watch(&self) -> Interrupt {
        let token = self.app.tasks.token();
        let mut renewed = Stopwatch::start();
        loop {
            tokio::select! {
                () = token.cancelled() => return Interrupt::Shutdown,
                () = tokio::time::sleep(WATCH) => {}
            }
            let called_off = if renewed.elapsed() >= self.options.lease / 3 {
                renewed = Stopwatch::start();
                let (id, fence) = (self.scan.id, self.fence);
                let check = self
                    .app
                    .store
                    .renew_scan(id, fence, self.options.lease)
                    .await;
                check.map(|check| check.cancel_requested)
            } else {
                self.look().await
            };
            match called_off {
                Ok(false) => {}
                Ok(true) => return Interrupt::CalledOff,
                Err(error) if is_lease_lost(&error) || error.code() == ErrorCode::NotFound => {
                    return Interrupt::LeaseLost;
                }
                // The store may answer again before the lease ends; if not, others take over.
                Err(error) => tracing::warn!(%error, cause = ?error, "the scan cannot be watched"),
            }
        }
    }

    /// Does `work` while the lease is renewed; fails with `lease_lost` as soon as it is lost.
    async fn holding<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let (id, fence, lease) = (self.scan.id, self.fence, self.options.lease);
        let lost = async {
            loop {
                tokio::time::sleep(lease / 3).await;
                match self.app.store.renew_scan(id, fence, lease).await {
                    Err(error) if is_lease_lost(&error) => return error,
                    Err(error) => tracing::warn!(%error, cause = ?error, "a lease is not renewed"),
                    Ok(_) => {}
                }
            }
        };
        tokio::select! {
            result = work => result,
            error = lost => Err(error),
        }
    }

    /// Whether the scan is called off; `lease_lost` when it is someone else's now.
    async fn look(&self) -> Result<bool> {
        let scan = self.app.store.scan(self.scan.id).await?;
        if !scan.is_held_by(self.fence) {
            return Err(crate::domain::lease::lease_lost("scan", self.scan.id));
        }
        Ok(scan.cancel_requested_at.is_some())
    }

    /// Brings the source in and runs the engine over it; events reach the store on the way.
    async fn audit(&self, stop: CancellationToken) -> Result<ScanOutcome> {
        let owner = self.app.store.owner().to_string();
        let root = self.app.runtime_root.clone();
        let working = blocking(move || WorkingRoot::open(&root, &owner)).await?;
        let folder = working.folder("scan")?;
        let tree = folder.path().join("tree");
        let zip = threat_profiles::fetch_snapshot(
            self.app,
            self.scan.snapshot_id,
            folder.path(),
            &tree,
            &stop,
        )
        .await?;
        let profile =
            threat_profiles::ensure(self.app, self.scan.repository_id, tree.clone()).await?;
        let delivery = Delivery {
            store: Arc::clone(&self.app.store),
            clock: Arc::clone(&self.app.clock),
            scan_id: self.scan.id,
            fence: self.fence,
            renames: self.renames(folder.path(), zip).await?,
        };
        self.announce(&delivery).await?;
        let spool = Arc::new(Spool::create(&folder.path().join("events.jsonl"))?);
        let checkpoints = ObjectCheckpoints::new(self.app.clone(), self.scan.id);
        let settings = EngineSettings {
            paths: self.scan.paths.clone(),
            auditors: self.scan.auditors.clone(),
            overrides: self.options.v16.overrides.clone(),
            cache: Some(Arc::new(ObjectCache::new(
                self.app.clone(),
                self.scan.repository_id,
            ))),
            ..EngineSettings::default()
        };
        let sink = Arc::clone(&spool);
        // A spool that cannot deliver any more ends the audit too.
        let engine_stop = stop.child_token();
        let engine_token = engine_stop.clone();
        let import = self.import(folder.path()).await?;
        let audit = blocking(move || {
            let outcome = match import {
                Some(file) => engine::import_sarif(&tree, &file, sink.as_ref(), &engine_token),
                None => engine::scan_source(
                    &tree,
                    Some(&profile.content),
                    sink.as_ref(),
                    &engine_token,
                    &checkpoints,
                    &settings,
                ),
            };
            sink.close();
            outcome
        });
        let deliver = async {
            let delivered = spool.deliver(&delivery).await;
            if delivered.is_err() {
                engine_stop.cancel();
            }
            delivered
        };
        let (outcome, delivered) = tokio::join!(audit, deliver);
        delivered?;
        if spool.dropped() > 0 {
            tracing::warn!(dropped = spool.dropped(), "log events were dropped");
        }
        blocking(move || {
            drop(folder);
            drop(working);
            Ok(())
        })
        .await?;
        outcome
    }

    /// The file an import scan takes its results from.
    async fn import(&self, folder: &Path) -> Result<Option<PathBuf>> {
        if !self.scan.is_import() {
            return Ok(None);
        }
        let file = folder.join("import.sarif");
        let key = ObjectKey::import(self.scan.id);
        self.app.objects.fetch_to(&key, &file).await?;
        Ok(Some(file))
    }

    /// The first event of a scan, or a note that it was resumed.
    async fn announce(&self, delivery: &Delivery) -> Result<()> {
        let scan = self.scan;
        let event = if scan.last_seq == 0 {
            let payload = json!({
                "scan_id": scan.id,
                "repository_id": scan.repository_id,
                "snapshot_id": scan.snapshot_id,
                "paths": scan.paths,
                "auditors": scan.auditors,
                "attempt": scan.attempt,
                "version": env!("CARGO_PKG_VERSION"),
            });
            delivery.event(kind::SCAN_STARTED, payload)
        } else {
            let message = format!(
                "resumed as attempt {} with {} finished components",
                scan.attempt,
                scan.finished_components.len()
            );
            delivery.event(kind::SCAN_LOG, json!({"level": "info", "message": message}))
        };
        let batch = ScanBatch {
            events: vec![event],
            now: Some(self.app.clock.now()),
            ..ScanBatch::default()
        };
        self.app
            .store
            .append_to_scan(scan.id, self.fence, batch)
            .await
            .map(drop)
    }

    /// Files that moved since the newest completed scan of this repository.
    async fn renames(&self, folder: &Path, zip: PathBuf) -> Result<BTreeMap<String, String>> {
        let Some(previous) = self.previous_snapshot(self.scan.repository_id).await? else {
            return Ok(BTreeMap::new());
        };
        let snapshot = self.app.store.snapshot(previous).await?;
        let old = folder.join("previous.zip");
        let key = ObjectKey::parse(&snapshot.storage_key)?;
        if let Err(error) = self.app.objects.fetch_to(&key, &old).await {
            // Findings of moved files look new then; that is no reason to fail a scan.
            tracing::warn!(%error, "the previous snapshot cannot be read; moved files are not seen");
            return Ok(BTreeMap::new());
        }
        blocking(move || workspace::snapshot::renames(&old, &zip)).await
    }

    async fn previous_snapshot(
        &self,
        repository: RepositoryId,
    ) -> Result<Option<crate::domain::ids::SnapshotId>> {
        let filter = ScanFilter {
            repository_id: Some(repository),
            statuses: vec![ScanStatus::Completed],
            ..ScanFilter::default()
        };
        let scans = self.app.store.scans(filter, PageRequest::first(1)).await?;
        let previous = scans.items.first().map(|scan| scan.snapshot_id);
        Ok(previous.filter(|previous| *previous != self.scan.snapshot_id))
    }

    async fn write_artifacts(&self, outcome: ScanOutcome) -> Result<()> {
        let scan_id = self.scan.id;
        let attempt = self.fence.attempt;
        let summary = json!({
            "schema_version": 1,
            "scan_id": scan_id,
            "attempt": attempt,
            "version": env!("CARGO_PKG_VERSION"),
            "cancelled": outcome.cancelled,
            "finding_counts": outcome.report.summary,
            "coverage": outcome.report.coverage_summary,
        });
        let files = blocking(move || {
            let text = |value: &serde_json::Value| {
                serde_json::to_vec_pretty(value)
                    .map_err(|error| Error::internal("an artifact cannot be written", error))
            };
            Ok([
                (Artifact::Report, report::to_json(&outcome.report)?),
                (
                    Artifact::Sarif,
                    text(&report::to_sarif(
                        &outcome.report,
                        &report::SarifContext::default(),
                    ))?,
                ),
                (Artifact::Summary, text(&summary)?),
                (Artifact::DebugBundle, bundle(&outcome.debug.files)?),
            ])
        })
        .await?;
        for (artifact, bytes) in files {
            let key = ObjectKey::attempt_artifact(scan_id, attempt, artifact);
            self.app.objects.put_bytes(&key, bytes).await?;
        }
        Ok(())
    }

    async fn finish(&self, end: ScanEnd, artifacts: Artifacts) -> Result<RunEnd> {
        let (id, fence) = (self.scan.id, self.fence);
        let now = self.app.clock.now();
        let scan = self
            .app
            .store
            .finish_scan(id, fence, end, artifacts, now)
            .await?;
        if let Err(error) = reports::publish(self.app, &scan).await {
            // The scan has ended; a dispatcher publishes what is missing.
            tracing::warn!(%error, cause = ?error, "artifacts are not published yet");
        }
        tracing::info!(status = %scan.status, "scan ended");
        Ok(RunEnd::Ended(scan.status))
    }
}

/// A run that came to its end has failed only when there was something to audit and nothing of it
/// could be (contract §3). An import has taken over what there was.
fn completed(scan: &Scan, outcome: &ScanOutcome) -> ScanEnd {
    let coverage = outcome.report.coverage_summary.clone();
    let count = |outcome| coverage.outcomes.get(&outcome).copied().unwrap_or(0);
    let nothing = count(CoverageOutcome::Reviewed) == 0 && count(CoverageOutcome::Failed) > 0;
    if nothing && !scan.is_import() {
        let error = Error::new(ErrorCode::InternalError, "no file could be audited");
        return ScanEnd::Failed(error.to_failure());
    }
    ScanEnd::Completed {
        summary: json!(outcome.report.summary),
        coverage,
        scope: Box::new(outcome.scope.clone()),
    }
}

/// The debug bundle as one zip.
fn bundle(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let cannot =
        |error: zip::result::ZipError| Error::internal("the debug bundle cannot be written", error);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default())
            .map_err(cannot)?;
        zip.write_all(bytes)
            .map_err(|error| Error::internal("the debug bundle cannot be written", error))?;
    }
    zip.finish()
        .map(std::io::Cursor::into_inner)
        .map_err(cannot)
}
