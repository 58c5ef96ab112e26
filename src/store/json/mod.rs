//! Metadata store on journalled JSON files, shared by several processes of one machine.
//!
//! Every change is one appended, checksummed line, synced before it is acknowledged; see
//! `docs/design/json-store.md` for the format and the recovery rules. Each process holds the
//! result of all lines in memory ([`state::State`]) and follows what the others append.
//! Invariants: only the holder of the lock writes; whoever decides has read every line; a decision
//! is a pure function of state, bodies and circumstances ([`view`]), one file per aggregate.
//! This module knows nothing of several machines: network file systems are not supported.

pub mod change;
mod error;
#[cfg(test)]
mod fixtures;
mod folder;
mod generations;
mod group;
mod journal;
mod loaded;
mod names;
mod owners;
mod paging;
pub mod state;
pub mod view;
mod written;

mod api_keys;
mod audit;
mod findings;
mod git_uploads;
mod idempotency;
mod jobs;
mod ops;
mod projects;
mod repositories;
mod retention;
mod scans;
mod sessions;
mod threat_profiles;
mod transfer;
mod users;
mod webhooks;
mod workers;

use crate::{
    clock::{self, SharedClock, Stopwatch},
    domain::{ids::WorkerId, time::Timestamp},
    error::{Error, ErrorCode, Result},
    store::{ChangeMark, StoreHealth, beside},
    telemetry::metrics,
};
use change::Decision;
use folder::{Folder, LockFile};
use generations::Compaction;
use group::Intent;
use loaded::Loaded;
use owners::Owners;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{Mutex, oneshot::error::TryRecvError},
};
use view::{Moment, View};

/// How to open a [`JsonStore`].
#[derive(Clone)]
pub struct JsonStoreSettings {
    /// The data folder (`VEGA_DATA_DIR`); the store uses `metadata/` and `owners/` in it.
    pub data_dir: PathBuf,
    /// The store's clock, by which leases and expiries are judged.
    pub clock: SharedClock,
    /// A journal smaller than this is never compacted, in bytes.
    pub compact_above: u64,
}

impl JsonStoreSettings {
    /// A store in `data_dir` with the default thresholds.
    pub fn new(data_dir: impl Into<PathBuf>, clock: SharedClock) -> Self {
        Self {
            data_dir: data_dir.into(),
            clock,
            compact_above: 8 * 1024 * 1024,
        }
    }
}

/// How often the journal is looked at for what other processes wrote, while somebody waits for it:
/// three system calls each time.
const WATCH: Duration = Duration::from_millis(20);

/// The metadata store in a folder of this machine.
pub struct JsonStore {
    shared: Arc<Shared>,
    /// In-process turn to write; the file lock inside is for other processes.
    writer: Arc<Mutex<LockFile>>,
}

/// What readers and the writer share.
struct Shared {
    folder: Folder,
    owners: Owners,
    clock: SharedClock,
    loaded: RwLock<Loaded>,
    /// Intents that wait to be committed.
    waiting: group::Queue,
    compaction: Compaction,
}

/// Whether a decision depends on which lease holders are dead.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Liveness {
    Needed,
    Unneeded,
}

impl JsonStore {
    /// Whether there is a store in `data_dir`, be it a broken one. Where that cannot be told, opening
    /// it will say why.
    pub fn is_at(data_dir: &Path) -> bool {
        Folder::is_in(data_dir)
    }

    /// Opens the store, creating its folder if it is missing.
    ///
    /// # Errors
    /// `dependency_unavailable` when the folder cannot be used; `internal_error` naming file and
    /// byte offset when the journal is corrupted, or when it has a newer format.
    pub fn open(settings: JsonStoreSettings) -> Result<Arc<Self>> {
        let folder = Folder::create(&settings.data_dir)?;
        let lock = folder.lock_file()?;
        if folder.manifest()?.is_none() {
            let _held = lock.hold()?;
            folder.initialise()?;
        }
        // Reading takes the longer the more there is, and every runner does it: the others write on
        // meanwhile. What was seen half way is read anew under the lock.
        let ahead = Loaded::open(&folder);
        let loaded = {
            let _held = lock.hold()?;
            let current = folder.existing_manifest()?.generation;
            let mut loaded = match ahead {
                Ok((loaded, _)) if loaded.journal.generation() == current => loaded,
                _ => Loaded::open(&folder)?.0,
            };
            loaded.settle(&folder)?;
            folder.remove_other_journals(loaded.journal.generation())?;
            loaded
        };
        let owners = Owners::announce(&settings.data_dir, clock::new_id())?;
        Ok(Arc::new(Self {
            shared: Arc::new(Shared {
                folder,
                owners,
                clock: settings.clock,
                loaded: RwLock::new(loaded),
                waiting: group::Queue::default(),
                compaction: Compaction::above(settings.compact_above),
            }),
            writer: Arc::new(Mutex::new(lock)),
        }))
    }

