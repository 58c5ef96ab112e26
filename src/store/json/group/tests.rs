use crate::{
    clock::{SystemClock, new_id},
    domain::{event::Event, time::Timestamp},
    store::{
        UserStore,
        json::{JsonStore, JsonStoreSettings, change::Decision, fixtures::user},
    },
};
use futures_util::poll;
use std::sync::Arc;

fn open(folder: &std::path::Path) -> Arc<JsonStore> {
    JsonStore::open(JsonStoreSettings::new(folder, Arc::new(SystemClock))).unwrap()
}

#[tokio::test]
async fn a_line_that_cannot_be_read_back_is_taken_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.insert_user(user("first@example.com")).await.unwrap();
    let lock = std::fs::File::open(folder.path().join("metadata/lock")).unwrap();
    lock.lock().unwrap();
    let mut broken = Box::pin(store.commit(|_, _| {
        let event = Event {
            id: new_id(),
            scan_id: new_id(),
            seq: 1,
            attempt: 1,
            kind: "scan_log".into(),
            payload: serde_json::Value::Null,
            created_at: Timestamp::epoch(),
        };
        // What stands before it in the line goes with it.
        let changes = vec![user("half@example.com").into(), event.into()];
        Ok(Decision::new((), changes))
    }));
    // One that waits behind it in the same group is not hurt.
    let mut behind = store.insert_user(user("behind@example.com"));
    assert!(poll!(&mut broken).is_pending());
    assert!(poll!(&mut behind).is_pending());
    lock.unlock().unwrap();
    broken.await.unwrap_err();
    behind.await.unwrap();
    for store in [&store, &open(folder.path())] {
        let users = store.users().await.unwrap();
        let emails: Vec<_> = users.iter().map(|user| user.email.as_str()).collect();
        assert_eq!(emails, ["behind@example.com", "first@example.com"]);
    }
}
