use super::{Backend, fixtures::*};
use vega::{
    domain::{event::kind, ids::ScanId, lease::is_lease_lost},
    error::ErrorCode,
    store::{EventQuery, ScanBatch, ScanEnd},
};

fn logs(world: &World, count: usize) -> ScanBatch {
    ScanBatch {
        events: (0..count)
            .map(|_| event(kind::SCAN_LOG, world.now))
            .collect(),
        ..ScanBatch::default()
    }
}

fn all_of(scan: ScanId) -> EventQuery {
    EventQuery {
        scan_id: Some(scan),
        limit: 100,
        ..EventQuery::default()
    }
}

pub async fn events_are_numbered_without_gaps_across_attempts(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let first = world.running().await;
    let id = first.scan.id;
    assert_eq!(world.append(&first, logs(&world, 2)).await, 2);
    let mut batch = sighted([detected("a.py", "f")]);
    batch.events = logs(&world, 1).events;
    assert_eq!(world.append(&first, batch).await, 4);
    world
        .store
        .release_scan(id, first.fence, "shutdown", world.now)
        .await
        .unwrap();
    let second = run(&*world.store, id, world.now).await;
    assert_eq!(world.append(&second, logs(&world, 1)).await, 5);
    let scan = world.complete(&second, Default::default()).await;
    assert_eq!(scan.last_seq, 6);
    let events = world
        .store
        .events(world.repository, all_of(id))
        .await
        .unwrap();
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.seq, event.attempt))
        .collect();
    assert_eq!(seen, [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (6, 2)]);
    assert_eq!(events[3].kind, kind::FINDING_UPDATED);
}

pub async fn nothing_follows_the_terminal_event(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let scan = world.finish(&claimed, ScanEnd::Cancelled).await;
    let late = world
        .store
        .append_to_scan(scan.id, claimed.fence, logs(&world, 1))
        .await;
    assert!(is_lease_lost(&late.unwrap_err()));
    let events = world
        .store
        .events(world.repository, all_of(scan.id))
        .await
        .unwrap();
    assert_eq!(events.last().unwrap().kind, kind::SCAN_CANCELLED);
    assert_eq!(events.len() as u64, scan.last_seq);
}

pub async fn a_runner_cannot_write_a_terminal_event(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let batch = ScanBatch {
        events: vec![event(kind::SCAN_COMPLETED, world.now)],
        ..ScanBatch::default()
    };
    let refused = world
        .store
        .append_to_scan(claimed.scan.id, claimed.fence, batch)
        .await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Conflict);
}

pub async fn a_finished_component_is_stored_once(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let batch = || ScanBatch {
        finished_component: Some("core".into()),
        ..logs(&world, 1)
    };
    assert_eq!(world.append(&claimed, batch()).await, 1);
    assert_eq!(world.append(&claimed, batch()).await, 1);
    let scan = world.store.scan(claimed.scan.id).await.unwrap();
    assert_eq!(scan.finished_components, ["core"]);
}

pub async fn events_are_read_after_a_number_and_by_kind(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let mut batch = logs(&world, 4);
    batch.events[1].kind = "from_the_future".into();
    world.append(&claimed, batch).await;
    let read = async |after, kinds: &[&str], limit| {
        let query = EventQuery {
            after,
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            limit,
            ..all_of(claimed.scan.id)
        };
        let events = world.store.events(world.repository, query).await.unwrap();
        events.iter().map(|event| event.seq).collect::<Vec<_>>()
    };
    assert_eq!(read(Some(1), &[], 2).await, [2, 3]);
    assert_eq!(read(Some(4), &[], 9).await, [0u64; 0]);
    assert_eq!(read(None, &["from_the_future"], 9).await, [2]);
    assert_eq!(read(Some(1), &[kind::SCAN_LOG], 9).await, [3, 4]);
    assert_eq!(read(None, &["never_seen"], 9).await, [0u64; 0]);
}

pub async fn events_of_a_repository_come_newest_first(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (first, second) = (world.running().await, world.running().await);
    world.append(&first, logs(&world, 1)).await;
    world.append(&second, logs(&world, 1)).await;
    world.append(&first, logs(&world, 1)).await;
    let query = EventQuery {
        limit: 2,
        ..EventQuery::default()
    };
    let newest = world
        .store
        .events(world.repository, query.clone())
        .await
        .unwrap();
    let scans: Vec<_> = newest.iter().map(|event| event.scan_id).collect();
    assert_eq!(scans, [first.scan.id, second.scan.id]);
    let older = EventQuery {
        before_id: Some(newest[1].id.to_string()),
        ..query
    };
    let older = world.store.events(world.repository, older).await.unwrap();
    assert_eq!(older.len(), 1);
    assert_eq!((older[0].scan_id, older[0].seq), (first.scan.id, 1));
}

pub async fn events_of_another_repository_are_not_found(backend: &mut dyn Backend) {
    let (world, other) = (World::of(backend).await, World::of(backend).await);
    let claimed = world.running().await;
    let read = other
        .store
        .events(other.repository, all_of(claimed.scan.id))
        .await;
    assert_eq!(read.unwrap_err().code(), ErrorCode::NotFound);
}
