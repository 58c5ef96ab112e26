//! What every object store promises, and what the local one promises besides.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::io::AsyncReadExt;
use vega::{
    clock::{Clock, SystemClock},
    domain::{object_key::ObjectKey, time::Timestamp},
    error::ErrorCode,
    objects::{ObjectStore, local::LocalObjects, signed_url::UrlSigner},
};

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).unwrap()
    }
}

fn signer() -> UrlSigner {
    UrlSigner::new([7; 32], Arc::new(FixedClock))
}

fn local(dir: &Path) -> LocalObjects {
    LocalObjects::open(dir.to_owned(), signer()).unwrap()
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

async fn read(store: &dyn ObjectStore, key: &ObjectKey) -> Vec<u8> {
    let (meta, mut reader) = store.open(key).await.unwrap();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes.len() as u64, meta.size);
    bytes
}

async fn objects_are_listed_by_key_in_parts(store: &dyn ObjectStore) {
    let keys = [
        "uploads/r1/a",
        "uploads/r1/b/c",
        "uploads/r1/b0",
        "uploads/r2/a",
    ];
    for name in keys.iter().rev() {
        store
            .put_bytes(&key(name), name.as_bytes().to_vec())
            .await
            .unwrap();
    }
    let names = async |prefix: &str, after: Option<&str>, limit: usize| {
        let after = after.map(key);
        let listed = store.list(prefix, after.as_ref(), limit).await.unwrap();
        let names = listed.iter().map(|it| it.key.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("uploads/", None, 9).await, keys);
    assert_eq!(names("uploads/r1/", None, 2).await, keys[..2]);
    assert_eq!(names("uploads/r1/", Some(keys[1]), 9).await, keys[2..3]);
    // A place to continue from need not exist any more.
    assert_eq!(names("uploads/", Some("uploads/r1/zz"), 9).await, keys[3..]);
    assert!(names("nothing/here/", None, 9).await.is_empty());
    let listed = store.list("uploads/r2/", None, 1).await.unwrap();
    assert_eq!(listed[0].size, 12);
    let age = SystemClock.now().since(listed[0].modified);
    assert!(age < Duration::from_secs(60), "{age:?}");
    assert!(store.list("uploads", None, 9).await.is_err());
    assert!(store.list("../", None, 9).await.is_err());
    store.delete_prefix("uploads/").await.unwrap();
    assert!(names("uploads/", None, 9).await.is_empty());
}

async fn objects_come_back_as_stored(store: &dyn ObjectStore, scratch: &Path) {
    store.ping().await.unwrap();
    let (a, b) = (key("scans/s1/a.json"), key("scans/s1/attempts/1/b"));
    assert_eq!(store.head(&a).await.unwrap(), None);
    assert_eq!(store.put_bytes(&a, b"one".to_vec()).await.unwrap().size, 3);
    assert_eq!(store.put_bytes(&a, b"two!".to_vec()).await.unwrap().size, 4);
    assert_eq!(read(store, &a).await, b"two!");
    let file = scratch.join("file");
    fs::write(&file, b"from a file").unwrap();
    store.put_file(&b, &file).await.unwrap();
    store.copy(&b, &a).await.unwrap();
    assert_eq!(read(store, &a).await, b"from a file");
    let copy = scratch.join("copy");
    assert_eq!(store.fetch_to(&a, &copy).await.unwrap().size, 11);
    assert_eq!(fs::read(&copy).unwrap(), b"from a file");
    assert!(
        store.fetch_to(&a, &copy).await.is_err(),
        "an existing file is not replaced"
    );
    assert!(
        store
            .presign_get(&a, Duration::from_secs(60))
            .await
            .unwrap()
            .contains("scans/s1/a.json")
    );
    store.delete(&a).await.unwrap();
    store.delete(&a).await.unwrap();
    assert_eq!(store.head(&a).await.unwrap(), None);
    assert_eq!(store.head(&b).await.unwrap().unwrap().size, 11);
}

async fn missing_objects_are_not_found(store: &dyn ObjectStore, scratch: &Path) {
    let missing = key("scans/none/x");
    let mut errors = vec![
        store.open(&missing).await.err().unwrap(),
        store
            .copy(&missing, &key("scans/none/y"))
            .await
            .unwrap_err(),
    ];
    errors.push(
        store
            .fetch_to(&missing, &scratch.join("missing"))
            .await
            .unwrap_err(),
    );
    assert!(
        errors
            .iter()
            .all(|error| error.code() == ErrorCode::NotFound)
    );
    assert!(!scratch.join("missing").exists());
    store.delete_prefix("scans/none/").await.unwrap();
}

async fn a_prefix_goes_whole_and_alone(store: &dyn ObjectStore) {
    for name in ["scans/p1/a", "scans/p1/deep/er/b", "scans/p10/c"] {
        store.put_bytes(&key(name), vec![1]).await.unwrap();
    }
    store.delete_prefix("scans/p1/").await.unwrap();
    assert_eq!(store.head(&key("scans/p1/a")).await.unwrap(), None);
    assert_eq!(store.head(&key("scans/p1/deep/er/b")).await.unwrap(), None);
    assert!(store.head(&key("scans/p10/c")).await.unwrap().is_some());
}

#[actix_rt::test]
async fn local_store_keeps_the_promises_of_every_store() {
    let dir = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let store = local(dir.path());
    objects_come_back_as_stored(&store, scratch.path()).await;
    missing_objects_are_not_found(&store, scratch.path()).await;
    a_prefix_goes_whole_and_alone(&store).await;
    objects_are_listed_by_key_in_parts(&store).await;
}

#[actix_rt::test]
async fn local_objects_lie_at_their_key_and_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let store = local(dir.path());
    store
        .put_bytes(&key("snapshots/r/t.zip"), vec![1])
        .await
        .unwrap();
    let mode = |path: &str| {
        fs::metadata(dir.path().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("snapshots/r/t.zip"), 0o600);
    assert_eq!(mode("snapshots/r"), 0o700);
    assert_eq!(mode("staging"), 0o700);
}

#[actix_rt::test]
async fn links_in_the_way_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("x"), b"secret").unwrap();
    let store = local(dir.path());
    symlink(outside.path(), dir.path().join("scans")).unwrap();
    assert!(store.put_bytes(&key("scans/y"), vec![1]).await.is_err());
    assert!(store.open(&key("scans/x")).await.is_err());
    assert!(store.delete_prefix("scans/").await.is_err());
    fs::create_dir(dir.path().join("uploads")).unwrap();
    symlink(outside.path().join("x"), dir.path().join("uploads/x")).unwrap();
    assert!(store.open(&key("uploads/x")).await.is_err());
    // A planted link is replaced by the object, not written through.
    store.put_bytes(&key("uploads/x"), vec![1]).await.unwrap();
    assert_eq!(fs::read(outside.path().join("x")).unwrap(), b"secret");
    assert!(store.put_bytes(&key("staging/x"), vec![1]).await.is_err());
    assert!(store.delete_prefix("../x/").await.is_err());
    assert!(store.delete_prefix("/").await.is_err());
}

