//! Findings.

pub use super::finding_filters::FindingListParams;
use crate::{
    domain::{
        finding::{ConfidenceLabel, Finding, FindingStatus, Triage},
        ids::UserId,
    },
    error::{Error, Result},
    store::ObservedFinding,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MAX_REASON: usize = 4_000;

/// Quoted proof.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceDto {
    /// `code`, `configuration`, `secret`, …
    pub kind: String,
    /// The file.
    pub file: String,
    /// First and last quoted line.
    pub lines: [u32; 2],
    /// The quoted text.
    pub snippet: String,
    /// SHA-256 of the quoted bytes.
    pub sha256: String,
    /// What it shows.
    pub note: String,
}

/// One step of a data flow.
#[derive(Debug, Serialize, ToSchema)]
pub struct TraceStepDto {
    /// The file.
    pub file: String,
    /// The line.
    pub line: u32,
    /// `source`, `step` or `sink`.
    pub role: String,
    /// The variable, call or field.
    pub symbol: String,
    /// What happens here.
    pub note: String,
}

/// How a claim was checked.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationDto {
    /// How.
    pub method: String,
    /// `proved_by_engine`, `anchored`, `unanchored` or `contradicted`.
    pub verdict: String,
    /// Why.
    pub note: String,
}

/// A finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingDto {
    /// Identity (`fnd_…`).
    pub id: String,
    /// The repository (`repo_…`).
    pub repository_id: String,
    /// The scan that saw it first (`scan_…`).
    pub scan_id: String,
    /// The newest scan that saw it (`scan_…`).
    pub last_seen_scan_id: String,
    /// What it is recognised by in the same place.
    pub fingerprint: String,
    /// One line.
    pub title: String,
    /// `critical`, `high`, `medium`, `low` or `info`.
    pub severity: String,
    /// 0–1.
    pub confidence: f64,
    /// `high`, `medium` or `low`.
    pub confidence_label: String,
    /// What people decided: `open`, `confirmed` or `dismissed`.
    pub status: String,
    /// What the scan says: `new`, `existing`, `reopened`, `resolved` or `unknown`.
    pub state: String,
    /// The family.
    pub category: String,
    /// Weakness classes.
    pub cwe: Vec<String>,
    /// OWASP Top 10 entries.
    pub owasp: Vec<String>,
    /// A CVSS vector.
    pub cvss: Option<String>,
    /// The file.
    pub file_path: String,
    /// First line.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// First column.
    pub start_column: Option<u32>,
    /// Column after the last character.
    pub end_column: Option<u32>,
    /// The component of the plan.
    pub component: String,
    /// Who found it.
    pub auditors: Vec<String>,
    /// The rule.
    pub rule_id: String,
    /// A place worth a look rather than a finding.
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
    pub evidence: Vec<EvidenceDto>,
    /// The data flow, from source to sink.
    pub trace: Vec<TraceStepDto>,
    /// A proposed change.
    pub fix_diff: Option<String>,
    /// Further reading.
    pub references: Vec<String>,
    /// How it was checked.
    pub verification: VerificationDto,
    /// Why it was dismissed.
    pub dismiss_reason: Option<String>,
    /// Until when the risk is accepted (RFC 3339).
    pub accepted_until: Option<String>,
    /// Who takes care of it (`usr_…`).
    pub assignee: Option<String>,
    /// Raised by every decision; the `ETag`.
    pub version: u64,
    /// When it was seen first (RFC 3339).
    pub created_at: String,
    /// When it last changed (RFC 3339).
    pub updated_at: String,
}

