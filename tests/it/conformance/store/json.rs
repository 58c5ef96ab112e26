//! What only the JSON files promise: crash safety of the journal, compaction, several processes.

mod compaction;
mod damage;
mod format;
mod group;
mod opening;
mod processes;
mod random;

use super::{Backend, fixtures::ManualClock};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use vega::{
    clock::Clock,
    domain::time::Timestamp,
    error::Result,
    store::{
        SharedStore,
        json::{JsonStore, JsonStoreSettings},
    },
};

/// A folder, a clock, and the first process's store.
pub struct JsonBackend {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    store: Option<SharedStore>,
}

impl JsonBackend {
    fn open(&self) -> Result<SharedStore> {
        open(self.folder.path(), &self.clock, u64::MAX)
    }
}

/// Opens a store that compacts journals above `compact_above` bytes.
fn open(folder: &Path, clock: &Arc<ManualClock>, compact_above: u64) -> Result<SharedStore> {
    let mut settings = JsonStoreSettings::new(folder, clock.clone());
    settings.compact_above = compact_above;
    JsonStore::open(settings).map(|store| store as SharedStore)
}

fn journal(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("metadata/journal-{generation}.jsonl"))
}

#[async_trait::async_trait]
impl Backend for JsonBackend {
    async fn fresh() -> Self {
        let mut backend = Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::new()),
            store: None,
        };
        backend.store = Some(backend.open().unwrap());
        backend
    }

    fn store(&self) -> SharedStore {
        self.store.clone().unwrap()
    }

    async fn another_process(&self) -> SharedStore {
        self.open().unwrap()
    }

    async fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.open().unwrap());
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}
