//! Decisions of people about findings: one, many at once, and those that end by themselves.
//!
//! Whether a decision makes sense is judged by the domain inside the store's own change. Here is
//! only who may decide, and whom a finding may be given to.

use super::{access, audit, findings};
use crate::{
    context::{AppContext, ServeContext},
    domain::{
        access::Actor,
        audit::AuditAction,
        finding::{Finding, Triage},
        ids::FindingId,
        project::ProjectRole,
    },
    error::{Error, ErrorCode, Result},
    store::{FindingFilter, PageRequest, SharedStore},
};
use std::time::Duration;

/// Most findings of one request.
pub const MOST_AT_ONCE: usize = 1_000;
/// Decisions stored in one change: many enough to be quick, few enough not to keep others waiting.
const CHUNK: usize = 100;
/// How often accepted risks are looked at. Looking costs a look at memory.
const POLL: Duration = Duration::from_secs(5);

/// Which findings a decision is about.
pub enum Chosen {
    /// Those named, as they came from outside.
    Ids(Vec<String>),
    /// Those a list with this filter shows.
    Filter(Box<FindingFilter>),
}

/// What became of a decision about one of several findings.
pub struct Outcome {
    /// The id as it was given.
    pub id: String,
    /// The finding after the decision, or why there is none.
    pub result: Result<Finding>,
}

/// Stores a decision about a finding of the caller.
pub async fn one(
    ctx: &ServeContext,
    actor: &Actor,
    id: FindingId,
    decision: Triage,
    expected_version: Option<u64>,
) -> Result<Finding> {
    let store = &ctx.app.store;
    allowed(store, actor, id, &decision).await?;
    let decision = by(actor, decision);
    let now = ctx.app.clock.now();
    let triaged = store.triage_finding(id, decision, expected_version, now);
    audit::by(actor, AuditAction::FindingTriaged, id, triaged).await
}

/// Stores one decision about several findings of the caller; each stands for itself.
pub async fn many(
    ctx: &ServeContext,
    actor: &Actor,
    chosen: Chosen,
    decision: Triage,
) -> Result<Vec<Outcome>> {
    let store = &ctx.app.store;
    let (mut outcomes, mut places) = (Vec::new(), Vec::new());
    for text in named(ctx, actor, chosen).await? {
        let id = match text.parse::<FindingId>() {
            Ok(id) => allowed(store, actor, id, &decision).await.map(|()| id),
            Err(_) => Err(Error::not_found("Finding", &text)),
        };
        let result = match id {
            Ok(id) => {
                places.push((outcomes.len(), id));
                None
            }
            Err(error) => Some(Err(error)),
        };
        outcomes.push((text, result));
    }
    let decision = by(actor, decision);
    for chunk in places.chunks(CHUNK) {
        let ids: Vec<_> = chunk.iter().map(|(_, id)| *id).collect();
        let results = decided(ctx, actor, ids, &decision).await;
        for ((place, _), result) in chunk.iter().zip(results) {
            if let Some((_, slot)) = outcomes.get_mut(*place) {
                *slot = Some(result);
            }
        }
    }
    let all = outcomes.into_iter();
    Ok(all
        .filter_map(|(id, result)| result.map(|result| Outcome { id, result }))
        .collect())
}

/// One change. If it fails as a whole, it failed for each: what was stored before stays.
async fn decided(
    ctx: &ServeContext,
    actor: &Actor,
    ids: Vec<FindingId>,
    decision: &Triage,
) -> Vec<Result<Finding>> {
    let (count, now) = (ids.len(), ctx.app.clock.now());
    let store = &ctx.app.store;
    let Some(first) = ids.first().copied() else {
        return Vec::new();
    };
    let triaged = store.triage_findings(ids, decision.clone(), now);
    match audit::by(actor, AuditAction::FindingsTriaged, first, triaged).await {
        Ok(results) => results,
        Err(error) => {
            tracing::warn!(%error, cause = ?error, count, "decisions could not be stored");
            let failed = || Err(Error::new(error.code(), error.public_message().to_owned()));
            std::iter::repeat_with(failed).take(count).collect()
        }
    }
}

/// The ids a decision is about, each once.
async fn named(ctx: &ServeContext, actor: &Actor, chosen: Chosen) -> Result<Vec<String>> {
    let filter = match chosen {
        Chosen::Ids(mut ids) => {
            let mut seen = std::collections::HashSet::new();
            ids.retain(|id| seen.insert(id.clone()));
            return Ok(ids);
        }
        Chosen::Filter(filter) => filter,
    };
    let page = PageRequest::first(MOST_AT_ONCE);
    let page = findings::list(ctx, actor, *filter, page).await?;
    if page.next.is_some() {
        let total = page.total.unwrap_or_default();
        return Err(Error::field(
            "filter",
            format!("chooses {total} findings; at most {MOST_AT_ONCE} can be decided at once"),
        ));
    }
    let ids = page.items.iter().map(|row| row.finding.id.to_string());
    Ok(ids.collect())
}

fn by(actor: &Actor, decision: Triage) -> Triage {
    Triage {
        by: Some(actor.user_id),
        ..decision
    }
}

/// Whether the caller may decide about a finding, and the one it is given to may take it.
async fn allowed(
    store: &SharedStore,
    actor: &Actor,
    id: FindingId,
    decision: &Triage,
) -> Result<()> {
    let finding = access::finding_as(store, actor, id, ProjectRole::Triager).await?;
    let Some(Some(assignee)) = decision.assignee else {
        return Ok(());
    };
    let wrong = |error: Error| match error.code() {
        ErrorCode::NotFound => Error::field("assignee", "must be a user who can read the project"),
        _ => error,
    };
    let user = store.user(assignee).await.map_err(wrong)?;
    if !user.is_active {
        return Err(Error::field("assignee", "must be a user who can sign in"));
    }
    let reader = Actor {
        user_id: user.id,
        groups: user.groups,
        scopes: Vec::new(),
        api_key: None,
    };
    let repository = access::repository(store, &reader, finding.repository_id).await;
    repository.map(drop).map_err(wrong)
}

/// Opens findings whose risk was accepted up to a time that is over, until the process is to end.
pub async fn expire_loop(app: AppContext) {
    let token = app.tasks.token();
    while !token.is_cancelled() {
        match app.store.expire_accepted_risks(app.clock.now()).await {
            Ok(opened) if opened.is_empty() => {}
            Ok(opened) => {
                tracing::info!(count = opened.len(), "accepted risks are open again");
                continue;
            }
            Err(error) => {
                tracing::warn!(%error, cause = ?error, "accepted risks could not be looked at");
            }
        }
        tokio::select! {
            () = token.cancelled() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}
