use super::{Backend, fixtures::*};
use std::time::Duration;
use vega::{
    clock::new_id,
    domain::{
        api_key::{ApiKey, Scope},
        auth_session::{AuthSession, Rotation},
        ids::UserId,
        time::Timestamp,
    },
    error::ErrorCode,
    store::{PageRequest, UserChange},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn session(user: UserId, now: Timestamp) -> AuthSession {
    AuthSession {
        id: new_id(),
        user_id: user,
        former_hashes: Vec::new(),
        refresh_hash: "first".into(),
        refresh_expires_at: now,
        revoked_at: None,
        created_at: now,
        updated_at: now,
    }
}

fn key(user: UserId, hash: &str, now: Timestamp) -> ApiKey {
    ApiKey {
        id: new_id(),
        user_id: user,
        name: "ci".into(),
        prefix: "vega_".into(),
        hash: hash.into(),
        scopes: vec![Scope::Read],
        expires_at: None,
        last_used_at: None,
        created_at: now,
    }
}

pub async fn an_email_can_be_taken_once(backend: &mut dyn Backend) {
    let store = backend.store();
    store.insert_user(user("a@x", backend.now())).await.unwrap();
    let error = store.insert_user(user("a@x", backend.now())).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::Conflict);
    assert!(store.user_by_email("a@x").await.unwrap().is_some());
    assert!(store.user_by_email("b@x").await.unwrap().is_none());
}

pub async fn users_are_listed_by_email(backend: &mut dyn Backend) {
    let store = backend.store();
    for email in ["c@x", "a@x", "b@x"] {
        store.insert_user(user(email, backend.now())).await.unwrap();
    }
    let users = store.users().await.unwrap();
    let emails: Vec<_> = users.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(emails, ["a@x", "b@x", "c@x"]);
}

async fn ends_sessions(backend: &dyn Backend, change: UserChange) {
    let (store, now) = (backend.store(), backend.now());
    let user = store.insert_user(user("a@x", now)).await.unwrap();
    let session = store
        .insert_session(session(user.id, now), DAY)
        .await
        .unwrap();
    store.change_user(user.id, change, now).await.unwrap();
    let session = store.session(session.id).await.unwrap().unwrap();
    assert!(session.revoked_at.is_some());
    let rotation = store
        .rotate_session(session.id, "first", "second", DAY)
        .await;
    assert_eq!(rotation.unwrap(), Rotation::Ended);
}

pub async fn a_new_password_ends_every_session(backend: &mut dyn Backend) {
    ends_sessions(backend, UserChange::Password("new".into())).await;
}

pub async fn disabling_a_user_ends_every_session(backend: &mut dyn Backend) {
    ends_sessions(backend, UserChange::Active(false)).await;
}

pub async fn a_refresh_token_works_once(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let session = store
        .insert_session(session(new_id(), now), DAY)
        .await
        .unwrap();
    assert_eq!(session.refresh_expires_at, now.after(DAY));
    backend.advance(DAY / 2);
    let rotation = store
        .rotate_session(session.id, "first", "second", DAY)
        .await;
    let Rotation::Rotated(rotated) = rotation.unwrap() else {
        panic!("not rotated");
    };
    assert_eq!(rotated.refresh_hash, "second");
    assert_eq!(rotated.refresh_expires_at, backend.now().after(DAY));
}

pub async fn an_old_refresh_token_revokes_the_session(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let id = store
        .insert_session(session(new_id(), now), DAY)
        .await
        .unwrap()
        .id;
    store
        .rotate_session(id, "first", "second", DAY)
        .await
        .unwrap();
    let reused = store
        .rotate_session(id, "first", "third", DAY)
        .await
        .unwrap();
    assert_eq!(reused, Rotation::Reused);
    let after = store
        .rotate_session(id, "second", "third", DAY)
        .await
        .unwrap();
    assert_eq!(after, Rotation::Ended);
}

