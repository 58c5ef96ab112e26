use super::{Backend, fixtures::*};
use tokio::sync::mpsc;
use vega::{
    clock::new_id,
    domain::{
        event::kind,
        ids::UserId,
        portable::{Portable, PortableKind},
        timeline::Comment,
    },
    error::ErrorCode,
    store::{Frozen, ScanBatch, SharedStore, Standing},
};

/// A scan with findings, a decision's worth of history, and events.
async fn filled(backend: &dyn Backend) -> World {
    let world = World::of(backend).await;
    let owner = user("owner@example.com", world.now);
    world.store.insert_user(owner).await.unwrap();
    let claimed = world.running().await;
    let batch = ScanBatch {
        events: vec![event(kind::SCAN_LOG, world.now)],
        ..sighted([detected("a.py", "one"), detected("b.py", "two")])
    };
    world.append(&claimed, batch).await;
    world.complete(&claimed, looked_at(&["a.py", "b.py"])).await;
    let found = records(&*world.store.freeze().await.unwrap(), PortableKind::Finding).await;
    let Some(Portable::Finding(finding)) = found.first() else {
        panic!("no finding");
    };
    for text in ["first", "second"] {
        let comment = Comment {
            id: new_id(),
            finding_id: finding.id,
            author: world.owner,
            text: text.into(),
            created_at: world.now,
        };
        world.store.add_comment(comment).await.unwrap();
    }
    world
}

async fn records(frozen: &dyn Frozen, kind: PortableKind) -> Vec<Portable> {
    let (to, mut from) = mpsc::channel(1);
    let mut records = Vec::new();
    let receive = async {
        while let Some(record) = from.recv().await {
            records.push(record);
        }
    };
    let (sent, ()) = tokio::join!(frozen.send(kind, to), receive);
    sent.unwrap();
    records
}

async fn everything(store: &SharedStore) -> Vec<Vec<Portable>> {
    let frozen = store.freeze().await.unwrap();
    let mut all = Vec::new();
    for kind in PortableKind::ALL {
        all.push(records(&*frozen, *kind).await);
    }
    all
}

/// An empty store beside the one under test.
async fn empty() -> super::json::JsonBackend {
    super::json::JsonBackend::fresh().await
}

pub async fn a_frozen_store_stays_as_it_was(backend: &mut dyn Backend) {
    let world = filled(backend).await;
    let frozen = world.store.freeze().await.unwrap();
    let before = records(&*frozen, PortableKind::Scan).await;
    world.queued().await;
    assert_eq!(records(&*frozen, PortableKind::Scan).await, before);
    let fresh = world.store.freeze().await.unwrap();
    assert_eq!(
        records(&*fresh, PortableKind::Scan).await.len(),
        before.len() + 1
    );
    // A receiver that goes away ends the sending.
    let (to, from) = mpsc::channel(1);
    drop(from);
    frozen.send(PortableKind::Event, to).await.unwrap();
}

pub async fn everything_moves_into_an_empty_store(backend: &mut dyn Backend) {
    let world = filled(backend).await;
    let target = empty().await;
    let all = everything(&world.store).await;
    for batch in &all {
        let standings = target.store().standings(batch.clone()).await.unwrap();
        assert!(standings.iter().all(|it| *it == Standing::Absent));
        let added = target.store().add_missing(batch.clone()).await.unwrap();
        assert_eq!(added, batch.len() as u64);
        assert_eq!(target.store().add_missing(batch.clone()).await.unwrap(), 0);
    }
    assert_eq!(everything(&target.store()).await, all);
    assert!(all[PortableKind::History as usize].len() >= 2);
    assert!(all[PortableKind::Event as usize].len() >= 4);
    let mut target = target;
    target.reopen().await;
    assert_eq!(everything(&target.store()).await, all);
}

