use super::{Backend, fixtures::*};
use std::time::Duration;
use vega::{
    clock::new_id,
    domain::{
        coverage::{CoverageOutcome, CoverageSummary},
        event::kind,
        lease::{Fence, is_lease_lost},
        runner_job::RunnerJobStatus,
        scan::ScanStatus,
    },
    error::{Error, ErrorCode},
    store::{Artifacts, EventQuery, ProgressUpdate, ScanBatch, ScanEnd},
};

pub async fn the_oldest_scan_is_claimed_first_and_keeps_its_place(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let first = world.queued().await.id;
    let second = world.queued().await.id;
    let claim = async || {
        world
            .store
            .claim_scan(claim_request(None, world.now))
            .await
            .unwrap()
    };
    let claimed = claim().await.unwrap();
    assert_eq!(claimed.scan.id, first);
    let later = world.now.after(Duration::from_secs(1));
    world
        .store
        .release_scan(first, claimed.fence, "shutdown", later)
        .await
        .unwrap();
    assert_eq!(claim().await.unwrap().scan.id, first);
    assert_eq!(claim().await.unwrap().scan.id, second);
}

pub async fn a_named_scan_can_be_claimed(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    world.queued().await;
    let wanted = world.queued().await.id;
    let request = || claim_request(Some(wanted), world.now);
    let claimed = world.store.claim_scan(request()).await.unwrap().unwrap();
    assert_eq!(claimed.scan.id, wanted);
    assert_eq!(world.store.claim_scan(request()).await.unwrap(), None);
}

pub async fn nothing_to_claim_is_none(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.store.claim_scan(claim_request(None, world.now)).await;
    assert_eq!(claimed.unwrap(), None);
}

pub async fn a_claim_raises_attempt_and_fence_and_writes_a_runner_job(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let scan = world.queued().await;
    let request = claim_request(None, world.now);
    let claimed = world
        .store
        .claim_scan(request.clone())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(claimed.scan.status, ScanStatus::Claimed);
    assert_eq!(
        claimed.fence,
        Fence {
            attempt: 1,
            number: 1
        }
    );
    let lease = claimed.scan.lease.clone().unwrap();
    assert_eq!(lease.owner, world.store.owner());
    assert_eq!(lease.expires_at, backend.now().after(LEASE));
    assert_eq!(claimed.scan.claimed_at, Some(world.now));
    let jobs = world.store.runner_jobs(scan.id).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].id, request.runner_job_id);
    assert_eq!(jobs[0].status, RunnerJobStatus::Launching);
}

pub async fn adoption_raises_the_fence_and_shuts_the_launcher_out(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = world.queued().await.id;
    let runner = backend.another_process().await;
    let claimed = world
        .store
        .claim_scan(claim_request(None, world.now))
        .await
        .unwrap()
        .unwrap();
    let adopted = runner
        .adopt_scan(id, claimed.fence, LEASE, world.now)
        .await
        .unwrap();
    assert_eq!(adopted.scan.status, ScanStatus::Running);
    assert_eq!(
        adopted.fence,
        Fence {
            attempt: 1,
            number: 2
        }
    );
    assert_eq!(adopted.scan.lease.unwrap().owner, runner.owner());
    assert_eq!(adopted.scan.started_at, Some(world.now));
    let jobs = world.store.runner_jobs(id).await.unwrap();
    assert_eq!(jobs[0].status, RunnerJobStatus::Running);
    let launcher = world
        .store
        .renew_scan(id, claimed.fence, LEASE)
        .await
        .unwrap_err();
    assert!(is_lease_lost(&launcher));
    let second = runner
        .adopt_scan(id, claimed.fence, LEASE, world.now)
        .await
        .unwrap_err();
    assert!(is_lease_lost(&second));
}

pub async fn a_stale_fence_writes_nothing(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, now) = (&world.store, world.now);
    let old = world.running().await;
    let id = old.scan.id;
    store
        .release_scan(id, old.fence, "shutdown", now)
        .await
        .unwrap();
    let before = run(&**store, id, now).await.scan;
    let lost = [
        store.renew_scan(id, old.fence, LEASE).await.unwrap_err(),
        store
            .append_to_scan(id, old.fence, sighted([detected("a", "f")]))
            .await
            .unwrap_err(),
        store
            .finish_scan(id, old.fence, ScanEnd::Cancelled, Artifacts::None, now)
            .await
            .unwrap_err(),
        store
            .release_scan(id, old.fence, "again", now)
            .await
            .unwrap_err(),
    ];
    assert!(lost.iter().all(is_lease_lost));
    assert_eq!(store.scan(id).await.unwrap(), before);
}

pub async fn a_released_scan_is_queued_again_without_being_counted(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let id = claimed.scan.id;
    let released = world
        .store
        .release_scan(id, claimed.fence, "shutdown", world.now)
        .await;
    let released = released.unwrap();
    assert_eq!(released.status, ScanStatus::Queued);
    assert_eq!(released.lease, None);
    assert_eq!((released.fruitless_attempts, released.recoveries), (0, 0));
    let jobs = world.store.runner_jobs(id).await.unwrap();
    assert_eq!(jobs[0].status, RunnerJobStatus::Stopped);
    assert_eq!(jobs[0].stop_reason.as_deref(), Some("shutdown"));
    let again = run(&*world.store, id, world.now).await;
    assert_eq!(again.scan.attempt, 2);
    let jobs = world.store.runner_jobs(id).await.unwrap();
    let attempts: Vec<_> = jobs.iter().map(|job| job.attempt).collect();
    assert_eq!(attempts, [2, 1]);
}

