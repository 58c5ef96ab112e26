//! Temporary remotes for `git push`: who made one, until when it works, what came in last.
//!
//! A remote takes pushes only. The password is shown once and kept as a hash, like an API key's.

use super::{
    api_key::{ApiKey, Scope},
    ids::{ApiKeyId, GitUploadId, JobId, RepositoryId, UserId},
    text_enum,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The user name that goes with every upload's password.
pub const USERNAME: &str = "vega";

/// What a client is told whose remote ended with its API key.
pub const REVOKED: &str = "The API key that this git upload was made with was revoked, or its time is over; make a new git upload.";

text_enum! {
    /// Whether a remote takes pushes.
    GitUploadStatus {
        /// It does.
        Open = "open",
        /// Its time is over.
        Expired = "expired",
        /// The API key it was made with was revoked, or its time is over.
        Revoked = "revoked",
    }
}

/// The newest push whose ingest began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastPush {
    /// When it came in.
    pub at: Timestamp,
    /// The branch that becomes the snapshot, without `refs/heads/`.
    pub branch: String,
    /// Its commit, lower-case hex.
    pub commit: String,
    /// The ingest.
    pub job_id: JobId,
}

/// A temporary remote of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitUpload {
    /// Identity.
    pub id: GitUploadId,
    /// Where pushes go.
    pub repository_id: RepositoryId,
    /// In whose name they are made: they need this user's rights at the time of the push.
    pub created_by: UserId,
    /// The API key it was made with, and ends with; none when its maker had signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<ApiKeyId>,
    /// SHA-256 (hex) of the password, which has 256 random bits.
    pub password_hash: String,
    /// When it stops working, by the store's clock.
    pub expires_at: Timestamp,
    /// How many pushes became an ingest.
    #[serde(default)]
    pub pushes: u64,
    /// The newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_push: Option<LastPush>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl GitUpload {
    /// Whether it takes pushes at `now`, a time of the store's clock. `key` is the API key it was made
    /// with, if there is one and it still exists.
    pub fn status(&self, key: Option<&ApiKey>, now: Timestamp) -> GitUploadStatus {
        let works = |key: &ApiKey| {
            key.expires_at.is_none_or(|end| end > now) && key.scopes.contains(&Scope::Write)
        };
        if self.expires_at <= now {
            GitUploadStatus::Expired
        } else if self.api_key_id.is_some() && !key.is_some_and(works) {
            GitUploadStatus::Revoked
        } else {
            GitUploadStatus::Open
        }
    }
}

/// Which of the branches of one push becomes the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotBranch<'a> {
    /// None was created or moved: tags and deletions bring no source in.
    None,
    /// This one.
    One(&'a str),
    /// Several, and none of them stands out.
    Ambiguous,
}

/// The only branch, else `main`, else `master`.
pub fn snapshot_branch<'a>(branches: &[&'a str]) -> SnapshotBranch<'a> {
    match branches {
        [] => SnapshotBranch::None,
        [only] => SnapshotBranch::One(only),
        several => {
            let known = ["main", "master"].into_iter();
            let mut known = known.filter_map(|name| several.iter().find(|it| **it == name));
            match known.next() {
                Some(branch) => SnapshotBranch::One(branch),
                None => SnapshotBranch::Ambiguous,
            }
        }
    }
}

#[cfg(test)]
mod tests;
