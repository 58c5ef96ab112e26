use super::{Backend, fixtures::*};
use vega::{
    clock::new_id,
    domain::{
        coverage::ScanScope,
        finding::Severity,
        job::{JobKind, JobStatus},
        repository::IngestStatus,
        scan::ScanStatus,
        threat_profile::{ProfileOrigin, ThreatProfile, ThreatProfileContent},
    },
    error::{Error, ErrorCode},
    store::{
        EventQuery, FindingFilter, IngestResult, OnlyIfMissing, PageRequest, ProjectChange,
        RepositoryChange, ScanEnd, ScanFilter,
    },
};

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorCode {
    result.unwrap_err().code()
}

pub async fn missing_things_are_not_found(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let missing = ErrorCode::NotFound;
    assert_eq!(code(store.user(new_id()).await), missing);
    assert_eq!(code(store.project(new_id()).await), missing);
    assert_eq!(code(store.project_rollup(new_id()).await), missing);
    assert_eq!(code(store.repository(new_id()).await), missing);
    assert_eq!(code(store.snapshot(new_id()).await), missing);
    assert_eq!(code(store.scan(new_id()).await), missing);
    assert_eq!(code(store.runner_jobs(new_id()).await), missing);
    assert_eq!(code(store.finding(new_id()).await), missing);
    assert_eq!(code(store.job(new_id()).await), missing);
    assert_eq!(code(store.remove_repository(new_id()).await), missing);
    assert_eq!(
        code(store.request_cancel(new_id(), new_id(), now).await),
        missing
    );
    assert_eq!(
        code(store.mark_artifacts_published(new_id()).await),
        missing
    );
    let profile = profile(new_id(), ProfileOrigin::Edited, now);
    let put = store.put_threat_profile(profile, OnlyIfMissing::No).await;
    assert_eq!(code(put), missing);
    let orphan = repository(&project(new_id(), now), now);
    assert_eq!(code(store.insert_repository(orphan, None).await), missing);
}

pub async fn projects_are_listed_newest_first_with_their_rollups(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let store = &world.store;
    let empty = project(world.owner, world.now);
    store.insert_project(empty.clone()).await.unwrap();
    let claimed = world.running().await;
    let mut lead = detected("a.py", "lead");
    lead.content.lead = true;
    let mut low = detected("b.py", "low");
    low.content.severity = Severity::Low;
    world
        .append(&claimed, sighted([detected("a.py", "f"), lead, low]))
        .await;
    world.queued().await;
    let page = store
        .projects(world.owner, PageRequest::first(10))
        .await
        .unwrap();
    assert_eq!(page.total, Some(2));
    assert_eq!(page.items[0].0, empty);
    assert_eq!(page.items[0].1, Default::default());
    let rollup = &page.items[1].1;
    assert_eq!(rollup.repository_count, 1);
    assert_eq!(rollup.scan_counts[&ScanStatus::Running], 1);
    assert_eq!(rollup.scan_counts[&ScanStatus::Queued], 1);
    assert_eq!(
        (rollup.finding_counts.high, rollup.finding_counts.low),
        (1, 1)
    );
    assert_eq!(rollup.finding_counts.total(), 2);
    assert_eq!(rollup.last_scan_at, Some(world.now));
    let alone = store.project_rollup(world.project.id).await.unwrap();
    assert_eq!(alone, *rollup);
}

pub async fn another_owner_sees_no_projects(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let page = world.store.projects(new_id(), PageRequest::first(10)).await;
    assert!(page.unwrap().items.is_empty());
}

pub async fn changing_a_project_keeps_absent_fields(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let change = ProjectChange {
        name: Some("other".into()),
        description: None,
    };
    let changed = world
        .store
        .change_project(world.project.id, change, world.now)
        .await;
    let changed = changed.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.description.as_str()),
        ("other", "what it is")
    );
    assert_eq!(
        world.store.project(world.project.id).await.unwrap(),
        changed
    );
}

pub async fn a_deleted_project_is_gone_and_its_scans_are_called_off(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, id) = (&world.store, world.project.id);
    let running = world.running().await;
    let queued = world.queued().await;
    let deletion = job(JobKind::DeleteProject, id, world.now);
    store
        .delete_project(id, deletion.clone(), world.now)
        .await
        .unwrap();
    assert_eq!(code(store.project(id).await), ErrorCode::NotFound);
    assert_eq!(
        code(store.create_scan(world.new_scan(), 9).await),
        ErrorCode::NotFound
    );
    assert!(
        store
            .projects(world.owner, PageRequest::first(9))
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(
        store.job(deletion.id).await.unwrap().status,
        JobStatus::Queued
    );
    assert_eq!(
        store.scan(queued.id).await.unwrap().status,
        ScanStatus::Cancelled
    );
    let check = store
        .renew_scan(running.scan.id, running.fence, LEASE)
        .await;
    assert!(check.unwrap().cancel_requested);
    let again = store.delete_project(id, deletion, world.now).await;
    assert_eq!(code(again), ErrorCode::NotFound);
    assert_eq!(store.repository_ids(id).await.unwrap(), [world.repository]);
}

