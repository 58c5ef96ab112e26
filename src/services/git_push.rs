//! Pushes to temporary remotes, from the first question to the ingest job.
//!
//! A push is answered with "ok" only once its source lies in the object store and its ingest is
//! committed, in that order: whatever dies in between, the client was told nothing it could rely on.
//! The repository behind a remote is a cache in this process's working folder. After anything but a
//! recorded push it is thrown away, so that the next push sends everything instead of hearing that
//! all is up to date. Several processes need the same client on the same process, or a shared
//! repository; see `docs/design/git-push.md`.

use super::{
    audit,
    git_uploads::PushAccess,
    ingest::{self, IngestInput},
    repositories,
    working_dir::WorkingRoot,
};
pub use crate::workspace::git::push::{BodyEncoding, too_large_refusal};
use crate::{
    clock::{Stopwatch, new_id},
    context::ServeContext,
    domain::{
        audit::AuditAction,
        git_upload::{GitUploadStatus, LastPush, SnapshotBranch, snapshot_branch},
        ids::GitUploadId,
        object_key::ObjectKey,
        repository::{IngestStatus, Repository},
    },
    error::{Error, ErrorCode, Result},
    shutdown::blocking,
    store::SharedStore,
    workspace::git::push::{
        PushLimits, PushReport, PushRepository, PushRequest, Received, RefCommand, Refusal,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tempfile::{NamedTempFile, TempDir};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// How long a client waits for another one's push to the same remote.
const PATIENCE: Duration = Duration::from_secs(2);
/// Remotes git works on at once: each takes a core, and a large push gigabytes of memory.
const AT_ONCE: usize = 4;
/// How long a client waits until git may work for it.
const TURN_PATIENCE: Duration = Duration::from_secs(10);
/// How long an unused repository is kept.
const IDLE: Duration = Duration::from_secs(1800);
/// How often is looked for what is not needed any more.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// What the commands of a push may add to the size of its pack.
const HEAD_BYTES: u64 = 2 * 1024 * 1024;

/// The repositories behind the remotes, as far as this process has them.
pub struct PushRemotes {
    working: Arc<WorkingRoot>,
    kept: Mutex<BTreeMap<GitUploadId, Arc<Gate>>>,
    turns: Arc<Semaphore>,
    patience: Duration,
}

/// Whoever holds the lock works with the repository, alone.
type Gate = tokio::sync::Mutex<Option<Kept>>;

/// A repository, and what is known of it.
struct Kept {
    // Before the folder, which goes with it.
    repository: PushRepository,
    references: BTreeSet<String>,
    used: Stopwatch,
    folder: TempDir,
}

/// The right to work with a remote, alone.
pub struct Turn {
    id: GitUploadId,
    gate: OwnedMutexGuard<Option<Kept>>,
}

/// The right to let git work, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    _held: OwnedSemaphorePermit,
}

/// A push as it was received.
pub struct Body {
    /// The bytes; only their beginning when they are too many.
    pub file: NamedTempFile,
    /// How they are packed.
    pub encoding: BodyEncoding,
    /// Whether there were more than fit.
    pub is_cut: bool,
}

impl PushRemotes {
    /// None yet; files go below `working`.
    pub fn new(working: Arc<WorkingRoot>) -> Self {
        Self {
            working,
            kept: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            patience: TURN_PATIENCE,
        }
    }

    /// The right to push to a remote; one client has it at a time.
    ///
    /// # Errors
    /// `conflict` when another push is under way, or the repository is being ingested.
    pub async fn turn(&self, access: &PushAccess) -> Result<Turn> {
        let id = access.upload.id;
        refuse_while_ingesting(&access.repository)?;
        let gate = Arc::clone(self.table().entry(id).or_default());
        match tokio::time::timeout(PATIENCE, gate.lock_owned()).await {
            Ok(gate) => Ok(Turn { id, gate }),
            Err(_) => Err(Error::conflict(
                "Another push to this remote is being received; push again when it has ended.",
            )),
        }
    }

    /// Removes the repositories of remotes that are gone, over or unused.
    pub async fn tidy(&self, store: &SharedStore) {
        let known: Vec<_> = self.table().keys().copied().collect();
        for id in known {
            let gate = self.table().get(&id).map(Arc::clone);
            let Some(Ok(mut gate)) = gate.map(|gate| gate.try_lock_owned()) else {
                continue;
            };
            let wanted = match &*gate {
                Some(kept) if kept.used.elapsed() < IDLE => match store.git_upload(id).await {
                    Ok(seen) => seen.status == GitUploadStatus::Open,
                    Err(error) => error.code() != ErrorCode::NotFound,
                },
                _ => false,
            };
            if wanted {
                continue;
            }
            dispose(gate.take()).await;
            let mut table = self.table();
            // The table's and this one: nobody else waits for it.
            if table.get(&id).is_some_and(|it| Arc::strong_count(it) <= 2) {
                table.remove(&id);
            }
        }
    }

    /// Tidies up until the process is to end.
    pub async fn tidy_loop(self: Arc<Self>, store: SharedStore, token: CancellationToken) {
        loop {
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(TIDY_EVERY) => self.tidy(&store).await,
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<GitUploadId, Arc<Gate>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to let git work, for all that a request needs of it: asked for before anything is
    /// received, so that who is sent away can be told so. Nobody waits for it for ever, nor after the
    /// process is to end.
    ///
    /// # Errors
    /// `dependency_unavailable` when git has too much to do, or the process is to end.
    pub async fn permit(&self, cancel: &CancellationToken) -> Result<Permit> {
        let turns = Arc::clone(&self.turns);
        let busy = |why| {
            Error::new(ErrorCode::DependencyUnavailable, why)
                .with_detail("retry_after_seconds", TURN_PATIENCE.as_secs())
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(busy("the push was called off while it waited for git")),
            turn = tokio::time::timeout(self.patience, turns.acquire_owned()) => match turn {
                Ok(Ok(permit)) => Ok(Permit { _held: permit }),
                Ok(Err(error)) => Err(Error::internal("waiting for git", error)),
                Err(_) => Err(busy("git works on too many other pushes")),
            },
        }
    }

    /// Lets git work with the repository of `turn`, which is made if there is none. A repository
    /// whose work failed is not kept.
    async fn with<T: Send + 'static>(
        &self,
        turn: &mut Turn,
        _permit: &Permit,
        (limits, cancel): (PushLimits, CancellationToken),
        work: impl FnOnce(&mut Kept, &PushLimits, &CancellationToken) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let kept = turn.gate.take();
        let folder = match &kept {
            Some(_) => None,
            None => Some(self.working.folder("git-upload")?),
        };
        let (kept, value) = blocking(move || {
            let mut kept = match (kept, folder) {
                (Some(kept), _) => kept,
                (None, Some(folder)) => Kept {
                    repository: PushRepository::create(folder.path(), &limits, &cancel)?,
                    references: BTreeSet::new(),
                    used: Stopwatch::start(),
                    folder,
                },
                (None, None) => return Err(Error::of(ErrorCode::InternalError)),
            };
            let value = work(&mut kept, &limits, &cancel)?;
            kept.used = Stopwatch::start();
            Ok((kept, value))
        })
        .await?;
        *turn.gate = Some(kept);
        Ok(value)
    }
}

/// Removes a repository's files, which may be many.
async fn dispose(kept: Option<Kept>) {
    let Some(Kept { folder, .. }) = kept else {
        return;
    };
    let removed = blocking(move || folder.close().map_err(|e| Error::internal("removing", e)));
    if let Err(error) = removed.await {
        tracing::warn!(%error, cause = ?error, "the folder of a git upload could not be removed");
    }
}

fn refuse_while_ingesting(repository: &Repository) -> Result<()> {
    if repository.ingest_status == IngestStatus::Ingesting {
        return Err(Error::conflict(
            "The push before this one is being made a snapshot; push again in a moment.",
        ));
    }
    Ok(())
}

/// What the remote has: the first answer of a push.
pub async fn advertise(
    ctx: &ServeContext,
    remotes: &PushRemotes,
    access: &PushAccess,
    cancel: CancellationToken,
) -> Result<Vec<u8>> {
    let mut turn = remotes.turn(access).await?;
    let permit = remotes.permit(&cancel).await?;
    if access.repository.ingest_status == IngestStatus::Failed {
        // The same commit is to be pushed again, not to be found up to date.
        dispose(turn.gate.take()).await;
    }
    let bounds = (ingest::push_limits(ctx), cancel);
    let advertise = |kept: &mut Kept, limits: &PushLimits, cancel: &CancellationToken| {
        kept.repository.advertise(limits, cancel)
    };
    remotes.with(&mut turn, &permit, bounds, advertise).await
}

/// Takes a push in. Returns the body of the answer, which tells of success and refusal alike.
///
/// # Errors
/// `invalid_request` when the body is not a push; whatever keeps a client from being answered at all.
pub async fn receive(
    ctx: &ServeContext,
    remotes: &PushRemotes,
    access: &PushAccess,
    (mut turn, permit): (Turn, Permit),
    body: Body,
    cancel: CancellationToken,
) -> Result<Vec<u8>> {
    let limits = ingest::push_limits(ctx);
    let max_bytes = limits.sources.max_source_bytes;
    let (encoding, is_cut) = (body.encoding, body.is_cut);
    let request = blocking(move || {
        let file = open(&body.file)?;
        PushRequest::open(file, encoding, max_bytes.saturating_add(HEAD_BYTES))
    })
    .await?;
    if request.commands.is_empty() {
        // Git asks whether it is let in before it sends a large body.
        return Ok(Vec::new());
    }
    let capabilities = request.capabilities;
    let names: Vec<String> = request.commands.iter().map(|it| it.name.clone()).collect();
    if is_cut {
        let report = refused(&names, too_large_refusal(max_bytes));
        return Ok(report.answer(capabilities));
    }
    let at = (&mut turn, &permit);
    let outcome = take(ctx, remotes, access, at, request, (limits, cancel)).await;
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            dispose(turn.gate.take()).await;
            if error.code().status() >= 500 {
                tracing::error!(%error, cause = ?error, git_upload_id = %turn.id, "a push failed");
            }
            failed(&names, &error)
        }
    };
    Ok(report.answer(capabilities))
}

