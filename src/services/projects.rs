//! Projects and their deletion.

use super::{access, audit};
use crate::{
    clock::new_id,
    context::{AppContext, ServeContext},
    domain::{
        access::Actor,
        audit::AuditAction,
        ids::ProjectId,
        job::{Job, JobKind},
        object_key::ObjectKey,
        project::{Project, ProjectRole, ProjectRollup},
    },
    error::{Error, ErrorCode, Result},
    store::{Page, PageRequest, ProjectChange, ScanFilter},
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a deletion looks whether the project's scans have stopped.
const STOP_POLL: Duration = Duration::from_millis(500);

/// Creates a project owned by the caller.
pub async fn create(
    ctx: &ServeContext,
    actor: &Actor,
    name: String,
    description: String,
) -> Result<(Project, ProjectRollup)> {
    create_as(ctx, actor, new_id(), name, description).await
}

/// As [`create`], under an id that is known before.
pub async fn create_as(
    ctx: &ServeContext,
    actor: &Actor,
    id: ProjectId,
    name: String,
    description: String,
) -> Result<(Project, ProjectRollup)> {
    let now = ctx.app.clock.now();
    let project = Project {
        id,
        name,
        description,
        owner_user_id: actor.user_id,
        members: Vec::new(),
        deleted_at: None,
        created_at: now,
        updated_at: now,
    };
    let inserted = ctx.app.store.insert_project(project.clone());
    audit::by(actor, AuditAction::ProjectCreated, project.id, inserted).await?;
    Ok((project, ProjectRollup::default()))
}

/// The caller's projects.
pub async fn list(
    ctx: &ServeContext,
    actor: &Actor,
    page: PageRequest,
) -> Result<Page<(Project, ProjectRollup)>> {
    ctx.app.store.projects(actor.user_id, page).await
}

/// One project of the caller.
pub async fn get(
    ctx: &ServeContext,
    actor: &Actor,
    id: ProjectId,
) -> Result<(Project, ProjectRollup)> {
    let project = access::project(&ctx.app.store, actor, id).await?;
    let rollup = ctx.app.store.project_rollup(id).await?;
    Ok((project, rollup))
}

/// Changes a project of the caller.
pub async fn change(
    ctx: &ServeContext,
    actor: &Actor,
    id: ProjectId,
    change: ProjectChange,
) -> Result<(Project, ProjectRollup)> {
    access::project_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    let changed = ctx
        .app
        .store
        .change_project(id, change, ctx.app.clock.now());
    let project = audit::by(actor, AuditAction::ProjectChanged, id, changed).await?;
    let rollup = ctx.app.store.project_rollup(id).await?;
    Ok((project, rollup))
}

/// Deletes a project: it is gone for its owner at once, a job clears up behind it.
pub async fn delete(ctx: &ServeContext, actor: &Actor, id: ProjectId) -> Result<Job> {
    access::project_as(&ctx.app.store, actor, id, ProjectRole::Owner).await?;
    let now = ctx.app.clock.now();
    let job = Job::queued(
        new_id(),
        JobKind::DeleteProject,
        id,
        serde_json::Value::Null,
        now,
    );
    let deleted = ctx.app.store.delete_project(id, job.clone(), now);
    audit::by(actor, AuditAction::ProjectDeleted, id, deleted).await?;
    ctx.job_queued.notify_one();
    Ok(job)
}

/// The deletion job: waits until the project's scans have stopped, then removes files and records.
///
/// Repeating it is harmless, also after a crash between the purge and the job's end. Until then
/// somebody may have made a project anew under the same id (that of a user's sessions always has the
/// user's). Such a project is not marked as deleted: the job has no work left. That is asked after
/// the ids were collected and before any file goes, so that none of them is of a project that lives.
pub async fn run_deletion(app: &AppContext, job: &Job, cancel: &CancellationToken) -> Result<()> {
    let id: ProjectId = job
        .subject_id
        .parse()
        .map_err(|error| Error::internal("a deletion job names no project", error))?;
    let repositories = app.store.repository_ids(id).await?;
    let mut scans = Vec::new();
    loop {
        scans.clear();
        let mut page = PageRequest::first(200);
        loop {
            let filter = ScanFilter {
                project_id: Some(id),
                ..ScanFilter::default()
            };
            let part = app.store.scans(filter, page).await?;
            scans.extend(part.items);
            match part.next {
                Some(next) => {
                    page = PageRequest {
                        limit: 200,
                        after: Some(next),
                    }
                }
                None => break,
            }
        }
        match app.store.project(id).await {
            Ok(_) => return Ok(()),
            Err(error) if error.code() == ErrorCode::NotFound => {}
            Err(error) => return Err(error),
        }
        if scans.iter().all(|scan| scan.status.is_final()) {
            break;
        }
        tokio::select! {
            () = cancel.cancelled() => {
                return Err(Error::new(ErrorCode::Timeout, "interrupted while scans were stopping"));
            }
            () = tokio::time::sleep(STOP_POLL) => {}
        }
    }
    for scan in &scans {
        app.objects
            .delete_prefix(&ObjectKey::scan_prefix(scan.id))
            .await?;
    }
    for repository in repositories {
        for prefix in ObjectKey::repository_prefixes(repository) {
            app.objects.delete_prefix(&prefix).await?;
        }
    }
    app.store.purge_project(id).await
}
