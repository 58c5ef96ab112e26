//! Stage 7: the result as data, and its three forms (JSON, SARIF, text).
//!
//! A [`Report`] carries no time, id or absolute path: the same tree and request give byte-equal
//! JSON. Readers may rely on `schema_version`; fields are only ever added within one version.

mod sarif;
mod text;

pub use sarif::{SarifContext, SarifExtra, to_sarif};
pub use text::{Color, to_text};

use crate::{
    domain::{
        coverage::{CoverageEntry, CoverageSummary},
        finding::{DetectedFinding, SeverityCounts},
    },
    error::{Error, Result},
};
use serde::{Deserialize, Serialize};

/// The version of the report's form.
pub const SCHEMA_VERSION: u32 = 1;

/// The content of `v16-report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The form of this document.
    pub schema_version: u32,
    /// Who made it.
    pub engine: EngineInfo,
    /// Whether the scan was called off before its end.
    pub partial: bool,
    /// The numbers.
    pub summary: ReportSummary,
    /// Auditors that ran.
    pub auditors_used: Vec<String>,
    /// Auditors that did not, and why.
    pub auditors_unused: Vec<UnusedAuditor>,
    /// The plan, in audit order.
    pub components: Vec<ReportComponent>,
    /// What was found: worst first, leads last.
    pub findings: Vec<DetectedFinding>,
    /// What was looked at and what not, by path.
    pub coverage: Vec<CoverageEntry>,
    /// The ledger in numbers.
    pub coverage_summary: CoverageSummary,
    /// What went wrong without stopping the scan.
    pub warnings: Vec<String>,
}

/// Which engine with which rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// `v16`.
    pub name: String,
    /// Vega's version.
    pub version: String,
    /// The built-in rules' version.
    pub rules_version: String,
}

/// Numbers of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportSummary {
    /// Findings by severity, without leads.
    pub findings: SeverityCounts,
    /// Leads: places worth a look, hidden from the default view.
    pub leads: u64,
    /// Claims whose evidence did not hold; not listed.
    pub unanchored: u64,
    /// Claims that were merged into another one.
    pub duplicates: u64,
}

/// An auditor that did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnusedAuditor {
    /// Its name.
    pub name: String,
    /// Why it did not run.
    pub reason: String,
}

/// A component of the plan in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportComponent {
    /// The stable id.
    pub id: String,
    /// The folder, empty for the root.
    pub folder: String,
    /// Files in it.
    pub files: u64,
    /// Files that were chosen for audit.
    pub selected: u64,
    /// Languages, most files first.
    pub languages: Vec<String>,
    /// What was asked of it.
    pub questions: Vec<String>,
}

/// The report as pretty JSON with a closing newline.
///
/// # Errors
/// `internal_error` when a number cannot be written (a confidence that is not finite).
pub fn to_json(report: &Report) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(report)
        .map_err(|error| Error::internal("The report cannot be written as JSON", error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
