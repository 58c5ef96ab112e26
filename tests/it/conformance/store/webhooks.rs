//! Webhooks: what is told to whom, and who sends it.

use super::{Backend, fixtures::*};
use std::time::Duration;
use vega::{
    clock::new_id,
    domain::{
        audit::AuditAction,
        ids::{DeliveryId, ProjectId, UserId, WebhookId},
        job::JobKind,
        lease::is_lease_lost,
        project::ProjectRole,
        repository::SealedSecret,
        retention::{RetentionPolicy, RunMode},
        time::Timestamp,
        webhook::{
            Attempt, Delivery, DeliveryStatus, DisabledReason, FAILING_TOO_LONG, MAX_IN_FLIGHT,
            MAX_KEPT, MAX_TRIES, MAX_WAITING, Verdict, Webhook, WebhookEvent,
        },
    },
    error::{Error, ErrorCode},
    store::{
        AttemptReport, AuditFilter, ClaimedDelivery, DeliveryFilter, IngestResult, PageRequest,
        ScanEnd, SharedStore, UserChange, WebhookChange, beside::Draft,
    },
};

const WAIT: Duration = Duration::from_secs(60);

pub fn webhook(user: UserId, project: Option<ProjectId>, now: Timestamp) -> Webhook {
    let all = WebhookEvent::ALL.iter().copied();
    Webhook {
        id: new_id(),
        user_id: user,
        name: Some("hook".into()),
        url: "https://hooks.example.com/x?key=1".into(),
        events: all.filter(|event| event.can_be_subscribed()).collect(),
        project_id: project,
        secret: sealed("first"),
        former_secret: None,
        enabled: true,
        disabled_reason: None,
        failing_since: None,
        last_success_at: None,
        created_at: now,
        updated_at: now,
    }
}

fn sealed(text: &str) -> SealedSecret {
    SealedSecret {
        key_id: "k".into(),
        ciphertext: text.into(),
    }
}

/// Adds a webhook of the world's owner.
async fn hooked(world: &World) -> WebhookId {
    let webhook = webhook(world.owner, None, world.now);
    let id = webhook.id;
    world.store.insert_webhook(webhook, 100).await.unwrap();
    id
}

async fn ping(world: &World, id: WebhookId) -> DeliveryId {
    let data = serde_json::json!({});
    let ping = Delivery::new(new_id(), id, WebhookEvent::Ping, None, data, world.now);
    let delivery = ping.id;
    world.store.insert_ping(ping).await.unwrap();
    delivery
}

async fn told(store: &SharedStore, id: WebhookId) -> Vec<Delivery> {
    let all = store.deliveries(id, DeliveryFilter::default(), PageRequest::first(2_000));
    let mut all = all.await.unwrap().items;
    all.reverse();
    all
}

async fn events(store: &SharedStore, id: WebhookId) -> Vec<WebhookEvent> {
    told(store, id)
        .await
        .into_iter()
        .map(|it| it.event)
        .collect()
}

async fn claim(store: &SharedStore, now: Timestamp) -> Option<ClaimedDelivery> {
    store.claim_delivery(LEASE, now).await.unwrap()
}

async fn report(
    store: &SharedStore,
    claimed: &ClaimedDelivery,
    verdict: Verdict,
    now: Timestamp,
) -> Result<(), Error> {
    let failed = verdict != Verdict::Delivered;
    let report = AttemptReport {
        url: claimed.webhook.url.clone(),
        attempt: Attempt {
            number: 0,
            at: now,
            duration_ms: 3,
            response_status: Some(if failed { 500 } else { 200 }),
            response_body: Some("answer".into()),
            error: failed.then(|| "answered with status 500".into()),
        },
        verdict,
        disabling: Draft {
            id: new_id(),
            actor: None,
            action: AuditAction::WebhookDisabled,
            entity_id: claimed.webhook.id.to_string(),
            details: serde_json::Map::new(),
        },
    };
    let id = claimed.delivery.id;
    store.finish_delivery(id, claimed.fence, report, now).await
}