fn open(file: &NamedTempFile) -> Result<File> {
    file.reopen()
        .map_err(|error| Error::internal("a pushed body cannot be read", error))
}

async fn take(
    ctx: &ServeContext,
    remotes: &PushRemotes,
    access: &PushAccess,
    (turn, permit): (&mut Turn, &Permit),
    request: PushRequest,
    bounds: (PushLimits, CancellationToken),
) -> Result<PushReport> {
    let known = turn.gate.as_ref().map(|kept| kept.references.clone());
    let refusals = request.refusals(&known.unwrap_or_default());
    if !refusals.is_empty() {
        let references = refusals.into_iter().map(|(name, why)| (name, Some(why)));
        return Ok(PushReport {
            references: references.collect(),
            messages: vec!["Nothing was changed; each refusal says why.".into()],
            ..PushReport::default()
        });
    }
    let commands = request.commands.clone();
    let (received, commands) = remotes
        .with(turn, permit, bounds.clone(), move |kept, limits, cancel| {
            let received = kept.repository.receive(request, limits, cancel)?;
            note(&mut kept.references, &commands, &received);
            Ok((received, commands))
        })
        .await?;
    if let Some(refusal) = received.refused {
        let names: Vec<_> = commands.into_iter().map(|it| it.name).collect();
        return Ok(refused(&names, refusal));
    }
    let mut report = PushReport {
        references: received.references,
        ..PushReport::default()
    };
    let taken: Vec<&RefCommand> = commands
        .iter()
        .filter(|command| is_taken(&report.references, &command.name))
        .collect();
    let branches: Vec<&str> = taken.iter().filter_map(|it| it.updated_branch()).collect();
    match snapshot_branch(&branches) {
        SnapshotBranch::One(branch) => {
            let command = taken
                .iter()
                .find(|it| it.updated_branch() == Some(branch))
                .ok_or_else(|| Error::of(ErrorCode::InternalError))?;
            let (branch, commit) = (branch.to_owned(), command.new.clone());
            let at = (turn, permit);
            report.messages = record(ctx, remotes, access, at, (branch, commit), bounds).await?;
        }
        SnapshotBranch::None | SnapshotBranch::Ambiguous => {
            let line =
                "No snapshot is taken of this: push one branch, or main or master with others.";
            report.messages.push(line.into());
        }
    }
    Ok(report)
}

