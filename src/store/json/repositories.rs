//! Repositories, their snapshots, and the start of their ingest.

use super::{
    JsonStore,
    change::{Change, Decision, Deletion},
    paging, projects,
    state::State,
};
use crate::{
    domain::{
        ids::{ProjectId, RepositoryId, SnapshotId},
        job::{Job, JobKind, JobStatus},
        repository::{IngestStatus, Repository},
        snapshot::Snapshot,
        time::Timestamp,
    },
    error::{Error, Result},
    store::{Page, PageRequest, RepositoryChange, RepositoryStore, SnapshotStore},
};

#[async_trait::async_trait]
impl RepositoryStore for JsonStore {
    async fn insert_repository(&self, repository: Repository, ingest: Option<Job>) -> Result<()> {
        self.commit(move |view, _| insert(view.state, repository, ingest))
            .await
    }

    async fn repository(&self, id: RepositoryId) -> Result<Repository> {
        self.read(move |view| view.state.repositories.find(id, "Repository").cloned())
            .await
    }

    async fn repositories(
        &self,
        project: ProjectId,
        page: PageRequest,
    ) -> Result<Page<Repository>> {
        self.read(move |view| {
            projects::visible(view.state, project)?;
            let ids = view.state.repositories_of.of(&project).copied();
            paging::newest_first(ids, &page, |id| view.state.repositories.get(id).cloned())
        })
        .await
    }

    async fn repository_ids(&self, project: ProjectId) -> Result<Vec<RepositoryId>> {
        self.read(move |view| Ok(view.state.repositories_of.of(&project).copied().collect()))
            .await
    }

    async fn change_repository(
        &self,
        id: RepositoryId,
        change: RepositoryChange,
        now: Timestamp,
    ) -> Result<Repository> {
        self.commit(move |view, _| {
            let mut repository = view.state.repositories.find(id, "Repository")?.clone();
            repository.name = change.name.unwrap_or(repository.name);
            repository.git_ref = change.git_ref.unwrap_or(repository.git_ref);
            repository.git_token = change.git_token.unwrap_or(repository.git_token);
            repository.default_paths = change.default_paths.unwrap_or(repository.default_paths);
            repository.updated_at = now;
            Ok(Decision::new(repository.clone(), vec![repository.into()]))
        })
        .await
    }

    async fn begin_ingest(&self, id: RepositoryId, job: Job, now: Timestamp) -> Result<Repository> {
        self.commit(move |view, _| begin_ingest(view.state, id, job, now))
            .await
    }

    async fn remove_repository(&self, id: RepositoryId) -> Result<()> {
        self.commit(move |view, _| remove(view.state, id)).await
    }
}

#[async_trait::async_trait]
impl SnapshotStore for JsonStore {
    async fn snapshot(&self, id: SnapshotId) -> Result<Snapshot> {
        self.read(move |view| view.state.snapshots.find(id, "Snapshot").cloned())
            .await
    }

    async fn snapshots(
        &self,
        repository: RepositoryId,
        page: PageRequest,
    ) -> Result<Page<Snapshot>> {
        self.read(move |view| {
            view.state.repositories.find(repository, "Repository")?;
            let ids = view.state.snapshots_of.of(&repository).copied();
            paging::newest_first(ids, &page, |id| view.state.snapshots.get(id).cloned())
        })
        .await
    }
}

fn insert(state: &State, mut repository: Repository, ingest: Option<Job>) -> Result<Decision<()>> {
    projects::visible(state, repository.project_id)?;
    if state.repositories.get(repository.id).is_some() {
        let id = repository.id;
        return Err(Error::conflict(format!("Repository {id} already exists")));
    }
    if ingest.is_some() {
        repository.ingest_status = IngestStatus::Ingesting;
    }
    let mut changes: Vec<Change> = vec![repository.into()];
    changes.extend(ingest.map(Change::from));
    Ok(Decision::new((), changes))
}

/// Sets `ingesting` and queues `job`.
pub(super) fn begin_ingest(
    state: &State,
    id: RepositoryId,
    job: Job,
    now: Timestamp,
) -> Result<Decision<Repository>> {
    let mut repository = state.repositories.find(id, "Repository")?.clone();
    if state.jobs.get(job.id).is_some() {
        return Err(Error::conflict(format!("Job {} already exists", job.id)));
    }
    let running =
        jobs_of(state, id).any(|other| other.kind == JobKind::Ingest && !other.status.is_final());
    if running {
        return Err(Error::conflict(format!(
            "Repository {id} is being ingested"
        )));
    }
    repository.ingest_status = IngestStatus::Ingesting;
    repository.ingest_error = None;
    repository.updated_at = now;
    let changes = vec![repository.clone().into(), job.into()];
    Ok(Decision::new(repository, changes))
}

fn remove(state: &State, id: RepositoryId) -> Result<Decision<()>> {
    state.repositories.find(id, "Repository")?;
    let mut scans = state.scans_of.of(&id);
    if let Some(scan) = scans.find(|scan| state.active_scans.contains(scan)) {
        return Err(Error::conflict(format!("{scan} has not ended")));
    }
    if let Some(job) = jobs_of(state, id).find(|job| job.status == JobStatus::Running) {
        return Err(Error::conflict(format!("{} is running", job.id)));
    }
    let deletion = Change::Delete(Deletion::Repository(id));
    Ok(Decision::new((), vec![deletion]))
}

fn jobs_of(state: &State, id: RepositoryId) -> impl Iterator<Item = &Job> {
    let subject = id.to_string();
    let ids: Vec<_> = state.jobs_of.of(&subject).copied().collect();
    ids.into_iter().filter_map(|id| state.jobs.get(id))
}
