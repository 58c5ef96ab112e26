//! What memory holds of comments and changes of findings: where their bodies stand, in the order
//! in which they happened. About 100 bytes for a finding that has any.

use super::{super::change::Kind, Refusal, Span, index::FindingIndex};
use crate::domain::ids::FindingId;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The part of a written comment or change that is indexed.
#[derive(Deserialize)]
pub struct WrittenEntry {
    finding_id: FindingId,
}

/// Something that happened, without its body.
#[derive(Debug, Clone, Copy)]
pub struct TimelineSpan {
    /// The body.
    pub span: Span,
    /// [`Kind::Comment`] or [`Kind::FindingChange`].
    pub kind: Kind,
}

/// Comments and changes by finding.
#[derive(Debug, Default)]
pub struct TimelineIndex {
    of_finding: BTreeMap<FindingId, Vec<TimelineSpan>>,
    bytes: u64,
}

impl TimelineIndex {
    /// What happened to a finding, oldest first.
    pub fn of(&self, finding: FindingId) -> &[TimelineSpan] {
        self.of_finding.get(&finding).map_or(&[], |entries| entries)
    }

    /// Everything that happened, each finding's in order.
    pub fn all(&self) -> impl Iterator<Item = TimelineSpan> {
        self.of_finding.values().flatten().copied()
    }

    /// Bytes of all bodies.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn put(
        &mut self,
        findings: &FindingIndex,
        kind: Kind,
        written: &WrittenEntry,
        span: Span,
    ) -> Result<(), Refusal> {
        let id = written.finding_id;
        findings
            .get(id)
            .ok_or("a comment or change without finding")?;
        self.bytes += u64::from(span.len);
        let entries = self.of_finding.entry(id).or_default();
        // Most findings have one: room for more is made when there are more.
        if entries.is_empty() {
            entries.reserve_exact(1);
        }
        entries.push(TimelineSpan { span, kind });
        Ok(())
    }

    pub(super) fn delete(&mut self, findings: impl Iterator<Item = FindingId>) {
        for finding in findings {
            for entry in self.of_finding.remove(&finding).unwrap_or_default() {
                self.bytes -= u64::from(entry.span.len);
            }
        }
    }
}
