//! Idempotency keys: a client that got no answer may ask again and nothing happens twice.
//!
//! A key belongs to a user and a route. It is *reserved* while its first request runs, *carried out*
//! from the commit that made the change (in the same line), and *answered* once the answer is kept.
//! A crash between the last two loses the answer, never the knowledge that the change was made.

use super::{
    api_key::Scope,
    ids::{IdempotencyId, UserId},
    lease::Lease,
    repository::SealedSecret,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// How long an answer is kept.
pub const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Whose key it is, and for what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyOwner {
    /// The user.
    pub user_id: UserId,
    /// Method and route pattern.
    pub route: String,
    /// The key as the client chose it.
    pub key: String,
}

/// The answer of the first request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// What a credential needed to get it, and needs to get it again. Earlier versions did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// SHA-256 (hex) over path, query, content type and body of the first request.
    pub fingerprint: String,
    /// The HTTP status.
    pub status: u16,
    /// The content type of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The body; sealed, because it may show a new secret.
    pub body: SealedSecret,
}

/// A key that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// Identity.
    pub id: IdempotencyId,
    /// Whose it is, and for what.
    pub owner: KeyOwner,
    /// The process that works on the first request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// What the first request made or changed, from the commit that did so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<KeptAnswer>,
    /// When it ends, by the store's clock.
    pub expires_at: Timestamp,
}
