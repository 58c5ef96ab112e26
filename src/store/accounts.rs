//! Users, sign-in sessions and API keys.

use super::{Page, PageRequest};
use crate::{
    domain::{
        api_key::ApiKey,
        auth_session::{AuthSession, Rotation},
        ids::{ApiKeyId, SessionId, UserId},
        time::Timestamp,
        user::{Group, User},
    },
    error::Result,
};
use std::time::Duration;

/// One change to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserChange {
    /// A new password hash; every session of the user ends with it.
    Password(String),
    /// New groups.
    Groups(Vec<Group>),
    /// Enabled or disabled; disabling ends every session of the user.
    Active(bool),
    /// A new display name.
    DisplayName(String),
}

impl User {
    /// The user as `change` makes them.
    #[must_use]
    pub fn with(mut self, change: UserChange) -> Self {
        match change {
            UserChange::Password(hash) => self.password_hash = Some(hash),
            UserChange::Groups(groups) => self.groups = groups,
            UserChange::Active(active) => self.is_active = active,
            UserChange::DisplayName(name) => self.display_name = name,
        }
        self
    }
}

/// Users.
#[async_trait::async_trait]
pub trait UserStore: Send + Sync {
    /// Adds a user; `conflict` when the email is taken.
    async fn insert_user(&self, user: User) -> Result<User>;
    /// The user, or `not_found`.
    async fn user(&self, id: UserId) -> Result<User>;
    /// The user with this (normalised) email.
    async fn user_by_email(&self, email: &str) -> Result<Option<User>>;
    /// Every user, by email.
    async fn users(&self) -> Result<Vec<User>>;
    /// Changes a user and returns the new state. What is as wished already is not changed.
    async fn change_user(&self, id: UserId, change: UserChange, now: Timestamp) -> Result<User>;
}

/// Sign-in sessions.
#[async_trait::async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds a session whose refresh token lives for `lifetime` from now on the store's clock
    /// (`refresh_expires_at` is set by the store). Removes the user's long-ended sessions.
    async fn insert_session(&self, session: AuthSession, lifetime: Duration)
    -> Result<AuthSession>;
    /// The session, if it exists (also when revoked).
    async fn session(&self, id: SessionId) -> Result<Option<AuthSession>>;
    /// Exchanges the refresh token with hash `presented` for one with hash `replacement`.
    /// One of the newest earlier tokens revokes the session; any other changes nothing.
    async fn rotate_session(
        &self,
        id: SessionId,
        presented: &str,
        replacement: &str,
        lifetime: Duration,
    ) -> Result<Rotation>;
    /// Ends a session. Ending an ended or unknown one changes nothing.
    async fn revoke_session(&self, id: SessionId) -> Result<()>;
}

/// API keys.
#[async_trait::async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key.
    async fn insert_api_key(&self, key: ApiKey) -> Result<()>;
    /// The key with this secret hash, unless revoked (removed) or expired by the store's clock.
    async fn api_key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>>;
    /// The user's keys, newest first.
    async fn api_keys(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>>;
    /// Removes the user's key at once; `not_found` if it is not theirs.
    async fn revoke_api_key(&self, user: UserId, id: ApiKeyId) -> Result<()>;
    /// Notes a use. Stores keep it to the hour, so that reads do not become writes.
    async fn touch_api_key(&self, id: ApiKeyId, at: Timestamp) -> Result<()>;
}