pub async fn a_released_scan_that_was_called_off_is_cancelled(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let id = claimed.scan.id;
    world
        .store
        .request_cancel(id, world.owner, world.now)
        .await
        .unwrap();
    let released = world
        .store
        .release_scan(id, claimed.fence, "shutdown", world.now)
        .await;
    assert_eq!(released.unwrap().status, ScanStatus::Cancelled);
}

pub async fn a_failed_scan_says_why_in_its_last_event(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let failure = Error::new(ErrorCode::RunnerLost, "gone").to_failure();
    let scan = world
        .finish(&claimed, ScanEnd::Failed(failure.clone()))
        .await;
    assert_eq!(scan.status, ScanStatus::Failed);
    assert_eq!(scan.failure_reason, Some(failure.clone()));
    assert_eq!(scan.lease, None);
    let event = last_event(&world, &scan).await;
    assert_eq!(event.kind, kind::SCAN_FAILED);
    let payload = serde_json::json!({
        "reason": failure.message, "code": "runner_lost", "retryable": true
    });
    assert_eq!(event.payload, payload);
    let jobs = world.store.runner_jobs(scan.id).await.unwrap();
    assert_eq!(jobs[0].status, RunnerJobStatus::Stopped);
}

async fn last_event(world: &World, scan: &vega::domain::scan::Scan) -> vega::domain::event::Event {
    let query = EventQuery {
        scan_id: Some(scan.id),
        limit: 100,
        ..EventQuery::default()
    };
    let events = world.store.events(world.repository, query).await.unwrap();
    assert_eq!(events.last().unwrap().seq, scan.last_seq);
    events.last().unwrap().clone()
}

pub async fn a_completed_scan_carries_summary_and_coverage(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let coverage = CoverageSummary {
        outcomes: [(CoverageOutcome::Reviewed, 3)].into(),
        gaps: Default::default(),
        files: 3,
    };
    let end = ScanEnd::Completed {
        coverage: coverage.clone(),
        scope: Default::default(),
        summary: serde_json::json!({ "text": "done" }),
    };
    let scan = world.finish(&claimed, end).await;
    assert_eq!((scan.status, scan.progress), (ScanStatus::Completed, 100));
    assert_eq!(scan.coverage, coverage);
    let event = last_event(&world, &scan).await;
    assert_eq!(event.kind, kind::SCAN_COMPLETED);
    let payload = serde_json::json!({ "summary": { "text": "done" }, "coverage": coverage });
    assert_eq!(event.payload, payload);
}

pub async fn a_claimed_scan_cannot_complete(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let scan = world.queued().await;
    let claimed = world
        .store
        .claim_scan(claim_request(None, world.now))
        .await
        .unwrap()
        .unwrap();
    let end = ScanEnd::Completed {
        coverage: CoverageSummary::default(),
        scope: Default::default(),
        summary: serde_json::Value::Null,
    };
    let ended = world
        .store
        .finish_scan(scan.id, claimed.fence, end, Artifacts::None, world.now)
        .await;
    assert_eq!(ended.unwrap_err().code(), ErrorCode::Conflict);
    assert_eq!(world.store.scan(scan.id).await.unwrap(), claimed.scan);
}

pub async fn a_runner_job_that_is_over_stays_so(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let store = &world.store;
    let id = store.runner_jobs(claimed.scan.id).await.unwrap()[0].id;
    let note = async |status, code| {
        store
            .note_runner_job(id, status, code, None, world.now)
            .await
            .unwrap();
        store.runner_jobs(claimed.scan.id).await.unwrap()[0].clone()
    };
    assert_eq!(
        note(RunnerJobStatus::Unknown, None).await.status,
        RunnerJobStatus::Unknown
    );
    let failed = note(RunnerJobStatus::Failed, Some(137)).await;
    assert_eq!(
        (failed.status, failed.exit_code),
        (RunnerJobStatus::Failed, Some(137))
    );
    assert_eq!(note(RunnerJobStatus::Running, Some(0)).await, failed);
    let unknown = store
        .note_runner_job(new_id(), RunnerJobStatus::Failed, None, None, world.now)
        .await;
    assert_eq!(unknown.unwrap_err().code(), ErrorCode::NotFound);
}

pub async fn progress_never_goes_back(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    for (progress, expected) in [(40, 40), (20, 40), (200, 100)] {
        let update = ProgressUpdate {
            progress,
            phase: "audit".into(),
            message: progress.to_string(),
        };
        let batch = ScanBatch {
            progress: Some(update),
            ..ScanBatch::default()
        };
        world.append(&claimed, batch).await;
        let scan = world.store.scan(claimed.scan.id).await.unwrap();
        assert_eq!(
            (scan.progress, scan.message),
            (expected, progress.to_string())
        );
    }
}
