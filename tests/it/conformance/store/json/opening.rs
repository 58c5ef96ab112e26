//! A process that opens the store begins to read while others may write. What it makes of what they
//! wrote meanwhile is in `src/store/json/loaded/tests.rs`.

use super::{super::fixtures::*, journal, open};
use std::{
    fs::{self, File},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Whether this process has the file open.
fn has_open(path: &Path) -> bool {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let targets = open
        .map_while(Result::ok)
        .map(|it| fs::read_link(it.path()));
    targets.map_while(Result::ok).any(|target| target == path)
}

#[tokio::test]
async fn reading_what_there_is_keeps_nobody_from_writing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    drop(open(folder.path(), &clock, u64::MAX).unwrap());
    // Somebody writes for a long time.
    let lock = File::open(folder.path().join("metadata/lock")).unwrap();
    lock.lock().unwrap();
    let opening = {
        let folder = folder.path().to_owned();
        thread::spawn(move || open(&folder, &clock, u64::MAX).map(drop))
    };
    let until = Instant::now() + Duration::from_secs(60);
    while !has_open(&journal(folder.path(), 1)) {
        assert!(!opening.is_finished(), "opened without the lock");
        assert!(Instant::now() < until, "it waits for the lock to read");
        thread::yield_now();
    }
    lock.unlock().unwrap();
    opening.join().unwrap().unwrap();
}