pub async fn nothing_that_is_there_is_replaced(backend: &mut dyn Backend) {
    let world = filled(backend).await;
    let before = everything(&world.store).await;
    for batch in before.iter().filter(|batch| !batch.is_empty()) {
        let mut changed = batch[0].clone();
        match &mut changed {
            Portable::User(it) => it.display_name.push('x'),
            Portable::Project(it) => it.name.push('x'),
            Portable::Repository(it) => it.name.push('x'),
            Portable::Finding(it) => it.content.title.push('x'),
            Portable::Event(it) => it.kind.push('x'),
            Portable::Scan(it) => it.message.push('x'),
            _ => continue,
        }
        let standings = world.store.standings(vec![changed.clone()]).await.unwrap();
        assert!(matches!(standings[0], Standing::Conflict(_)), "{changed:?}");
        // A new one beside it is not added either.
        let mut batch = vec![changed];
        if let Portable::User(_) = batch[0] {
            batch.insert(0, user("new@example.com", world.now).into());
        }
        let error = world.store.add_missing(batch).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Conflict);
    }
    assert_eq!(everything(&world.store).await, before);
}

pub async fn what_does_not_fit_is_refused_as_a_whole(backend: &mut dyn Backend) {
    let world = filled(backend).await;
    let all = everything(&world.store).await;
    let of = |kind: PortableKind| all[kind as usize].clone();
    let refused = async |store: &SharedStore, batch: Vec<Portable>, why: &str| {
        let error = store.add_missing(batch).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Conflict);
        assert!(error.message().contains(why), "{error}");
    };
    let target = empty().await;
    let store = target.store();
    // Nothing they refer to is there.
    for kind in PortableKind::ALL.iter().copied() {
        if all[kind as usize]
            .first()
            .is_some_and(|it| !it.needs().is_empty())
        {
            refused(&store, of(kind), "is not there").await;
        }
    }
    let twins: Vec<Portable> = vec![
        user("twin@example.com", world.now).into(),
        user("twin@example.com", world.now).into(),
    ];
    refused(&store, twins, "email").await;
    let one: UserId = new_id();
    let named = |email: &str| {
        let mut user = user(email, world.now);
        user.id = one;
        Portable::from(user)
    };
    refused(&store, vec![named("a@b.c"), named("c@b.a")], "twice").await;
    assert!(everything(&store).await.iter().all(Vec::is_empty));

    for kind in PortableKind::ALL.iter().copied() {
        match kind {
            PortableKind::Event | PortableKind::History => {
                refused(&store, of(kind)[1..].to_vec(), "out of order").await;
                let mut gap = of(kind);
                gap.remove(1);
                if kind == PortableKind::Event {
                    refused(&store, gap, "out of order").await;
                }
            }
            _ => {}
        }
        store.add_missing(of(kind)).await.unwrap();
    }
    // What was refused left nothing that stops a store from opening.
    let mut target = target;
    target.reopen().await;
    assert_eq!(everything(&target.store()).await, all);
}

pub async fn a_scan_waits_until_all_of_it_is_there(backend: &mut dyn Backend) {
    let world = World::of(backend).await;
    let claimed = world.running().await;
    let (id, fence, now) = (claimed.scan.id, claimed.fence, world.now);
    let batch = ScanBatch {
        events: vec![event(kind::SCAN_LOG, now), event(kind::SCAN_LOG, now)],
        ..sighted([detected("a.py", "one")])
    };
    world.append(&claimed, batch).await;
    let released = world.store.release_scan(id, fence, "stopped", now).await;
    released.unwrap();
    let all = everything(&world.store).await;
    let cut_off = async || {
        let target = empty().await;
        for batch in &all[..PortableKind::Event as usize] {
            target.store().add_missing(batch.clone()).await.unwrap();
        }
        target
    };
    let claim = async |store: &SharedStore| store.claim_scan(claim_request(None, now)).await;

    // It is begun once the import was repeated.
    let target = cut_off().await;
    assert_eq!(claim(&target.store()).await.unwrap(), None);
    for batch in &all {
        target.store().add_missing(batch.clone()).await.unwrap();
    }
    let claimed = claim(&target.store()).await.unwrap().unwrap();
    assert_eq!(claimed.scan.id, id);

    // It can be called off without that, and the store goes on.
    let mut target = cut_off().await;
    let cancelled = target.store().request_cancel(id, world.owner, now).await;
    assert_eq!(cancelled.unwrap().last_seq, 1);
    target.reopen().await;
    let scan = target.store().scan(id).await.unwrap();
    assert!(scan.status.is_final());
}
