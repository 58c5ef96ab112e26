//! Archives that go to the object store by themselves: a signed address to put one to, and the word
//! that it is there.
//!
//! Nothing is recorded until that word: an address nobody uses leaves nothing, an upload nobody
//! completes is swept after a day, and nobody gets many addresses without completing some. An address
//! ends with its completion and with its repository. What was put is copied before it is read, so that
//! the address cannot change it under the ingest.

use super::{access, repositories, working_dir::WorkingRoot};
use crate::{
    clock::new_id,
    context::ServeContext,
    domain::{
        access::Actor,
        ids::{JobId, RepositoryId, UploadId},
        job::Job,
        object_key::ObjectKey,
        project::ProjectRole,
        repository::Repository,
        time::Timestamp,
    },
    error::{Error, ErrorCode, Result},
    objects::PresignedPut,
};
use std::time::Duration;

/// How long an address works (contract §10).
const LIFETIME: Duration = Duration::from_secs(3600);

/// An address to put an archive to.
#[derive(Debug)]
pub struct UploadPlace {
    /// What to name when it is there.
    pub id: UploadId,
    /// Where and how to put it.
    pub put: PresignedPut,
    /// Until when.
    pub expires_at: Timestamp,
    /// The most bytes it may have.
    pub max_bytes: u64,
}

/// Makes an address for one archive of a repository of the caller.
pub async fn begin(ctx: &ServeContext, actor: &Actor, id: RepositoryId) -> Result<UploadPlace> {
    repositories::check_upload(ctx, actor, id).await?;
    ctx.throttles.archive_upload_begun(actor.user_id)?;
    let upload: UploadId = new_id();
    let key = ObjectKey::upload(id, &upload.to_string());
    Ok(UploadPlace {
        id: upload,
        put: ctx.app.objects.presign_put(&key, LIFETIME).await?,
        expires_at: ctx.app.clock.now().after(LIFETIME),
        max_bytes: ctx.limits.max_source_bytes,
    })
}

/// Whether an archive may (still) be put to `key`: an address whose upload was completed, or whose
/// repository is gone, would fill the store with what nobody reads.
///
/// # Errors
/// `not_found` without the repository, also when its project is being deleted; `conflict` after the
/// completion.
pub async fn check_put(ctx: &ServeContext, key: &ObjectKey) -> Result<()> {
    let mut segments = key.as_str().split('/').skip(1);
    let repository = segments.next().and_then(|it| it.parse().ok());
    let upload = segments.next().and_then(|it| it.parse().ok());
    let (Some(repository), Some(upload)) = (repository, upload) else {
        return Ok(());
    };
    let gone = |error: Error| match error.code() {
        ErrorCode::NotFound => Error::not_found("Repository", repository),
        _ => error,
    };
    let known = ctx.app.store.repository(repository).await?;
    let project = ctx.app.store.project(known.project_id).await;
    project.map_err(gone)?;
    match job_of(ctx, repository, upload).await? {
        None => Ok(()),
        Some(_) => Err(Error::conflict(
            "This upload was completed already; ask for a new address for another archive",
        )),
    }
}

/// Starts the ingest of an archive that was put. Completing it again gives the same job.
pub async fn complete(
    ctx: &ServeContext,
    actor: &Actor,
    working: &WorkingRoot,
    (id, upload): (RepositoryId, UploadId),
    label: String,
) -> Result<(Repository, Job)> {
    access::repository_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    if let Some(job) = job_of(ctx, id, upload).await? {
        return Ok((ctx.app.store.repository(id).await?, job));
    }
    match start(ctx, actor, working, (id, upload), label).await {
        // Another completion of the same upload may have been first.
        Err(error) if matches!(error.code(), ErrorCode::Conflict | ErrorCode::NotFound) => {
            match job_of(ctx, id, upload).await? {
                Some(job) => Ok((ctx.app.store.repository(id).await?, job)),
                None => Err(error),
            }
        }
        started => started,
    }
}

async fn start(
    ctx: &ServeContext,
    actor: &Actor,
    working: &WorkingRoot,
    (id, upload): (RepositoryId, UploadId),
    label: String,
) -> Result<(Repository, Job)> {
    let key = ObjectKey::upload(id, &upload.to_string());
    let Some(meta) = ctx.app.objects.head(&key).await? else {
        return Err(Error::not_found("Upload", upload));
    };
    if meta.size > ctx.limits.max_source_bytes {
        ctx.app.objects.delete(&key).await?;
        ctx.throttles.archive_upload_ended(actor.user_id);
        return Err(too_large(ctx.limits.max_source_bytes));
    }
    let folder = working.folder("upload")?;
    let file = folder.path().join("archive");
    ctx.app.objects.fetch_to(&key, &file).await?;
    let job = job_id(upload);
    let started = repositories::accept_upload(ctx, actor, id, &file, label, job).await?;
    ctx.app.objects.delete(&key).await?;
    ctx.throttles.archive_upload_ended(actor.user_id);
    Ok(started)
}

/// One upload is one job: the same number under another name, so that the store refuses a second.
fn job_id(upload: UploadId) -> JobId {
    JobId::from_uuid(upload.uuid())
}

/// The job that the completion of `upload` started.
async fn job_of(ctx: &ServeContext, id: RepositoryId, upload: UploadId) -> Result<Option<Job>> {
    match ctx.app.store.job(job_id(upload)).await {
        Ok(job) => Ok(Some(job).filter(|job| job.subject_id == id.to_string())),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn too_large(limit: u64) -> Error {
    let message = format!("An archive may have at most {limit} bytes");
    Error::new(ErrorCode::PayloadTooLarge, message).with_detail("limit_bytes", limit)
}