#[actix_rt::test]
async fn sweeping_takes_what_dead_processes_left_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (local(dir.path()), local(dir.path()));
    let dead = dir.path().join("staging/dead");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("lock"), b"").unwrap();
    fs::write(dead.join("0"), b"half an object").unwrap();
    assert_eq!(first.sweep_staging().unwrap(), 1);
    assert!(!dead.exists());
    second.put_bytes(&key("scans/a"), vec![1]).await.unwrap();
    assert_eq!(first.sweep_staging().unwrap(), 0);
    drop((first, second));
    assert_eq!(fs::read_dir(dir.path().join("staging")).unwrap().count(), 0);
}

#[test]
fn signed_urls_open_one_object_until_they_expire() {
    let signer = signer();
    let now = FixedClock.now();
    let url = signer.sign_for(&key("scans/a"), Duration::from_secs(60));
    let (path, query) = url.split_once("?expires=").unwrap();
    let (expires, signature) = query.split_once("&signature=").unwrap();
    assert_eq!(path, "/objects/scans/a");
    let expires: i64 = expires.parse().unwrap();
    signer
        .verify(&key("scans/a"), expires, signature, now)
        .unwrap();
    let other = UrlSigner::new([8; 32], Arc::new(SystemClock));
    let late = now.after(Duration::from_secs(61));
    let forged = signature.replace(
        &signature[..1],
        if signature.starts_with('0') { "1" } else { "0" },
    );
    for refused in [
        signer.verify(&key("scans/b"), expires, signature, now),
        signer.verify(&key("scans/a"), expires + 1, signature, now),
        signer.verify(&key("scans/a"), expires, &forged, now),
        signer.verify(&key("scans/a"), expires, "", now),
        signer.verify(&key("scans/a"), expires, "zz", now),
        signer.verify(&key("scans/a"), expires, signature, late),
        other.verify(&key("scans/a"), expires, signature, now),
        // A link to read is none to store.
        signer.verify_put(&key("scans/a"), expires, signature, now),
    ] {
        assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidToken);
    }
}
