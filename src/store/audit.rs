//! The audit log, and the idempotency keys that are used up in the same commits.

use super::{Page, PageRequest, beside::Draft};
use crate::{
    domain::{
        audit::{AuditAction, AuditActor, AuditEntry},
        idempotency::{KeptAnswer, KeyOwner},
        ids::IdempotencyId,
        time::Timestamp,
    },
    error::Result,
};
use std::time::Duration;

/// Which entries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who.
    pub actor: Option<AuditActor>,
    /// Any of these; all when empty.
    pub actions: Vec<AuditAction>,
    /// On what.
    pub entity_id: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// The audit log. Entries come in beside changes; see [`super::beside`].
#[async_trait::async_trait]
pub trait AuditStore: Send + Sync {
    /// Entries, newest first.
    async fn audit_log(&self, filter: AuditFilter, page: PageRequest) -> Result<Page<AuditEntry>>;
    /// Adds an entry alone, for what is no single change of the store. Of refused sign-ins the
    /// newest [`crate::domain::audit::KEPT_REFUSALS`] are kept, and
    /// [`crate::domain::audit::KEPT_UNKNOWN_REFUSALS`] to accounts that do not exist.
    async fn note_audit(&self, draft: Draft) -> Result<()>;
}

/// What holds for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// It is new and reserved for the caller, who must answer or release it.
    Yours,
    /// Its first request is still running.
    Busy,
    /// Its first request was answered.
    Answered(KeptAnswer),
    /// Its first request made or changed this, and its process died before it answered.
    AnswerLost(String),
}

/// Idempotency keys.
#[async_trait::async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Reserves a key under `id`, unless it is in use. A reservation whose owner is dead, or whose
    /// `lease` expired, and that changed nothing is given to the caller. Removes expired keys.
    async fn reserve_key(
        &self,
        id: IdempotencyId,
        owner: KeyOwner,
        lease: Duration,
    ) -> Result<KeyState>;
    /// Keeps the answer; nothing when the key is not reserved under `id` any more.
    async fn answer_key(&self, id: IdempotencyId, answer: KeptAnswer) -> Result<()>;
    /// Forgets a reservation: the next request with this key is a first one.
    async fn release_key(&self, id: IdempotencyId) -> Result<()>;
}
