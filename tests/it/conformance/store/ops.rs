use super::{Backend, fixtures::*};
use std::time::Duration;
use vega::{
    clock::new_id,
    domain::{
        auth_session::AuthSession,
        job::{JobKind, JobStatus},
        retention::{LetGo, RetentionPolicy, RunMode},
        scan::ScanStatus,
    },
    error::ErrorCode,
    store::{Artifacts, JobFilter, PageRequest, ScanEnd},
};

pub async fn figures_count_everything_and_tell_how_long_it_waits(backend: &mut dyn Backend) {
    let store = backend.store();
    let empty = store.figures().await.unwrap();
    assert_eq!((empty.scans.len(), empty.jobs.len()), (0, 0));
    assert_eq!(empty.oldest_queued_scan, None);
    let world = World::of(backend).await;
    let export = job(JobKind::Export, "a", backend.now());
    store.enqueue_job(export).await.unwrap();
    world.running().await;
    world.queued().await;
    let minute = Duration::from_secs(60);
    backend.advance(minute);
    let figures = backend.another_process().await.figures().await.unwrap();
    assert_eq!(figures.scans[&ScanStatus::Queued], 1);
    assert_eq!(figures.scans[&ScanStatus::Running], 1);
    assert_eq!(figures.jobs[&(JobKind::Export, JobStatus::Queued)], 1);
    assert_eq!(figures.oldest_queued_scan, Some(minute));
    assert_eq!(figures.oldest_queued_job, Some(minute));
    assert_eq!(figures.open_findings.critical, 0);
}

pub async fn jobs_of_everyone_are_filtered(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let (export, import) = (
        job(JobKind::Export, "a", now),
        job(JobKind::Import, "b", now),
    );
    store.enqueue_job(export.clone()).await.unwrap();
    store.enqueue_job(import.clone()).await.unwrap();
    let kinds = [JobKind::Export];
    store.claim_job(&kinds, LEASE, now).await.unwrap().unwrap();
    let ids = async |kinds: &[JobKind], statuses: &[JobStatus]| {
        let filter = JobFilter {
            kinds: kinds.to_vec(),
            statuses: statuses.to_vec(),
        };
        let page = store.all_jobs(filter, PageRequest::first(9)).await.unwrap();
        page.items.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[], &[]).await, [import.id, export.id]);
    assert_eq!(ids(&[JobKind::Import], &[]).await, [import.id]);
    assert_eq!(ids(&[], &[JobStatus::Running]).await, [export.id]);
    assert!(ids(&[JobKind::Cleanup], &[]).await.is_empty());
}

pub async fn a_dry_run_tells_what_recovery_would_do(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let lost = world.running().await.scan.id;
    let store = backend.store();
    let told = async || {
        let told = store.recoverable_scans(POLICY, backend.now()).await;
        told.unwrap()
            .iter()
            .map(|it| (it.scan.id, it.scan.status))
            .collect::<Vec<_>>()
    };
    assert!(told().await.is_empty());
    backend.advance(LEASE * 2);
    assert_eq!(told().await, [(lost, ScanStatus::Queued)]);
    // Nothing has happened yet.
    assert_eq!(told().await.len(), 1);
    assert_eq!(store.scan(lost).await.unwrap().status, ScanStatus::Running);
    let done = store.recover_scans(POLICY, backend.now()).await.unwrap();
    assert_eq!(done.len(), 1);
    assert!(told().await.is_empty());
}

pub async fn retention_lets_go_what_is_over_and_nothing_that_is_needed(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, now) = (backend.store(), backend.now());
    let day = Duration::from_secs(24 * 3600);
    let first = store.repository(world.repository).await.unwrap();
    let first = first.latest_snapshot_id.unwrap();
    // The newest completed scan looked at the first snapshot; the second is neither that nor the
    // newest; the third is the newest.
    let claimed = world.running().await;
    let (id, fence) = (claimed.scan.id, claimed.fence);
    let end = ScanEnd::Completed {
        coverage: Default::default(),
        scope: Box::default(),
        summary: serde_json::Value::Null,
    };
    store
        .finish_scan(id, fence, end, Artifacts::Written, now)
        .await
        .unwrap();
    store.mark_artifacts_published(id).await.unwrap();
    let mut later = Vec::new();
    for tree in ["second", "third"] {
        let ingest = job(JobKind::Ingest, world.repository, now);
        let begun = store.begin_ingest(world.repository, ingest, now).await;
        begun.unwrap();
        let snapshot = ingest_tree(&*store, world.repository, tree, now).await;
        later.push(snapshot.id);
    }
    let (second, third) = (later[0], later[1]);
    let session = AuthSession {
        id: new_id(),
        user_id: world.owner,
        refresh_hash: "h".into(),
        former_hashes: Vec::new(),
        refresh_expires_at: now,
        revoked_at: None,
        created_at: now,
        updated_at: now,
    };
    let session = store.insert_session(session, day).await.unwrap();
    let policy = RetentionPolicy {
        artifacts: Some(day),
        snapshots: Some(day),
        sessions: Some(day),
        jobs: Some(day),
        git_uploads: Some(day),
        deliveries: Some(day),
    };
    let nothing = store.let_go(policy.clone(), RunMode::Apply).await.unwrap();
    assert_eq!(nothing, LetGo::default());
    backend.advance(day * 2);
    let forever = RetentionPolicy::default();
    let nothing = store.let_go(forever, RunMode::Apply).await.unwrap();
    assert_eq!(nothing, LetGo::default());
    let told = store.let_go(policy.clone(), RunMode::DryRun).await.unwrap();
    assert_eq!(told.artifacts, [id]);
    let snapshots: Vec<_> = told.snapshots.iter().map(|it| it.id).collect();
    assert_eq!(snapshots, [second]);
    assert_eq!((told.sessions, told.jobs), (1, 3));
    assert!(store.snapshot(second).await.is_ok());
    let done = store.let_go(policy.clone(), RunMode::Apply).await.unwrap();
    assert_eq!(done, told);
    backend.reopen().await;
    let store = backend.store();
    let again = store.let_go(policy, RunMode::Apply).await.unwrap();
    assert_eq!(again, LetGo::default());
    let error = store.snapshot(second).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
    for kept in [first, third] {
        store.snapshot(kept).await.unwrap();
    }
    let scan = store.scan(id).await.unwrap();
    assert_eq!(
        (scan.artifacts_attempt, scan.artifacts_published),
        (None, false)
    );
    assert!(store.unpublished_scans(9).await.unwrap().is_empty());
    assert_eq!(store.session(session.id).await.unwrap(), None);
}
