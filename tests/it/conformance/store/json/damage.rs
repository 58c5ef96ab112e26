//! Journals cut and damaged at every place.

use super::{super::fixtures::*, journal, open};
use std::{fs, io::Write, path::Path, sync::Arc};
use vega::{error::ErrorCode, store::SharedStore};

/// A journal of `users` single-user commits, with the end of every line.
async fn written(users: usize) -> (tempfile::TempDir, Arc<ManualClock>, Vec<u8>, Vec<usize>) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    for number in 0..users {
        add(&store, number).await.unwrap();
    }
    let bytes = fs::read(journal(folder.path(), 1)).unwrap();
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let ends = ends.map(|(place, _)| place + 1).collect();
    (folder, clock, bytes, ends)
}

async fn add(store: &SharedStore, number: usize) -> vega::error::Result<()> {
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    store
        .insert_user(user(&format!("{number:04}"), now))
        .await
        .map(|_| ())
}

async fn emails(store: &SharedStore) -> Vec<String> {
    let users = store.users().await.unwrap();
    users.into_iter().map(|user| user.email).collect()
}

fn first(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:04}")).collect()
}

#[tokio::test]
async fn a_journal_cut_anywhere_shows_the_acknowledged_prefix_and_goes_on() {
    let (folder, clock, bytes, ends) = written(4).await;
    for cut in 0..=bytes.len() {
        fs::write(journal(folder.path(), 1), &bytes[..cut]).unwrap();
        let store = open(folder.path(), &clock, u64::MAX).unwrap();
        let lines = ends.iter().filter(|end| **end <= cut).count();
        let whole = lines.saturating_sub(1);
        assert_eq!(emails(&store).await, first(whole), "cut at {cut}");
        add(&store, whole).await.unwrap();
        drop(store);
        let again = open(folder.path(), &clock, u64::MAX).unwrap();
        assert_eq!(emails(&again).await, first(whole + 1), "cut at {cut}");
    }
}

#[tokio::test]
async fn another_process_cuts_a_torn_line_off_before_it_appends() {
    let (folder, clock, bytes, _) = written(2).await;
    let (reader, writer) = (
        open(folder.path(), &clock, u64::MAX).unwrap(),
        open(folder.path(), &clock, u64::MAX).unwrap(),
    );
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(journal(folder.path(), 1))
        .unwrap();
    file.write_all(b"{\"crc\":\"00000000\",\"prev\":\"half a li")
        .unwrap();
    assert_eq!(emails(&reader).await, first(2));
    add(&writer, 2).await.unwrap();
    assert_eq!(emails(&reader).await, first(3));
    assert_eq!(emails(&writer).await, first(3));
    let now = fs::read(journal(folder.path(), 1)).unwrap();
    assert!(now.starts_with(&bytes));
    assert!(!String::from_utf8(now).unwrap().contains("half"));
}

#[tokio::test]
async fn a_flipped_byte_in_the_middle_is_told_and_never_repaired() {
    let (folder, clock, bytes, ends) = written(5).await;
    let last_line = ends[ends.len() - 2];
    for place in 0..last_line {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x04;
        fs::write(journal(folder.path(), 1), &damaged).unwrap();
        let Err(error) = open(folder.path(), &clock, u64::MAX) else {
            panic!("byte {place} was not missed");
        };
        assert_eq!(error.code(), ErrorCode::InternalError);
        assert!(error.message().contains("journal-1.jsonl"), "{error}");
        assert!(error.message().contains("at byte"), "{error}");
        assert_eq!(fs::read(journal(folder.path(), 1)).unwrap(), damaged);
    }
}

#[tokio::test]
async fn a_flipped_byte_in_the_last_line_is_a_torn_tail() {
    let (folder, clock, bytes, ends) = written(3).await;
    for place in ends[ends.len() - 2]..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x04;
        fs::write(journal(folder.path(), 1), &damaged).unwrap();
        let store = open(folder.path(), &clock, u64::MAX).unwrap();
        assert_eq!(emails(&store).await, first(2), "byte {place}");
    }
}

#[tokio::test]
async fn damage_behind_an_open_store_stops_every_operation() {
    let (folder, clock, bytes, ends) = written(4).await;
    fs::write(journal(folder.path(), 1), &bytes[..ends[1]]).unwrap();
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    assert_eq!(emails(&store).await, first(1));
    let mut damaged = bytes.clone();
    damaged[ends[1] + 30] ^= 0x01;
    fs::write(journal(folder.path(), 1), &damaged).unwrap();
    for _ in 0..2 {
        let read = store.users().await.unwrap_err();
        let write = add(&store, 9).await.unwrap_err();
        let ping = store.ping().await.unwrap_err();
        for error in [read, write, ping] {
            assert_eq!(error.code(), ErrorCode::InternalError);
            assert!(
                error.message().contains(&format!("byte {}", ends[1])),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_missing_line_is_noticed_though_every_line_is_valid() {
    let (folder, clock, bytes, ends) = written(4).await;
    let without = [&bytes[..ends[1]], &bytes[ends[2]..]].concat();
    fs::write(journal(folder.path(), 1), without).unwrap();
    let error = open(folder.path(), &clock, u64::MAX).err().unwrap();
    assert!(error.message().contains("missing"), "{error}");
}

#[tokio::test]
async fn a_line_that_was_taken_back_is_forgotten_by_those_who_saw_it() {
    // A writer whose sync fails cuts its line off; a reader may have followed it before.
    let (folder, clock, bytes, ends) = written(3).await;
    let reader = open(folder.path(), &clock, u64::MAX).unwrap();
    assert_eq!(emails(&reader).await, first(3));
    cut(folder.path(), ends[2]);
    assert_eq!(emails(&reader).await, first(2));
    // The same with another line of the same length in its place.
    fs::write(journal(folder.path(), 1), &bytes).unwrap();
    assert_eq!(emails(&reader).await, first(3));
    cut(folder.path(), ends[2]);
    let writer = open(folder.path(), &clock, u64::MAX).unwrap();
    add(&writer, 7).await.unwrap();
    assert_eq!(
        fs::read(journal(folder.path(), 1)).unwrap().len(),
        bytes.len()
    );
    assert_eq!(emails(&reader).await, ["0000", "0001", "0007"]);
    add(&reader, 8).await.unwrap();
    assert_eq!(emails(&writer).await, ["0000", "0001", "0007", "0008"]);
}

fn cut(folder: &Path, len: usize) {
    let file = fs::OpenOptions::new()
        .write(true)
        .open(journal(folder, 1))
        .unwrap();
    file.set_len(len as u64).unwrap();
}