impl From<Finding> for FindingDto {
    fn from(finding: Finding) -> Self {
        let content = finding.content;
        Self {
            id: finding.id.to_string(),
            repository_id: finding.repository_id.to_string(),
            scan_id: finding.scan_id.to_string(),
            last_seen_scan_id: finding.last_seen_scan_id.to_string(),
            fingerprint: finding.anchor.fingerprint,
            title: content.title,
            severity: content.severity.to_string(),
            confidence: content.confidence,
            confidence_label: ConfidenceLabel::of(content.confidence).to_string(),
            status: finding.status.to_string(),
            state: finding.state.to_string(),
            category: content.category,
            cwe: content.cwe,
            owasp: content.owasp,
            cvss: content.cvss,
            file_path: content.location.file_path,
            start_line: content.location.start_line,
            end_line: content.location.end_line,
            start_column: content.location.start_column,
            end_column: content.location.end_column,
            component: content.component,
            auditors: content.auditors,
            rule_id: content.rule_id,
            lead: content.lead,
            summary: content.summary,
            description: content.description,
            impact: content.impact,
            remediation: content.remediation,
            evidence: content
                .evidence
                .into_iter()
                .map(|evidence| EvidenceDto {
                    kind: evidence.kind,
                    file: evidence.file,
                    lines: [evidence.start_line, evidence.end_line],
                    snippet: evidence.snippet,
                    sha256: evidence.sha256,
                    note: evidence.note,
                })
                .collect(),
            trace: content
                .trace
                .into_iter()
                .map(|step| TraceStepDto {
                    file: step.file,
                    line: step.line,
                    role: step.role.to_string(),
                    symbol: step.symbol,
                    note: step.note,
                })
                .collect(),
            fix_diff: content.fix_diff,
            references: content.references,
            verification: VerificationDto {
                method: content.verification.method,
                verdict: content.verification.verdict,
                note: content.verification.note,
            },
            dismiss_reason: finding.dismiss_reason,
            accepted_until: finding.accepted_until.map(|time| time.to_string()),
            assignee: finding.assignee.map(|id| id.to_string()),
            version: finding.version,
            created_at: finding.created_at.to_string(),
            updated_at: finding.updated_at.to_string(),
        }
    }
}

impl From<ObservedFinding> for FindingDto {
    /// In a scan's list, place, severity and state are those of that scan.
    fn from(observed: ObservedFinding) -> Self {
        let mut dto = Self::from(observed.finding);
        if let Some(observation) = observed.observation {
            dto.severity = observation.severity.to_string();
            dto.state = observation.state.to_string();
            dto.file_path = observation.location.file_path;
            dto.start_line = observation.location.start_line;
            dto.end_line = observation.location.end_line;
            dto.start_column = observation.location.start_column;
            dto.end_column = observation.location.end_column;
        }
        dto
    }
}

/// A decision. Absent fields stay as they are, `null` clears.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriageRequest {
    /// `open`, `confirmed` or `dismissed`.
    #[schema(example = "dismissed")]
    pub status: Option<String>,
    /// Why it is dismissed.
    #[schema(example = "the key belongs to a test account")]
    pub reason: Option<String>,
    /// Until when the risk is accepted (RFC 3339); with `dismissed`. Then the finding is open again.
    #[serde(default, deserialize_with = "super::nullable")]
    #[schema(value_type = Option<String>)]
    pub accepted_until: Option<Option<String>>,
    /// Who takes care of it (`usr_…`); they must be able to read the project.
    #[serde(default, deserialize_with = "super::nullable")]
    #[schema(value_type = Option<String>)]
    pub assignee: Option<Option<String>>,
}

impl TriageRequest {
    /// The decision, checked as far as the body alone allows.
    pub fn check(self) -> Result<Triage> {
        if self == Self::default() {
            return Err(Error::field("body", "must name something to change"));
        }
        let status = match self.status.as_deref() {
            None => None,
            Some(word) => Some(FindingStatus::parse(word).ok_or_else(|| {
                Error::field("status", "must be one of open, confirmed, dismissed")
            })?),
        };
        let reason = match self.reason {
            None => None,
            Some(reason) if reason.trim().is_empty() => {
                return Err(Error::field("reason", "must not be empty"));
            }
            Some(reason) => Some(super::text("reason", reason, MAX_REASON)?),
        };
        let accepted_until = match self.accepted_until {
            None => None,
            Some(None) => Some(None),
            Some(Some(text)) => Some(Some(super::accounts::timestamp("accepted_until", &text)?)),
        };
        let assignee = match self.assignee {
            None => None,
            Some(None) => Some(None),
            Some(Some(text)) => Some(Some(user("assignee", &text)?)),
        };
        Ok(Triage {
            status,
            reason,
            accepted_until,
            assignee,
            by: None,
        })
    }
}

fn user(path: &str, text: &str) -> Result<UserId> {
    text.parse()
        .map_err(|_| Error::field(path, "must be the id of a user (usr_…)"))
}
