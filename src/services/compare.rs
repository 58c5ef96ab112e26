//! Two scans of one repository side by side.
//!
//! What each scan saw is kept with it (its observations), so any two can be compared at any time,
//! whatever came after. Silence of the newer one means "resolved" only where its own coverage
//! ledger says that it looked with the same auditor.

use super::access;
use crate::{
    context::ServeContext,
    domain::{
        access::Actor,
        coverage::CoverageOutcome,
        finding::FindingState,
        ids::{FindingId, ScanId},
        object_key::{Artifact, ObjectKey},
        scan::Scan,
    },
    engine::Report,
    error::{Error, ErrorCode, Result},
    store::{FindingFilter, ObservedFinding, PageRequest},
};
use std::collections::{BTreeMap, BTreeSet};
use tokio::io::AsyncReadExt;

/// What two scans have in common and what not. Worst first in each list.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Seen by the newer only, and never before it.
    pub new: Vec<ObservedFinding>,
    /// Seen by both.
    pub persisting: Vec<ObservedFinding>,
    /// Seen by the older only; the newer looked there and found nothing.
    pub resolved: Vec<ObservedFinding>,
    /// Seen by the newer only, but also by a scan before the older.
    pub reopened: Vec<ObservedFinding>,
    /// Seen by the older only; the newer did not look there with the same auditor.
    pub unknown: Vec<ObservedFinding>,
}

/// Compares two scans of one repository of the caller. The one queued first is the older.
pub async fn compare(
    ctx: &ServeContext,
    actor: &Actor,
    one: ScanId,
    other: ScanId,
) -> Result<(Scan, Scan, Comparison)> {
    let one = access::scan(&ctx.app.store, actor, one).await?;
    let other = access::scan(&ctx.app.store, actor, other).await?;
    if one.repository_id != other.repository_id {
        return Err(Error::field("other_id", "is a scan of another repository"));
    }
    let (older, newer) = if one.id <= other.id {
        (one, other)
    } else {
        (other, one)
    };
    let before = observed(ctx, older.id).await?;
    let after = observed(ctx, newer.id).await?;
    let looked = Looked::of(ctx, &newer).await?;
    let known: BTreeSet<FindingId> = before.iter().map(|seen| seen.finding.id).collect();
    let seen_now: BTreeSet<FindingId> = after.iter().map(|seen| seen.finding.id).collect();
    let mut comparison = Comparison::default();
    for seen in after {
        let list = if known.contains(&seen.finding.id) {
            &mut comparison.persisting
        } else if was_there_before(&seen, &older) {
            &mut comparison.reopened
        } else {
            &mut comparison.new
        };
        list.push(seen);
    }
    for seen in before {
        if seen_now.contains(&seen.finding.id) {
            continue;
        }
        let list = if looked.covers(&seen) {
            &mut comparison.resolved
        } else {
            &mut comparison.unknown
        };
        list.push(seen);
    }
    Ok((older, newer, comparison))
}

async fn observed(ctx: &ServeContext, scan: ScanId) -> Result<Vec<ObservedFinding>> {
    let filter = FindingFilter {
        scan_id: Some(scan),
        ..FindingFilter::default()
    };
    let everything = PageRequest::first(usize::MAX);
    Ok(ctx.app.store.findings(filter, everything).await?.items)
}

/// Whether a scan before the older one had seen it already.
fn was_there_before(seen: &ObservedFinding, older: &Scan) -> bool {
    let reopened =
        |it: &crate::domain::finding::FindingObservation| it.state == FindingState::Reopened;
    seen.finding.scan_id < older.id || seen.observation.as_ref().is_some_and(reopened)
}

/// Where a scan looked, by its report.
#[derive(Default)]
struct Looked {
    /// Auditors that reviewed a file whole.
    reviewed: BTreeMap<String, BTreeSet<String>>,
    /// Every file its ledger names.
    listed: BTreeSet<String>,
    /// Auditors that ran.
    ran: BTreeSet<String>,
    whole_tree: bool,
}

impl Looked {
    async fn of(ctx: &ServeContext, scan: &Scan) -> Result<Self> {
        if !scan.artifacts_published {
            return Ok(Self::default());
        }
        let key = ObjectKey::artifact(scan.id, Artifact::Report);
        let mut bytes = Vec::new();
        match ctx.app.objects.open(&key).await {
            Ok((_, mut reader)) => reader
                .read_to_end(&mut bytes)
                .await
                .map_err(|error| Error::internal("a report cannot be read", error))?,
            // Retention may have let it go: then nothing is known of where it looked.
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let report: Report = serde_json::from_slice(&bytes)
            .map_err(|error| Error::internal("a report cannot be understood", error))?;
        let mut looked = Self {
            ran: report.auditors_used.into_iter().collect(),
            whole_tree: scan.paths.is_empty() && !report.partial,
            ..Self::default()
        };
        for entry in report.coverage {
            if entry.outcome == CoverageOutcome::Reviewed {
                let auditors = looked.reviewed.entry(entry.path.clone()).or_default();
                auditors.insert(entry.auditor);
            }
            looked.listed.insert(entry.path);
        }
        Ok(looked)
    }

    fn covers(&self, seen: &ObservedFinding) -> bool {
        let path = match &seen.observation {
            Some(observation) => &observation.location.file_path,
            None => &seen.finding.content.location.file_path,
        };
        let gone = self.whole_tree && !self.listed.contains(path);
        seen.finding.content.auditors.iter().any(|auditor| {
            let reviewed = self.reviewed.get(path);
            let reviewed = reviewed.is_some_and(|auditors| auditors.contains(auditor));
            reviewed || (gone && self.ran.contains(auditor))
        })
    }
}
