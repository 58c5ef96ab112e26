//! Clearing up: what retention lets go, and files that no record names.
//!
//! Records go first: a file without a record is found by the next run, a record without its file is
//! a broken promise. So a run may be killed anywhere and repeated. Files younger than a day are left
//! alone: their record may be about to be written.

use super::audit;
use crate::{
    context::AppContext,
    domain::{
        audit::{AuditAction, AuditActor},
        ids::{RepositoryId, ScanId},
        job::JobKind,
        object_key::ObjectKey,
        retention::{LetGo, RetentionPolicy, RunMode},
        time::Timestamp,
    },
    error::{Error, ErrorCode, Result},
    objects::ListedObject,
    store::PageRequest,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How old a file must be to be taken for forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How many objects are looked at in one go.
const PART: usize = 1_000;
/// How often a server clears up by itself.
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// What a run removed, or would remove.
#[derive(Debug, Clone, PartialEq)]
pub struct CleanedUp {
    /// Records.
    pub let_go: LetGo,
    /// Files without a record.
    pub orphaned: Vec<ObjectKey>,
    /// Their bytes.
    pub orphaned_bytes: u64,
}

/// Clears up once. `by` is the operator who asked for it, if one did.
pub async fn run(
    app: &AppContext,
    policy: &RetentionPolicy,
    mode: RunMode,
    by: AuditActor,
) -> Result<CleanedUp> {
    let let_go = app.store.let_go(policy.clone(), mode).await?;
    let mut done = CleanedUp {
        let_go,
        orphaned: Vec::new(),
        orphaned_bytes: 0,
    };
    if mode == RunMode::Apply {
        for scan in &done.let_go.artifacts {
            let files = ObjectKey::scan_prefix(*scan);
            app.objects.delete_prefix(&files).await?;
        }
        for snapshot in &done.let_go.snapshots {
            let key = ObjectKey::parse(&snapshot.storage_key)?;
            app.objects.delete(&key).await?;
        }
    }
    let before = app.clock.now().before(FORGOTTEN_AFTER);
    for prefix in ["caches/", "uploads/", "snapshots/", "scans/"] {
        sweep(app, prefix, before, mode, &mut done).await?;
    }
    if mode == RunMode::Apply && (matches!(by, AuditActor::User(_)) || done.removed_anything()) {
        let entry = audit::draft(by, AuditAction::CleanupRun, "retention");
        app.store.note_audit(entry).await?;
    }
    Ok(done)
}

impl CleanedUp {
    fn removed_anything(&self) -> bool {
        !self.orphaned.is_empty() || self.let_go != LetGo::default()
    }
}

/// Clears up once a day until the process is to end.
pub async fn run_daily(app: AppContext, policy: RetentionPolicy) {
    let token = app.tasks.token();
    loop {
        match run(&app, &policy, RunMode::Apply, AuditActor::Server).await {
            Ok(done) if done.removed_anything() => tracing::info!(
                artifacts = done.let_go.artifacts.len(),
                snapshots = done.let_go.snapshots.len(),
                sessions = done.let_go.sessions,
                jobs = done.let_go.jobs,
                git_uploads = done.let_go.git_uploads,
                deliveries = done.let_go.deliveries,
                orphaned = done.orphaned.len(),
                "cleared up"
            ),
            Ok(_) => {}
            Err(error) => tracing::error!(%error, cause = ?error, "clearing up failed"),
        }
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Finds, and perhaps removes, old objects below `prefix` that nothing refers to.
async fn sweep(
    app: &AppContext,
    prefix: &str,
    before: Timestamp,
    mode: RunMode,
    done: &mut CleanedUp,
) -> Result<()> {
    let mut owners = BTreeMap::new();
    let mut after: Option<ObjectKey> = None;
    loop {
        let part = app.objects.list(prefix, after.as_ref(), PART).await?;
        let Some(last) = part.last() else {
            return Ok(());
        };
        after = Some(last.key.clone());
        for object in part.into_iter().filter(|it| it.modified < before) {
            let Some(owner) = object.key.as_str().split('/').nth(1).map(str::to_owned) else {
                continue;
            };
            if !owners.contains_key(&owner) {
                owners.insert(owner.clone(), Wanted::of(app, prefix, &owner).await?);
            }
            let wanted = owners.get(&owner);
            if wanted.is_some_and(|wanted| wanted.includes(&object.key)) {
                continue;
            }
            remove(app, object, mode, done).await?;
        }
    }
}

async fn remove(
    app: &AppContext,
    object: ListedObject,
    mode: RunMode,
    done: &mut CleanedUp,
) -> Result<()> {
    if mode == RunMode::Apply {
        app.objects.delete(&object.key).await?;
    }
    done.orphaned_bytes += object.size;
    done.orphaned.push(object.key);
    Ok(())
}

/// Which of an owner's objects something refers to.
enum Wanted {
    All,
    These(BTreeSet<String>),
}

impl Wanted {
    fn none() -> Self {
        Self::These(BTreeSet::new())
    }

    fn includes(&self, key: &ObjectKey) -> bool {
        match self {
            Self::All => true,
            Self::These(keys) => keys.contains(key.as_str()),
        }
    }

    async fn of(app: &AppContext, prefix: &str, owner: &str) -> Result<Self> {
        match prefix {
            "scans/" => match owner.parse() {
                Ok(scan) => Self::of_scan(app, scan).await,
                // Nothing of ours has such a name.
                Err(_) => Ok(Self::All),
            },
            _ => match owner.parse() {
                Ok(repository) if prefix == "caches/" => caches(app, repository).await,
                Ok(repository) if prefix == "uploads/" => uploads(app, repository).await,
                Ok(repository) => snapshots(app, repository).await,
                Err(_) => Ok(Self::All),
            },
        }
    }

    async fn of_scan(app: &AppContext, id: ScanId) -> Result<Self> {
        match app.store.scan(id).await {
            // Files of a running scan are its runner's; of an ended one, they stay as long as the
            // scan knows of them.
            Ok(scan) if !scan.status.is_final() || scan.artifacts_attempt.is_some() => {
                Ok(Self::All)
            }
            Ok(_) => Ok(Self::none()),
            Err(error) => absent(error),
        }
    }
}

fn absent(error: Error) -> Result<Wanted> {
    if error.code() == ErrorCode::NotFound {
        Ok(Wanted::none())
    } else {
        Err(error)
    }
}

/// What scans of a repository leave for the next is used as long as there is one.
async fn caches(app: &AppContext, id: RepositoryId) -> Result<Wanted> {
    let found = app.store.repository(id).await;
    found.map_or_else(absent, |_| Ok(Wanted::All))
}

/// Uploads that an ingest is still to read.
async fn uploads(app: &AppContext, id: RepositoryId) -> Result<Wanted> {
    let jobs = app.store.jobs_of(&id.to_string(), usize::MAX).await?;
    let waiting = jobs
        .iter()
        .filter(|job| job.kind == JobKind::Ingest && !job.status.is_final());
    let keys = waiting.filter_map(|job| job.input.get("key")?.as_str().map(str::to_owned));
    Ok(Wanted::These(keys.collect()))
}

async fn snapshots(app: &AppContext, id: RepositoryId) -> Result<Wanted> {
    match app
        .store
        .snapshots(id, PageRequest::first(usize::MAX))
        .await
    {
        Ok(page) => {
            let keys = page.items.into_iter().map(|it| it.storage_key);
            Ok(Wanted::These(keys.collect()))
        }
        Err(error) => absent(error),
    }
}
