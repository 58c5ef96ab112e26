//! Stage 6: order and duplicates.
//!
//! Worst first, leads after findings, and a total order below that, so that equal input gives
//! equal output. Two claims are one when they flag the same weakness class at the same place; the
//! surer one stays and takes over the other's auditors.

use crate::domain::finding::DetectedFinding;
use std::cmp::Ordering;

/// Merges duplicates and sorts; gives the number of claims that were merged away.
pub(crate) fn rank(claims: &mut Vec<DetectedFinding>) -> u64 {
    let before = claims.len();
    claims.sort_by(by_place);
    claims.dedup_by(|later, kept| {
        let same = same_fault(later, kept);
        if same {
            for auditor in &later.content.auditors {
                if !kept.content.auditors.contains(auditor) {
                    kept.content.auditors.push(auditor.clone());
                }
            }
            kept.content.auditors.sort();
        }
        same
    });
    claims.sort_by(by_rank);
    (before - claims.len()) as u64
}

/// Whether two claims, neighbours in order of place, are about one fault.
fn same_fault(a: &DetectedFinding, b: &DetectedFinding) -> bool {
    let (a, b) = (&a.content, &b.content);
    a.location == b.location
        && (a.rule_id == b.rule_id || (!a.cwe.is_empty() && a.cwe.first() == b.cwe.first()))
}

fn by_place(a: &DetectedFinding, b: &DetectedFinding) -> Ordering {
    let key = |finding: &DetectedFinding| {
        let location = &finding.content.location;
        (
            location.file_path.clone(),
            location.start_line,
            location.start_column,
            location.end_line,
            location.end_column,
        )
    };
    key(a)
        .cmp(&key(b))
        .then_with(|| a.content.lead.cmp(&b.content.lead))
        .then_with(|| b.content.confidence.total_cmp(&a.content.confidence))
        .then_with(|| a.content.severity.cmp(&b.content.severity))
        .then_with(|| a.content.rule_id.cmp(&b.content.rule_id))
        .then_with(|| a.anchor.fingerprint.cmp(&b.anchor.fingerprint))
}

/// The order of the report.
pub(crate) fn by_rank(a: &DetectedFinding, b: &DetectedFinding) -> Ordering {
    let (x, y) = (&a.content, &b.content);
    (x.lead, x.severity)
        .cmp(&(y.lead, y.severity))
        .then_with(|| y.confidence.total_cmp(&x.confidence))
        .then_with(|| {
            let place = |f: &DetectedFinding| {
                (
                    f.content.location.file_path.clone(),
                    f.content.location.start_line,
                    f.content.location.start_column,
                    f.content.rule_id.clone(),
                    f.anchor.fingerprint.clone(),
                )
            };
            place(a).cmp(&place(b))
        })
}
