//! Temporary remotes for `git push`.

use super::{
    Backend,
    fixtures::{World, job, user},
};
use std::time::Duration;
use vega::{
    clock::new_id,
    domain::{
        git_upload::{GitUpload, GitUploadStatus, LastPush},
        ids::{JobId, UserId},
        job::JobKind,
        project::ProjectRole,
        repository::IngestStatus,
        retention::{RetentionPolicy, RunMode},
    },
    error::ErrorCode,
    store::{GitUploadFilter, PageRequest, UserChange},
};

const HOUR: Duration = Duration::from_secs(3600);

fn upload(world: &World, by: UserId) -> GitUpload {
    GitUpload {
        id: new_id(),
        repository_id: world.repository,
        created_by: by,
        api_key_id: None,
        password_hash: "hash".into(),
        expires_at: world.now,
        pushes: 0,
        last_push: None,
        created_at: world.now,
        updated_at: world.now,
    }
}

fn push(world: &World, job_id: JobId) -> LastPush {
    LastPush {
        at: world.now,
        branch: "main".into(),
        commit: "1".repeat(40),
        job_id,
    }
}

pub async fn a_remote_expires_by_the_stores_clock(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let store = backend.store();
    let made = upload(&world, world.owner);
    let made = store.insert_git_upload(made, HOUR, 5).await.unwrap();
    assert_eq!(made.expires_at, backend.now().after(HOUR));
    backend.advance(HOUR - Duration::from_millis(1));
    let seen = store.git_upload(made.id).await.unwrap();
    assert_eq!((seen.status, &seen.upload), (GitUploadStatus::Open, &made));
    backend.advance(Duration::from_millis(1));
    let store = backend.another_process().await;
    let seen = store.git_upload(made.id).await.unwrap();
    assert_eq!(seen.status, GitUploadStatus::Expired);
    let ingest = job(JobKind::Ingest, world.repository, world.now);
    let noted = push(&world, ingest.id);
    let refused = store.accept_push(made.id, noted, ingest, world.now).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Conflict);
    let missing = store.git_upload(new_id()).await.unwrap_err();
    assert_eq!(missing.code(), ErrorCode::NotFound);
}

pub async fn remotes_beyond_the_quota_are_refused(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let store = backend.store();
    let insert = |by| store.insert_git_upload(upload(&world, by), HOUR, 2);
    let first = insert(world.owner).await.unwrap();
    insert(world.owner).await.unwrap();
    let refused = insert(world.owner).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::QuotaExceeded);
    insert(new_id()).await.unwrap();
    store.remove_git_upload(first.id).await.unwrap();
    insert(world.owner).await.unwrap();
    // Those whose time is over do not count.
    backend.advance(HOUR);
    insert(world.owner).await.unwrap();
}

pub async fn a_push_is_noted_with_its_ingest(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let store = backend.store();
    let made = upload(&world, world.owner);
    let made = store.insert_git_upload(made, HOUR, 5).await.unwrap();
    let ingest = job(JobKind::Ingest, world.repository, world.now);
    let noted = push(&world, ingest.id);
    let id = ingest.id;
    let begun = store
        .accept_push(made.id, noted.clone(), ingest, world.now)
        .await
        .unwrap();
    assert_eq!(begun.ingest_status, IngestStatus::Ingesting);
    backend.reopen().await;
    let store = backend.store();
    assert_eq!(store.job(id).await.unwrap().id, id);
    let seen = store.git_upload(made.id).await.unwrap().upload;
    assert_eq!((seen.pushes, seen.last_push), (1, Some(noted)));
    // One ingest at a time, however the source comes in.
    let second = job(JobKind::Ingest, world.repository, world.now);
    let noted = push(&world, second.id);
    let refused = store.accept_push(made.id, noted, second, world.now).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Conflict);
    assert_eq!(store.git_upload(made.id).await.unwrap().upload.pushes, 1);
}

pub async fn a_push_counts_by_what_its_maker_may_do_at_its_end(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let store = backend.store();
    let maker = user("maker@example.com", world.now);
    let by = maker.id;
    store.insert_user(maker).await.unwrap();
    let made = upload(&world, by);
    let made = store.insert_git_upload(made, HOUR, 5).await.unwrap();
    let accept = async || {
        let ingest = job(JobKind::Ingest, world.repository, world.now);
        let noted = push(&world, ingest.id);
        store.accept_push(made.id, noted, ingest, world.now).await
    };
    let allow = async |role| {
        let set = store.set_project_member(world.project.id, by, role, world.now);
        set.await.unwrap();
    };
    assert_eq!(accept().await.unwrap_err().code(), ErrorCode::Forbidden);
    allow(ProjectRole::Triager).await;
    assert_eq!(accept().await.unwrap_err().code(), ErrorCode::Forbidden);
    allow(ProjectRole::Admin).await;
    let change = UserChange::Active(false);
    store.change_user(by, change, world.now).await.unwrap();
    assert_eq!(accept().await.unwrap_err().code(), ErrorCode::Forbidden);
    assert_eq!(store.git_upload(made.id).await.unwrap().upload.pushes, 0);
    let change = UserChange::Active(true);
    store.change_user(by, change, world.now).await.unwrap();
    accept().await.unwrap();
}

pub async fn remotes_are_listed_for_members_only(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let store = backend.store();
    let made = upload(&world, world.owner);
    let made = store.insert_git_upload(made, HOUR, 5).await.unwrap();
    let other = user("other@example.com", world.now);
    let stranger = other.id;
    store.insert_user(other).await.unwrap();
    let list = async |user, repository| {
        let filter = GitUploadFilter { user, repository };
        let page = store.git_uploads(filter, PageRequest::first(10)).await;
        let ids = page.unwrap().items.into_iter().map(|it| it.upload.id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(list(world.owner, None).await, [made.id]);
    assert_eq!(list(world.owner, Some(world.repository)).await, [made.id]);
    assert_eq!(list(world.owner, Some(new_id())).await, []);
    assert_eq!(list(stranger, None).await, []);
    store
        .set_project_member(world.project.id, stranger, ProjectRole::Viewer, world.now)
        .await
        .unwrap();
    assert_eq!(list(stranger, None).await, [made.id]);
}

pub async fn remotes_go_with_their_repository_and_after_their_time(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let store = backend.store();
    let made = upload(&world, world.owner);
    let made = store.insert_git_upload(made, HOUR, 5).await.unwrap();
    let policy = RetentionPolicy {
        git_uploads: Some(HOUR),
        ..RetentionPolicy::default()
    };
    let letting_go = async || {
        let gone = store.let_go(policy.clone(), RunMode::Apply).await;
        gone.unwrap().git_uploads
    };
    backend.advance(HOUR);
    assert_eq!(letting_go().await, 0);
    backend.advance(HOUR);
    assert_eq!(letting_go().await, 1);
    let gone = store.git_upload(made.id).await.unwrap_err();
    assert_eq!(gone.code(), ErrorCode::NotFound);
    let made = upload(&world, world.owner);
    let made = store.insert_git_upload(made, HOUR, 5).await.unwrap();
    store.remove_repository(world.repository).await.unwrap();
    backend.reopen().await;
    let gone = backend.store().git_upload(made.id).await.unwrap_err();
    assert_eq!(gone.code(), ErrorCode::NotFound);
}