/// A webhook with every field, and a delivery that failed once.
pub async fn told_and_failed(world: &World) {
    let project = Some(world.project.id);
    let hook = webhook(world.owner, project, world.now);
    let id = hook.id;
    world.store.insert_webhook(hook, 9).await.unwrap();
    let change = WebhookChange {
        secret: Some(sealed("second")),
        ..WebhookChange::default()
    };
    let changed = world.store.change_webhook(id, change, world.now);
    changed.await.unwrap();
    let running = world.running().await;
    world.complete(&running, looked_at(&[])).await;
    let claimed = claim(&world.store, world.now).await.unwrap();
    let again = Verdict::Again(WAIT);
    report(&world.store, &claimed, again, world.now)
        .await
        .unwrap();
}

pub async fn the_end_of_a_scan_is_told_in_the_same_commit(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let claimed = world.running().await;
    let found = sighted((0..30).map(|n| detected(&format!("f{n}.py"), "f")));
    world.append(&claimed, found).await;
    assert!(
        told(&world.store, id).await.is_empty(),
        "not before its end"
    );
    world.complete(&claimed, looked_at(&["a.py"])).await;
    let elsewhere = backend.another_process().await;
    let all = told(&elsewhere, id).await;
    assert_eq!(
        all.iter().map(|it| it.event).collect::<Vec<_>>(),
        [WebhookEvent::ScanCompleted, WebhookEvent::FindingCreated]
    );
    let scan = &all[0].data["scan"];
    assert_eq!(scan["id"], claimed.scan.id.to_string());
    assert_eq!(scan["status"], "completed");
    assert_eq!(scan["finding_counts"]["high"], 30);
    let findings = &all[1].data;
    assert_eq!(findings["total"], 30);
    assert_eq!(findings["truncated"], true);
    assert_eq!(findings["findings"].as_array().unwrap().len(), 20);
    assert!(
        !findings.to_string().contains("execute(x)"),
        "no source code"
    );
    assert!(!findings.to_string().contains("example.com/r.git"));
    let one = &findings["findings"][0];
    assert_eq!(
        (&one["severity"], &one["start_line"]),
        (&"high".into(), &3.into())
    );
    assert!(all.iter().all(|it| it.project_id == Some(world.project.id)));
    backend.reopen().await;
    assert_eq!(told(&backend.store(), id).await, all);
}

pub async fn every_way_a_scan_can_end_is_told_once(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let queued = world.queued().await;
    let store = &world.store;
    for _ in 0..2 {
        let cancelled = store.request_cancel(queued.id, world.owner, world.now);
        cancelled.await.unwrap();
    }
    assert_eq!(events(store, id).await, [WebhookEvent::ScanCancelled]);
    let running = world.running().await;
    let failure = Error::new(ErrorCode::InternalError, "it broke").to_failure();
    world.finish(&running, ScanEnd::Failed(failure)).await;
    let last = told(store, id).await.pop().unwrap();
    assert_eq!(last.event, WebhookEvent::ScanFailed);
    assert_eq!(last.data["scan"]["failure"]["code"], "internal_error");
    let lost = world.running().await;
    backend.advance(LEASE * 2);
    for _ in 0..10 {
        store.recover_scans(POLICY, backend.now()).await.unwrap();
        let request = claim_request(Some(lost.scan.id), backend.now());
        if store.claim_scan(request).await.unwrap().is_none() {
            break;
        }
        backend.advance(LEASE * 2);
    }
    assert_eq!(
        events(store, id).await.len(),
        3,
        "out of attempts, told once"
    );
    store.mark_artifacts_published(lost.scan.id).await.unwrap();
    assert_eq!(events(store, id).await.len(), 3);
}

pub async fn what_a_scan_sees_again_is_told_as_reopened(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let first = world.running().await;
    world.append(&first, sighted([detected("a.py", "f")])).await;
    world.complete(&first, looked_at(&["a.py"])).await;
    let second = world.running().await;
    world.complete(&second, looked_at(&["a.py"])).await;
    let id = hooked(&world).await;
    let third = world.running().await;
    world.append(&third, sighted([detected("a.py", "f")])).await;
    world.complete(&third, looked_at(&["a.py"])).await;
    assert_eq!(
        events(&world.store, id).await,
        [WebhookEvent::ScanCompleted, WebhookEvent::FindingReopened]
    );
    let fourth = world.running().await;
    world
        .append(&fourth, sighted([detected("a.py", "f")]))
        .await;
    world.complete(&fourth, looked_at(&["a.py"])).await;
    assert_eq!(events(&world.store, id).await.len(), 3, "nothing is new");
}

