//! From an id to the resource, if the caller has the role for what they are about to do.
//!
//! What a caller has no role in is `not_found`, with the same text as what does not exist; a role
//! that is too low is `forbidden`. The functions without `_as` are for looking only.

use crate::{
    domain::{
        access::Actor,
        finding::Finding,
        ids::{FindingId, ProjectId, RepositoryId, ScanId, SnapshotId},
        project::{Project, ProjectRole},
        repository::Repository,
        scan::Scan,
        snapshot::Snapshot,
    },
    error::{Error, ErrorCode, Result},
    store::{PageRequest, SharedStore},
};

/// A project the caller may see.
pub async fn project(store: &SharedStore, actor: &Actor, id: ProjectId) -> Result<Project> {
    project_as(store, actor, id, ProjectRole::Viewer).await
}

/// A project in which the caller has at least the role `needed`.
pub async fn project_as(
    store: &SharedStore,
    actor: &Actor,
    id: ProjectId,
    needed: ProjectRole,
) -> Result<Project> {
    let project = store.project(id).await?;
    actor.require_role(&project, needed)?;
    Ok(project)
}

/// Whether the caller has a role in `project`; otherwise `what` does not exist for them.
async fn within(
    store: &SharedStore,
    actor: &Actor,
    project: ProjectId,
    needed: ProjectRole,
    what: impl FnOnce() -> Error,
) -> Result<()> {
    match project_as(store, actor, project, needed).await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == ErrorCode::NotFound => Err(what()),
        Err(error) => Err(error),
    }
}

/// A repository the caller may see.
pub async fn repository(
    store: &SharedStore,
    actor: &Actor,
    id: RepositoryId,
) -> Result<Repository> {
    repository_as(store, actor, id, ProjectRole::Viewer).await
}

/// A repository in whose project the caller has at least the role `needed`.
pub async fn repository_as(
    store: &SharedStore,
    actor: &Actor,
    id: RepositoryId,
    needed: ProjectRole,
) -> Result<Repository> {
    let repository = store.repository(id).await?;
    within(store, actor, repository.project_id, needed, || {
        Error::not_found("Repository", id)
    })
    .await?;
    Ok(repository)
}

/// A scan the caller may see.
pub async fn scan(store: &SharedStore, actor: &Actor, id: ScanId) -> Result<Scan> {
    scan_as(store, actor, id, ProjectRole::Viewer).await
}

/// A scan in whose project the caller has at least the role `needed`.
pub async fn scan_as(
    store: &SharedStore,
    actor: &Actor,
    id: ScanId,
    needed: ProjectRole,
) -> Result<Scan> {
    let scan = store.scan(id).await?;
    within(store, actor, scan.project_id, needed, || {
        Error::not_found("Scan", id)
    })
    .await?;
    Ok(scan)
}

/// A snapshot the caller may see.
pub async fn snapshot(store: &SharedStore, actor: &Actor, id: SnapshotId) -> Result<Snapshot> {
    let snapshot = store.snapshot(id).await?;
    match repository(store, actor, snapshot.repository_id).await {
        Ok(_) => Ok(snapshot),
        Err(error) if error.code() == ErrorCode::NotFound => Err(Error::not_found("Snapshot", id)),
        Err(error) => Err(error),
    }
}

/// A finding the caller may see.
pub async fn finding(store: &SharedStore, actor: &Actor, id: FindingId) -> Result<Finding> {
    finding_as(store, actor, id, ProjectRole::Viewer).await
}

/// A finding in whose project the caller has at least the role `needed`.
pub async fn finding_as(
    store: &SharedStore,
    actor: &Actor,
    id: FindingId,
    needed: ProjectRole,
) -> Result<Finding> {
    let finding = store.finding(id).await?;
    match repository_as(store, actor, finding.repository_id, needed).await {
        Ok(_) => Ok(finding),
        Err(error) if error.code() == ErrorCode::NotFound => Err(Error::not_found("Finding", id)),
        Err(error) => Err(error),
    }
}

/// Every project whose findings the caller may read.
pub async fn readable_projects(store: &SharedStore, actor: &Actor) -> Result<Vec<ProjectId>> {
    let all = PageRequest::first(usize::MAX);
    let projects = store.projects(actor.user_id, all).await?;
    Ok(projects
        .items
        .into_iter()
        .map(|(project, _)| project.id)
        .collect())
}
