//! Noting refused sign-ins in the audit log, as far as there is room for such entries.
//!
//! It happens after the answer, in order, in one task at a time: looking for the account and writing
//! the entry take longer for some names than for others, which is nobody's business. What was typed as
//! a name is kept for nobody: it may be a password in the wrong field.

use super::audit;
use crate::{
    context::{
        ServeContext,
        refusals::{Queued, Refusal},
    },
    domain::audit::{AuditAction, UNKNOWN_ACCOUNT},
    error::Result,
    store::beside,
};
use std::net::IpAddr;

/// Sees to it that a refusal is noted, or counted where there is no room.
pub fn note(ctx: &ServeContext, email: &str, address: Option<IpAddr>) {
    let refusal = Refusal {
        email: email.to_owned(),
        address,
        request_id: beside::current_request(),
    };
    match ctx.refusals.add(refusal) {
        Queued::Behind => {}
        Queued::Full => ctx.throttles.refusals_not_noted(1),
        Queued::First => {
            let ctx = ctx.clone();
            ctx.app.tasks.clone().spawn(async move {
                while let Some(refusal) = ctx.refusals.pop() {
                    note_one(&ctx, refusal).await;
                }
            });
        }
    }
}

async fn note_one(ctx: &ServeContext, refusal: Refusal) {
    let request_id = refusal.request_id.clone();
    let noted = write(ctx, &refusal);
    let noted = match request_id {
        Some(id) => beside::in_request(id, noted).await,
        None => noted.await,
    };
    if let Err(error) = noted {
        // The refusal stands, whether or not the log can tell of it.
        ctx.throttles.refusals_not_noted(1);
        tracing::error!(
            %error, cause = ?error, request_id = refusal.request_id,
            "a refused sign-in could not be noted"
        );
    }
}

async fn write(ctx: &ServeContext, refusal: &Refusal) -> Result<()> {
    let known = ctx.app.store.user_by_email(&refusal.email).await?;
    let user = known.map(|user| user.id);
    let Some(not_recorded) = ctx.throttles.refusal_may_be_noted(user) else {
        return Ok(());
    };
    let entity = user.map_or_else(|| UNKNOWN_ACCOUNT.to_owned(), |id| id.to_string());
    let mut entry = audit::draft(None, AuditAction::SessionRefused, entity);
    if let Some(address) = refusal.address {
        entry = entry.with("address", address.to_canonical().to_string());
    }
    if not_recorded > 0 {
        entry = entry.with("not_recorded", not_recorded);
    }
    let noted = ctx.app.store.note_audit(entry).await;
    if noted.is_err() {
        ctx.throttles.refusals_not_noted(not_recorded);
    }
    noted
}
