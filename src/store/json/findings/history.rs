//! Decisions, and what is written beside them: who changed what, what people said.

use crate::{
    domain::{
        finding::{Finding, Triage},
        ids::{FindingId, ScanId},
        time::Timestamp,
        timeline::{ChangedBy, Comment, FindingChange, TimelineEntry},
    },
    error::{Error, ErrorCode, Result},
    store::{
        Page, PageRequest, TimelineOf,
        json::{
            change::{Change, Decision, Kind},
            state::State,
            view::View,
        },
    },
};

/// Most accepted risks that come back in one commit.
const MOST_EXPIRED: usize = 500;

/// One decision about one finding, at `expected_version` if one is given.
pub fn triage(
    view: View<'_>,
    id: FindingId,
    decision: &Triage,
    expected_version: Option<u64>,
    now: Timestamp,
) -> Result<Decision<Finding>> {
    let before = view.finding(id)?;
    if expected_version.is_some_and(|expected| expected != before.version) {
        let error = Error::new(
            ErrorCode::PreconditionFailed,
            format!("Finding {id} is at version {}", before.version),
        );
        return Err(error.with_detail("current_version", before.version));
    }
    let after = before.judged(decision, now)?;
    let changes = written(&before, &after, decision.by.map(ChangedBy::User));
    Ok(Decision::new(after, changes))
}

/// One decision about several findings; one that cannot be taken leaves the others.
pub fn triage_all(
    view: View<'_>,
    ids: &[FindingId],
    decision: &Triage,
    now: Timestamp,
) -> Decision<Vec<Result<Finding>>> {
    let mut all = Decision::unchanged(Vec::new());
    for id in ids {
        all.answer
            .push(triage(view, *id, decision, None, now).map(|one| {
                all.changes.extend(one.changes);
                one.answer
            }));
    }
    all
}

/// Opens what was accepted up to a time that is over.
pub fn expire(view: View<'_>, now: Timestamp) -> Result<Decision<Vec<FindingId>>> {
    let mut decision = Decision::unchanged(Vec::new());
    let over = view.state.findings.accepted_until(now);
    for id in over.take(MOST_EXPIRED) {
        let before = view.finding(id)?;
        if let Some(after) = before.with_risk_expired(now) {
            decision.answer.push(id);
            let changes = written(&before, &after, Some(ChangedBy::Time));
            decision.changes.extend(changes);
        }
    }
    Ok(decision)
}

/// The changes that make a decision true and remembered.
fn written(before: &Finding, after: &Finding, by: Option<ChangedBy>) -> Vec<Change> {
    let told = by.and_then(|by| FindingChange::decided(before, after, by));
    let mut changes = vec![Change::from(after.clone())];
    changes.extend(told.map(Change::from));
    changes
}

/// What `scan` changed on a finding that is known already.
pub fn scanned(state: &State, after: &Finding, scan: ScanId) -> Option<Change> {
    let before = state.findings.get(after.id)?;
    let before = (before.state, before.severity);
    FindingChange::scanned(before, after, scan).map(Change::from)
}

/// Adds a comment.
pub fn comment(state: &State, comment: Comment) -> Result<Decision<()>> {
    let id = comment.finding_id;
    let finding = state.findings.get(id);
    finding.ok_or_else(|| Error::not_found("Finding", id))?;
    Ok(Decision::new((), vec![comment.into()]))
}

/// What happened to a finding, oldest first; continued after a number of entries.
pub fn timeline(
    view: View<'_>,
    id: FindingId,
    of: TimelineOf,
    page: &PageRequest,
) -> Result<Page<TimelineEntry>> {
    let finding = view.finding(id)?;
    let seen = match page.after.as_deref() {
        None => 0,
        Some(after) => crate::store::json::paging::cursor::<usize>(after)?,
    };
    let first = match of {
        TimelineOf::Everything => Some(FindingChange::first_seen(&finding)),
        TimelineOf::Comments => None,
    };
    let spans = view.state.timelines.of(id).iter();
    let spans: Vec<_> = spans
        .filter(|entry| of == TimelineOf::Everything || entry.kind == Kind::Comment)
        .collect();
    let total = spans.len() + usize::from(first.is_some());
    let stored = spans.into_iter().map(|entry| match entry.kind {
        Kind::Comment => view.body(entry.span).map(TimelineEntry::Comment),
        _ => view.body(entry.span).map(TimelineEntry::Change),
    });
    let first = first.map(|change| Ok(TimelineEntry::Change(change)));
    let items = first.into_iter().chain(stored);
    let items: Vec<_> = items.skip(seen).take(page.limit).collect::<Result<_>>()?;
    let shown = seen.saturating_add(items.len());
    Ok(Page {
        items,
        next: (shown < total).then(|| shown.to_string()),
        total: Some(total as u64),
    })
}
