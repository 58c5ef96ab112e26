//! Findings as they are read and talked about. Decisions are in [`super::triage`].

use super::{access, audit};
use crate::{
    clock::new_id,
    context::ServeContext,
    domain::{
        access::Actor,
        audit::AuditAction,
        finding::Finding,
        ids::FindingId,
        project::ProjectRole,
        timeline::{Comment, TimelineEntry},
    },
    error::Result,
    store::{FindingFacets, FindingFilter, ObservedFinding, Page, PageRequest, TimelineOf},
};

/// Most similar findings one answer shows.
const MOST_SIMILAR: usize = 50;

/// Findings of one project, repository or scan of the caller; of all projects when none is named.
pub async fn list(
    ctx: &ServeContext,
    actor: &Actor,
    filter: FindingFilter,
    page: PageRequest,
) -> Result<Page<ObservedFinding>> {
    let filter = readable(ctx, actor, filter).await?;
    ctx.app.store.findings(filter, page).await
}

/// What those findings have in common, in numbers.
pub async fn facets(
    ctx: &ServeContext,
    actor: &Actor,
    filter: FindingFilter,
) -> Result<FindingFacets> {
    let filter = readable(ctx, actor, filter).await?;
    ctx.app.store.finding_facets(filter).await
}

/// The filter as far as the caller may look.
async fn readable(
    ctx: &ServeContext,
    actor: &Actor,
    filter: FindingFilter,
) -> Result<FindingFilter> {
    let store = &ctx.app.store;
    if let Some(id) = filter.project_id {
        access::project(store, actor, id).await?;
    }
    if let Some(id) = filter.repository_id {
        access::repository(store, actor, id).await?;
    }
    if let Some(id) = filter.scan_id {
        access::scan(store, actor, id).await?;
    }
    let named =
        filter.project_id.is_some() || filter.repository_id.is_some() || filter.scan_id.is_some();
    if named {
        return Ok(filter);
    }
    let within = Some(access::readable_projects(store, actor).await?);
    Ok(FindingFilter { within, ..filter })
}

/// One finding of the caller.
pub async fn get(ctx: &ServeContext, actor: &Actor, id: FindingId) -> Result<Finding> {
    access::finding(&ctx.app.store, actor, id).await
}

/// Findings like one of the caller, in projects the caller may read.
pub async fn similar(ctx: &ServeContext, actor: &Actor, id: FindingId) -> Result<Vec<Finding>> {
    let store = &ctx.app.store;
    access::finding(store, actor, id).await?;
    let within = access::readable_projects(store, actor).await?;
    store.similar_findings(id, within, MOST_SIMILAR).await
}

/// Adds the caller's comment to a finding.
pub async fn comment(
    ctx: &ServeContext,
    actor: &Actor,
    id: FindingId,
    text: String,
) -> Result<Comment> {
    access::finding_as(&ctx.app.store, actor, id, ProjectRole::Triager).await?;
    let comment = Comment {
        id: new_id(),
        finding_id: id,
        author: actor.user_id,
        text,
        created_at: ctx.app.clock.now(),
    };
    let added = ctx.app.store.add_comment(comment.clone());
    audit::by(actor, AuditAction::FindingCommented, id, added).await?;
    Ok(comment)
}

/// What happened to a finding of the caller, oldest first.
pub async fn timeline(
    ctx: &ServeContext,
    actor: &Actor,
    id: FindingId,
    of: TimelineOf,
    page: PageRequest,
) -> Result<Page<TimelineEntry>> {
    access::finding(&ctx.app.store, actor, id).await?;
    ctx.app.store.timeline(id, of, page).await
}
