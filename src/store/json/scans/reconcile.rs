//! Findings across the scans of a repository: which known one is seen again, and what silence
//! means.
//!
//! Scans speak in queue order (their ids). What a newer scan said stands: an older one that ends
//! late adds its observations, but changes neither content nor state of a finding the newer one
//! saw, and judges nothing once a newer one has completed. What people decided always stays.

use crate::{
    domain::{
        coverage::ScanScope,
        finding::{DetectedFinding, Finding, FindingObservation, FindingState, FindingStatus},
        ids::FindingId,
        matching::{Anchor, Known, match_findings},
        scan::{Scan, ScanStatus},
        time::Timestamp,
    },
    error::Result,
    store::{
        NewFinding,
        json::{state::State, view::View},
    },
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A finding as this scan sees it, with the record of that.
pub struct Sighting {
    pub finding: Finding,
    pub observation: FindingObservation,
    /// Whether what this scan saw is only a lead.
    pub lead: bool,
}

/// Matches what was detected with what is known. What this scan observed already is left out.
pub fn sightings(
    view: View<'_>,
    scan: &Scan,
    detected: &[NewFinding],
    renames: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<Vec<Sighting>> {
    let (observed, known) = candidates(view, scan, detected, renames)?;
    let repeated = matches(&observed, detected, &BTreeMap::new());
    let fresh: Vec<&NewFinding> = detected
        .iter()
        .zip(&repeated)
        .filter(|(_, repeated)| repeated.is_none())
        .map(|(new, _)| new)
        .collect();
    let recognised = matches(&known, fresh.iter().copied(), renames);
    let newer_completed = newer_scan_completed(view.state, scan);
    let mut sightings = Vec::new();
    for (new, id) in fresh.into_iter().zip(recognised) {
        let old = id.and_then(|id| known.get(&id));
        let finding = match old {
            None => first_seen(scan, new, now),
            Some(old) => seen_again(old, scan, &new.detected, newer_completed, now),
        };
        let state = match old {
            Some(old) if old.last_seen_scan_id > scan.id => FindingState::Existing,
            Some(old) => seen_state(old.state),
            None => FindingState::New,
        };
        sightings.push(Sighting {
            observation: observation(scan, &finding, new, state, now),
            lead: new.detected.content.lead,
            finding,
        });
    }
    Ok(sightings)
}

type ById = BTreeMap<FindingId, Finding>;

/// The repository's findings in the files concerned: those this scan observed, and the others.
/// No stage of the matching crosses files but along a rename.
fn candidates(
    view: View<'_>,
    scan: &Scan,
    detected: &[NewFinding],
    renames: &BTreeMap<String, String>,
) -> Result<(ById, ById)> {
    let mut files: BTreeSet<&str> = detected
        .iter()
        .map(|new| new.detected.anchor.path.as_str())
        .collect();
    let moved_here = renames
        .iter()
        .filter(|(_, new)| files.contains(new.as_str()));
    let old_paths: Vec<&str> = moved_here.map(|(old, _)| old.as_str()).collect();
    files.extend(old_paths);
    let index = &view.state.findings;
    let (mut observed, mut known) = (BTreeMap::new(), BTreeMap::new());
    for file in files
        .into_iter()
        .filter_map(|file| view.state.names.find(file))
    {
        for id in index.in_file(scan.repository_id, file) {
            let side = if index.observation(scan.id, id).is_some() {
                &mut observed
            } else {
                &mut known
            };
            side.insert(id, view.finding(id)?);
        }
    }
    Ok((observed, known))
}

fn matches<'a>(
    known: &ById,
    detected: impl IntoIterator<Item = &'a NewFinding>,
    renames: &BTreeMap<String, String>,
) -> Vec<Option<FindingId>> {
    let known: Vec<Known<'_>> = known
        .values()
        .map(|finding| Known {
            id: finding.id,
            anchor: &finding.anchor,
            resolved: finding.state == FindingState::Resolved,
        })
        .collect();
    let incoming: Vec<&Anchor> = detected
        .into_iter()
        .map(|new| &new.detected.anchor)
        .collect();
    match_findings(&known, &incoming, renames)
}

/// Whether a scan later in the queue has said its last word already.
fn newer_scan_completed(state: &State, scan: &Scan) -> bool {
    state
        .scans_of
        .of_after(&scan.repository_id, &scan.id)
        .filter_map(|id| state.scans.get(*id))
        .any(|newer| newer.status == ScanStatus::Completed)
}

fn first_seen(scan: &Scan, new: &NewFinding, now: Timestamp) -> Finding {
    Finding {
        id: new.finding_id,
        repository_id: scan.repository_id,
        scan_id: scan.id,
        last_seen_scan_id: scan.id,
        content: new.detected.content.clone(),
        anchor: new.detected.anchor.clone(),
        status: FindingStatus::Open,
        state: FindingState::New,
        dismiss_reason: None,
        accepted_until: None,
        assignee: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn seen_again(
    old: &Finding,
    scan: &Scan,
    detected: &DetectedFinding,
    newer_completed: bool,
    now: Timestamp,
) -> Finding {
    let mut finding = old.clone();
    if old.last_seen_scan_id > scan.id {
        return finding;
    }
    finding.content = detected.content.clone();
    finding.anchor = detected.anchor.clone();
    finding.last_seen_scan_id = scan.id;
    finding.updated_at = now;
    if !newer_completed {
        finding.state = seen_state(old.state);
    }
    finding
}

/// The state of a known finding that is there again.
fn seen_state(before: FindingState) -> FindingState {
    match before {
        FindingState::Resolved => FindingState::Reopened,
        FindingState::New
        | FindingState::Existing
        | FindingState::Reopened
        | FindingState::Unknown => FindingState::Existing,
    }
}

fn observation(
    scan: &Scan,
    finding: &Finding,
    new: &NewFinding,
    state: FindingState,
    now: Timestamp,
) -> FindingObservation {
    let content = &new.detected.content;
    let mut hash = Sha256::new();
    for evidence in &content.evidence {
        hash.update(evidence.sha256.as_bytes());
    }
    FindingObservation {
        id: new.observation_id,
        scan_id: scan.id,
        finding_id: finding.id,
        location: content.location.clone(),
        severity: content.severity,
        state,
        evidence_sha256: hex::encode(hash.finalize()),
        created_at: now,
    }
}

/// Findings whose state changes because `scan` completed without seeing them. What was resolved
/// stays so when the place was not looked at again: nothing speaks against it.
pub fn unseen(
    view: View<'_>,
    scan: &Scan,
    scope: &ScanScope,
    now: Timestamp,
) -> Result<Vec<Finding>> {
    if newer_scan_completed(view.state, scan) {
        return Ok(Vec::new());
    }
    let index = &view.state.findings;
    let mut changed = Vec::new();
    for id in index.of_repository(scan.repository_id) {
        let judged = index.get(id).is_some_and(|entry| {
            entry.last_seen < scan.id && entry.state != FindingState::Resolved
        });
        if !judged || index.observation(scan.id, id).is_some() {
            continue;
        }
        let mut finding = view.finding(id)?;
        let content = &finding.content;
        if !scan.speaks_of(&content.auditors) {
            continue;
        }
        let covered = scope.covers(&content.auditors, &content.rule_id, &finding.anchor.path);
        let state = if covered {
            FindingState::Resolved
        } else {
            FindingState::Unknown
        };
        if finding.state != state {
            finding.state = state;
            finding.updated_at = now;
            changed.push(finding);
        }
    }
    Ok(changed)
}
