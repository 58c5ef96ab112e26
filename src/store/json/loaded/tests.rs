//! Read without the lock, then settled under it: whatever others did in between.

use super::Loaded;
use crate::{
    clock::SystemClock,
    domain::time::Timestamp,
    store::{
        UserChange, UserStore,
        json::{JsonStore, JsonStoreSettings, fixtures::user, folder::Folder},
    },
};
use std::{fs, path::PathBuf, sync::Arc};

/// A folder with a store that writes, and what another process has read of it.
struct Two {
    dir: tempfile::TempDir,
    folder: Folder,
    writer: Arc<JsonStore>,
    loaded: Loaded,
}

impl Two {
    /// The other process has read a store with one user.
    async fn after_reading_one() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = JsonStoreSettings::new(dir.path(), Arc::new(SystemClock));
        settings.compact_above = 4096;
        let writer = JsonStore::open(settings).unwrap();
        writer.insert_user(user("read")).await.unwrap();
        let folder = Folder::create(dir.path()).unwrap();
        let loaded = Loaded::open(&folder).unwrap().0;
        assert_eq!(emails(&loaded), ["read"]);
        Self {
            dir,
            folder,
            writer,
            loaded,
        }
    }

    fn journal(&self) -> PathBuf {
        self.dir.path().join("metadata/journal-1.jsonl")
    }

    /// What the other process knows once it has the lock.
    fn settled(&mut self) -> Vec<String> {
        let lock = self.folder.lock_file().unwrap();
        let _held = lock.hold().unwrap();
        self.loaded.settle(&self.folder).unwrap();
        emails(&self.loaded)
    }
}

fn emails(loaded: &Loaded) -> Vec<String> {
    let users = loaded.state.users.values();
    let mut emails: Vec<_> = users.map(|user| user.email.clone()).collect();
    emails.sort();
    emails
}

#[tokio::test]
async fn what_was_written_since_is_read() {
    let mut two = Two::after_reading_one().await;
    two.writer.insert_user(user("since")).await.unwrap();
    assert_eq!(two.settled(), ["read", "since"]);
}

#[tokio::test]
async fn a_line_that_was_taken_back_is_forgotten() {
    let mut two = Two::after_reading_one().await;
    let before = fs::read(two.journal()).unwrap();
    two.writer.insert_user(user("taken back")).await.unwrap();
    two.loaded = Loaded::open(&two.folder).unwrap().0;
    assert_eq!(emails(&two.loaded), ["read", "taken back"]);
    fs::write(two.journal(), before).unwrap();
    assert_eq!(two.settled(), ["read"]);
}

#[tokio::test]
async fn half_a_line_is_cut_off() {
    let mut two = Two::after_reading_one().await;
    let mut bytes = fs::read(two.journal()).unwrap();
    let whole = bytes.len();
    bytes.extend(b"{\"crc\":\"00000000\",\"prev\":\"half");
    fs::write(two.journal(), &bytes).unwrap();
    assert_eq!(two.settled(), ["read"]);
    assert_eq!(fs::read(two.journal()).unwrap(), bytes[..whole]);
}

#[tokio::test]
async fn a_new_generation_is_followed() {
    let mut two = Two::after_reading_one().await;
    let added = two.writer.insert_user(user("since")).await.unwrap();
    for length in 0..40 {
        let history = UserChange::DisplayName("x".repeat(200 + length));
        let now = Timestamp::epoch();
        two.writer
            .change_user(added.id, history, now)
            .await
            .unwrap();
    }
    assert!(!two.journal().exists(), "nothing was compacted");
    assert_eq!(two.settled(), ["read", "since"]);
}
