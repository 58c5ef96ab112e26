//! API keys: long-lived credentials for programs, narrowed by scopes.

use super::{
    ids::{ApiKeyId, UserId},
    text_enum,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a credential may be used for.
    Scope {
        /// Reading.
        Read = "read",
        /// Creating and changing.
        Write = "write",
        /// Operations endpoints (needs the group as well).
        Ops = "ops",
    }
}

/// An API key. The secret is shown once and kept only as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Identity.
    pub id: ApiKeyId,
    /// The owner; the key never can do more than its owner.
    pub user_id: UserId,
    /// The owner's name for it.
    pub name: String,
    /// The first characters of the secret, to recognise it by.
    pub prefix: String,
    /// SHA-256 (hex) of the secret. The secret has 256 random bits, so a slow hash adds nothing.
    pub hash: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
}