pub async fn an_expired_session_cannot_be_rotated(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let id = store
        .insert_session(session(new_id(), now), DAY)
        .await
        .unwrap()
        .id;
    backend.advance(DAY);
    let rotation = store.rotate_session(id, "first", "second", DAY).await;
    assert_eq!(rotation.unwrap(), Rotation::Ended);
    let unknown = store.rotate_session(new_id(), "first", "second", DAY).await;
    assert_eq!(unknown.unwrap(), Rotation::Ended);
}

pub async fn revocation_is_seen_by_another_process_at_once(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let other = backend.another_process().await;
    let id = store
        .insert_session(session(new_id(), now), DAY)
        .await
        .unwrap()
        .id;
    store.revoke_session(id).await.unwrap();
    store.revoke_session(id).await.unwrap();
    store.revoke_session(new_id()).await.unwrap();
    assert!(
        other
            .session(id)
            .await
            .unwrap()
            .unwrap()
            .revoked_at
            .is_some()
    );
}

pub async fn long_ended_sessions_are_removed(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let owner = new_id();
    let old = store
        .insert_session(session(owner, now), DAY)
        .await
        .unwrap()
        .id;
    backend.advance(400 * DAY);
    store
        .insert_session(session(owner, now), DAY)
        .await
        .unwrap();
    assert!(store.session(old).await.unwrap().is_none());
}

pub async fn an_expired_api_key_is_not_found(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let mut key = key(new_id(), "h", now);
    key.expires_at = Some(now.after(DAY));
    store.insert_api_key(key.clone()).await.unwrap();
    assert_eq!(store.api_key_by_hash("h").await.unwrap(), Some(key));
    backend.advance(DAY);
    assert_eq!(store.api_key_by_hash("h").await.unwrap(), None);
}

pub async fn a_revoked_api_key_is_gone_at_once(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let owner = new_id();
    let (first, second) = (key(owner, "1", now), key(owner, "2", now));
    store.insert_api_key(first.clone()).await.unwrap();
    store.insert_api_key(second.clone()).await.unwrap();
    let one = PageRequest::first(1);
    let listed = store.api_keys(owner, one).await.unwrap();
    assert_eq!(listed.items, std::slice::from_ref(&second));
    let rest = PageRequest {
        limit: 1,
        after: listed.next,
    };
    let listed = store.api_keys(owner, rest).await.unwrap();
    assert_eq!((listed.items, listed.next), (vec![first.clone()], None));
    let other = backend.another_process().await;
    store.revoke_api_key(owner, first.id).await.unwrap();
    assert_eq!(other.api_key_by_hash("1").await.unwrap(), None);
    let left = other.api_keys(owner, PageRequest::first(9)).await.unwrap();
    assert_eq!(left.items, [second]);
}

pub async fn only_the_owner_can_revoke_an_api_key(backend: &mut dyn Backend) {
    let store = backend.store();
    let key = key(new_id(), "h", backend.now());
    store.insert_api_key(key.clone()).await.unwrap();
    let error = store.revoke_api_key(new_id(), key.id).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
    assert!(store.api_key_by_hash("h").await.unwrap().is_some());
}

pub async fn uses_of_an_api_key_are_noted_to_the_hour(backend: &mut dyn Backend) {
    let store = backend.store();
    let at: Timestamp = "2030-01-02T03:45:00Z".parse().unwrap();
    let key = key(new_id(), "h", at);
    store.insert_api_key(key.clone()).await.unwrap();
    store.touch_api_key(key.id, at).await.unwrap();
    store
        .touch_api_key(key.id, at.after(Duration::from_secs(60)))
        .await
        .unwrap();
    let noted = store
        .api_key_by_hash("h")
        .await
        .unwrap()
        .unwrap()
        .last_used_at;
    assert_eq!(noted, Some("2030-01-02T03:00:00Z".parse().unwrap()));
}
