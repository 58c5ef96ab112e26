//! A sign-in session: one login and the chain of refresh tokens that followed from it.

use super::{
    ids::{SessionId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// How many earlier refresh tokens of a session are remembered.
pub const MAX_FORMER_HASHES: usize = 32;

/// One login. Only the hash of the newest refresh token is valid; presenting an older one means
/// that it leaked, and ends the session (RFC 9700 §4.14.2, refresh token rotation).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthSession {
    /// Identity, carried in access tokens as `sid`.
    pub id: SessionId,
    /// Who signed in.
    pub user_id: UserId,
    /// SHA-256 (hex) of the current refresh token.
    pub refresh_hash: String,
    /// The hashes of the newest earlier refresh tokens, oldest first: presenting one of them means
    /// that it leaked. Anything else is a guess and changes nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_hashes: Vec<String>,
    /// When the current refresh token ends.
    pub refresh_expires_at: Timestamp,
    /// Set when the session ended by logout, reuse of an old token, or an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the refresh token was last rotated.
    pub updated_at: Timestamp,
}

/// What became of a presented refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The token was current; the session now expects the new one.
    Rotated(AuthSession),
    /// The token was an earlier one: the session has been revoked.
    Reused,
    /// The session is unknown, revoked or expired.
    Ended,
}
