//! Imports: another tool's SARIF becomes a scan.
//!
//! The call stores the file and queues a job; the job judges the file and queues a scan whose
//! auditors are called `import:<tool>`; a runner takes the results over like an audit's. So an
//! import has what every scan has: a lease, recovery, events, reports, a place in the history. The
//! scan's id is chosen with the job, so that an interrupted job that runs again makes no second one.

use super::{access, audit, scans, working_dir::WorkingRoot};
use crate::{
    clock::new_id,
    context::ServeContext,
    domain::{
        access::Actor,
        audit::AuditAction,
        ids::{RepositoryId, ScanId, UserId},
        job::{Job, JobKind},
        object_key::ObjectKey,
        project::ProjectRole,
        repository::Repository,
        scan::{Scan, ScanLimits, ScanOrder},
    },
    engine,
    error::{Error, ErrorCode, Result},
    shutdown::blocking,
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What an import job has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportInput {
    /// The scan it becomes.
    pub scan_id: ScanId,
    /// Who asked for it.
    pub requested_by: UserId,
    /// The name the file was uploaded under.
    pub label: String,
}

impl ImportInput {
    /// The input of an import job; `None` for other kinds.
    pub fn of(job: &Job) -> Option<Self> {
        (job.kind == JobKind::Import)
            .then(|| serde_json::from_value(job.input.clone()).ok())
            .flatten()
    }
}

/// Checks that the caller may import into a repository now, before any byte is read.
pub async fn check(ctx: &ServeContext, actor: &Actor, id: RepositoryId) -> Result<Repository> {
    let repository = access::repository_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    // What the job would find out later, with nobody there to tell.
    scans::ready_snapshot(&repository)?;
    Ok(repository)
}

/// Takes a SARIF file, which lies in `file`, and queues its import.
pub async fn accept(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    file: &Path,
    label: String,
) -> Result<Job> {
    check(ctx, actor, id).await?;
    let input = ImportInput {
        scan_id: new_id(),
        requested_by: actor.user_id,
        label,
    };
    let key = ObjectKey::import(input.scan_id);
    ctx.app.objects.put_file(&key, file).await?;
    let input = serde_json::to_value(&input)
        .map_err(|error| Error::internal("an import cannot be described", error))?;
    let now = ctx.app.clock.now();
    let job = Job::queued(new_id(), JobKind::Import, id, input, now);
    let queued = ctx.app.store.enqueue_job(job.clone());
    let queued = audit::by(actor, AuditAction::ImportRequested, id, queued).await;
    if queued.is_err() {
        // Nothing refers to it.
        ctx.app.objects.delete(&key).await?;
    }
    queued?;
    ctx.job_queued.notify_one();
    Ok(job)
}

/// Judges an uploaded file and queues its scan.
///
/// # Errors
/// `validation_error` when the file is no SARIF 2.1.0 within the limits; what `create_scan` says.
pub async fn run(ctx: &ServeContext, working: &WorkingRoot, job: &Job) -> Result<()> {
    let input: ImportInput = serde_json::from_value(job.input.clone())
        .map_err(|error| Error::internal("an import job cannot be read", error))?;
    let key = ObjectKey::import(input.scan_id);
    let outcome = queue_scan(ctx, working, job, &input, &key).await;
    if let Err(error) = &outcome
        && !error.code().retryable()
    {
        ctx.app.objects.delete(&key).await?;
    }
    outcome
}

async fn queue_scan(
    ctx: &ServeContext,
    working: &WorkingRoot,
    job: &Job,
    input: &ImportInput,
    key: &ObjectKey,
) -> Result<()> {
    let store = &ctx.app.store;
    match store.scan(input.scan_id).await {
        Ok(_) => return Ok(()),
        Err(error) if error.code() == ErrorCode::NotFound => {}
        Err(error) => return Err(error),
    }
    let folder = working.folder("import")?;
    let file = folder.path().join("import.sarif");
    ctx.app.objects.fetch_to(key, &file).await?;
    let summary = blocking(move || {
        let summary = engine::inspect_sarif(&file);
        drop(folder);
        summary
    })
    .await?;
    let id: RepositoryId = job
        .subject_id
        .parse()
        .map_err(|error| Error::internal("an import job names no repository", error))?;
    let repository = store.repository(id).await?;
    let snapshot_id = repository
        .latest_snapshot_id
        .ok_or_else(|| Error::conflict("The repository has no source any more"))?;
    let order = ScanOrder {
        id: input.scan_id,
        repository_id: id,
        project_id: repository.project_id,
        snapshot_id,
        requested_by: input.requested_by,
        paths: Vec::new(),
        auditors: summary.auditors,
        model: None,
        limits: ScanLimits::default(),
        baseline_scan_id: None,
    };
    let scan = Scan::queued(order, ctx.app.clock.now());
    let scan = store
        .create_scan(scan, ctx.limits.max_active_scans_per_user)
        .await?;
    tracing::info!(scan_id = %scan.id, results = summary.results, "import queued");
    ctx.scan_queued.notify_one();
    Ok(())
}
