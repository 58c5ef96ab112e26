use super::Backend;
use std::time::Duration;
use vega::{
    clock::new_id,
    domain::{time::Timestamp, worker::Worker},
};

const TTL: Duration = Duration::from_secs(30);

fn worker(now: Timestamp) -> Worker {
    Worker {
        id: new_id(),
        hostname: "host".into(),
        pid: 1,
        version: "0.1.0".into(),
        mode: "local".into(),
        current_scans: Vec::new(),
        started_at: now,
        last_heartbeat_at: now,
    }
}

pub async fn heartbeats_are_judged_by_the_stores_clock(backend: &mut dyn Backend) {
    let store = backend.store();
    // The worker's own idea of the time does not matter.
    let worker = worker("2001-01-01T00:00:00Z".parse().unwrap());
    store.heartbeat(worker.clone(), TTL).await.unwrap();
    let workers = backend.another_process().await.workers(TTL).await.unwrap();
    assert_eq!(workers.len(), 1);
    assert_eq!(workers[0].0.last_heartbeat_at, backend.now());
    assert!(workers[0].1);
    backend.advance(TTL + TTL);
    assert!(!store.workers(TTL).await.unwrap()[0].1);
    store.remove_worker(worker.id).await.unwrap();
    store.remove_worker(worker.id).await.unwrap();
    assert!(store.workers(TTL).await.unwrap().is_empty());
}

pub async fn workers_silent_for_long_are_forgotten(backend: &mut dyn Backend) {
    let store = backend.store();
    store.heartbeat(worker(backend.now()), TTL).await.unwrap();
    backend.advance(TTL * 11);
    let other = worker(backend.now());
    store.heartbeat(other.clone(), TTL).await.unwrap();
    let workers = store.workers(TTL).await.unwrap();
    assert_eq!(workers.len(), 1);
    assert_eq!(workers[0].0.id, other.id);
}

pub async fn the_store_answers_a_ping(backend: &mut dyn Backend) {
    backend.store().ping().await.unwrap();
    let other = backend.another_process().await;
    other.ping().await.unwrap();
    assert_ne!(backend.store().owner(), other.owner());
}
