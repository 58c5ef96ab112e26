//! Commits that share a lock hold and a sync.

use super::{super::fixtures::*, journal, open};
use futures_util::{future::join_all, poll};
use std::{fs, sync::Arc};
use vega::{domain::time::Timestamp, error::ErrorCode, store::UserChange};

fn now() -> Timestamp {
    "2030-01-01T00:00:00Z".parse().unwrap()
}

// One thread: what is polled once waits exactly where it is meant to.
#[tokio::test]
async fn who_waits_for_the_lock_commits_together_each_with_its_own_line_and_answer() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::new(ManualClock::new()), u64::MAX).unwrap();
    let lines = || {
        fs::read_to_string(journal(folder.path(), 1))
            .unwrap()
            .lines()
            .count()
    };
    let before = lines();
    let lock = fs::File::open(folder.path().join("metadata/lock")).unwrap();
    lock.lock().unwrap();
    let mut writers: Vec<_> = (0..40)
        .map(|number| {
            // Every fourth takes the email of the one before it, which is not on the disk yet.
            let email = format!("user{}@example.com", number - usize::from(number % 4 == 3));
            Box::pin(store.insert_user(user(&email, now())))
        })
        .collect();
    for writer in &mut writers {
        assert!(poll!(writer).is_pending());
    }
    assert_eq!(lines(), before, "another process has the lock");
    lock.unlock().unwrap();
    let answers = join_all(writers).await;
    for (number, answer) in answers.iter().enumerate() {
        match answer {
            Ok(_) => assert_ne!(number % 4, 3),
            Err(error) => {
                assert_eq!(number % 4, 3, "{error}");
                assert_eq!(error.code(), ErrorCode::Conflict);
            }
        }
    }
    assert_eq!(lines(), before + 30, "one commit is one line");
    let another = open(folder.path(), &Arc::new(ManualClock::new()), u64::MAX).unwrap();
    assert_eq!(another.users().await.unwrap().len(), 30);
}

#[tokio::test]
async fn a_commit_builds_on_those_before_it_in_the_same_group() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::new(ManualClock::new()), u64::MAX).unwrap();
    let lock = fs::File::open(folder.path().join("metadata/lock")).unwrap();
    lock.lock().unwrap();
    let ada = user("ada@example.com", now());
    let change = |name: &str| {
        let change = UserChange::DisplayName(name.to_owned());
        Box::pin(store.change_user(ada.id, change, now()))
    };
    let mut added = Box::pin(store.insert_user(ada.clone()));
    let (mut first, mut second) = (change("first"), change("second"));
    assert!(poll!(&mut added).is_pending());
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    lock.unlock().unwrap();
    // Answered in any order: what counts is that each saw the one before it.
    assert_eq!(second.await.unwrap().display_name, "second");
    assert_eq!(first.await.unwrap().display_name, "first");
    added.await.unwrap();
    assert_eq!(store.user(ada.id).await.unwrap().display_name, "second");
}

#[tokio::test]
async fn a_caller_that_went_away_while_it_waited_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::new(ManualClock::new()), u64::MAX).unwrap();
    let lock = fs::File::open(folder.path().join("metadata/lock")).unwrap();
    lock.lock().unwrap();
    let mut stays = Box::pin(store.insert_user(user("stays@example.com", now())));
    let mut leaves = Box::pin(store.insert_user(user("leaves@example.com", now())));
    assert!(poll!(&mut stays).is_pending());
    assert!(poll!(&mut leaves).is_pending());
    drop(leaves);
    lock.unlock().unwrap();
    stays.await.unwrap();
    store
        .insert_user(user("later@example.com", now()))
        .await
        .unwrap();
    let users = store.users().await.unwrap();
    let emails: Vec<_> = users.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(emails, ["later@example.com", "stays@example.com"]);
}
