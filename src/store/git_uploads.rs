//! Temporary remotes for `git push`.

use super::{Page, PageRequest};
use crate::{
    domain::{
        git_upload::{GitUpload, GitUploadStatus, LastPush},
        ids::{GitUploadId, RepositoryId, UserId},
        job::Job,
        repository::Repository,
        time::Timestamp,
    },
    error::Result,
};
use std::time::Duration;

/// A remote as the store's clock sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenGitUpload {
    /// The remote.
    pub upload: GitUpload,
    /// Whether it takes pushes.
    pub status: GitUploadStatus,
}

/// Which remotes are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GitUploadFilter {
    /// Of projects in which this user has a role.
    pub user: UserId,
    /// Of this repository only.
    pub repository: Option<RepositoryId>,
}

/// Temporary remotes for `git push`. They go with their repository.
#[async_trait::async_trait]
pub trait GitUploadStore: Send + Sync {
    /// Adds a remote that works for `lifetime` from now, by the store's clock, which sets
    /// `expires_at`. `quota_exceeded` when its user has `most` that work already.
    async fn insert_git_upload(
        &self,
        upload: GitUpload,
        lifetime: Duration,
        most: u32,
    ) -> Result<GitUpload>;
    /// The remote, or `not_found`.
    async fn git_upload(&self, id: GitUploadId) -> Result<SeenGitUpload>;
    /// Remotes, newest first.
    async fn git_uploads(
        &self,
        filter: GitUploadFilter,
        page: PageRequest,
    ) -> Result<Page<SeenGitUpload>>;
    /// Notes a push and begins its ingest, as [`super::RepositoryStore::begin_ingest`] does, in one
    /// change. `not_found` when the remote is gone, `conflict` when its time is over, `forbidden`
    /// when its maker is not active, or no admin of the project, any more, and when the API key it
    /// was made with is not valid any more.
    async fn accept_push(
        &self,
        id: GitUploadId,
        push: LastPush,
        job: Job,
        now: Timestamp,
    ) -> Result<Repository>;
    /// Removes a remote.
    async fn remove_git_upload(&self, id: GitUploadId) -> Result<()>;
}
