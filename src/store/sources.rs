//! Projects, repositories, snapshots and threat profiles.

use super::{Page, PageRequest};
use crate::{
    domain::{
        ids::{ProjectId, RepositoryId, SnapshotId, UserId},
        job::Job,
        project::{Project, ProjectRole, ProjectRollup},
        repository::{Repository, SealedSecret},
        snapshot::Snapshot,
        threat_profile::ThreatProfile,
        time::Timestamp,
    },
    error::Result,
};

/// What is to be changed on a project; absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectChange {
    /// New name.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
}

/// Projects. A project marked as deleted is `not_found` everywhere but for the deletion job.
#[async_trait::async_trait]
pub trait ProjectStore: Send + Sync {
    /// Adds a project.
    async fn insert_project(&self, project: Project) -> Result<()>;
    /// The project, or `not_found`.
    async fn project(&self, id: ProjectId) -> Result<Project>;
    /// The projects in which a user has a role, with their rollups.
    async fn projects(
        &self,
        user: UserId,
        page: PageRequest,
    ) -> Result<Page<(Project, ProjectRollup)>>;
    /// The counts over all of a project's repositories.
    async fn project_rollup(&self, id: ProjectId) -> Result<ProjectRollup>;
    /// Changes a project and returns the new state.
    async fn change_project(
        &self,
        id: ProjectId,
        change: ProjectChange,
        now: Timestamp,
    ) -> Result<Project>;
    /// Gives a user a role in a project; `conflict` as [`Project::set_member`] says.
    async fn set_project_member(
        &self,
        id: ProjectId,
        user: UserId,
        role: ProjectRole,
        now: Timestamp,
    ) -> Result<Project>;
    /// Takes a user's role in a project away; fine when there is none.
    async fn remove_project_member(
        &self,
        id: ProjectId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Project>;
    /// Marks a project as deleted, queues `job` to clear it up, and asks every scan of it that is
    /// not final to stop (queued ones are cancelled at once).
    async fn delete_project(&self, id: ProjectId, job: Job, now: Timestamp) -> Result<()>;
    /// Removes everything stored for a project marked as deleted, once none of its scans is
    /// running; `conflict` while one is. Idempotent.
    async fn purge_project(&self, id: ProjectId) -> Result<()>;
}

/// What is to be changed on a repository; absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepositoryChange {
    /// New name.
    pub name: Option<String>,
    /// New git reference; `Some(None)` goes back to the remote's default branch.
    pub git_ref: Option<Option<String>>,
    /// New git token; `Some(None)` removes it.
    pub git_token: Option<Option<SealedSecret>>,
    /// New default paths.
    pub default_paths: Option<Vec<String>>,
}

/// Repositories and the start of their ingest.
#[async_trait::async_trait]
pub trait RepositoryStore: Send + Sync {
    /// Adds a repository; with `ingest`, queues that job and sets `ingesting` in the same change.
    async fn insert_repository(&self, repository: Repository, ingest: Option<Job>) -> Result<()>;
    /// The repository, or `not_found`.
    async fn repository(&self, id: RepositoryId) -> Result<Repository>;
    /// A project's repositories.
    async fn repositories(&self, project: ProjectId, page: PageRequest)
    -> Result<Page<Repository>>;
    /// Every repository id of a project, also of one marked as deleted.
    async fn repository_ids(&self, project: ProjectId) -> Result<Vec<RepositoryId>>;
    /// Changes a repository and returns the new state.
    async fn change_repository(
        &self,
        id: RepositoryId,
        change: RepositoryChange,
        now: Timestamp,
    ) -> Result<Repository>;
    /// Queues an ingest and sets `ingesting`; `conflict` while another one is not final, and when a
    /// job with this id exists.
    async fn begin_ingest(&self, id: RepositoryId, job: Job, now: Timestamp) -> Result<Repository>;
    /// Removes a repository with its snapshots, scans, events, findings and jobs; `conflict` while
    /// one of its scans is not final or one of its jobs is running.
    async fn remove_repository(&self, id: RepositoryId) -> Result<()>;
}

/// Snapshots. They are added by [`super::JobStore::finish_ingest`] only.
#[async_trait::async_trait]
pub trait SnapshotStore: Send + Sync {
    /// The snapshot, or `not_found`.
    async fn snapshot(&self, id: SnapshotId) -> Result<Snapshot>;
    /// A repository's snapshots, newest first.
    async fn snapshots(
        &self,
        repository: RepositoryId,
        page: PageRequest,
    ) -> Result<Page<Snapshot>>;
}

/// Threat profiles.
#[async_trait::async_trait]
pub trait ThreatProfileStore: Send + Sync {
    /// The current profile, if there is one.
    async fn threat_profile(&self, repository: RepositoryId) -> Result<Option<ThreatProfile>>;
    /// Adds the next version; the store sets its number. With `only_if_missing`, an existing
    /// profile of any origin stays and is returned instead.
    async fn put_threat_profile(
        &self,
        profile: ThreatProfile,
        only_if_missing: OnlyIfMissing,
    ) -> Result<ThreatProfile>;
    /// Every version, newest first.
    async fn threat_profile_history(
        &self,
        repository: RepositoryId,
        page: PageRequest,
    ) -> Result<Page<ThreatProfile>>;
}

/// Whether an existing profile stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnlyIfMissing {
    /// Keep what exists.
    Yes,
    /// Add a new version.
    No,
}
