use super::{Backend, fixtures::*};
use vega::{
    clock::new_id,
    domain::{event::kind, scan::ScanStatus},
    error::ErrorCode,
    store::{Artifacts, EventQuery, PageRequest, ScanEnd, ScanFilter},
};

pub async fn a_repository_that_is_not_ready_cannot_be_scanned(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let pending = repository(&world.project, world.now);
    world
        .store
        .insert_repository(pending.clone(), None)
        .await
        .unwrap();
    let mut scan = world.new_scan();
    scan.repository_id = pending.id;
    let error = world.store.create_scan(scan, 9).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
}

pub async fn scans_beyond_the_quota_are_refused(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    world.store.create_scan(world.new_scan(), 2).await.unwrap();
    world.store.create_scan(world.new_scan(), 2).await.unwrap();
    let error = world
        .store
        .create_scan(world.new_scan(), 2)
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::QuotaExceeded);
    let mut of_another = world.new_scan();
    of_another.requested_by = new_id();
    world.store.create_scan(of_another, 2).await.unwrap();
}

pub async fn final_scans_do_not_count_against_the_quota(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let scan = world.store.create_scan(world.new_scan(), 1).await.unwrap();
    world
        .store
        .request_cancel(scan.id, world.owner, world.now)
        .await
        .unwrap();
    world.store.create_scan(world.new_scan(), 1).await.unwrap();
}

pub async fn scans_are_filtered_by_status_and_place(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let other = World::of(backend).await;
    let running = world.running().await.scan.id;
    let queued = world.queued().await.id;
    other.queued().await;
    let list = async |filter: ScanFilter| {
        let page = world
            .store
            .scans(filter, PageRequest::first(9))
            .await
            .unwrap();
        assert_eq!(page.total, Some(page.items.len() as u64));
        page.items.iter().map(|scan| scan.id).collect::<Vec<_>>()
    };
    let of_project = ScanFilter {
        project_id: Some(world.project.id),
        ..ScanFilter::default()
    };
    assert_eq!(list(of_project.clone()).await, [queued, running]);
    let of_repository = ScanFilter {
        repository_id: Some(world.repository),
        statuses: vec![ScanStatus::Running],
        ..ScanFilter::default()
    };
    assert_eq!(list(of_repository).await, [running]);
    let elsewhere = ScanFilter {
        repository_id: Some(other.repository),
        ..of_project
    };
    assert!(list(elsewhere).await.is_empty());
    assert_eq!(list(ScanFilter::default()).await.len(), 3);
}

pub async fn a_queued_scan_is_cancelled_at_once_with_one_event(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let scan = world.queued().await;
    let cancelled = world
        .store
        .request_cancel(scan.id, world.owner, world.now)
        .await
        .unwrap();
    assert_eq!(cancelled.status, ScanStatus::Cancelled);
    assert_eq!(cancelled.completed_at, Some(world.now));
    let query = EventQuery {
        scan_id: Some(scan.id),
        limit: 9,
        ..EventQuery::default()
    };
    let events = world.store.events(world.repository, query).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].seq, events[0].kind.as_str()),
        (1, kind::SCAN_CANCELLED)
    );
    assert_eq!(events[0].payload, serde_json::json!({ "by": world.owner }));
    let claimed = world
        .store
        .claim_scan(claim_request(Some(scan.id), world.now))
        .await;
    assert_eq!(claimed.unwrap(), None);
}

pub async fn a_running_scan_learns_of_its_cancellation_when_it_renews(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let id = claimed.scan.id;
    let check = world
        .store
        .renew_scan(id, claimed.fence, LEASE)
        .await
        .unwrap();
    assert!(!check.cancel_requested);
    let other = backend.another_process().await;
    let asked = other
        .request_cancel(id, world.owner, world.now)
        .await
        .unwrap();
    assert_eq!(asked.status, ScanStatus::Running);
    let check = world
        .store
        .renew_scan(id, claimed.fence, LEASE)
        .await
        .unwrap();
    assert!(check.cancel_requested);
    let ended = world.finish(&claimed, ScanEnd::Cancelled).await;
    assert_eq!(ended.status, ScanStatus::Cancelled);
    assert_eq!(ended.cancelled_by, Some(world.owner));
}

pub async fn cancelling_is_idempotent_and_final_scans_stay(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let id = claimed.scan.id;
    let first = world
        .store
        .request_cancel(id, world.owner, world.now)
        .await
        .unwrap();
    let again = world
        .store
        .request_cancel(id, new_id(), world.now)
        .await
        .unwrap();
    assert_eq!(first, again);
    let ended = world.complete(&claimed, Default::default()).await;
    assert_eq!(ended.status, ScanStatus::Completed);
    let late = world
        .store
        .request_cancel(id, world.owner, world.now)
        .await
        .unwrap();
    assert_eq!(late, ended);
}

pub async fn unpublished_artifacts_are_listed_until_marked(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let without = world.running().await;
    world.finish(&without, ScanEnd::Cancelled).await;
    let with = world.running().await;
    let (id, fence) = (with.scan.id, with.fence);
    let store = &world.store;
    assert!(store.unpublished_scans(9).await.unwrap().is_empty());
    store
        .finish_scan(id, fence, ScanEnd::Cancelled, Artifacts::Written, world.now)
        .await
        .unwrap();
    let unpublished = store.unpublished_scans(9).await.unwrap();
    assert_eq!(unpublished.len(), 1);
    assert_eq!(
        (unpublished[0].id, unpublished[0].artifacts_attempt),
        (id, Some(1))
    );
    store.mark_artifacts_published(id).await.unwrap();
    store.mark_artifacts_published(id).await.unwrap();
    assert!(store.unpublished_scans(9).await.unwrap().is_empty());
}
