//! Findings: what an auditor claims, how it is proved, and what people decided about it.
//!
//! [`DetectedFinding`] is what an engine emits. The store turns it into a [`Finding`] (one per
//! fault and repository, across scans) and a [`FindingObservation`] (one per scan and finding, so
//! that old reports and comparisons stay true). `status` belongs to people, `state` to the machine.

use super::{
    ids::{FindingId, ObservationId, RepositoryId, ScanId, UserId},
    matching::Anchor,
    text_enum,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

text_enum! {
    /// How bad a finding is, worst first.
    Severity {
        /// Direct, remote, total.
        Critical = "critical",
        /// Serious and likely reachable.
        High = "high",
        /// Serious under conditions.
        Medium = "medium",
        /// Weakens the defence.
        Low = "low",
        /// Worth knowing.
        Info = "info",
    }
}

impl Severity {
    /// Whether this is as bad as `threshold` or worse.
    pub fn at_least(self, threshold: Self) -> bool {
        self <= threshold
    }

    /// The number GitHub reads from SARIF's `security-severity` (CVSS-like, 0–10).
    pub const fn security_score(self) -> &'static str {
        match self {
            Self::Critical => "9.5",
            Self::High => "8.0",
            Self::Medium => "5.5",
            Self::Low => "3.0",
            Self::Info => "0.0",
        }
    }
}

text_enum! {
    /// What people decided.
    FindingStatus {
        /// Not looked at yet.
        Open = "open",
        /// True.
        Confirmed = "confirmed",
        /// Not to be fixed; see the reason.
        Dismissed = "dismissed",
    }
}

text_enum! {
    /// What the newest scan says.
    FindingState {
        /// Seen for the first time.
        New = "new",
        /// Seen before and still there.
        Existing = "existing",
        /// Was resolved and is back.
        Reopened = "reopened",
        /// The place was looked at again and the fault is gone.
        Resolved = "resolved",
        /// The newest scan did not look at that place with the same auditor and rule.
        Unknown = "unknown",
    }
}

text_enum! {
    /// What a step of a trace is.
    TraceRole {
        /// Where untrusted data enters.
        Source = "source",
        /// Where it passes.
        Step = "step",
        /// Where it does harm.
        Sink = "sink",
    }
}

text_enum! {
    /// How sure a claim is, in words; derived from the number.
    ConfidenceLabel {
        /// 0.8 and above.
        High = "high",
        /// 0.5 up to 0.8.
        Medium = "medium",
        /// Below 0.5.
        Low = "low",
    }
}

impl ConfidenceLabel {
    /// The label of a confidence between 0 and 1.
    pub fn of(confidence: f64) -> Self {
        if confidence >= 0.8 {
            Self::High
        } else if confidence >= 0.5 {
            Self::Medium
        } else {
            Self::Low
        }
    }
}

/// A place in a file. Lines and columns count from 1; columns count characters; the end is included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Path below the source root, with `/`.
    pub file_path: String,
    /// First line.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// First column on the first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_column: Option<u32>,
    /// Column after the last character on the last line (SARIF's `endColumn`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
}

/// Quoted proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `code`, `configuration`, `secret`, …
    pub kind: String,
    /// The file.
    pub file: String,
    /// First quoted line.
    pub start_line: u32,
    /// Last quoted line.
    pub end_line: u32,
    /// The quoted text; secrets are cut to their prefix.
    pub snippet: String,
    /// SHA-256 (hex) of the quoted bytes as they stand in the file (before any cutting).
    pub sha256: String,
    /// What it shows.
    pub note: String,
}

/// One step of a data flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceStep {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What the step is.
    pub role: TraceRole,
    /// The variable, call or field.
    pub symbol: String,
    /// What happens here.
    pub note: String,
}

/// How a claim was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// `syntax`, `data_flow`, `checksum`, `second_look`, …
    pub method: String,
    /// `proved_by_engine`, `anchored`, `unanchored`, `contradicted`.
    pub verdict: String,
    /// The reason, in words.
    pub note: String,
}

