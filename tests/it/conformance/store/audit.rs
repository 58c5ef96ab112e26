use super::{Backend, fixtures::*};
use std::time::Duration;
use vega::{
    clock::new_id,
    domain::{
        audit::{AuditAction, AuditActor, KEPT_REFUSALS, KEPT_UNKNOWN_REFUSALS, UNKNOWN_ACCOUNT},
        idempotency::{KeptAnswer, KeyOwner},
        ids::UserId,
        repository::SealedSecret,
    },
    error::ErrorCode,
    store::{
        AuditFilter, KeyState, PageRequest, ProjectChange,
        beside::{Draft, audited, in_request, keyed},
    },
};

fn draft(action: AuditAction, entity: impl std::fmt::Display) -> Draft {
    Draft {
        id: new_id(),
        actor: None,
        action,
        entity_id: entity.to_string(),
        details: serde_json::Map::new(),
    }
}

pub async fn a_change_is_committed_with_its_audit_entry(backend: &mut dyn Backend) {
    let (store, now) = (backend.store(), backend.now());
    let mut project = project(new_id(), now);
    let created = store.insert_project(project.clone());
    let created = audited(draft(AuditAction::ProjectCreated, project.id), created);
    in_request("req-1".into(), created).await.unwrap();
    backend.advance(Duration::from_secs(1));
    let change = ProjectChange {
        name: Some("other".into()),
        ..ProjectChange::default()
    };
    let changed = store.change_project(project.id, change, now);
    audited(draft(AuditAction::ProjectChanged, project.id), changed)
        .await
        .unwrap();
    // A refused change leaves none.
    let refused = store.insert_project(project.clone());
    let refused = audited(draft(AuditAction::ProjectCreated, project.id), refused).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Conflict);
    project.id = new_id();
    // Neither does a change outside.
    store.insert_project(project).await.unwrap();
    backend.reopen().await;
    let all = backend
        .store()
        .audit_log(AuditFilter::default(), PageRequest::first(9))
        .await
        .unwrap()
        .items;
    let [second, first] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(first.action, AuditAction::ProjectCreated);
    assert_eq!(first.request_id.as_deref(), Some("req-1"));
    assert_eq!((first.at, first.before.clone()), (now, None));
    assert!(first.after.is_some());
    assert_eq!(second.before, first.after);
    assert!(second.after.is_some() && second.after != second.before);
    assert_eq!(second.at, now.after(Duration::from_secs(1)));
}

pub async fn the_audit_log_is_filtered_and_comes_in_parts(backend: &mut dyn Backend) {
    let store = backend.store();
    let actor: UserId = new_id();
    for entity in ["prj_1", "prj_2", "prj_3"] {
        let mut note = draft(AuditAction::CleanupRun, entity);
        note.actor = (entity != "prj_2").then_some(AuditActor::User(actor));
        store.note_audit(note).await.unwrap();
        backend.advance(Duration::from_secs(60));
    }
    let store = backend.another_process().await;
    let entities = async |filter: AuditFilter, page: PageRequest| {
        let page = store.audit_log(filter, page).await.unwrap();
        let ids: Vec<_> = page.items.into_iter().map(|it| it.entity_id).collect();
        (ids, page.next)
    };
    let all = AuditFilter::default();
    let (ids, next) = entities(all.clone(), PageRequest::first(2)).await;
    assert_eq!(ids, ["prj_3", "prj_2"]);
    let rest = PageRequest {
        limit: 2,
        after: next,
    };
    assert_eq!(entities(all.clone(), rest).await.0, ["prj_1"]);
    let by_actor = AuditFilter {
        actor: Some(AuditActor::User(actor)),
        ..all.clone()
    };
    assert_eq!(
        entities(by_actor, PageRequest::first(9)).await.0,
        ["prj_3", "prj_1"]
    );
    let of_one = AuditFilter {
        entity_id: Some("prj_2".into()),
        ..all.clone()
    };
    assert_eq!(entities(of_one, PageRequest::first(9)).await.0, ["prj_2"]);
    let of_kind = AuditFilter {
        actions: vec![AuditAction::RecoveryRun],
        ..all.clone()
    };
    assert!(entities(of_kind, PageRequest::first(9)).await.0.is_empty());
    let last_minutes = AuditFilter {
        from: Some(backend.now().before(Duration::from_secs(120))),
        to: Some(backend.now().before(Duration::from_secs(60))),
        ..all
    };
    assert_eq!(
        entities(last_minutes, PageRequest::first(9)).await.0,
        ["prj_2"]
    );
}