pub async fn the_end_of_an_ingest_is_told(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let (store, now) = (&world.store, world.now);
    let (repository, snapshot) = ready_repository(&**store, &world.project, now).await;
    let all = told(store, id).await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].event, WebhookEvent::RepositoryIngested);
    assert_eq!(all[0].data["snapshot"]["id"], snapshot.to_string());
    assert_eq!(all[0].data["repository"]["id"], repository.to_string());
    let again = job(JobKind::Ingest, repository, now);
    store.begin_ingest(repository, again, now).await.unwrap();
    let claimed = store.claim_job(&[JobKind::Ingest], LEASE, now).await;
    let claimed = claimed.unwrap().unwrap();
    let failure = Error::new(ErrorCode::IngestFailed, "the remote hung up").to_failure();
    store
        .finish_ingest(
            claimed.job.id,
            claimed.fence,
            IngestResult::Failed(failure),
            now,
        )
        .await
        .unwrap();
    let last = told(store, id).await.pop().unwrap();
    assert_eq!(last.event, WebhookEvent::RepositoryIngestFailed);
    assert_eq!(last.data["failure"]["code"], "ingest_failed");
}

pub async fn only_administrators_are_told_and_only_what_they_asked_for(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, now) = (&world.store, world.now);
    let other = store.insert_user(user("o@example.com", now)).await;
    let other = other.unwrap().id;
    let mine = webhook(world.owner, Some(world.project.id), now);
    let elsewhere = webhook(world.owner, Some(new_id()), now);
    let mut disabled = webhook(world.owner, None, now);
    disabled.enabled = false;
    let mut choosy = webhook(world.owner, None, now);
    choosy.events = vec![WebhookEvent::ScanFailed];
    let strangers = webhook(other, None, now);
    let restricted = webhook(other, Some(world.project.id), now);
    let silent = [elsewhere.id, disabled.id, choosy.id];
    let theirs = [strangers.id, restricted.id];
    let my_id = mine.id;
    for webhook in [mine, elsewhere, disabled, choosy, strangers, restricted] {
        store.insert_webhook(webhook, 100).await.unwrap();
    }
    let ended = async || {
        let running = world.running().await;
        world.complete(&running, looked_at(&[])).await;
    };
    ended().await;
    assert_eq!(events(store, my_id).await.len(), 1);
    for id in silent.into_iter().chain(theirs) {
        assert!(told(store, id).await.is_empty());
    }
    let role = async |role| {
        let project = world.project.id;
        store.set_project_member(project, other, role, now).await
    };
    role(ProjectRole::Triager).await.unwrap();
    ended().await;
    for id in theirs {
        assert!(told(store, id).await.is_empty(), "not for triagers");
    }
    role(ProjectRole::Admin).await.unwrap();
    ended().await;
    for id in theirs {
        assert_eq!(told(store, id).await.len(), 1);
    }
    // What waits is not sent to somebody who lost the role, or was locked out.
    role(ProjectRole::Viewer).await.unwrap();
    let off = UserChange::Active(false);
    store.change_user(world.owner, off, now).await.unwrap();
    assert!(claim(store, now).await.is_none());
    for id in theirs.into_iter().chain([my_id]) {
        for delivery in told(store, id).await {
            assert_eq!(delivery.status, DeliveryStatus::Failed);
        }
    }
}

pub async fn one_process_sends_a_delivery_and_the_next_when_it_died(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let delivery = ping(&world, id).await;
    let elsewhere = backend.another_process().await;
    let first = claim(&world.store, world.now).await.unwrap();
    assert_eq!(first.delivery.id, delivery);
    assert!(claim(&elsewhere, world.now).await.is_none());
    assert!(claim(&world.store, world.now).await.is_none());
    backend.advance(LEASE * 2);
    let second = claim(&elsewhere, backend.now()).await.unwrap();
    assert_eq!(second.delivery.id, delivery);
    assert_eq!(second.delivery.envelope(), first.delivery.envelope());
    let late = report(&world.store, &first, Verdict::Delivered, backend.now()).await;
    assert!(is_lease_lost(&late.unwrap_err()));
    report(&elsewhere, &second, Verdict::Delivered, backend.now())
        .await
        .unwrap();
    let done = world.store.delivery(id, delivery).await.unwrap();
    assert_eq!(done.status, DeliveryStatus::Succeeded);
    assert_eq!(done.attempts.len(), 1);
    assert_eq!(done.attempts[0].number, 2);
    backend.advance(LEASE * 2);
    assert!(claim(&elsewhere, backend.now()).await.is_none());
}

