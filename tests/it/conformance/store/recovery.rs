use super::{Backend, fixtures::*};
use std::time::Duration;
use vega::{
    domain::{
        event::kind,
        runner_job::RunnerJobStatus,
        scan::{RecoveryPolicy, ScanStatus},
    },
    error::ErrorCode,
    store::{EventQuery, ScanBatch},
};

fn finished(component: &str) -> ScanBatch {
    ScanBatch {
        finished_component: Some(component.into()),
        ..ScanBatch::default()
    }
}

pub async fn a_living_owner_is_left_alone(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    world.queued().await;
    let other = backend.another_process().await;
    backend.advance(LEASE / 2);
    assert!(
        other
            .recover_scans(POLICY, world.now)
            .await
            .unwrap()
            .is_empty()
    );
    world
        .store
        .renew_scan(claimed.scan.id, claimed.fence, LEASE)
        .await
        .unwrap();
    backend.advance(LEASE / 2);
    assert!(
        other
            .recover_scans(POLICY, world.now)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn a_scan_with_an_expired_lease_is_queued_again(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let id = claimed.scan.id;
    let other = backend.another_process().await;
    backend.advance(LEASE);
    let recovered = other.recover_scans(POLICY, world.now).await.unwrap();
    assert_eq!(recovered.len(), 1);
    let scan = &recovered[0].scan;
    assert_eq!((scan.id, scan.status), (id, ScanStatus::Queued));
    assert_eq!((scan.fruitless_attempts, scan.recoveries), (1, 0));
    assert_eq!(scan.lease, None);
    let job = recovered[0].runner_job.as_ref().unwrap();
    assert_eq!(job.status, RunnerJobStatus::Failed);
    assert!(
        other
            .recover_scans(POLICY, world.now)
            .await
            .unwrap()
            .is_empty()
    );
    let again = run(&*other, id, world.now).await;
    assert_eq!(again.scan.attempt, 2);
    assert!(again.fence.number > claimed.fence.number);
    assert!(
        world
            .store
            .renew_scan(id, claimed.fence, LEASE)
            .await
            .is_err()
    );
}

pub async fn a_dead_owner_is_seen_before_its_lease_expires(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let scan = world.queued().await;
    let runner = backend.another_process().await;
    run(&*runner, scan.id, world.now).await;
    assert!(
        world
            .store
            .recover_scans(POLICY, world.now)
            .await
            .unwrap()
            .is_empty()
    );
    drop(runner);
    let recovered = world.store.recover_scans(POLICY, world.now).await.unwrap();
    assert_eq!(recovered[0].scan.id, scan.id);
}

pub async fn progress_is_kept_and_counted_apart(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    world.append(&claimed, finished("core")).await;
    backend.advance(LEASE);
    let recovered = world.store.recover_scans(POLICY, world.now).await.unwrap();
    let scan = &recovered[0].scan;
    assert_eq!((scan.fruitless_attempts, scan.recoveries), (0, 1));
    assert_eq!(scan.finished_components, ["core"]);
    let again = run(&*world.store, scan.id, world.now).await;
    assert_eq!(again.scan.components_at_claim, 1);
    assert!(!again.scan.made_progress());
}

pub async fn attempts_without_progress_end_the_scan(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = world.queued().await.id;
    for attempt in 1..=3 {
        run(&*world.store, id, world.now).await;
        backend.advance(LEASE);
        let recovered = world.store.recover_scans(POLICY, world.now).await.unwrap();
        let status = recovered[0].scan.status;
        assert_eq!(status == ScanStatus::Failed, attempt == 3);
    }
    let scan = world.store.scan(id).await.unwrap();
    assert_eq!(scan.failure_reason.unwrap().code, ErrorCode::OutOfAttempts);
    let query = EventQuery {
        scan_id: Some(id),
        limit: 9,
        ..EventQuery::default()
    };
    let events = world.store.events(world.repository, query).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, kind::SCAN_FAILED);
}

pub async fn recoveries_are_limited(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = world.queued().await.id;
    for round in 0..=POLICY.max_recoveries {
        let claimed = run(&*world.store, id, world.now).await;
        world.append(&claimed, finished(&round.to_string())).await;
        backend.advance(LEASE);
        world.store.recover_scans(POLICY, world.now).await.unwrap();
    }
    let scan = world.store.scan(id).await.unwrap();
    assert_eq!(scan.status, ScanStatus::Failed);
    assert_eq!(scan.failure_reason.unwrap().code, ErrorCode::RunnerLost);
}

pub async fn a_scan_called_off_before_its_owner_died_is_cancelled(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    world
        .store
        .request_cancel(claimed.scan.id, world.owner, world.now)
        .await
        .unwrap();
    backend.advance(LEASE);
    let recovered = world.store.recover_scans(POLICY, world.now).await.unwrap();
    assert_eq!(recovered[0].scan.status, ScanStatus::Cancelled);
}

pub async fn a_scan_running_too_long_times_out(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let policy = RecoveryPolicy {
        running_stale: Duration::from_secs(10),
        ..POLICY
    };
    backend.advance(Duration::from_secs(10));
    assert!(
        world
            .store
            .recover_scans(policy, world.now)
            .await
            .unwrap()
            .is_empty()
    );
    backend.advance(Duration::from_secs(1));
    let recovered = world.store.recover_scans(policy, world.now).await.unwrap();
    let scan = &recovered[0].scan;
    assert_eq!(
        (scan.id, scan.status),
        (claimed.scan.id, ScanStatus::Failed)
    );
    assert_eq!(
        scan.failure_reason.as_ref().unwrap().code,
        ErrorCode::Timeout
    );
}