pub async fn the_log_keeps_a_limited_number_of_refused_sign_ins(backend: &mut dyn Backend) {
    let store = backend.store();
    let mut first = draft(AuditAction::CleanupRun, "retention").with("reason", "test");
    first.actor = Some(AuditActor::Cli);
    store.note_audit(first).await.unwrap();
    let surplus = 5;
    let refusals = (0..KEPT_REFUSALS + surplus)
        .map(|n| store.note_audit(draft(AuditAction::SessionRefused, n)));
    futures_util::future::try_join_all(refusals).await.unwrap();
    // Names that somebody made up do not push those out.
    let unknown = (0..KEPT_UNKNOWN_REFUSALS + surplus)
        .map(|_| store.note_audit(draft(AuditAction::SessionRefused, UNKNOWN_ACCOUNT)));
    futures_util::future::try_join_all(unknown).await.unwrap();
    backend.reopen().await;
    let store = backend.store();
    let all = store
        .audit_log(
            AuditFilter::default(),
            PageRequest::first(2 * KEPT_REFUSALS),
        )
        .await
        .unwrap()
        .items;
    let unknown = all.iter().filter(|it| it.entity_id == UNKNOWN_ACCOUNT);
    assert_eq!(unknown.count(), KEPT_UNKNOWN_REFUSALS);
    assert_eq!(all.len(), KEPT_REFUSALS + KEPT_UNKNOWN_REFUSALS + 1);
    let oldest = all.last().unwrap();
    assert_eq!(oldest.action, AuditAction::CleanupRun, "only refusals go");
    assert_eq!(oldest.actor, Some(AuditActor::Cli));
    assert_eq!(oldest.details["reason"], "test");
}

fn owner(key: &str) -> KeyOwner {
    KeyOwner {
        user_id: new_id(),
        route: "POST /v1/projects".into(),
        key: key.into(),
    }
}

fn answer() -> KeptAnswer {
    KeptAnswer {
        rights: None,
        scope: Some(vega::domain::api_key::Scope::Write),
        fingerprint: "f".into(),
        status: 201,
        content_type: None,
        body: SealedSecret {
            key_id: "k".into(),
            ciphertext: "c".into(),
        },
    }
}

pub async fn a_key_is_reserved_once_and_answers_for_a_day(backend: &mut dyn Backend) {
    let (store, owner, id) = (backend.store(), owner("k"), new_id());
    let reserve = async |store: &vega::store::SharedStore| {
        store
            .reserve_key(new_id(), owner.clone(), LEASE)
            .await
            .unwrap()
    };
    let first = store.reserve_key(id, owner.clone(), LEASE).await.unwrap();
    assert_eq!(first, KeyState::Yours);
    let other = backend.another_process().await;
    assert_eq!(reserve(&other).await, KeyState::Busy);
    store.answer_key(id, answer()).await.unwrap();
    backend.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(reserve(&other).await, KeyState::Answered(answer()));
    backend.reopen().await;
    let store = backend.store();
    assert_eq!(reserve(&store).await, KeyState::Answered(answer()));
    backend.advance(Duration::from_secs(1));
    assert_eq!(reserve(&store).await, KeyState::Yours);
}

pub async fn a_released_or_abandoned_key_is_free_again(backend: &mut dyn Backend) {
    let (store, owner) = (backend.store(), owner("k"));
    let (first, second) = (new_id(), new_id());
    for id in [first, second] {
        let state = store.reserve_key(id, owner.clone(), LEASE).await.unwrap();
        assert_eq!(state, KeyState::Yours);
        if id == first {
            store.release_key(id).await.unwrap();
        }
    }
    backend.advance(LEASE);
    let third = new_id();
    let state = store
        .reserve_key(third, owner.clone(), LEASE)
        .await
        .unwrap();
    assert_eq!(state, KeyState::Yours);
    // Who lost the key answers nothing.
    store.answer_key(second, answer()).await.unwrap();
    let state = store.reserve_key(new_id(), owner, LEASE).await.unwrap();
    assert_eq!(state, KeyState::Busy);
}

pub async fn a_key_knows_what_was_made_even_without_its_answer(backend: &mut dyn Backend) {
    let (owner, id) = (owner("k"), new_id());
    let store = backend.store();
    store.reserve_key(id, owner.clone(), LEASE).await.unwrap();
    let project = project(new_id(), backend.now());
    let made = store.insert_project(project.clone());
    let made = audited(draft(AuditAction::ProjectCreated, project.id), made);
    keyed(id, made).await.unwrap();
    drop(store);
    // The process dies before it answers; the next one sees that at once.
    backend.reopen().await;
    let store = backend.store();
    let state = store.reserve_key(new_id(), owner, LEASE).await.unwrap();
    assert_eq!(state, KeyState::AnswerLost(project.id.to_string()));
}
