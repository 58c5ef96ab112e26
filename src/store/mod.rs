//! The metadata store: one trait per aggregate, several backends behind them.
//!
//! Methods are **intents**: one call is one atomic, durable change, decided by rules of `domain`
//! inside the store's own critical section. When a call returns `Ok`, the change survives
//! `kill -9` and power loss. What every backend promises:
//!
//! - Missing things are `not_found`; a lost race is `conflict`; a holder that lost its lease gets
//!   [`crate::domain::lease::lease_lost`].
//! - Callers bring ids and timestamps for display. **Leases and expiries are durations, judged by
//!   the store's own clock**, never by the caller's.
//! - A lease also ends when its owner is known to be dead (the JSON backend knows at once for
//!   processes of this machine; see [`StoreHealth::owner`]).
//! - Lists are stable: newest first by id unless said otherwise, continued by an opaque key.
//! - Reads see every change that was acknowledged before the read began, by any process.
//! - A change made inside [`beside::audited`] is committed together with its audit entry.
//!
//! `tests/it/conformance/store` runs the same cases against every backend.

pub mod accounts;
pub mod audit;
pub mod beside;
pub mod findings;
pub mod git_uploads;
pub mod jobs;
pub mod json;
pub mod ops;
pub mod scans;
pub mod sources;
pub mod transfer;
pub mod webhooks;
pub mod workers;

pub use accounts::{ApiKeyStore, SessionStore, UserChange, UserStore};
pub use audit::{AuditFilter, AuditStore, IdempotencyStore, KeyState};
pub use findings::{
    FindingFacets, FindingFilter, FindingSort, FindingStore, ObservedFinding, TimelineOf,
};
pub use git_uploads::{GitUploadFilter, GitUploadStore, SeenGitUpload};
pub use jobs::{ClaimedJob, IngestResult, JobStore};
pub use ops::{JobFilter, OpsStore, StoreFigures};
pub use scans::{
    Artifacts, ClaimRequest, ClaimedScan, EventQuery, NewFinding, ProgressUpdate, RecoveredScan,
    ScanBatch, ScanCheck, ScanEnd, ScanFilter, ScanStore,
};
pub use sources::{
    OnlyIfMissing, ProjectChange, ProjectStore, RepositoryChange, RepositoryStore, SnapshotStore,
    ThreatProfileStore,
};
pub use transfer::{Frozen, NotPortable, Standing, TransferStore};
pub use webhooks::{AttemptReport, ClaimedDelivery, DeliveryFilter, WebhookChange, WebhookStore};
pub use workers::WorkerStore;

use crate::{domain::ids::WorkerId, error::Result};
use std::sync::Arc;

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many items.
    pub limit: usize,
    /// Continue after the item with this key (from [`Page::next`]).
    pub after: Option<String>,
}

impl PageRequest {
    /// The first `limit` items.
    pub fn first(limit: usize) -> Self {
        Self { limit, after: None }
    }
}

/// One part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The key to continue with; absent at the end.
    pub next: Option<String>,
    /// How many there are in all, where that is cheap to know.
    pub total: Option<u64>,
}

/// A moment in the history of a store, to be compared with another one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeMark(pub u64, pub u64);

/// Whether the store can be used, and in whose name this process holds leases.
#[async_trait::async_trait]
pub trait StoreHealth: Send + Sync {
    /// Answers when the store can be read **and** written.
    async fn ping(&self) -> Result<()>;

    /// Returns as soon as something may have changed since `seen`, by any process; at once
    /// without one. For one listener per process: a backend may poll or be told.
    async fn changed_since(&self, seen: Option<ChangeMark>) -> Result<ChangeMark>;

    /// The identity under which this process claims and adopts. It lives as long as the process;
    /// other processes see its death without waiting for a lease to expire, where they can.
    fn owner(&self) -> WorkerId;
}

/// A whole metadata store.
pub trait MetadataStore:
    StoreHealth
    + UserStore
    + SessionStore
    + ApiKeyStore
    + ProjectStore
    + RepositoryStore
    + GitUploadStore
    + SnapshotStore
    + ThreatProfileStore
    + ScanStore
    + FindingStore
    + JobStore
    + WorkerStore
    + WebhookStore
    + OpsStore
    + AuditStore
    + IdempotencyStore
    + TransferStore
    + 'static
{
}

impl<T> MetadataStore for T where
    T: StoreHealth
        + UserStore
        + SessionStore
        + ApiKeyStore
        + ProjectStore
        + RepositoryStore
        + GitUploadStore
        + SnapshotStore
        + ThreatProfileStore
        + ScanStore
        + FindingStore
        + JobStore
        + WorkerStore
        + WebhookStore
        + OpsStore
        + AuditStore
        + IdempotencyStore
        + TransferStore
        + 'static
{
}

/// A store as handed around.
pub type SharedStore = Arc<dyn MetadataStore>;
