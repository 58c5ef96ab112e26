//! Idempotency keys: a client that got no answer may ask again and nothing happens twice.
//!
//! A key belongs to a user and a route. It is *reserved* while its first request runs, *carried out*
//! from the commit that made the change (in the same line), and *answered* once the answer is kept.
//! A crash between the last two loses the answer, never the knowledge that the change was made.

use super::{
    access::Actor,
    api_key::Scope,
    ids::{IdempotencyId, UserId},
    lease::Lease,
    repository::SealedSecret,
    time::Timestamp,
};
use crate::error::{Error, ErrorCode, Result};
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

/// What the credential of a first request could do. Its answer may hand some of that out: a new API
/// key has all scopes of the credential it was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Its scopes, as far as they were of use to it.
    pub scopes: Vec<Scope>,
    /// Whether its user was an operator.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operator: bool,
}

impl Rights {
    /// What `actor` can do.
    pub fn of(actor: &Actor) -> Self {
        Self {
            scopes: actor.effective_scopes(),
            operator: actor.is_operator(),
        }
    }

    /// Whether `actor` can do all of this, so that a kept answer gives it nothing new. Where it is not
    /// known what was handed out (`None`), only a session or a key with every scope can.
    ///
    /// # Errors
    /// `insufficient_scope` naming a scope the credential lacks; `forbidden` for who is no operator
    /// any more.
    pub fn require(rights: Option<&Self>, actor: &Actor) -> Result<()> {
        let Some(rights) = rights else {
            let is_session = actor.api_key.is_none();
            let mut all = Scope::ALL.iter();
            return match all.find(|scope| !is_session && !actor.scopes.contains(scope)) {
                Some(scope) => Err(weaker(*scope)),
                None => Ok(()),
            };
        };
        let mut needed = rights.scopes.iter();
        if let Some(scope) = needed.find(|scope| !actor.scopes.contains(scope)) {
            return Err(weaker(*scope));
        }
        if rights.operator && !actor.is_operator() {
            return Err(Error::new(
                ErrorCode::Forbidden,
                "The first request with this Idempotency-Key was made by an operator",
            ));
        }
        Ok(())
    }
}

fn weaker(scope: Scope) -> Error {
    Error::new(
        ErrorCode::InsufficientScope,
        format!(
            "The first request with this Idempotency-Key was made with more rights: its answer needs \
             a credential with the scope '{scope}'"
        ),
    )
    .with_detail("required_scope", scope)
}

/// The answer of the first request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// What a credential needed to get it, and needs to get it again. Earlier versions did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// What the first credential could do, which the next one must be able to do as well. Earlier
    /// versions did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Rights>,
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

#[cfg(test)]
mod tests;
