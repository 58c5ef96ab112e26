//! Repositories and the start of their ingest.

use super::{access, audit};
use crate::{
    clock::new_id,
    context::ServeContext,
    domain::{
        access::Actor,
        audit::AuditAction,
        ids::{JobId, ProjectId, RepositoryId},
        job::{Job, JobKind},
        object_key::ObjectKey,
        project::ProjectRole,
        repository::{IngestStatus, Repository, SourceType},
        snapshot::Snapshot,
    },
    error::{Error, FieldError, Result},
    services::ingest::IngestInput,
    store::{Page, PageRequest, RepositoryChange},
    workspace,
};
use std::path::Path;

/// The wish for a repository.
#[derive(Debug)]
pub struct NewRepository {
    /// Name.
    pub name: String,
    /// How source gets in.
    pub source_type: SourceType,
    /// For `git`: where to clone from.
    pub git_url: Option<String>,
    /// For `git`: what to clone.
    pub git_ref: Option<String>,
    /// For `git`: an access token; sealed before it is stored.
    pub git_token: Option<String>,
}

impl NewRepository {
    fn check(&self) -> Result<()> {
        match self.source_type {
            SourceType::Git => {
                let url = self.git_url.as_deref().ok_or_else(|| {
                    Error::field("git_url", "is required when source_type is 'git'")
                })?;
                workspace::git::validate(url, self.git_ref.as_deref())
            }
            SourceType::Archive | SourceType::GitPush => {
                let given = [
                    ("git_url", self.git_url.is_some()),
                    ("git_ref", self.git_ref.is_some()),
                    ("git_token", self.git_token.is_some()),
                ];
                let wrong: Vec<_> = given
                    .iter()
                    .filter(|(_, given)| *given)
                    .map(|(name, _)| FieldError::new(*name, "is only for source_type 'git'"))
                    .collect();
                if wrong.is_empty() {
                    Ok(())
                } else {
                    Err(Error::validation(wrong))
                }
            }
        }
    }
}

