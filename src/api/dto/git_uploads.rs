//! Temporary remotes for `git push`.

use crate::{
    domain::{
        git_upload::{LastPush, USERNAME},
        ids::RepositoryId,
    },
    error::{Error, Result},
    store::SeenGitUpload,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The wish for a remote.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateGitUploadRequest {
    /// A repository with `source_type` `git_push` (`repo_…`).
    #[schema(example = "repo_01m7xzhczpe8mr4s5tgn8e6hve")]
    pub repository_id: String,
}

impl CreateGitUploadRequest {
    /// The repository.
    pub fn check(self) -> Result<RepositoryId> {
        repository_id(&self.repository_id)
    }
}

fn repository_id(text: &str) -> Result<RepositoryId> {
    text.parse()
        .map_err(|_| Error::field("repository_id", "must be the id of a repository (repo_…)"))
}

/// Which remotes, and which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GitUploadListParams {
    /// Of one repository only (`repo_…`).
    pub repository_id: Option<String>,
    /// At most this many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// Where to continue, from the `Link` header.
    pub cursor: Option<String>,
}

impl GitUploadListParams {
    /// The repository, if one is named.
    pub fn repository(&self) -> Result<Option<RepositoryId>> {
        self.repository_id.as_deref().map(repository_id).transpose()
    }
}

/// A temporary remote.
#[derive(Debug, Serialize, ToSchema)]
pub struct GitUploadDto {
    /// Identity (`up_…`).
    pub id: String,
    /// Where pushes go (`repo_…`).
    pub repository_id: String,
    /// What to name to `git push`. An address of this server; relative when the request did not
    /// say how it reached it.
    #[schema(
        example = "https://vega.example.com/v1/git-uploads/up_01m7xzhczpe8mr4s5tgn8e6hve/repo.git"
    )]
    pub remote_url: String,
    /// The user name for it.
    #[schema(example = "vega")]
    pub username: String,
    /// The password; only in the answer that makes the remote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// `open`, `expired`, or `revoked` with the API key it was made with.
    #[schema(example = "open")]
    pub status: String,
    /// When it stops working (RFC 3339).
    pub expires_at: String,
    /// How many pushes became an ingest.
    pub pushes: u64,
    /// The newest of them.
    pub last_push: Option<LastPushDto>,
    /// Who made it (`usr_…`).
    pub created_by: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
}

/// A push whose ingest began.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastPushDto {
    /// When it came in (RFC 3339).
    pub at: String,
    /// The branch.
    #[schema(example = "main")]
    pub branch: String,
    /// Its commit.
    pub commit: String,
    /// The ingest (`job_…`).
    pub job_id: String,
}

impl From<LastPush> for LastPushDto {
    fn from(push: LastPush) -> Self {
        Self {
            at: push.at.to_string(),
            branch: push.branch,
            commit: push.commit,
            job_id: push.job_id.to_string(),
        }
    }
}

impl GitUploadDto {
    /// As shown to who asked through `base`: origin, if known, and API prefix.
    pub fn new(seen: SeenGitUpload, base: &str, password: Option<String>) -> Self {
        let upload = seen.upload;
        Self {
            remote_url: format!("{base}/git-uploads/{}/repo.git", upload.id),
            id: upload.id.to_string(),
            repository_id: upload.repository_id.to_string(),
            username: USERNAME.into(),
            password,
            status: seen.status.to_string(),
            expires_at: upload.expires_at.to_string(),
            pushes: upload.pushes,
            last_push: upload.last_push.map(Into::into),
            created_by: upload.created_by.to_string(),
            created_at: upload.created_at.to_string(),
        }
    }
}
