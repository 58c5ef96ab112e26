//! Findings: lists and triage.

use super::{access, audit};
use crate::{
    context::ServeContext,
    domain::{
        access::Actor,
        audit::AuditAction,
        finding::{Finding, FindingStatus, Triage},
        ids::FindingId,
    },
    error::{Error, Result},
    store::{FindingFilter, ObservedFinding, Page, PageRequest},
};

/// Findings of one project, repository or scan of the caller.
pub async fn list(
    ctx: &ServeContext,
    actor: &Actor,
    filter: FindingFilter,
    page: PageRequest,
) -> Result<Page<ObservedFinding>> {
    if let Some(id) = filter.project_id {
        access::project(&ctx.app.store, actor, id).await?;
    }
    if let Some(id) = filter.repository_id {
        access::repository(&ctx.app.store, actor, id).await?;
    }
    if let Some(id) = filter.scan_id {
        access::scan(&ctx.app.store, actor, id).await?;
    }
    ctx.app.store.findings(filter, page).await
}

/// One finding of the caller.
pub async fn get(ctx: &ServeContext, actor: &Actor, id: FindingId) -> Result<Finding> {
    access::finding(&ctx.app.store, actor, id).await
}

/// Stores a decision about a finding of the caller.
pub async fn triage(
    ctx: &ServeContext,
    actor: &Actor,
    id: FindingId,
    decision: Triage,
    expected_version: Option<u64>,
) -> Result<Finding> {
    let current = access::finding(&ctx.app.store, actor, id).await?;
    let now = ctx.app.clock.now();
    let status = decision.status.unwrap_or(current.status);
    if status != FindingStatus::Dismissed {
        if decision.reason.is_some() {
            return Err(Error::field(
                "reason",
                "is kept for dismissed findings only",
            ));
        }
        if decision.accepted_until.is_some() {
            return Err(Error::field(
                "accepted_until",
                "is for dismissed findings only",
            ));
        }
    } else if decision.reason.is_none() && current.dismiss_reason.is_none() {
        return Err(Error::field("reason", "is required to dismiss a finding"));
    }
    if decision.accepted_until.is_some_and(|until| until <= now) {
        return Err(Error::field("accepted_until", "must lie in the future"));
    }
    let triaged = ctx
        .app
        .store
        .triage_finding(id, decision, expected_version, now);
    audit::by(actor, AuditAction::FindingTriaged, id, triaged).await
}
