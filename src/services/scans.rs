//! Scans as users see them: create, list, look at, call off.

use super::{access, audit};
use crate::{
    clock::new_id,
    context::ServeContext,
    domain::{
        access::Actor,
        audit::AuditAction,
        event::Event,
        ids::{ProjectId, RepositoryId, ScanId, SnapshotId},
        object_key::{Artifact, ObjectKey},
        project::ProjectRole,
        repository::{IngestStatus, Repository, SourceType},
        runner_job::RunnerJob,
        scan::{Scan, ScanLimits, ScanOrder, ScanStatus},
    },
    engine,
    error::{Error, FieldError, Result},
    store::{EventQuery, Page, PageRequest, ScanFilter},
};
use std::time::Duration;

/// How long links to artifacts work (contract §10).
const LINK_LIFETIME: Duration = Duration::from_secs(3600);
const MAX_PATTERNS: usize = 200;
const MAX_PATTERN_CHARS: usize = 1_000;

/// The wish for a scan.
#[derive(Debug, Default)]
pub struct NewScan {
    /// What to scan; the newest snapshot when absent.
    pub snapshot_id: Option<SnapshotId>,
    /// What to look at; the repository's default when absent.
    pub paths: Option<Vec<String>>,
    /// The auditors; the platform's default when absent.
    pub auditors: Option<Vec<String>>,
    /// The model for AI audits.
    pub model: Option<String>,
    /// Limits on AI use.
    pub limits: ScanLimits,
    /// Which scan to compare with.
    pub baseline_scan_id: Option<ScanId>,
}

/// Checks gitignore-style patterns; `field` is named in the error.
pub fn check_paths(patterns: &[String], field: &str) -> Result<()> {
    let mut wrong = Vec::new();
    if patterns.len() > MAX_PATTERNS {
        wrong.push(FieldError::new(
            field,
            format!("has more than {MAX_PATTERNS} patterns"),
        ));
    }
    for (index, pattern) in patterns.iter().enumerate() {
        let place = format!("{field}[{index}]");
        if pattern.trim().is_empty() || pattern.chars().count() > MAX_PATTERN_CHARS {
            wrong.push(FieldError::new(
                place,
                format!("must have 1 to {MAX_PATTERN_CHARS} characters"),
            ));
        } else if let Err(error) = engine::check_pattern(pattern) {
            wrong.push(FieldError::new(
                place,
                format!("is not a gitignore-style pattern: {error}"),
            ));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::validation(wrong))
    }
}

/// The snapshot a scan of a repository takes by default.
///
/// # Errors
/// `conflict` while the repository is not ready; its message says what to do.
pub fn ready_snapshot(repository: &Repository) -> Result<SnapshotId> {
    let ready = repository
        .latest_snapshot_id
        .filter(|_| repository.is_ready());
    ready.ok_or_else(|| {
        let advice = match (repository.ingest_status, repository.source_type) {
            (IngestStatus::Ingesting, _) => "wait until it is 'ready'",
            (IngestStatus::Pending, SourceType::Archive) => "upload an archive first",
            (_, SourceType::Archive) => "see its ingest_error, and upload an archive again",
            (IngestStatus::Pending, SourceType::GitPush) => "push to it first",
            (_, SourceType::GitPush) => "see its ingest_error, and push again",
            (IngestStatus::Pending, SourceType::Git) => "fetch its source first (POST …/ingest)",
            (_, SourceType::Git) => "see its ingest_error, and fetch again (POST …/ingest)",
        };
        Error::conflict(format!(
            "The repository cannot be scanned while its ingest_status is '{}': {advice}",
            repository.ingest_status
        ))
    })
}

/// What `wish` comes to in a repository in which the caller has at least the role `needed`.
///
/// # Errors
/// `conflict` while the repository has no source; `validation_error` for what cannot be scanned so.
pub async fn order(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    wish: NewScan,
    needed: ProjectRole,
) -> Result<ScanOrder> {
    let store = &ctx.app.store;
    let repository = access::repository_as(store, actor, id, needed).await?;
    let latest = ready_snapshot(&repository)?;
    let snapshot_id = wish.snapshot_id.unwrap_or(latest);
    if snapshot_id != latest {
        let snapshot = access::snapshot(store, actor, snapshot_id).await?;
        if snapshot.repository_id != id {
            return Err(Error::field(
                "snapshot_id",
                "is a snapshot of another repository",
            ));
        }
    }
    if let Some(baseline) = wish.baseline_scan_id {
        let baseline = access::scan(store, actor, baseline).await?;
        if baseline.repository_id != id {
            return Err(Error::field(
                "baseline_scan_id",
                "is a scan of another repository",
            ));
        }
    }
    let paths = wish.paths.unwrap_or(repository.default_paths);
    check_paths(&paths, "paths")?;
    let auditors = wish.auditors.unwrap_or_else(|| ctx.v16.auditors.clone());
    engine::check_auditors(&auditors)?;
    Ok(ScanOrder {
        id: new_id(),
        repository_id: id,
        project_id: repository.project_id,
        snapshot_id,
        requested_by: actor.user_id,
        paths,
        auditors,
        model: wish.model,
        limits: wish.limits,
        baseline_scan_id: wish.baseline_scan_id,
    })
}