/// Adds a repository to a project of the caller. A git source starts its ingest by itself.
pub async fn create(
    ctx: &ServeContext,
    actor: &Actor,
    project_id: ProjectId,
    wish: NewRepository,
) -> Result<(Repository, Option<Job>)> {
    access::project_as(&ctx.app.store, actor, project_id, ProjectRole::Admin).await?;
    wish.check()?;
    let now = ctx.app.clock.now();
    let id: RepositoryId = new_id();
    let git_token = match &wish.git_token {
        Some(token) => Some(ctx.sealing.seal(token, &id.to_string())?),
        None => None,
    };
    let job = match wish.source_type {
        SourceType::Git => Some(ingest_job(id, &IngestInput::Git, ctx)?),
        SourceType::Archive | SourceType::GitPush => None,
    };
    let repository = Repository {
        id,
        project_id,
        name: wish.name,
        source_type: wish.source_type,
        git_url: wish.git_url,
        git_ref: wish.git_ref,
        git_token,
        ingest_status: match job {
            Some(_) => IngestStatus::Ingesting,
            None => IngestStatus::Pending,
        },
        ingest_error: None,
        latest_snapshot_id: None,
        default_paths: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    let inserted = ctx
        .app
        .store
        .insert_repository(repository.clone(), job.clone());
    audit::by(actor, AuditAction::RepositoryCreated, id, inserted).await?;
    ctx.job_queued.notify_one();
    Ok((repository, job))
}

/// The job that brings `input` in, queued as soon as it is stored.
pub fn ingest_job(id: RepositoryId, input: &IngestInput, ctx: &ServeContext) -> Result<Job> {
    let input = serde_json::to_value(input)
        .map_err(|error| Error::internal("an ingest cannot be described", error))?;
    Ok(Job::queued(
        new_id(),
        JobKind::Ingest,
        id,
        input,
        ctx.app.clock.now(),
    ))
}

/// A repository of the caller.
pub async fn get(ctx: &ServeContext, actor: &Actor, id: RepositoryId) -> Result<Repository> {
    access::repository(&ctx.app.store, actor, id).await
}

/// The repositories of a project of the caller.
pub async fn list(
    ctx: &ServeContext,
    actor: &Actor,
    project: ProjectId,
    page: PageRequest,
) -> Result<Page<Repository>> {
    access::project(&ctx.app.store, actor, project).await?;
    ctx.app.store.repositories(project, page).await
}

/// What is to be changed on a repository; absent fields stay.
#[derive(Debug, Default)]
pub struct RepositoryEdit {
    /// New name.
    pub name: Option<String>,
    /// New git reference; `Some(None)` goes back to the default branch.
    pub git_ref: Option<Option<String>>,
    /// New git token; `Some(None)` removes it.
    pub git_token: Option<Option<String>>,
    /// New default paths.
    pub default_paths: Option<Vec<String>>,
}

/// Changes a repository of the caller.
pub async fn change(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    edit: RepositoryEdit,
) -> Result<Repository> {
    let repository = access::repository_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    if edit.git_ref.is_some() || edit.git_token.is_some() {
        let url = repository.git_url.as_deref().ok_or_else(|| {
            Error::conflict("Only a repository with source_type 'git' has a reference and a token")
        })?;
        workspace::git::validate(url, edit.git_ref.as_ref().and_then(|it| it.as_deref()))?;
    }
    if let Some(patterns) = &edit.default_paths {
        super::scans::check_paths(patterns, "default_paths")?;
    }
    let git_token = match edit.git_token {
        Some(Some(token)) => Some(Some(ctx.sealing.seal(&token, &id.to_string())?)),
        Some(None) => Some(None),
        None => None,
    };
    let change = RepositoryChange {
        name: edit.name,
        git_ref: edit.git_ref,
        git_token,
        default_paths: edit.default_paths,
    };
    let changed = ctx
        .app
        .store
        .change_repository(id, change, ctx.app.clock.now());
    audit::by(actor, AuditAction::RepositoryChanged, id, changed).await
}

/// Removes a repository of the caller with everything in it.
pub async fn remove(ctx: &ServeContext, actor: &Actor, id: RepositoryId) -> Result<()> {
    access::repository_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    let filter = crate::store::ScanFilter {
        repository_id: Some(id),
        ..Default::default()
    };
    let scans = ctx
        .app
        .store
        .scans(filter, PageRequest::first(usize::MAX))
        .await?;
    // Records first: files without a record are harmless, records without files are not.
    let removed = ctx.app.store.remove_repository(id);
    audit::by(actor, AuditAction::RepositoryDeleted, id, removed).await?;
    for scan in scans.items {
        ctx.app
            .objects
            .delete_prefix(&ObjectKey::scan_prefix(scan.id))
            .await?;
    }
    for prefix in ObjectKey::repository_prefixes(id) {
        ctx.app.objects.delete_prefix(&prefix).await?;
    }
    Ok(())
}

/// Fetches a git repository again.
pub async fn ingest(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
) -> Result<(Repository, Job)> {
    let repository = access::repository_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    if repository.source_type != SourceType::Git {
        return Err(Error::conflict(
            "This repository is not cloned by Vega; upload an archive or push to bring in new source",
        ));
    }
    let job = ingest_job(id, &IngestInput::Git, ctx)?;
    begin(ctx, actor, id, job).await
}

async fn begin(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    job: Job,
) -> Result<(Repository, Job)> {
    let now = ctx.app.clock.now();
    let begun = ctx.app.store.begin_ingest(id, job.clone(), now);
    let repository = audit::by(actor, AuditAction::IngestStarted, id, begun).await?;
    ctx.job_queued.notify_one();
    Ok((repository, job))
}

/// Checks that the caller may upload an archive now, before any byte of it is read.
pub async fn check_upload(ctx: &ServeContext, actor: &Actor, id: RepositoryId) -> Result<()> {
    let repository = access::repository_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    if repository.source_type != SourceType::Archive {
        return Err(Error::conflict(format!(
            "A repository with source_type '{}' takes no archives",
            repository.source_type
        )));
    }
    if repository.ingest_status == IngestStatus::Ingesting {
        return Err(Error::conflict(
            "Another source is being ingested; wait until it is done",
        ));
    }
    Ok(())
}

/// Takes an uploaded archive, which lies in `file`: checks its container, stores it, and starts
/// the ingest under `job_id`, which may be known before.
pub async fn accept_upload(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    file: &Path,
    label: String,
    job_id: JobId,
) -> Result<(Repository, Job)> {
    check_upload(ctx, actor, id).await?;
    let path = file.to_owned();
    crate::shutdown::blocking(move || workspace::archive::check_container(&path).map(drop)).await?;
    let upload = new_id::<crate::domain::ids::JobKindTag>().to_string();
    let key = ObjectKey::upload(id, &upload);
    ctx.app.objects.put_file(&key, file).await?;
    let input = IngestInput::Archive {
        key: key.to_string(),
        label,
    };
    let started = async {
        let mut job = ingest_job(id, &input, ctx)?;
        job.id = job_id;
        begin(ctx, actor, id, job).await
    }
    .await;
    if started.is_err() {
        // Another upload was first: nothing refers to this one.
        ctx.app.objects.delete(&key).await?;
    }
    started
}

/// The snapshots of a repository of the caller.
pub async fn snapshots(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    page: PageRequest,
) -> Result<Page<Snapshot>> {
    access::repository(&ctx.app.store, actor, id).await?;
    ctx.app.store.snapshots(id, page).await
}