pub async fn a_dead_senders_delivery_is_free_at_once(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    ping(&world, id).await;
    let elsewhere = backend.another_process().await;
    claim(&elsewhere, world.now).await.unwrap();
    drop(elsewhere);
    assert!(claim(&world.store, world.now).await.is_some());
}

pub async fn a_failed_delivery_is_due_again_by_the_stores_clock(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let delivery = ping(&world, id).await;
    for number in 1..=MAX_TRIES {
        let claimed = claim(&world.store, backend.now()).await.unwrap();
        assert_eq!(claimed.delivery.attempt, number);
        let verdict = if number < MAX_TRIES {
            Verdict::Again(WAIT)
        } else {
            Verdict::GivenUp
        };
        report(&world.store, &claimed, verdict, backend.now())
            .await
            .unwrap();
        assert!(claim(&world.store, backend.now()).await.is_none());
        backend.advance(WAIT);
    }
    let failed = world.store.delivery(id, delivery).await.unwrap();
    assert_eq!(failed.status, DeliveryStatus::Failed);
    let bodies = failed.attempts.iter().map(|it| it.response_body.is_some());
    assert_eq!(bodies.filter(|it| *it).count(), 1);
    assert!(
        world.store.webhook(id).await.unwrap().enabled,
        "only a minute"
    );
    assert!(claim(&world.store, backend.now()).await.is_none());
    // Somebody asks for it again, with all its tries before it.
    world
        .store
        .retry_delivery(id, delivery, backend.now())
        .await
        .unwrap();
    let claimed = claim(&world.store, backend.now()).await.unwrap();
    assert_eq!((claimed.delivery.attempt, claimed.delivery.tries), (9, 1));
    let busy = world.store.retry_delivery(id, delivery, backend.now());
    assert_eq!(busy.await.unwrap_err().code(), ErrorCode::Conflict);
}

pub async fn a_delivery_that_kills_its_sender_is_given_up(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let delivery = ping(&world, id).await;
    for _ in 0..MAX_TRIES {
        claim(&world.store, backend.now()).await.unwrap();
        backend.advance(LEASE * 2);
    }
    assert!(claim(&world.store, backend.now()).await.is_none());
    let failed = world.store.delivery(id, delivery).await.unwrap();
    assert_eq!(failed.status, DeliveryStatus::Failed);
}

pub async fn a_slow_receiver_keeps_only_its_own_user_waiting(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    for _ in 0..MAX_IN_FLIGHT + 2 {
        let id = hooked(&world).await;
        ping(&world, id).await;
    }
    let mut sent = Vec::new();
    while let Some(claimed) = claim(&world.store, world.now).await {
        sent.push(claimed);
    }
    assert_eq!(sent.len(), MAX_IN_FLIGHT);
    let another = World::in_store(world.store.clone(), world.now).await;
    let id = hooked(&another).await;
    ping(&another, id).await;
    assert!(claim(&world.store, world.now).await.is_some());
    report(&world.store, &sent[0], Verdict::Delivered, world.now)
        .await
        .unwrap();
    assert!(claim(&world.store, world.now).await.is_some());
}