pub async fn purging_waits_for_running_scans_and_is_idempotent(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, id) = (&world.store, world.project.id);
    assert_eq!(code(store.purge_project(id).await), ErrorCode::Conflict);
    let running = world.running().await;
    world
        .append(&running, sighted([detected("a.py", "f")]))
        .await;
    let deletion = job(JobKind::DeleteProject, id, world.now);
    store.delete_project(id, deletion, world.now).await.unwrap();
    assert_eq!(code(store.purge_project(id).await), ErrorCode::Conflict);
    world.finish(&running, ScanEnd::Cancelled).await;
    store.purge_project(id).await.unwrap();
    store.purge_project(id).await.unwrap();
    assert_eq!(code(store.scan(running.scan.id).await), ErrorCode::NotFound);
    assert_eq!(
        code(store.repository(world.repository).await),
        ErrorCode::NotFound
    );
    let left = store
        .findings(FindingFilter::default(), PageRequest::first(9))
        .await
        .unwrap();
    assert!(left.items.is_empty());
}

pub async fn changing_a_repository_keeps_absent_fields(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let change = RepositoryChange {
        git_ref: Some(None),
        default_paths: Some(vec!["src/".into()]),
        ..RepositoryChange::default()
    };
    let changed = world
        .store
        .change_repository(world.repository, change, world.now)
        .await;
    let changed = changed.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.git_ref.as_deref()),
        ("repository", None)
    );
    assert_eq!(changed.default_paths, ["src/"]);
    assert_eq!(
        world.store.repository(world.repository).await.unwrap(),
        changed
    );
}

pub async fn only_one_ingest_at_a_time(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, id) = (&world.store, world.repository);
    let begun = store
        .begin_ingest(id, job(JobKind::Ingest, id, world.now), world.now)
        .await;
    assert_eq!(begun.unwrap().ingest_status, IngestStatus::Ingesting);
    let second = store
        .begin_ingest(id, job(JobKind::Ingest, id, world.now), world.now)
        .await;
    assert_eq!(code(second), ErrorCode::Conflict);
    ingest_tree(&**store, id, "other", world.now).await;
    let third = store
        .begin_ingest(id, job(JobKind::Ingest, id, world.now), world.now)
        .await;
    third.unwrap();
}

pub async fn an_equal_tree_is_the_same_snapshot(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, id) = (&world.store, world.repository);
    let ingest = || job(JobKind::Ingest, id, world.now);
    store.begin_ingest(id, ingest(), world.now).await.unwrap();
    let other = ingest_tree(&**store, id, "other", world.now).await;
    assert_ne!(other.id, world.snapshot);
    store.begin_ingest(id, ingest(), world.now).await.unwrap();
    let same = ingest_tree(&**store, id, "tree", world.now).await;
    assert_eq!(same.id, world.snapshot);
    let repository = store.repository(id).await.unwrap();
    assert_eq!(repository.latest_snapshot_id, Some(world.snapshot));
    assert!(repository.is_ready());
    let snapshots = store.snapshots(id, PageRequest::first(9)).await.unwrap();
    assert_eq!(snapshots.items, [other, same]);
}

pub async fn a_failed_ingest_keeps_the_latest_snapshot(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, id) = (&world.store, world.repository);
    let ingest = job(JobKind::Ingest, id, world.now);
    store
        .begin_ingest(id, ingest.clone(), world.now)
        .await
        .unwrap();
    let claimed = store
        .claim_job(&[JobKind::Ingest], LEASE, world.now)
        .await
        .unwrap()
        .unwrap();
    let failure = Error::of(ErrorCode::IngestFailed).to_failure();
    let result = IngestResult::Failed(failure.clone());
    let ended = store
        .finish_ingest(ingest.id, claimed.fence, result, world.now)
        .await;
    assert_eq!(ended.unwrap(), None);
    let repository = store.repository(id).await.unwrap();
    assert_eq!(repository.ingest_status, IngestStatus::Failed);
    assert_eq!(repository.ingest_error, Some(failure));
    assert_eq!(repository.latest_snapshot_id, Some(world.snapshot));
    assert_eq!(
        store.job(ingest.id).await.unwrap().status,
        JobStatus::Failed
    );
}

