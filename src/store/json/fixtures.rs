//! What the tests of this module store.

use crate::{
    clock::new_id,
    domain::{
        time::Timestamp,
        user::{IdentityProvider, User},
    },
};

/// A user with this email and an id of its own.
pub(super) fn user(email: &str) -> User {
    let now = Timestamp::epoch();
    User {
        id: new_id(),
        email: email.into(),
        display_name: email.into(),
        groups: Vec::new(),
        provider: IdentityProvider::Custom,
        subject: email.into(),
        password_hash: None,
        is_active: true,
        created_at: now,
        updated_at: now,
    }
}