pub async fn a_webhook_without_success_for_days_is_disabled_with_an_entry(
    backend: &mut dyn Backend,
) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let (first, second) = (ping(&world, id).await, hooked(&world).await);
    let running = world.running().await;
    let claimed = claim(&world.store, backend.now()).await.unwrap();
    assert_eq!(claimed.delivery.id, first);
    let again = Verdict::Again(FAILING_TOO_LONG);
    report(&world.store, &claimed, again, backend.now())
        .await
        .unwrap();
    backend.advance(FAILING_TOO_LONG);
    let claimed = claim(&world.store, backend.now()).await.unwrap();
    world.finish(&running, ScanEnd::Cancelled).await;
    assert_eq!(events(&world.store, id).await.len(), 2);
    report(&world.store, &claimed, Verdict::GivenUp, backend.now())
        .await
        .unwrap();
    let ended = world.store.webhook(id).await.unwrap();
    assert_eq!(ended.disabled_reason, Some(DisabledReason::Failing));
    let waiting = told(&world.store, id).await.pop().unwrap();
    assert_eq!(waiting.status, DeliveryStatus::Failed, "it goes with it");
    let filter = AuditFilter {
        actions: vec![AuditAction::WebhookDisabled],
        ..AuditFilter::default()
    };
    let entries = world.store.audit_log(filter, PageRequest::first(9)).await;
    let entries = entries.unwrap().items;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].entity_id, id.to_string());
    assert!(entries[0].actor.is_none() && entries[0].before != entries[0].after);
    assert!(world.store.webhook(second).await.unwrap().enabled);
    let retry = world.store.retry_delivery(id, first, backend.now()).await;
    assert_eq!(retry.unwrap_err().code(), ErrorCode::Conflict);
    let enable = WebhookChange {
        enabled: Some(true),
        ..WebhookChange::default()
    };
    let enabled = world.store.change_webhook(id, enable, backend.now()).await;
    let enabled = enabled.unwrap();
    assert!(enabled.enabled && enabled.failing_since.is_none());
    world
        .store
        .retry_delivery(id, first, backend.now())
        .await
        .unwrap();
}

pub async fn a_changed_secret_keeps_the_former_one_for_a_day(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let change = WebhookChange {
        name: Some(None),
        secret: Some(sealed("second")),
        ..WebhookChange::default()
    };
    let changed = world.store.change_webhook(id, change, world.now).await;
    let changed = changed.unwrap();
    assert_eq!((changed.name, changed.secret), (None, sealed("second")));
    let former = changed.former_secret.unwrap();
    assert_eq!(former.sealed, sealed("first"));
    assert_eq!(former.until.since(world.now), Duration::from_secs(86_400));
    assert_eq!(changed.events.len(), 7);
}

pub async fn webhooks_are_limited_listed_and_removed_with_their_deliveries(
    backend: &mut dyn Backend,
) {
    let world = World::of(backend).await;
    let (store, now) = (&world.store, world.now);
    let id = hooked(&world).await;
    let second = webhook(world.owner, None, now);
    let full = store.insert_webhook(second.clone(), 1).await.unwrap_err();
    assert_eq!(full.code(), ErrorCode::QuotaExceeded);
    let other = webhook(new_id(), None, now);
    store.insert_webhook(other, 1).await.unwrap();
    store.insert_webhook(second.clone(), 2).await.unwrap();
    let listed = store.webhooks(world.owner, PageRequest::first(9)).await;
    let listed: Vec<_> = listed.unwrap().items.iter().map(|it| it.id).collect();
    assert_eq!(listed, [second.id, id]);
    let delivery = ping(&world, id).await;
    let data = serde_json::json!({});
    let another = Delivery::new(new_id(), id, WebhookEvent::Ping, None, data, now);
    let busy = store.insert_ping(another).await.unwrap_err();
    assert_eq!(busy.code(), ErrorCode::Conflict);
    let foreign = store.delivery(second.id, delivery).await.unwrap_err();
    assert_eq!(foreign.code(), ErrorCode::NotFound);
    let claimed = claim(store, now).await.unwrap();
    store.delete_webhook(id).await.unwrap();
    let late = report(store, &claimed, Verdict::Delivered, now).await;
    assert!(is_lease_lost(&late.unwrap_err()));
    let gone = store.delivery(id, delivery).await.unwrap_err();
    assert_eq!(gone.code(), ErrorCode::NotFound);
    backend.reopen().await;
    let gone = backend.store().webhook(id).await.unwrap_err();
    assert_eq!(gone.code(), ErrorCode::NotFound);
}

pub async fn a_projects_webhooks_go_with_it(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let (store, now) = (&world.store, world.now);
    let bound = webhook(world.owner, Some(world.project.id), now);
    let id = bound.id;
    store.insert_webhook(bound, 9).await.unwrap();
    let free = hooked(&world).await;
    let deletion = job(JobKind::DeleteProject, world.project.id, now);
    store
        .delete_project(world.project.id, deletion, now)
        .await
        .unwrap();
    store.purge_project(world.project.id).await.unwrap();
    let gone = store.webhook(id).await.unwrap_err();
    assert_eq!(gone.code(), ErrorCode::NotFound);
    store.webhook(free).await.unwrap();
}