fn is_taken(references: &[(String, Option<String>)], name: &str) -> bool {
    references
        .iter()
        .any(|(known, refused)| known == name && refused.is_none())
}

/// Keeps in mind which references there are now.
fn note(references: &mut BTreeSet<String>, commands: &[RefCommand], received: &Received) {
    for command in commands {
        if received.refused.is_some() || !is_taken(&received.references, &command.name) {
            continue;
        }
        if command.deletes() {
            references.remove(&command.name);
        } else {
            references.insert(command.name.clone());
        }
    }
}

/// Stores the files of a commit and commits their ingest. Returns what to tell.
async fn record(
    ctx: &ServeContext,
    remotes: &PushRemotes,
    access: &PushAccess,
    (turn, permit): (&mut Turn, &Permit),
    (branch, commit): (String, String),
    bounds: (PushLimits, CancellationToken),
) -> Result<Vec<String>> {
    let folder = remotes.working.folder("git-push")?;
    let pack = folder.path().join("tree.pack");
    let (target, id) = (pack.clone(), commit.clone());
    let tree = remotes
        .with(turn, permit, bounds, move |kept, limits, cancel| {
            kept.repository.pack_tree(&id, &target, limits, cancel)
        })
        .await?;
    let repository = access.repository.id;
    let label = ingest::git_label(&branch, &commit);
    let key = ObjectKey::upload(
        repository,
        &new_id::<crate::domain::ids::JobKindTag>().to_string(),
    );
    ctx.app.objects.put_file(&key, &pack).await?;
    let input = IngestInput::GitPush {
        key: key.to_string(),
        tree,
        commit: commit.clone(),
        branch: branch.clone(),
    };
    let job = repositories::ingest_job(repository, &input, ctx)?;
    let now = ctx.app.clock.now();
    let push = LastPush {
        at: now,
        branch,
        commit,
        job_id: job.id,
    };
    let (upload, job_id) = (access.upload.id, job.id);
    let accepted = ctx.app.store.accept_push(upload, push, job, now);
    let action = AuditAction::GitUploadPushed;
    if let Err(error) = audit::by(&access.actor, action, upload, accepted).await {
        // Nothing refers to it. Should this fail too, the daily clean-up finds it.
        ctx.app.objects.delete(&key).await?;
        return Err(error);
    }
    ctx.job_queued.notify_one();
    let prefix = &ctx.settings.api_prefix;
    Ok(vec![
        format!("Vega received {label}; a snapshot of it is being taken ({job_id})."),
        format!("Follow it with GET {prefix}/repositories/{repository};"),
        format!("once it is 'ready', scan it with POST {prefix}/repositories/{repository}/scans"),
        "(no body is needed, only the Authorization header).".to_owned(),
    ])
}

/// The report of a push of which nothing was taken.
fn refused(names: &[String], refusal: Refusal) -> PushReport {
    let references = names.iter();
    PushReport {
        unpack: Some(refusal.reason.clone()),
        references: references
            .map(|name| (name.clone(), Some(refusal.reason.clone())))
            .collect(),
        messages: vec![refusal.advice],
    }
}

/// The report of a push that could not be recorded. Only what may be shown to anyone is in it.
fn failed(names: &[String], error: &Error) -> PushReport {
    let references = names.iter();
    PushReport {
        unpack: None,
        references: references
            .map(|name| (name.clone(), Some("not recorded".to_owned())))
            .collect(),
        messages: vec![
            format!("The push was not recorded: {}", error.public_message()),
            "Nothing is lost; push again.".to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests;
