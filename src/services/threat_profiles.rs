//! Threat profiles: read, edit, generate.

use super::{access, audit, working_dir::WorkingRoot};
use crate::{
    clock::new_id,
    context::{AppContext, ServeContext},
    domain::{
        access::Actor,
        audit::AuditAction,
        ids::{RepositoryId, SnapshotId},
        job::{Job, JobKind},
        object_key::ObjectKey,
        project::ProjectRole,
        threat_profile::{ProfileOrigin, ThreatProfile, ThreatProfileContent},
    },
    engine,
    error::{Error, Result},
    shutdown::blocking,
    store::{OnlyIfMissing, Page, PageRequest},
    workspace,
};
use tokio_util::sync::CancellationToken;

/// The current profile of a repository of the caller.
pub async fn get(ctx: &ServeContext, actor: &Actor, id: RepositoryId) -> Result<ThreatProfile> {
    access::repository(&ctx.app.store, actor, id).await?;
    ctx.app.store.threat_profile(id).await?.ok_or_else(|| {
        Error::new(
            crate::error::ErrorCode::NotFound,
            "This repository has no threat profile yet; generate one, or start a scan",
        )
    })
}

/// Every version of the profile of a repository of the caller, newest first.
pub async fn history(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    page: PageRequest,
) -> Result<Page<ThreatProfile>> {
    access::repository(&ctx.app.store, actor, id).await?;
    ctx.app.store.threat_profile_history(id, page).await
}

/// Stores an edited profile as the next version.
pub async fn put(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    content: ThreatProfileContent,
) -> Result<ThreatProfile> {
    access::repository_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    let stored = store(
        &ctx.app,
        id,
        content,
        ProfileOrigin::Edited,
        OnlyIfMissing::No,
    );
    audit::by(actor, AuditAction::ThreatProfileEdited, id, stored).await
}

/// Starts the generation of a new version from the newest snapshot.
pub async fn generate(ctx: &ServeContext, actor: &Actor, id: RepositoryId) -> Result<Job> {
    let repository = access::repository_as(&ctx.app.store, actor, id, ProjectRole::Admin).await?;
    if repository.latest_snapshot_id.is_none() {
        return Err(Error::conflict(
            "The repository has no source yet; ingest it first",
        ));
    }
    let now = ctx.app.clock.now();
    let job = Job::queued(
        new_id(),
        JobKind::GenerateThreatProfile,
        id,
        serde_json::Value::Null,
        now,
    );
    let queued = ctx.app.store.enqueue_job(job.clone());
    audit::by(actor, AuditAction::ThreatProfileRequested, id, queued).await?;
    ctx.job_queued.notify_one();
    Ok(job)
}

/// The generation job.
pub async fn run(
    app: &AppContext,
    working: &WorkingRoot,
    job: &Job,
    cancel: &CancellationToken,
) -> Result<()> {
    let id: RepositoryId = job
        .subject_id
        .parse()
        .map_err(|error| Error::internal("a profile job names no repository", error))?;
    let repository = app.store.repository(id).await?;
    let snapshot = repository
        .latest_snapshot_id
        .ok_or_else(|| Error::conflict("The repository has no source"))?;
    let folder = working.folder("profile")?;
    let tree = folder.path().join("tree");
    fetch_snapshot(app, snapshot, folder.path(), &tree, cancel).await?;
    let content = blocking(move || {
        let content = engine::generate_threat_profile(&tree)?;
        drop(folder);
        Ok(content)
    })
    .await?;
    store(
        app,
        id,
        content,
        ProfileOrigin::Generated,
        OnlyIfMissing::No,
    )
    .await?;
    Ok(())
}

/// The current profile, generated from `tree` if there is none.
pub async fn ensure(
    app: &AppContext,
    id: RepositoryId,
    tree: std::path::PathBuf,
) -> Result<ThreatProfile> {
    if let Some(profile) = app.store.threat_profile(id).await? {
        return Ok(profile);
    }
    let content = blocking(move || engine::generate_threat_profile(&tree)).await?;
    store(
        app,
        id,
        content,
        ProfileOrigin::Generated,
        OnlyIfMissing::Yes,
    )
    .await
}

async fn store(
    app: &AppContext,
    id: RepositoryId,
    content: ThreatProfileContent,
    origin: ProfileOrigin,
    only_if_missing: OnlyIfMissing,
) -> Result<ThreatProfile> {
    let profile = ThreatProfile {
        id: new_id(),
        repository_id: id,
        version: 0,
        content,
        origin,
        created_at: app.clock.now(),
    };
    app.store.put_threat_profile(profile, only_if_missing).await
}

/// Brings a snapshot's tree to `tree`, with the zip beside it in `folder`.
pub async fn fetch_snapshot(
    app: &AppContext,
    id: SnapshotId,
    folder: &std::path::Path,
    tree: &std::path::Path,
    cancel: &CancellationToken,
) -> Result<std::path::PathBuf> {
    let snapshot = app.store.snapshot(id).await?;
    let zip = folder.join(format!("{id}.zip"));
    app.objects
        .fetch_to(&ObjectKey::parse(&snapshot.storage_key)?, &zip)
        .await?;
    let (archive, target) = (zip.clone(), tree.to_owned());
    let token = cancel.clone();
    blocking(move || workspace::snapshot::extract(&archive, &target, &token).map(drop)).await?;
    Ok(zip)
}