pub async fn an_old_address_says_nothing_about_a_webhook_that_moved(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let delivery = ping(&world, id).await;
    let claimed = claim(&world.store, world.now).await.unwrap();
    let change = WebhookChange {
        url: Some("https://new.example.com/".into()),
        ..WebhookChange::default()
    };
    let moved = world.store.change_webhook(id, change, world.now);
    let moved = moved.await.unwrap();
    report(&world.store, &claimed, Verdict::Gone, world.now)
        .await
        .unwrap();
    assert_eq!(world.store.webhook(id).await.unwrap(), moved);
    // It goes to the new address at once; what that one says counts.
    let again = claim(&world.store, world.now).await.unwrap();
    assert_eq!((again.delivery.id, again.delivery.tries), (delivery, 1));
    assert_eq!(again.webhook.url, "https://new.example.com/");
    report(&world.store, &again, Verdict::Gone, world.now)
        .await
        .unwrap();
    let ended = world.store.webhook(id).await.unwrap();
    assert_eq!(ended.disabled_reason, Some(DisabledReason::Gone));
}

pub async fn ended_deliveries_are_let_go(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let ended = ping(&world, id).await;
    let claimed = claim(&world.store, world.now).await.unwrap();
    report(&world.store, &claimed, Verdict::Delivered, world.now)
        .await
        .unwrap();
    let waiting = ping(&world, id).await;
    backend.advance(WAIT * 2);
    let policy = RetentionPolicy {
        deliveries: Some(WAIT),
        ..RetentionPolicy::default()
    };
    let gone = world.store.let_go(policy, RunMode::Apply).await.unwrap();
    assert_eq!(gone.deliveries, 1);
    assert!(world.store.delivery(id, ended).await.is_err());
    world.store.delivery(id, waiting).await.unwrap();
}

pub async fn a_webhook_keeps_and_waits_for_a_limited_number_of_deliveries(
    backend: &mut dyn Backend,
) {
    let world = World::of(backend).await;
    let id = hooked(&world).await;
    let surplus = 3;
    for _ in 0..MAX_KEPT + surplus {
        let scan = world.new_scan();
        world.store.create_scan(scan, u32::MAX).await.unwrap();
    }
    // Calls all of them off in one change.
    let deletion = job(JobKind::DeleteProject, world.project.id, world.now);
    let project = world.project.id;
    let deleted = world.store.delete_project(project, deletion, world.now);
    deleted.await.unwrap();
    let count = |all: &[Delivery], status| all.iter().filter(|it| it.status == status).count();
    let given_up = |delivery: &Delivery| {
        let why = delivery.attempts.last().and_then(|it| it.error.clone());
        delivery.status == DeliveryStatus::Failed && why.unwrap().contains("too many")
    };
    let all = told(&world.store, id).await;
    assert_eq!(all.len(), MAX_KEPT);
    assert_eq!(count(&all, DeliveryStatus::Pending), MAX_WAITING);
    assert!(all[..MAX_KEPT - MAX_WAITING].iter().all(given_up));
    // One more: the oldest that waits makes room among those, the oldest of all altogether.
    let newer = ping(&world, id).await;
    let oldest = told(&world.store, id).await;
    assert_eq!(oldest.len(), MAX_KEPT);
    assert_eq!(count(&oldest, DeliveryStatus::Pending), MAX_WAITING);
    assert_eq!(oldest[0].id, all[1].id);
    assert_eq!(oldest[MAX_KEPT - 1].id, newer);
    assert!(oldest[..MAX_KEPT - MAX_WAITING].iter().all(given_up));
    let again = world.store.retry_delivery(id, oldest[0].id, world.now);
    assert_eq!(again.await.unwrap_err().code(), ErrorCode::QuotaExceeded);
    for enabled in [false, true] {
        let change = WebhookChange {
            enabled: Some(enabled),
            ..WebhookChange::default()
        };
        let changed = world.store.change_webhook(id, change, world.now);
        changed.await.unwrap();
    }
    let newest = ping(&world, id).await;
    let left = told(&world.store, id).await;
    assert_eq!(left.len(), MAX_KEPT);
    assert_eq!(left[0].id, oldest[1].id);
    assert_eq!(left.last().unwrap().id, newest);
}
