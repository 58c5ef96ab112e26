//! The ingest job: from a git URL, an uploaded archive or a push to a snapshot.
//!
//! Everything happens in a working folder that disappears with the process; the snapshot's key
//! derives from its content, so an interrupted ingest that runs again ends with the same object.

use super::working_dir::WorkingRoot;
use crate::{
    clock::new_id,
    context::ServeContext,
    domain::{
        ids::RepositoryId, job::Job, lease::Fence, object_key::ObjectKey, repository::Repository,
        snapshot::Snapshot,
    },
    error::{Error, ErrorCode, Result},
    shutdown::blocking,
    store::IngestResult,
    workspace::{self, SourceLimits, SourceTree, git::push::PushLimits},
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// What an ingest job has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum IngestInput {
    /// Clone the repository's git URL.
    Git,
    /// Unpack an uploaded archive.
    Archive {
        /// Where the upload lies in the object store.
        key: String,
        /// The name it was uploaded under.
        label: String,
    },
    /// Unpack the tree of a pushed commit.
    GitPush {
        /// Where its pack lies in the object store.
        key: String,
        /// The tree in it.
        tree: String,
        /// The commit.
        commit: String,
        /// The branch it was pushed to.
        branch: String,
    },
}

impl IngestInput {
    /// Where the upload lies that the ingest reads, if there is one.
    fn upload(&self) -> Option<&str> {
        match self {
            Self::Git => None,
            Self::Archive { key, .. } | Self::GitPush { key, .. } => Some(key),
        }
    }
}

/// A source tree and where it came from.
struct Fetched {
    tree: SourceTree,
    commit: Option<String>,
    label: String,
}

/// The limits of the settings, as the workspace wants them.
pub fn source_limits(limits: &crate::settings::LimitSettings) -> SourceLimits {
    SourceLimits {
        max_source_bytes: limits.max_source_bytes,
        max_entries: limits.max_archive_entries,
        max_file_bytes: limits.max_archive_file_bytes,
        max_total_bytes: limits.max_archive_uncompressed_bytes,
    }
}

/// What bounds git's work on pushes.
pub fn push_limits(ctx: &ServeContext) -> PushLimits {
    PushLimits {
        sources: source_limits(&ctx.limits),
        timeout: ctx.limits.git_timeout,
    }
}

/// What a commit is called in lists.
pub fn git_label(reference: &str, commit: &str) -> String {
    let short: String = commit.chars().take(12).collect();
    format!("{reference}@{short}")
}

/// Runs an ingest job to its end in the store. Fails only when the job should be tried again:
/// interrupted, lease lost, or a store that does not answer.
pub async fn run(
    ctx: &ServeContext,
    working: &WorkingRoot,
    job: &Job,
    fence: Fence,
    cancel: &CancellationToken,
) -> Result<()> {
    let id: RepositoryId = job
        .subject_id
        .parse()
        .map_err(|error| Error::internal("an ingest job names no repository", error))?;
    let input: IngestInput = serde_json::from_value(job.input.clone())
        .map_err(|error| Error::internal("an ingest job cannot be read", error))?;
    let repository = ctx.app.store.repository(id).await?;
    let outcome = ingest(ctx, working, &repository, &input, cancel).await;
    let result = match outcome {
        Ok(snapshot) => IngestResult::Ready(Box::new(snapshot)),
        Err(error) if cancel.is_cancelled() => return Err(error),
        Err(error) if error.code().retryable() && job.attempt < 3 => return Err(error),
        Err(error) => {
            tracing::info!(repository_id = %id, %error, cause = ?error, "an ingest failed");
            IngestResult::Failed(error.to_failure())
        }
    };
    ctx.app
        .store
        .finish_ingest(job.id, fence, result, ctx.app.clock.now())
        .await?;
    if let Some(key) = input.upload() {
        ctx.app.objects.delete(&ObjectKey::parse(key)?).await?;
    }
    Ok(())
}

async fn ingest(
    ctx: &ServeContext,
    working: &WorkingRoot,
    repository: &Repository,
    input: &IngestInput,
    cancel: &CancellationToken,
) -> Result<Snapshot> {
    let folder = working.folder("ingest")?;
    let tree_path = folder.path().join("tree");
    let fetched = match input {
        IngestInput::Git => fetch_git(ctx, repository, tree_path, cancel.clone()).await?,
        IngestInput::Archive { key, label } => {
            let archive = folder.path().join("archive");
            ctx.app
                .objects
                .fetch_to(&ObjectKey::parse(key)?, &archive)
                .await?;
            let limits = source_limits(&ctx.limits);
            let token = cancel.clone();
            let tree =
                blocking(move || workspace::archive::unpack(&archive, &tree_path, &limits, &token))
                    .await?;
            Fetched {
                tree,
                commit: None,
                label: label.clone(),
            }
        }
        IngestInput::GitPush {
            key,
            tree,
            commit,
            branch,
        } => {
            let pack = folder.path().join("pushed.pack");
            let key = ObjectKey::parse(key)?;
            ctx.app.objects.fetch_to(&key, &pack).await?;
            let limits = push_limits(ctx);
            let (token, id) = (cancel.clone(), tree.clone());
            let tree = blocking(move || {
                workspace::git::push::unpack_tree(&pack, &id, &tree_path, &limits, &token)
            })
            .await?;
            Fetched {
                tree,
                label: git_label(branch, commit),
                commit: Some(commit.clone()),
            }
        }
    };
    let zip = folder.path().join("snapshot.zip");
    let (token, target) = (cancel.clone(), zip.clone());
    let (packed, fetched) = blocking(move || {
        let packed = workspace::snapshot::pack(&fetched.tree, &target, &token)?;
        Ok((packed, fetched))
    })
    .await?;
    if packed.file_count == 0 {
        return Err(
            Error::new(ErrorCode::IngestFailed, "The source contains no files")
                .with_detail("reason", "empty"),
        );
    }
    let key = ObjectKey::snapshot(repository.id, &packed.tree_sha256);
    ctx.app.objects.put_file(&key, &zip).await?;
    // Removing tens of thousands of files takes a while: not on an async thread.
    blocking(move || {
        drop(folder);
        Ok(())
    })
    .await?;
    Ok(Snapshot {
        id: new_id(),
        repository_id: repository.id,
        storage_key: key.to_string(),
        tree_sha256: packed.tree_sha256,
        archive_sha256: packed.archive_sha256,
        size_bytes: packed.size_bytes,
        file_count: packed.file_count,
        languages: packed.languages,
        commit: fetched.commit,
        source_label: fetched.label,
        created_at: ctx.app.clock.now(),
    })
}

async fn fetch_git(
    ctx: &ServeContext,
    repository: &Repository,
    target: std::path::PathBuf,
    cancel: CancellationToken,
) -> Result<Fetched> {
    let token = match &repository.git_token {
        Some(sealed) => Some(ctx.sealing.open(sealed, &repository.id.to_string())?),
        None => None,
    };
    let source = workspace::git::GitSource {
        url: repository.git_url.clone().unwrap_or_default(),
        reference: repository.git_ref.clone(),
        token,
    };
    let settings = workspace::git::GitSettings {
        allow_private_hosts: ctx.limits.git_allow_private_hosts.clone(),
        timeout: ctx.limits.git_timeout,
        limits: source_limits(&ctx.limits),
    };
    let checkout =
        blocking(move || workspace::git::fetch(&source, &target, &settings, &cancel)).await?;
    Ok(Fetched {
        label: git_label(&checkout.reference, &checkout.commit),
        commit: Some(checkout.commit),
        tree: checkout.tree,
    })
}
