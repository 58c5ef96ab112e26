use super::{Backend, fixtures::*};
use vega::{
    domain::{
        job::{JobKind, JobStatus, MAX_JOB_ATTEMPTS},
        lease::is_lease_lost,
        repository::IngestStatus,
    },
    error::{Error, ErrorCode},
};

const EXPORT: &[JobKind] = &[JobKind::Export];

pub async fn jobs_are_claimed_oldest_first_by_kind(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let (first, second) = (
        job(JobKind::Export, "a", now),
        job(JobKind::Import, "a", now),
    );
    store.enqueue_job(first.clone()).await.unwrap();
    store.enqueue_job(second.clone()).await.unwrap();
    let kinds = [JobKind::Import, JobKind::Cleanup];
    let claimed = store.claim_job(&kinds, LEASE, now).await.unwrap().unwrap();
    assert_eq!(claimed.job.id, second.id);
    assert_eq!(claimed.job.status, JobStatus::Running);
    assert_eq!(store.claim_job(&kinds, LEASE, now).await.unwrap(), None);
    store
        .renew_job(second.id, claimed.fence, LEASE, 40)
        .await
        .unwrap();
    assert_eq!(store.job(second.id).await.unwrap().progress, 40);
    store
        .finish_job(second.id, claimed.fence, Ok(()), now)
        .await
        .unwrap();
    let done = store.job(second.id).await.unwrap();
    assert_eq!(
        (done.status, done.progress, done.lease),
        (JobStatus::Succeeded, 100, None)
    );
    let all = [JobKind::Import, JobKind::Export];
    assert_eq!(
        store
            .claim_job(&all, LEASE, now)
            .await
            .unwrap()
            .unwrap()
            .job
            .id,
        first.id
    );
}

pub async fn an_expired_job_lease_can_be_claimed_again(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let other = backend.another_process().await;
    store
        .enqueue_job(job(JobKind::Export, "a", now))
        .await
        .unwrap();
    let first = store.claim_job(EXPORT, LEASE, now).await.unwrap().unwrap();
    assert_eq!(other.claim_job(EXPORT, LEASE, now).await.unwrap(), None);
    backend.advance(LEASE);
    let second = other.claim_job(EXPORT, LEASE, now).await.unwrap().unwrap();
    assert_eq!((second.job.id, second.job.attempt), (first.job.id, 2));
    assert_eq!(second.job.lease.unwrap().owner, other.owner());
}

pub async fn a_dead_owners_job_can_be_claimed_at_once(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let other = backend.another_process().await;
    store
        .enqueue_job(job(JobKind::Export, "a", now))
        .await
        .unwrap();
    other.claim_job(EXPORT, LEASE, now).await.unwrap().unwrap();
    assert_eq!(store.claim_job(EXPORT, LEASE, now).await.unwrap(), None);
    drop(other);
    assert!(store.claim_job(EXPORT, LEASE, now).await.unwrap().is_some());
}

pub async fn a_stale_job_fence_is_refused(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    store
        .enqueue_job(job(JobKind::Export, "a", now))
        .await
        .unwrap();
    let old = store.claim_job(EXPORT, LEASE, now).await.unwrap().unwrap();
    backend.advance(LEASE);
    let new = store.claim_job(EXPORT, LEASE, now).await.unwrap().unwrap();
    let (id, fence) = (old.job.id, old.fence);
    assert!(is_lease_lost(
        &store.renew_job(id, fence, LEASE, 1).await.unwrap_err()
    ));
    assert!(is_lease_lost(
        &store.finish_job(id, fence, Ok(()), now).await.unwrap_err()
    ));
    assert!(is_lease_lost(
        &store.release_job(id, fence, now).await.unwrap_err()
    ));
    assert_eq!(store.job(id).await.unwrap(), new.job);
}

pub async fn a_released_job_is_not_counted(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    store
        .enqueue_job(job(JobKind::Export, "a", now))
        .await
        .unwrap();
    let claimed = store.claim_job(EXPORT, LEASE, now).await.unwrap().unwrap();
    store
        .release_job(claimed.job.id, claimed.fence, now)
        .await
        .unwrap();
    let job = store.job(claimed.job.id).await.unwrap();
    assert_eq!((job.status, job.attempt), (JobStatus::Queued, 0));
    let again = store.claim_job(EXPORT, LEASE, now).await.unwrap().unwrap();
    assert!(again.fence.number > claimed.fence.number);
}

pub async fn a_job_out_of_attempts_fails_with_its_repository(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, id) = (&world.store, world.repository);
    let ingest = job(JobKind::Ingest, id, world.now);
    store
        .begin_ingest(id, ingest.clone(), world.now)
        .await
        .unwrap();
    for _ in 0..MAX_JOB_ATTEMPTS {
        assert!(
            store
                .claim_job(&[JobKind::Ingest], LEASE, world.now)
                .await
                .unwrap()
                .is_some()
        );
        backend.advance(LEASE);
    }
    let last = store
        .claim_job(&[JobKind::Ingest], LEASE, world.now)
        .await
        .unwrap();
    assert_eq!(last, None);
    let job = store.job(ingest.id).await.unwrap();
    assert_eq!(job.status, JobStatus::Failed);
    assert_eq!(job.error.unwrap().code, ErrorCode::OutOfAttempts);
    let repository = store.repository(id).await.unwrap();
    assert_eq!(repository.ingest_status, IngestStatus::Failed);
    assert_eq!(
        repository.ingest_error.unwrap().code,
        ErrorCode::OutOfAttempts
    );
}

pub async fn jobs_of_a_subject_come_newest_first(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let jobs = [1, 2, 3].map(|_| job(JobKind::Export, "subject", now));
    for job in &jobs {
        store.enqueue_job(job.clone()).await.unwrap();
    }
    store
        .enqueue_job(job(JobKind::Export, "other", now))
        .await
        .unwrap();
    let listed = store.jobs_of("subject", 2).await.unwrap();
    assert_eq!(listed, [jobs[2].clone(), jobs[1].clone()]);
    let claimed = store.claim_job(EXPORT, LEASE, now).await.unwrap().unwrap();
    let failure = Error::of(ErrorCode::InternalError).to_failure();
    store
        .finish_job(claimed.job.id, claimed.fence, Err(failure.clone()), now)
        .await
        .unwrap();
    assert_eq!(store.job(jobs[0].id).await.unwrap().error, Some(failure));
}
