//! A process that opens the store reads beside those that write, and misses nothing of it.

use super::{super::fixtures::*, journal, open};
use std::{
    fs::{self, File},
    path::Path,
    sync::Arc,
    thread,
};
use vega::store::{SharedStore, UserChange};

async fn emails(store: &SharedStore) -> Vec<String> {
    let users = store.users().await.unwrap();
    users.into_iter().map(|user| user.email).collect()
}

async fn add(store: &SharedStore, name: &str) {
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    store.insert_user(user(name, now)).await.unwrap();
}

/// Whether this process has the file open.
fn has_open(path: &Path) -> bool {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let targets = open
        .map_while(Result::ok)
        .map(|it| fs::read_link(it.path()));
    targets.map_while(Result::ok).any(|target| target == path)
}

/// What a store knows that was opened while another process had the lock and did `meanwhile` before
/// it gave the lock back. Ends only if the journal is read without the lock.
async fn opened_beside(folder: &Path, meanwhile: impl FnOnce()) -> Vec<String> {
    let lock = File::open(folder.join("metadata/lock")).unwrap();
    lock.lock().unwrap();
    let opening = {
        let (folder, clock) = (folder.to_owned(), Arc::new(ManualClock::new()));
        thread::spawn(move || open(&folder, &clock, u64::MAX).unwrap())
    };
    while !has_open(&journal(folder, 1)) {
        assert!(!opening.is_finished(), "opened without the lock");
        thread::yield_now();
    }
    meanwhile();
    lock.unlock().unwrap();
    emails(&opening.join().unwrap()).await
}

#[tokio::test]
async fn reading_what_there_is_keeps_nobody_from_writing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::new(ManualClock::new()), u64::MAX).unwrap();
    add(&store, "early").await;
    let path = journal(folder.path(), 1);
    let before = fs::read(&path).unwrap();
    add(&store, "late").await;
    drop(store);
    let after = fs::read(&path).unwrap();
    fs::write(&path, &before).unwrap();
    let seen = opened_beside(folder.path(), || fs::write(&path, &after).unwrap()).await;
    assert_eq!(seen, ["early", "late"]);
}

#[tokio::test]
async fn a_line_that_is_taken_back_meanwhile_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::new(ManualClock::new()), u64::MAX).unwrap();
    add(&store, "kept").await;
    let path = journal(folder.path(), 1);
    let kept = fs::read(&path).unwrap();
    add(&store, "taken back").await;
    drop(store);
    let seen = opened_beside(folder.path(), || fs::write(&path, &kept).unwrap()).await;
    assert_eq!(seen, ["kept"]);
}

#[tokio::test]
async fn a_new_generation_is_followed() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let clock = Arc::new(ManualClock::new());
    add(&open(folder.path(), &clock, u64::MAX).unwrap(), "old").await;
    // What another process has made of it in the meantime.
    let compacting = open(other.path(), &clock, 0).unwrap();
    for name in ["old", "new"] {
        add(&compacting, name).await;
    }
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    let new = compacting.users().await.unwrap().remove(0).id;
    for length in 0..20 {
        let history = UserChange::DisplayName("x".repeat(500 + length));
        compacting.change_user(new, history, now).await.unwrap();
    }
    let mut generations = 1..99;
    let generation = generations
        .find(|generation| journal(other.path(), *generation).exists())
        .unwrap();
    assert!(generation > 1, "nothing was compacted");
    let seen = opened_beside(folder.path(), || {
        let to = journal(folder.path(), generation);
        fs::copy(journal(other.path(), generation), to).unwrap();
        let manifest = folder.path().join("metadata/manifest.json");
        let next = folder.path().join("metadata/manifest.json.next");
        fs::copy(other.path().join("metadata/manifest.json"), &next).unwrap();
        fs::rename(next, manifest).unwrap();
        fs::remove_file(journal(folder.path(), 1)).unwrap();
    })
    .await;
    assert_eq!(seen, ["new", "old"]);
}