/// What an auditor says of a fault: everything but identity and decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingContent {
    /// One line.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// How sure, 0–1.
    pub confidence: f64,
    /// The family (`secrets`, `infrastructure`, `injection`, …).
    pub category: String,
    /// Weakness classes, as `CWE-<number>`, most fitting first.
    pub cwe: Vec<String>,
    /// OWASP Top 10 entries, as `A03:2021`.
    #[serde(default)]
    pub owasp: Vec<String>,
    /// A CVSS vector, when one was computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss: Option<String>,
    /// Where.
    pub location: Location,
    /// The component of the plan.
    pub component: String,
    /// Who found it.
    pub auditors: Vec<String>,
    /// The stable id of the rule.
    pub rule_id: String,
    /// A lead is a place worth a look, hidden from the default report.
    #[serde(default)]
    pub lead: bool,
    /// One or two sentences.
    pub summary: String,
    /// The whole story.
    pub description: String,
    /// What an attacker gains.
    pub impact: String,
    /// What to do.
    pub remediation: String,
    /// Quoted proof.
    pub evidence: Vec<Evidence>,
    /// The data flow, from source to sink; empty where there is none.
    #[serde(default)]
    pub trace: Vec<TraceStep>,
    /// A proposed change as a unified diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_diff: Option<String>,
    /// Further reading (URLs).
    #[serde(default)]
    pub references: Vec<String>,
    /// How it was checked.
    pub verification: Verification,
}

/// A fault as an engine emits it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectedFinding {
    /// What is said.
    pub content: FindingContent,
    /// What it is recognised by in another scan.
    pub anchor: Anchor,
}

/// A fault of a repository, followed across scans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Identity.
    pub id: FindingId,
    /// The repository.
    pub repository_id: RepositoryId,
    /// The scan that saw it first.
    pub scan_id: ScanId,
    /// The newest scan (in queue order) that saw it.
    pub last_seen_scan_id: ScanId,
    /// What the newest scan that saw it says.
    pub content: FindingContent,
    /// What it is recognised by.
    pub anchor: Anchor,
    /// What people decided.
    pub status: FindingStatus,
    /// What the newest scan says.
    pub state: FindingState,
    /// Why it was dismissed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismiss_reason: Option<String>,
    /// Until when the risk is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_until: Option<Timestamp>,
    /// Who takes care of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<UserId>,
    /// Raised with every change people make; the entity tag.
    pub version: u64,
    /// When it was seen first.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One scan's sight of a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingObservation {
    /// Identity.
    pub id: ObservationId,
    /// The scan.
    pub scan_id: ScanId,
    /// The finding.
    pub finding_id: FindingId,
    /// Where it was then.
    pub location: Location,
    /// How bad it was then.
    pub severity: Severity,
    /// What it was then.
    pub state: FindingState,
    /// SHA-256 (hex) over the evidence hashes.
    pub evidence_sha256: String,
    /// When it was seen.
    pub created_at: Timestamp,
}

/// A decision of a person about a finding. Absent fields stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Triage {
    /// The new status.
    pub status: Option<FindingStatus>,
    /// Why; kept with `dismissed`, cleared by any other status.
    pub reason: Option<String>,
    /// Until when the risk is accepted; only with `dismissed`. `Some(None)` accepts it for good.
    pub accepted_until: Option<Option<Timestamp>>,
    /// Who takes care; `Some(None)` clears.
    pub assignee: Option<Option<UserId>>,
    /// Who decides; the history names them.
    pub by: Option<UserId>,
}

impl Finding {
    /// This finding after `decision`, taken at `now`.
    #[must_use]
    pub fn triaged(mut self, decision: &Triage, now: Timestamp) -> Self {
        if let Some(status) = decision.status {
            self.status = status;
            if status != FindingStatus::Dismissed {
                self.dismiss_reason = None;
                self.accepted_until = None;
            }
        }
        if self.status == FindingStatus::Dismissed {
            if let Some(reason) = &decision.reason {
                self.dismiss_reason = Some(reason.clone());
            }
            if let Some(until) = decision.accepted_until {
                self.accepted_until = until;
            }
        }
        if let Some(assignee) = decision.assignee {
            self.assignee = assignee;
        }
        self.version += 1;
        self.updated_at = now;
        self
    }
}

/// Numbers of findings by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityCounts {
    /// Critical.
    pub critical: u64,
    /// High.
    pub high: u64,
    /// Medium.
    pub medium: u64,
    /// Low.
    pub low: u64,
    /// Info.
    pub info: u64,
}

impl SeverityCounts {
    /// Counts one more finding of `severity`.
    pub fn add(&mut self, severity: Severity) {
        let slot = match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
        };
        *slot += 1;
    }

    /// The number of `severity`.
    pub fn get(&self, severity: Severity) -> u64 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Info => self.info,
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        Severity::ALL
            .iter()
            .map(|severity| self.get(*severity))
            .sum()
    }
}
