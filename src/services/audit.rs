//! The audit log: entries for use cases, and reading them.

use crate::{
    clock::new_id,
    context::ServeContext,
    domain::{
        access::Actor,
        audit::{AuditAction, AuditActor, AuditEntry},
        ids::UserId,
    },
    error::Result,
    store::{
        AuditFilter, Page, PageRequest,
        beside::{Draft, audited},
    },
};
use serde_json::Map;
use std::{fmt::Display, future::Future};

/// Makes one store change together with its entry: `actor` did `action` on `entity`.
pub async fn by<T>(
    actor: &Actor,
    action: AuditAction,
    entity: impl Display,
    change: impl Future<Output = T>,
) -> T {
    by_user(actor.user_id, action, entity, change).await
}

/// As [`by`], where `user` has no actor yet: at sign-in.
pub async fn by_user<T>(
    user: UserId,
    action: AuditAction,
    entity: impl Display,
    change: impl Future<Output = T>,
) -> T {
    let actor = AuditActor::User(user);
    audited(draft(actor, action, entity), change).await
}

/// An entry before the store has dated it.
pub fn draft(
    actor: impl Into<Option<AuditActor>>,
    action: AuditAction,
    entity: impl Display,
) -> Draft {
    Draft {
        id: new_id(),
        actor: actor.into(),
        action,
        entity_id: entity.to_string(),
        details: Map::new(),
    }
}

/// Entries, newest first. That the caller is an operator was checked by the extractor.
pub async fn list(
    ctx: &ServeContext,
    filter: AuditFilter,
    page: PageRequest,
) -> Result<Page<AuditEntry>> {
    ctx.app.store.audit_log(filter, page).await
}
