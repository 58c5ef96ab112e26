use super::*;

fn remotes() -> (tempfile::TempDir, PushRemotes) {
    let folder = tempfile::tempdir().unwrap();
    let working = WorkingRoot::open(folder.path(), "test").unwrap();
    (folder, PushRemotes::new(Arc::new(working)))
}

/// Every turn, taken by others.
fn taken(remotes: &PushRemotes) -> OwnedSemaphorePermit {
    let all = u32::try_from(AT_ONCE).unwrap();
    let turns = Arc::clone(&remotes.turns);
    turns.try_acquire_many_owned(all).unwrap()
}

#[tokio::test]
async fn who_waits_too_long_for_git_is_told_to_come_back() {
    let (_folder, mut remotes) = remotes();
    remotes.patience = Duration::from_millis(1);
    let others = taken(&remotes);
    let refused = remotes.permit(&CancellationToken::new()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::DependencyUnavailable);
    assert!(refused.details().contains_key("retry_after_seconds"));
    drop(others);
    drop(remotes.permit(&CancellationToken::new()).await.unwrap());
}

#[tokio::test]
async fn nobody_waits_for_git_when_the_process_is_to_end() {
    let (_folder, mut remotes) = remotes();
    remotes.patience = Duration::MAX;
    let _others = taken(&remotes);
    let cancel = CancellationToken::new();
    let (waiting, ()) = tokio::join!(remotes.permit(&cancel), async { cancel.cancel() });
    assert_eq!(
        waiting.unwrap_err().code(),
        ErrorCode::DependencyUnavailable
    );
}
