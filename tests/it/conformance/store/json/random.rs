//! Random intents: what a process knows is what another one reads from the disk.

use super::{super::fixtures::*, open};
use proptest::prelude::*;
use std::{sync::Arc, time::Duration};
use vega::{
    clock::Clock,
    store::{ClaimedScan, EventQuery, FindingFilter, PageRequest, ScanBatch, ScanEnd, SharedStore},
};

#[derive(Debug, Clone)]
enum Intent {
    Create,
    Run,
    Append { file: u8, count: u8 },
    Component(u8),
    Complete { file: u8 },
    Fail,
    Cancel,
    Recover,
    Advance(u8),
    AddUser,
}

fn intents() -> impl Strategy<Value = Vec<Intent>> {
    let one = prop_oneof![
        3 => Just(Intent::Create),
        4 => Just(Intent::Run),
        6 => (0..4u8, 0..4u8).prop_map(|(file, count)| Intent::Append { file, count }),
        3 => (0..4u8).prop_map(Intent::Component),
        3 => (0..4u8).prop_map(|file| Intent::Complete { file }),
        1 => Just(Intent::Fail),
        1 => Just(Intent::Cancel),
        2 => Just(Intent::Recover),
        2 => (0..40u8).prop_map(Intent::Advance),
        1 => Just(Intent::AddUser),
    ];
    prop::collection::vec(one, 1..60)
}

/// Carries an intent out; what is refused changes nothing.
async fn play(world: &World, clock: &ManualClock, held: &mut Vec<ClaimedScan>, intent: Intent) {
    let (store, now) = (&world.store, clock.now());
    let last = held.last().map(|claimed| (claimed.scan.id, claimed.fence));
    match (intent, last) {
        (Intent::Create, _) => {
            let _ = store.create_scan(world.new_scan(), 3).await;
        }
        (Intent::Run, _) => {
            if let Some(claimed) = store.claim_scan(claim_request(None, now)).await.unwrap() {
                let (id, fence) = (claimed.scan.id, claimed.fence);
                held.push(store.adopt_scan(id, fence, LEASE, now).await.unwrap());
            }
        }
        (Intent::Append { file, count }, Some((id, fence))) => {
            let path = format!("f{file}.py");
            let found = (0..count).map(|n| detected(&path, &format!("g{n}")));
            let _ = store.append_to_scan(id, fence, sighted(found)).await;
        }
        (Intent::Component(number), Some((id, fence))) => {
            let batch = ScanBatch {
                events: vec![event("scan_log", now)],
                finished_component: Some(number.to_string()),
                ..ScanBatch::default()
            };
            let _ = store.append_to_scan(id, fence, batch).await;
        }
        (Intent::Complete { file }, Some((id, fence))) => {
            let end = ScanEnd::Completed {
                coverage: Default::default(),
                scope: Box::new(looked_at(&[&format!("f{file}.py")])),
                summary: serde_json::Value::Null,
            };
            let none = vega::store::Artifacts::None;
            let _ = store.finish_scan(id, fence, end, none, now).await;
            held.pop();
        }
        (Intent::Fail, Some((id, fence))) => {
            let failure = vega::error::Error::conflict("no").to_failure();
            let none = vega::store::Artifacts::None;
            let end = ScanEnd::Failed(failure);
            let _ = store.finish_scan(id, fence, end, none, now).await;
            held.pop();
        }
        (Intent::Cancel, Some((id, _))) => {
            store.request_cancel(id, world.owner, now).await.unwrap();
        }
        (Intent::Recover, _) => {
            store.recover_scans(POLICY, now).await.unwrap();
        }
        (Intent::Advance(seconds), _) => clock.advance(Duration::from_secs(seconds.into())),
        (Intent::AddUser, _) => {
            let email = format!("{}", now.millis());
            let _ = store.insert_user(user(&email, now)).await;
        }
        (_, None) => {}
    }
}

async fn seen(store: &SharedStore, world: &World) -> String {
    let page = || PageRequest::first(1000);
    let query = EventQuery {
        limit: 1000,
        ..EventQuery::default()
    };
    let scans = store.scans(Default::default(), page()).await.unwrap();
    for scan in &scans.items {
        let query = EventQuery {
            scan_id: Some(scan.id),
            ..query.clone()
        };
        let events = store.events(world.repository, query).await.unwrap();
        let numbers: Vec<_> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=scan.last_seq).collect::<Vec<_>>());
    }
    format!(
        "{:?}{scans:?}{:?}{:?}{:?}",
        store.users().await.unwrap(),
        store
            .findings(FindingFilter::default(), page())
            .await
            .unwrap(),
        store.events(world.repository, query).await.unwrap(),
        store.projects(world.owner, page()).await.unwrap(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(16),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_history_reads_back_the_same(intents in intents(), compact_above in 1u64..200_000) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let clock = Arc::new(ManualClock::new());
            let follower = open(folder.path(), &clock, u64::MAX).unwrap();
            let store = open(folder.path(), &clock, compact_above).unwrap();
            let world = World::in_store(store, clock.now()).await;
            let mut held = Vec::new();
            for intent in intents {
                play(&world, &clock, &mut held, intent).await;
            }
            let known = seen(&world.store, &world).await;
            assert_eq!(seen(&follower, &world).await, known);
            let fresh = open(folder.path(), &clock, u64::MAX).unwrap();
            assert_eq!(seen(&fresh, &world).await, known);
        });
    }
}