/// Queues a scan of a repository of the caller.
pub async fn create(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    wish: NewScan,
) -> Result<Scan> {
    let order = order(ctx, actor, id, wish, ProjectRole::Admin).await?;
    queue(ctx, actor, order).await
}

/// Queues a scan like one of the caller's that has ended.
///
/// # Errors
/// `conflict` while that one has not ended.
pub async fn retry(ctx: &ServeContext, actor: &Actor, id: ScanId) -> Result<Scan> {
    let scan = access::scan_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    if !scan.status.is_final() {
        let status = scan.status;
        return Err(Error::conflict(format!(
            "The scan is still {status}; one that has ended can be repeated"
        )));
    }
    let order = ScanOrder {
        id: new_id(),
        requested_by: actor.user_id,
        repository_id: scan.repository_id,
        project_id: scan.project_id,
        snapshot_id: scan.snapshot_id,
        paths: scan.paths.clone(),
        auditors: scan.auditors.clone(),
        model: scan.model.clone(),
        limits: scan.limits,
        baseline_scan_id: scan.baseline_scan_id,
    };
    if scan.is_import() {
        let (from, to) = (ObjectKey::import(scan.id), ObjectKey::import(order.id));
        ctx.app.objects.copy(&from, &to).await?;
    }
    queue(ctx, actor, order).await
}

async fn queue(ctx: &ServeContext, actor: &Actor, order: ScanOrder) -> Result<Scan> {
    let scan = Scan::queued(order, ctx.app.clock.now());
    let (id, most) = (scan.id, ctx.limits.max_active_scans_per_user);
    let created = ctx.app.store.create_scan(scan, most);
    let scan = audit::by(actor, AuditAction::ScanCreated, id, created).await?;
    tracing::info!(scan_id = %scan.id, repository_id = %scan.repository_id, "scan queued");
    ctx.scan_queued.notify_one();
    Ok(scan)
}

/// Whose scans to list.
#[derive(Debug, Clone, Copy)]
pub enum ScansOf {
    /// Of a project.
    Project(ProjectId),
    /// Of a repository.
    Repository(RepositoryId),
}

/// Scans of a project or repository of the caller, newest first.
pub async fn list(
    ctx: &ServeContext,
    actor: &Actor,
    of: ScansOf,
    statuses: Vec<ScanStatus>,
    page: PageRequest,
) -> Result<Page<Scan>> {
    let mut filter = ScanFilter {
        statuses,
        ..ScanFilter::default()
    };
    match of {
        ScansOf::Project(id) => {
            access::project(&ctx.app.store, actor, id).await?;
            filter.project_id = Some(id);
        }
        ScansOf::Repository(id) => {
            access::repository(&ctx.app.store, actor, id).await?;
            filter.repository_id = Some(id);
        }
    }
    ctx.app.store.scans(filter, page).await
}

/// A scan with what its detail adds.
#[derive(Debug)]
pub struct ScanDetail {
    /// The scan.
    pub scan: Scan,
    /// Links to its artifacts, by file name, below the API prefix for local storage.
    pub artifact_urls: Vec<(&'static str, String)>,
    /// Its launches, the current one first.
    pub runner_jobs: Vec<RunnerJob>,
}

/// One scan of the caller.
pub async fn detail(ctx: &ServeContext, actor: &Actor, id: ScanId) -> Result<ScanDetail> {
    let scan = access::scan(&ctx.app.store, actor, id).await?;
    let mut artifact_urls = Vec::new();
    if scan.artifacts_published {
        for artifact in Artifact::ALL {
            let key = ObjectKey::artifact(id, *artifact);
            let url = ctx.app.objects.presign_get(&key, LINK_LIFETIME).await?;
            artifact_urls.push((artifact.file_name(), url));
        }
    }
    let runner_jobs = ctx.app.store.runner_jobs(id).await?;
    Ok(ScanDetail {
        scan,
        artifact_urls,
        runner_jobs,
    })
}

/// Calls a scan of the caller off. Doing it again, or too late, changes nothing.
pub async fn cancel(ctx: &ServeContext, actor: &Actor, id: ScanId) -> Result<Scan> {
    access::scan_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    let now = ctx.app.clock.now();
    let cancelled = ctx.app.store.request_cancel(id, actor.user_id, now);
    audit::by(actor, AuditAction::ScanCancelled, id, cancelled).await
}

/// Events of a repository of the caller.
pub async fn events_of_repository(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    query: EventQuery,
) -> Result<Vec<Event>> {
    access::repository(&ctx.app.store, actor, id).await?;
    if let Some(scan_id) = query.scan_id {
        let scan = access::scan(&ctx.app.store, actor, scan_id).await?;
        if scan.repository_id != id {
            return Err(Error::not_found("Scan", scan_id));
        }
    }
    ctx.app.store.events(id, query).await
}

/// Events of a scan of the caller.
pub async fn events_of_scan(
    ctx: &ServeContext,
    actor: &Actor,
    id: ScanId,
    mut query: EventQuery,
) -> Result<Vec<Event>> {
    let scan = access::scan(&ctx.app.store, actor, id).await?;
    query.scan_id = Some(id);
    ctx.app.store.events(scan.repository_id, query).await
}