pub async fn removing_a_repository_waits_for_its_scans(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, id) = (&world.store, world.repository);
    let running = world.running().await;
    world
        .append(&running, sighted([detected("a.py", "f")]))
        .await;
    assert_eq!(code(store.remove_repository(id).await), ErrorCode::Conflict);
    world.complete(&running, ScanScope::default()).await;
    store.remove_repository(id).await.unwrap();
    let missing = ErrorCode::NotFound;
    assert_eq!(code(store.repository(id).await), missing);
    assert_eq!(code(store.snapshot(world.snapshot).await), missing);
    assert_eq!(code(store.scan(running.scan.id).await), missing);
    assert_eq!(code(store.events(id, EventQuery::default()).await), missing);
    assert!(store.jobs_of(&id.to_string(), 9).await.unwrap().is_empty());
    let rollup = store.project_rollup(world.project.id).await.unwrap();
    assert_eq!(rollup, Default::default());
}

fn profile(
    repository: vega::domain::ids::RepositoryId,
    origin: ProfileOrigin,
    now: vega::domain::time::Timestamp,
) -> ThreatProfile {
    ThreatProfile {
        id: new_id(),
        repository_id: repository,
        version: 0,
        content: ThreatProfileContent::default(),
        origin,
        created_at: now,
    }
}

pub async fn threat_profiles_are_numbered_and_kept(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, id) = (&world.store, world.repository);
    assert_eq!(store.threat_profile(id).await.unwrap(), None);
    for version in 1..=3 {
        let profile = profile(id, ProfileOrigin::Generated, world.now);
        let put = store.put_threat_profile(profile, OnlyIfMissing::No).await;
        assert_eq!(put.unwrap().version, version);
    }
    assert_eq!(store.threat_profile(id).await.unwrap().unwrap().version, 3);
    let first = store
        .threat_profile_history(id, PageRequest::first(2))
        .await
        .unwrap();
    let versions: Vec<_> = first.items.iter().map(|profile| profile.version).collect();
    assert_eq!(versions, [3, 2]);
    let rest = PageRequest {
        limit: 2,
        after: first.next,
    };
    let rest = store.threat_profile_history(id, rest).await.unwrap();
    assert_eq!((rest.items[0].version, rest.next), (1, None));
}

pub async fn an_edited_profile_is_not_overwritten_when_only_missing_is_asked(
    backend: &mut dyn Backend,
) {
    let world = World::of(backend).await;
    let edited = profile(world.repository, ProfileOrigin::Edited, world.now);
    let edited = world
        .store
        .put_threat_profile(edited, OnlyIfMissing::Yes)
        .await
        .unwrap();
    let generated = profile(world.repository, ProfileOrigin::Generated, world.now);
    let kept = world
        .store
        .put_threat_profile(generated, OnlyIfMissing::Yes)
        .await
        .unwrap();
    assert_eq!(kept, edited);
}

pub async fn pages_stay_stable_while_things_are_added(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let mut scans = Vec::new();
    for _ in 0..5 {
        scans.push(world.queued().await.id);
    }
    scans.reverse();
    let mut request = PageRequest::first(2);
    let mut seen = Vec::new();
    loop {
        let page = world
            .store
            .scans(ScanFilter::default(), request)
            .await
            .unwrap();
        seen.extend(page.items.iter().map(|scan| scan.id));
        let Some(next) = page.next else { break };
        world.queued().await;
        request = PageRequest {
            limit: 2,
            after: Some(next),
        };
    }
    assert_eq!(seen, scans);
}

pub async fn a_foreign_cursor_is_a_validation_error(backend: &mut dyn Backend) {
    let store = backend.store();
    let page = PageRequest {
        limit: 1,
        after: Some("nonsense".into()),
    };
    let expected = ErrorCode::ValidationError;
    assert_eq!(
        code(store.scans(ScanFilter::default(), page.clone()).await),
        expected
    );
    assert_eq!(
        code(store.findings(FindingFilter::default(), page).await),
        expected
    );
}

pub async fn everything_is_there_after_reopening(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    world
        .append(&claimed, sighted([detected("a.py", "f")]))
        .await;
    let scan = world.complete(&claimed, looked_at(&["a.py"])).await;
    let all = || FindingFilter::default();
    let findings = world
        .store
        .findings(all(), PageRequest::first(9))
        .await
        .unwrap();
    let rollup = world.store.project_rollup(world.project.id).await.unwrap();
    drop(world.store);
    backend.reopen().await;
    let store = backend.store();
    assert_eq!(store.scan(scan.id).await.unwrap(), scan);
    assert_eq!(
        store.findings(all(), PageRequest::first(9)).await.unwrap(),
        findings
    );
    assert_eq!(
        store.project_rollup(world.project.id).await.unwrap(),
        rollup
    );
    assert_eq!(
        store.project(world.project.id).await.unwrap(),
        world.project
    );
}
