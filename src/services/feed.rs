//! Live events: one listener per process reads what is new in watched scans and hands it to every
//! watcher.
//!
//! The store is asked once per change, however many watch. A watcher first subscribes and then
//! reads what there was, so nothing falls between; one that is too slow loses its place in the
//! channel, never the others', and reads on from the store.

use crate::{
    domain::{
        event::Event,
        ids::{RepositoryId, ScanId},
        scan::Scan,
    },
    error::{Error, Result},
    store::{EventQuery, SharedStore},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

/// Events a watcher may lag behind before it reads from the store again.
const CHANNEL: usize = 1024;
/// Events read from the store in one go.
const PAGE: usize = 500;
/// How long the listener waits after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// The listener's side.
pub struct Feed {
    store: SharedStore,
    watched: Mutex<BTreeMap<ScanId, Watched>>,
    /// Rings when a scan is watched that was not before.
    wake: Notify,
}

/// A scan somebody watches.
struct Watched {
    sender: broadcast::Sender<Arc<Event>>,
    repository: RepositoryId,
    /// The last event sent.
    last: u64,
}

impl Feed {
    /// Nobody watches yet.
    pub fn new(store: SharedStore) -> Self {
        Self {
            store,
            watched: Mutex::new(BTreeMap::new()),
            wake: Notify::new(),
        }
    }

    /// Watches `scan` from the event after `after`.
    pub fn watch(&self, scan: &Scan, after: u64) -> Watch {
        let mut watched = self.lock();
        let entry = watched.entry(scan.id).or_insert_with(|| Watched {
            sender: broadcast::channel(CHANNEL).0,
            repository: scan.repository_id,
            last: scan.last_seq,
        });
        let receiver = entry.sender.subscribe();
        drop(watched);
        self.wake.notify_one();
        Watch {
            store: Arc::clone(&self.store),
            scan: scan.id,
            repository: scan.repository_id,
            receiver,
            last: after,
            read: VecDeque::new(),
            behind: true,
        }
    }

    /// Listens until the process is to end.
    pub async fn listen(self: Arc<Self>, stop: CancellationToken) {
        let mut seen = None;
        while !stop.is_cancelled() {
            let anybody = {
                let mut watched = self.lock();
                watched.retain(|_, scan| scan.sender.receiver_count() > 0);
                !watched.is_empty()
            };
            let changed = async {
                if anybody {
                    self.store.changed_since(seen).await
                } else {
                    std::future::pending().await
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                mark = changed => match mark {
                    Ok(mark) => seen = Some(mark),
                    Err(error) => pause(&error).await,
                },
            }
            if let Err(error) = self.hand_on().await {
                pause(&error).await;
            }
        }
    }

    /// Sends what is new in every watched scan.
    async fn hand_on(&self) -> Result<()> {
        let watched: Vec<_> = self
            .lock()
            .iter()
            .map(|(id, scan)| (*id, scan.repository, scan.last))
            .collect();
        for (id, repository, mut last) in watched {
            loop {
                let events = events(&self.store, repository, id, last).await?;
                let Some(newest) = events.last() else { break };
                last = newest.seq;
                let mut watched = self.lock();
                let Some(scan) = watched.get_mut(&id) else {
                    break;
                };
                scan.last = last;
                for event in events {
                    // Nobody may be left to hear it.
                    let _ = scan.sender.send(Arc::new(event));
                }
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ScanId, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pause(error: &Error) {
    tracing::warn!(%error, cause = ?error, "live events are delayed");
    tokio::time::sleep(PAUSE).await;
}

async fn events(
    store: &SharedStore,
    repository: RepositoryId,
    scan: ScanId,
    after: u64,
) -> Result<Vec<Event>> {
    let query = EventQuery {
        scan_id: Some(scan),
        after: Some(after),
        limit: PAGE,
        ..EventQuery::default()
    };
    store.events(repository, query).await
}

/// One watcher of one scan.
pub struct Watch {
    store: SharedStore,
    scan: ScanId,
    repository: RepositoryId,
    receiver: broadcast::Receiver<Arc<Event>>,
    /// The last event handed out.
    last: u64,
    /// Read from the store and not handed out yet.
    read: VecDeque<Event>,
    /// Whether there may be events in the store that did not come through the channel, or none
    /// may follow any more: the store is asked until it has no more.
    behind: bool,
}

impl Watch {
    /// The next event in order; `None` after the last one of a scan that has ended. Dropping the
    /// future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Arc<Event>>> {
        loop {
            if let Some(event) = self.read.pop_front() {
                self.last = event.seq;
                return Ok(Some(Arc::new(event)));
            }
            if self.behind {
                self.catch_up().await?;
                if self.read.is_empty() && self.has_ended().await? {
                    return Ok(None);
                }
                continue;
            }
            match self.receiver.recv().await {
                Ok(event) if event.seq <= self.last => {}
                Ok(event) if event.seq == self.last + 1 => {
                    self.last = event.seq;
                    // The terminal event is the last: look whether there is anything to wait for.
                    self.behind = event.is_terminal();
                    return Ok(Some(event));
                }
                Ok(_) | Err(_) => self.behind = true,
            }
        }
    }

    async fn catch_up(&mut self) -> Result<()> {
        let read = events(&self.store, self.repository, self.scan, self.last).await?;
        self.behind = !read.is_empty();
        self.read.extend(read);
        Ok(())
    }

    /// Whether the scan is final and everything it said was handed out.
    async fn has_ended(&self) -> Result<bool> {
        let scan = self.store.scan(self.scan).await?;
        Ok(scan.status.is_final() && scan.last_seq <= self.last)
    }
}
