//! From an id to the resource, if the caller may see it.
//!
//! What belongs to someone else is `not_found`, with the same text as what does not exist.

use crate::{
    domain::{
        access::Actor,
        finding::Finding,
        ids::{FindingId, ProjectId, RepositoryId, ScanId, SnapshotId},
        project::Project,
        repository::Repository,
        scan::Scan,
        snapshot::Snapshot,
    },
    error::{Error, ErrorCode, Result},
    store::{PageRequest, SharedStore},
};

/// The caller's project.
pub async fn project(store: &SharedStore, actor: &Actor, id: ProjectId) -> Result<Project> {
    let project = store.project(id).await?;
    if actor.owns(&project) {
        Ok(project)
    } else {
        Err(Error::not_found("Project", id))
    }
}

/// Whether the caller may see what lies in `project`; otherwise `what` does not exist for them.
async fn within(
    store: &SharedStore,
    actor: &Actor,
    project: ProjectId,
    what: impl FnOnce() -> Error,
) -> Result<()> {
    match self::project(store, actor, project).await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == ErrorCode::NotFound => Err(what()),
        Err(error) => Err(error),
    }
}

/// The caller's repository.
pub async fn repository(
    store: &SharedStore,
    actor: &Actor,
    id: RepositoryId,
) -> Result<Repository> {
    let repository = store.repository(id).await?;
    within(store, actor, repository.project_id, || {
        Error::not_found("Repository", id)
    })
    .await?;
    Ok(repository)
}

/// The caller's scan.
pub async fn scan(store: &SharedStore, actor: &Actor, id: ScanId) -> Result<Scan> {
    let scan = store.scan(id).await?;
    within(store, actor, scan.project_id, || {
        Error::not_found("Scan", id)
    })
    .await?;
    Ok(scan)
}

/// The caller's snapshot.
pub async fn snapshot(store: &SharedStore, actor: &Actor, id: SnapshotId) -> Result<Snapshot> {
    let snapshot = store.snapshot(id).await?;
    match repository(store, actor, snapshot.repository_id).await {
        Ok(_) => Ok(snapshot),
        Err(error) if error.code() == ErrorCode::NotFound => Err(Error::not_found("Snapshot", id)),
        Err(error) => Err(error),
    }
}

/// The caller's finding.
pub async fn finding(store: &SharedStore, actor: &Actor, id: FindingId) -> Result<Finding> {
    let finding = store.finding(id).await?;
    match repository(store, actor, finding.repository_id).await {
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
