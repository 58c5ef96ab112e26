//! What is written beside a change, in the same commit: its audit entry, and the note that an
//! idempotency key was used up.
//!
//! A caller wraps one intent in [`audited`]; the backend asks [`current`] when it decides, and adds
//! what it finds to a commit that changes something. Nothing is added to one that changes nothing.
//! Task-local, because it belongs to the use case and not to any one of some thirty intents.

use crate::domain::{
    audit::{AuditAction, AuditActor, AuditEntry},
    ids::{AuditId, IdempotencyId},
    time::Timestamp,
};
use serde_json::{Map, Value};
use std::future::Future;

tokio::task_local! {
    static ENTRY: Draft;
    static KEY: IdempotencyId;
    static REQUEST: String;
}

/// An audit entry before the store has dated it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Identity.
    pub id: AuditId,
    /// Who; none when nobody had signed in.
    pub actor: Option<AuditActor>,
    /// What is done.
    pub action: AuditAction,
    /// On what.
    pub entity_id: String,
    /// What more there is to say.
    pub details: Map<String, Value>,
}

impl Draft {
    /// The same with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// What goes beside the next change.
#[derive(Debug, Clone)]
pub struct Beside {
    /// The entry; digests and time are the backend's to fill in.
    pub draft: Draft,
    /// The request it happens in.
    pub request_id: Option<String>,
    /// The key that this change uses up.
    pub key: Option<IdempotencyId>,
}

impl Beside {
    /// With the request and the key of this task.
    pub fn of(draft: Draft) -> Self {
        Self {
            draft,
            request_id: current_request(),
            key: KEY.try_with(|key| *key).ok(),
        }
    }

    /// The finished entry.
    pub fn entry(
        &self,
        at: Timestamp,
        before: Option<String>,
        after: Option<String>,
    ) -> AuditEntry {
        AuditEntry {
            id: self.draft.id,
            at,
            actor: self.draft.actor,
            action: self.draft.action,
            entity_id: self.draft.entity_id.clone(),
            before,
            after,
            details: self.draft.details.clone(),
            request_id: self.request_id.clone(),
        }
    }
}

/// Runs one intent; its change is committed together with this entry.
pub async fn audited<T>(draft: Draft, intent: impl Future<Output = T>) -> T {
    ENTRY.scope(draft, intent).await
}

/// Runs a request under an idempotency key: its first audited change uses the key up.
pub async fn keyed<T>(key: IdempotencyId, request: impl Future<Output = T>) -> T {
    KEY.scope(key, request).await
}

/// Runs a request under its id, which audit entries name.
pub async fn in_request<T>(id: String, request: impl Future<Output = T>) -> T {
    REQUEST.scope(id, request).await
}

/// The id of the request that this task serves, if it serves one.
pub fn current_request() -> Option<String> {
    REQUEST.try_with(Clone::clone).ok()
}

/// What goes beside a change decided now, if anything.
pub fn current() -> Option<Beside> {
    ENTRY.try_with(Clone::clone).ok().map(Beside::of)
}
