//! The `data` of each event: ids, counts and what a person needs to decide whether to look.
//!
//! Never source code, evidence, tokens or addresses of repositories (they may hold names of hosts
//! nobody else should learn). Texts from outside are cut. Fields are added, never renamed; the
//! meaning of each stands in `docs/webhooks.md`.

use crate::{
    domain::{
        finding::{Finding, SeverityCounts},
        project::Project,
        repository::Repository,
        scan::Scan,
        snapshot::Snapshot,
    },
    error::Failure,
};
use serde_json::{Value, json};

/// Findings that are named one by one; the counts hold all of them.
pub const LISTED_FINDINGS: usize = 20;
/// Longest text taken from elsewhere, in characters.
const MAX_TEXT: usize = 300;

/// Where something happened.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The project.
    pub project: &'a Project,
    /// The repository.
    pub repository: &'a Repository,
}

impl Place<'_> {
    fn add_to(self, mut data: Value) -> Value {
        data["project"] =
            json!({ "id": self.project.id.to_string(), "name": cut(&self.project.name) });
        data["repository"] =
            json!({ "id": self.repository.id.to_string(), "name": cut(&self.repository.name) });
        data
    }
}

/// A scan that has ended.
pub fn scan_ended(place: Place<'_>, scan: &Scan) -> Value {
    let path = format!("/scans/{}", scan.id);
    place.add_to(json!({
        "scan": {
            "id": scan.id.to_string(),
            "status": scan.status,
            "snapshot_id": scan.snapshot_id.to_string(),
            "requested_by": scan.requested_by.to_string(),
            "attempt": scan.attempt,
            "created_at": scan.created_at,
            "started_at": scan.started_at,
            "completed_at": scan.completed_at,
            "finding_counts": counts(&scan.finding_counts),
            "coverage": { "files": scan.coverage.files, "outcomes": scan.coverage.outcomes },
            "failure": scan.failure_reason.as_ref().map(failure),
        },
        "links": { "scan": path, "findings": format!("{path}/findings") },
    }))
}

/// Findings a scan saw for the first time, or again. `listed` are the worst of them.
pub fn findings(
    place: Place<'_>,
    scan: &Scan,
    by_severity: &SeverityCounts,
    listed: &[Finding],
) -> Value {
    let total = by_severity.total();
    let shown: Vec<Value> = listed.iter().take(LISTED_FINDINGS).map(finding).collect();
    place.add_to(json!({
        "scan": { "id": scan.id.to_string(), "status": scan.status },
        "total": total,
        "finding_counts": counts(by_severity),
        "truncated": total > shown.len() as u64,
        "findings": shown,
        "links": { "findings": format!("/scans/{}/findings", scan.id) },
    }))
}

fn finding(finding: &Finding) -> Value {
    let content = &finding.content;
    json!({
        "id": finding.id.to_string(),
        "title": cut(&content.title),
        "severity": content.severity,
        "confidence": content.confidence,
        "category": cut(&content.category),
        "cwe": content.cwe.iter().take(5).map(|cwe| cut(cwe)).collect::<Vec<_>>(),
        "rule_id": cut(&content.rule_id),
        "file_path": cut(&content.location.file_path),
        "start_line": content.location.start_line,
        "end_line": content.location.end_line,
        "links": { "finding": format!("/findings/{}", finding.id) },
    })
}

/// Source that is ready to be scanned.
pub fn ingested(place: Place<'_>, snapshot: Option<&Snapshot>) -> Value {
    let snapshot = snapshot.map(|snapshot| {
        json!({
            "id": snapshot.id.to_string(),
            "commit": snapshot.commit.as_deref().map(cut),
            "source_label": cut(&snapshot.source_label),
            "tree_sha256": snapshot.tree_sha256,
            "file_count": snapshot.file_count,
            "size_bytes": snapshot.size_bytes,
        })
    });
    let path = format!("/repositories/{}", place.repository.id);
    place.add_to(json!({ "snapshot": snapshot, "links": { "repository": path } }))
}

/// Source that could not be brought in.
pub fn ingest_failed(place: Place<'_>) -> Value {
    let path = format!("/repositories/{}", place.repository.id);
    place.add_to(json!({
        "failure": place.repository.ingest_error.as_ref().map(failure),
        "links": { "repository": path },
    }))
}

fn failure(failure: &Failure) -> Value {
    json!({ "code": failure.code, "message": cut(&failure.message) })
}

fn counts(counts: &SeverityCounts) -> Value {
    json!({
        "critical": counts.critical,
        "high": counts.high,
        "medium": counts.medium,
        "low": counts.low,
        "info": counts.info,
    })
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_TEXT {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MAX_TEXT - 1).collect();
    format!("{kept}…")
}
