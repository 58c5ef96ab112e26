//! Findings like another: of the same rule, or of a common weakness class in the same text.

use crate::{
    domain::{
        finding::Finding,
        ids::{FindingId, ProjectId},
    },
    error::{Error, Result},
    store::json::{state::index, view::View},
};
use std::cmp::Reverse;

/// At most `limit` findings of `within` that are like `id`: those in the same text first, then
/// the newest.
pub fn similar(
    view: View<'_>,
    id: FindingId,
    within: &[ProjectId],
    limit: usize,
) -> Result<Vec<Finding>> {
    let state = view.state;
    let missing = || Error::not_found("Finding", id);
    let own = state.findings.get(id).ok_or_else(missing)?;
    let text_hash = view.finding(id)?.anchor.text_hash;
    let sum = index::text_sum(&text_hash);
    let readable = |repository| {
        let repository = state.repositories.get(repository);
        repository.is_some_and(|repository| within.contains(&repository.project_id))
    };
    let mut alike = Vec::new();
    for (other, entry) in state.findings.all() {
        let same_text = entry.text_sum == sum;
        let same_rule = entry.rule == own.rule;
        let same_class = || entry.cwe.iter().any(|cwe| own.cwe.contains(cwe));
        let is_alike = other != id && (same_rule || (same_text && same_class()));
        if is_alike && readable(entry.repository) {
            alike.push((!same_text, Reverse(other), same_rule));
        }
    }
    alike.sort_unstable();
    let findings = alike
        .into_iter()
        .filter_map(|(_, Reverse(other), same_rule)| {
            let finding = view.finding(other);
            // Equal sums are not yet equal texts.
            let certain = |finding: &Finding| same_rule || finding.anchor.text_hash == text_hash;
            match finding {
                Ok(finding) => certain(&finding).then_some(Ok(finding)),
                Err(error) => Some(Err(error)),
            }
        });
    findings.take(limit).collect()
}
