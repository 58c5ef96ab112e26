//! Compaction, whole and interrupted.

use super::{super::fixtures::*, journal, open};
use std::{fs, path::Path, sync::Arc};
use vega::{
    clock::Clock,
    store::{EventQuery, FindingFilter, PageRequest, SharedStore, TimelineOf},
};

/// Everything a reader can see of a world.
async fn seen(store: &SharedStore, world: &World) -> String {
    let page = || PageRequest::first(1000);
    let query = EventQuery {
        limit: 1000,
        ..EventQuery::default()
    };
    let findings = store.findings(FindingFilter::default(), page()).await;
    let findings = findings.unwrap();
    let mut histories = Vec::new();
    for row in &findings.items {
        let everything = TimelineOf::Everything;
        let history = store.timeline(row.finding.id, everything, page()).await;
        histories.push(history.unwrap());
    }
    let webhooks = store.webhooks(world.owner, page()).await.unwrap();
    let mut deliveries = Vec::new();
    for webhook in &webhooks.items {
        let told = store.deliveries(webhook.id, Default::default(), page());
        deliveries.push(told.await.unwrap());
    }
    format!(
        "{webhooks:?}{deliveries:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        store.users().await.unwrap(),
        store.scans(Default::default(), page()).await.unwrap(),
        findings,
        histories,
        store.events(world.repository, query).await.unwrap(),
        store.project_rollup(world.project.id).await.unwrap(),
    )
}

/// A world whose journal is mostly history: many renewals of one lease.
async fn worn(store: SharedStore, clock: &ManualClock) -> World {
    let world = World::in_store(store, clock.now()).await;
    let hook = super::super::webhooks::webhook(world.owner, None, clock.now());
    world.store.insert_webhook(hook, 9).await.unwrap();
    let ended = world.running().await;
    world.complete(&ended, looked_at(&[])).await;
    let claimed = world.running().await;
    let found = (0..20).map(|n| detected(&format!("f{n}.py"), "f"));
    let found = sighted(found);
    let first = found.findings[0].finding_id;
    world.append(&claimed, found).await;
    super::format::said_and_decided(&world, first).await;
    for _ in 0..60 {
        world
            .store
            .renew_scan(claimed.scan.id, claimed.fence, LEASE)
            .await
            .unwrap();
    }
    world
}

fn generations(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("metadata")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("journal-")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_worn_journal_is_compacted_and_others_follow() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let follower = open(folder.path(), &clock, u64::MAX).unwrap();
    let world = worn(open(folder.path(), &clock, u64::MAX).unwrap(), &clock).await;
    let before = seen(&follower, &world).await;
    let old_size = fs::metadata(journal(folder.path(), 1)).unwrap().len();
    let compacting = open(folder.path(), &clock, 1).unwrap();
    compacting
        .insert_user(user("last", clock.now()))
        .await
        .unwrap();
    assert_eq!(generations(folder.path()), ["journal-2.jsonl"]);
    assert!(fs::metadata(journal(folder.path(), 2)).unwrap().len() < old_size / 2);
    let after = seen(&follower, &world).await;
    assert_ne!(before, after);
    assert_eq!(after, seen(&compacting, &world).await);
    follower
        .insert_user(user("later", clock.now()))
        .await
        .unwrap();
    drop((follower, compacting));
    let again = open(folder.path(), &clock, u64::MAX).unwrap();
    assert_eq!(again.users().await.unwrap().len(), 3);
}

#[tokio::test]
async fn many_compactions_under_load_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let stores = [1, 1].map(|above| open(folder.path(), &clock, above).unwrap());
    let world = worn(stores[0].clone(), &clock).await;
    for number in 0..100 {
        let store = &stores[number % 2];
        let added = user(&format!("{number:03}"), clock.now());
        let added = store.insert_user(added).await.unwrap();
        for name in ["a", "b", "c"] {
            let change = vega::store::UserChange::DisplayName(name.repeat(200));
            store
                .change_user(added.id, change, clock.now())
                .await
                .unwrap();
        }
        assert_eq!(
            stores[(number + 1) % 2].users().await.unwrap().len(),
            number + 2
        );
    }
    assert_eq!(
        seen(&stores[0], &world).await,
        seen(&stores[1], &world).await
    );
    assert_eq!(generations(folder.path()).len(), 1);
    assert_ne!(generations(folder.path()), ["journal-1.jsonl"]);
}

#[tokio::test]
async fn a_compaction_interrupted_anywhere_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let world = worn(open(folder.path(), &clock, u64::MAX).unwrap(), &clock).await;
    world
        .store
        .insert_user(user("last", clock.now()))
        .await
        .unwrap();
    let expected = seen(&world.store, &world).await;
    let old = fs::read(journal(folder.path(), 1)).unwrap();
    let old_manifest = fs::read(folder.path().join("metadata/manifest.json")).unwrap();
    let compacting = open(folder.path(), &clock, 1).unwrap();
    let scratch = compacting
        .insert_user(user("scratch", clock.now()))
        .await
        .unwrap();
    let new = fs::read(journal(folder.path(), 2)).unwrap();
    let new_manifest = fs::read(folder.path().join("metadata/manifest.json")).unwrap();
    drop(compacting);

    // 1. The new journal was being written, up to any byte; 2. it is whole, and the manifest is
    // being written beside the old one: in both cases the old generation counts.
    let cuts = (0..new.len()).step_by(997).chain([new.len()]);
    for cut in cuts {
        let state = tempfile::tempdir().unwrap();
        let metadata = state.path().join("metadata");
        fs::create_dir_all(&metadata).unwrap();
        fs::write(journal(state.path(), 1), &old).unwrap();
        fs::write(journal(state.path(), 2), &new[..cut]).unwrap();
        fs::write(metadata.join("manifest.json"), &old_manifest).unwrap();
        fs::write(
            metadata.join("manifest.json.tmp"),
            &new_manifest[..cut % 20],
        )
        .unwrap();
        let store = open(state.path(), &clock, u64::MAX).unwrap();
        assert_eq!(seen(&store, &world).await, expected);
        assert_eq!(generations(state.path()), ["journal-1.jsonl"]);
        drop(store);
        let compacting = open(state.path(), &clock, 1).unwrap();
        compacting
            .insert_user(user("again", clock.now()))
            .await
            .unwrap();
        assert_eq!(generations(state.path()), ["journal-2.jsonl"]);
    }

    // 3. The manifest is swapped, the old journal not yet removed: the new generation counts.
    let state = tempfile::tempdir().unwrap();
    let metadata = state.path().join("metadata");
    fs::create_dir_all(&metadata).unwrap();
    fs::write(journal(state.path(), 1), &old).unwrap();
    fs::write(journal(state.path(), 2), &new).unwrap();
    fs::write(metadata.join("manifest.json"), &new_manifest).unwrap();
    let store = open(state.path(), &clock, u64::MAX).unwrap();
    assert!(store.user(scratch.id).await.is_ok());
    assert_eq!(generations(state.path()), ["journal-2.jsonl"]);
}