    /// The time by the store's clock.
    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Answers from everything acknowledged so far, by any process.
    async fn read<T, F>(&self, answer: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(View<'_>) -> Result<T> + Send + 'static,
    {
        let watch = Stopwatch::start();
        let shared = Arc::clone(&self.shared);
        let writer = Arc::clone(&self.writer);
        let answered = blocking(move || {
            if !shared.follow()? {
                let lock = writer.blocking_lock();
                let _held = lock.hold()?;
                shared.settle()?;
            }
            let loaded = shared.loaded.read().map_err(poisoned)?;
            answer(loaded.view())
        })
        .await;
        metrics::store_answered("read", watch.elapsed());
        answered
    }

    /// Decides and makes the decision durable, as one commit.
    async fn commit<T, F>(&self, decide: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(View<'_>, &Moment<'_>) -> Result<Decision<T>> + Send + 'static,
    {
        self.decide(Liveness::Unneeded, decide).await
    }

    /// As [`Self::commit`], with [`Moment::dead`] filled.
    async fn commit_knowing_the_dead<T, F>(&self, decide: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(View<'_>, &Moment<'_>) -> Result<Decision<T>> + Send + 'static,
    {
        self.decide(Liveness::Needed, decide).await
    }

    async fn decide<T, F>(&self, liveness: Liveness, decide: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(View<'_>, &Moment<'_>) -> Result<Decision<T>> + Send + 'static,
    {
        let watch = Stopwatch::start();
        // Asked for here: the decision may be made on another task.
        let (intent, mut answer) = Intent::new(liveness, beside::current(), decide);
        self.shared.waiting.add(intent);
        // Whoever gets the turn first commits for all who wait (see `group`).
        let turn = tokio::select! {
            biased;
            answered = &mut answer => {
                metrics::store_answered("commit", watch.elapsed());
                return answered.unwrap_or_else(|_| Err(group::unanswered()));
            }
            turn = Arc::clone(&self.writer).lock_owned() => turn,
        };
        let shared = Arc::clone(&self.shared);
        // The turn moves into the task: a caller that goes away does not end it half way.
        let answered = blocking(move || {
            loop {
                match answer.try_recv() {
                    Ok(answered) => return answered,
                    Err(TryRecvError::Empty) => shared.commit_group(&turn),
                    Err(TryRecvError::Closed) => return Err(group::unanswered()),
                }
            }
        })
        .await;
        metrics::store_answered("commit", watch.elapsed());
        answered
    }
}

impl Shared {
    /// Catches up without the lock; `false` when that needs the lock to be sure.
    fn follow(&self) -> Result<bool> {
        let current = self.loaded.read().map_err(poisoned)?.is_current();
        if matches!(current, Ok(true)) {
            return Ok(true);
        }
        let mut loaded = self.loaded.write().map_err(poisoned)?;
        Ok(loaded.catch_up(&self.folder).is_ok())
    }

    /// Catches up and cuts an interrupted commit off. Only under the lock.
    fn settle(&self) -> Result<()> {
        let current = self.loaded.read().map_err(poisoned)?.is_current()?;
        if current {
            return Ok(());
        }
        let mut loaded = self.loaded.write().map_err(poisoned)?;
        loaded.settle(&self.folder)
    }

    /// Everyone who holds a lease and is known to be dead.
    fn dead_holders(&self, loaded: &Loaded) -> BTreeSet<WorkerId> {
        let state = &loaded.state;
        let scans = state
            .active_scans
            .iter()
            .filter_map(|id| state.scans.get(*id)?.lease.as_ref());
        let jobs = state
            .active_jobs
            .iter()
            .filter_map(|id| state.jobs.get(*id)?.lease.as_ref());
        let sent = state.deliveries.sending();
        let sent = sent.filter_map(|delivery| delivery.lease.as_ref());
        let keys = state.keys.values().filter_map(|key| key.lease.as_ref());
        let holders: BTreeSet<_> = scans
            .chain(jobs)
            .chain(sent)
            .chain(keys)
            .map(|lease| lease.owner)
            .collect();
        holders
            .into_iter()
            .filter(|owner| self.owners.is_dead(*owner))
            .collect()
    }
}

#[async_trait::async_trait]
impl StoreHealth for JsonStore {
    async fn ping(&self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let turn = Arc::clone(&self.writer).lock_owned().await;
        blocking(move || {
            let _held = turn.hold()?;
            shared.settle()?;
            shared.folder.probe(&shared.owners.own().to_string())
        })
        .await
    }

    async fn changed_since(&self, seen: Option<ChangeMark>) -> Result<ChangeMark> {
        loop {
            let shared = Arc::clone(&self.shared);
            let mark = blocking(move || {
                shared.follow()?;
                let loaded = shared.loaded.read().map_err(poisoned)?;
                let journal = &loaded.journal;
                Ok(ChangeMark(journal.generation(), journal.end()))
            })
            .await?;
            if seen != Some(mark) {
                return Ok(mark);
            }
            tokio::time::sleep(WATCH).await;
        }
    }

    fn owner(&self) -> WorkerId {
        self.shared.owners.own()
    }
}

/// Runs file work where it may block: in place where the runtime can move its other tasks away,
/// which saves two changes of thread per commit, else on a thread for blocking work.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        return tokio::task::block_in_place(work);
    }
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::internal("a store operation did not end", e))?
}

/// After a panic half way through a change, memory can not be trusted any more.
fn poisoned<T>(_: PoisonError<T>) -> Error {
    Error::new(
        ErrorCode::InternalError,
        "the metadata store stopped after a panic; restart the process",
    )
}
