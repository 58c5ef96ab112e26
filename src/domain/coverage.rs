//! The coverage ledger: for every file and auditor, whether it was looked at, and if not, why.

use super::text_enum;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

text_enum! {
    /// How the look at one file by one auditor ended.
    CoverageOutcome {
        /// Looked at, whole.
        Reviewed = "reviewed",
        /// Left out on purpose; the reason says why.
        Skipped = "skipped",
        /// A model declined.
        Refused = "refused",
        /// Tried and could not.
        Failed = "failed",
        /// Left out because a budget was used up.
        OutOfBudget = "out_of_budget",
    }
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CoverageEntry {
    /// The component of the plan; empty for files that no component took.
    pub component: String,
    /// The file.
    pub path: String,
    /// The auditor.
    pub auditor: String,
    /// The version of its rules.
    pub rules_version: String,
    /// How it ended.
    pub outcome: CoverageOutcome,
    /// Why it was not reviewed; empty for `reviewed`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The ledger in numbers, as kept on the scan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSummary {
    /// Lines of the ledger by outcome.
    pub outcomes: BTreeMap<CoverageOutcome, u64>,
    /// Lines that are not `reviewed`, by reason.
    pub gaps: BTreeMap<String, u64>,
    /// Files in the inventory.
    pub files: u64,
}

impl CoverageSummary {
    /// The numbers of `ledger` over an inventory of `files` files.
    pub fn of(ledger: &[CoverageEntry], files: u64) -> Self {
        let mut summary = Self {
            files,
            ..Self::default()
        };
        for entry in ledger {
            *summary.outcomes.entry(entry.outcome).or_default() += 1;
            if entry.outcome != CoverageOutcome::Reviewed {
                *summary.gaps.entry(entry.reason.clone()).or_default() += 1;
            }
        }
        summary
    }
}

/// What a finished scan can say about places where it found nothing: the ground on which a finding
/// may be called resolved. Used once, at the end of a scan, and not stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanScope {
    /// Every path of the snapshot, also those the scan left out.
    pub present: BTreeSet<String>,
    /// Per auditor, the files it reviewed whole.
    pub reviewed: BTreeMap<String, BTreeSet<String>>,
    /// Per auditor, the rules it ran.
    pub rules: BTreeMap<String, BTreeSet<String>>,
    /// Whether the scan was asked to look at the whole tree.
    pub whole_tree: bool,
}

impl ScanScope {
    /// Whether silence about `rule_id` in `path` by one of `auditors` means that it is gone: the
    /// same auditor ran the same rule on that file, or the file itself is gone from a scan of the
    /// whole tree by that auditor.
    pub fn covers(&self, auditors: &[String], rule_id: &str, path: &str) -> bool {
        auditors.iter().any(|auditor| {
            let ran = self
                .rules
                .get(auditor)
                .is_some_and(|rules| rules.contains(rule_id));
            let gone = self.whole_tree && !self.present.contains(path);
            let reviewed = self
                .reviewed
                .get(auditor)
                .is_some_and(|paths| paths.contains(path));
            ran && (gone || reviewed)
        })
    }
}
