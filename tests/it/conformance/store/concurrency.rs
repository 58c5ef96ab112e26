use super::{Backend, fixtures::*};
use std::sync::Arc;
use tokio::task::JoinSet;
use vega::{
    domain::event::kind,
    error::ErrorCode,
    store::{EventQuery, ScanBatch},
};

pub async fn exactly_one_claim_wins(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let stores = [world.store.clone(), backend.another_process().await];
    for _ in 0..5 {
        let scan = world.queued().await;
        let mut claims = JoinSet::new();
        for task in 0..16 {
            let (store, now) = (stores[task % 2].clone(), world.now);
            claims.spawn(async move { store.claim_scan(claim_request(None, now)).await.unwrap() });
        }
        let won = claims.join_all().await.into_iter().flatten();
        let won: Vec<_> = won.map(|claimed| claimed.scan.id).collect();
        assert_eq!(won, [scan.id]);
    }
}

pub async fn what_many_write_at_once_is_all_there(backend: &mut dyn Backend) {
    let world = Arc::new(World::of(backend).await);
    let mut scans = Vec::new();
    for _ in 0..4 {
        scans.push(world.running().await);
    }
    let mut writers = JoinSet::new();
    for task in 0..64 {
        let claimed = &scans[task % scans.len()];
        let (store, id, fence) = (world.store.clone(), claimed.scan.id, claimed.fence);
        let now = world.now;
        writers.spawn(async move {
            let batch = ScanBatch {
                events: vec![event(kind::SCAN_LOG, now)],
                ..ScanBatch::default()
            };
            store.append_to_scan(id, fence, batch).await.unwrap()
        });
    }
    let mut numbers = writers.join_all().await;
    numbers.sort_unstable();
    let each_once: Vec<u64> = (0..64)
        .map(|n| scans[0].scan.last_seq + 1 + n / 4)
        .collect();
    assert_eq!(numbers, each_once);
    backend.reopen().await;
    for claimed in &scans {
        let query = EventQuery {
            scan_id: Some(claimed.scan.id),
            limit: 100,
            ..EventQuery::default()
        };
        let events = backend.store().events(world.repository, query).await;
        let numbers: Vec<_> = events.unwrap().iter().map(|it| it.seq).collect();
        let all: Vec<u64> = (1..=claimed.scan.last_seq + 16).collect();
        assert_eq!(numbers, all);
    }
}

pub async fn two_processes_number_events_without_gaps(backend: &mut dyn Backend) {
    let world = Arc::new(World::of(backend).await);
    let claimed = world.running().await;
    let (id, fence, now) = (claimed.scan.id, claimed.fence, world.now);
    let stores = [world.store.clone(), backend.another_process().await];
    let mut writers = JoinSet::new();
    for task in 0..40 {
        let store = stores[task % 2].clone();
        writers.spawn(async move {
            let batch = ScanBatch {
                events: vec![event(kind::SCAN_LOG, now), event(kind::SCAN_LOG, now)],
                ..ScanBatch::default()
            };
            store.append_to_scan(id, fence, batch).await.unwrap()
        });
    }
    let mut ends = writers.join_all().await;
    ends.sort_unstable();
    assert_eq!(ends, (1..=40).map(|n| n * 2).collect::<Vec<u64>>());
    for store in stores {
        let query = EventQuery {
            scan_id: Some(id),
            limit: 1000,
            ..EventQuery::default()
        };
        let events = store.events(world.repository, query).await.unwrap();
        let numbers: Vec<_> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=80).collect::<Vec<u64>>());
    }
}

pub async fn quota_holds_under_races(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let stores = [world.store.clone(), backend.another_process().await];
    let mut creations = JoinSet::new();
    for task in 0..20 {
        let (store, scan) = (stores[task % 2].clone(), world.new_scan());
        creations.spawn(async move { store.create_scan(scan, 3).await });
    }
    let results = creations.join_all().await;
    let refused = results.iter().filter_map(|result| result.as_ref().err());
    assert!(
        refused
            .clone()
            .all(|error| error.code() == ErrorCode::QuotaExceeded)
    );
    assert_eq!(refused.count(), 17);
}
