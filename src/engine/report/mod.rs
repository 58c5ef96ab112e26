//! Stage 7: the result as data, and its forms (JSON, SARIF, Markdown, HTML, CSV, text).
//!
//! Every form lists findings, suppressed findings with their reasons, and what was not looked at.
//! A [`Report`] carries no time, id or absolute path: the same tree and request give byte-equal
//! JSON. Readers may rely on `schema_version`; fields are only ever added within one version.

mod baseline;
mod context;
mod csv;
mod html;
mod markdown;
mod sarif;
mod text;

pub use baseline::{Baseline, BaselineSummary, compare};
pub use context::{FindingNote, ReportContext};
pub use csv::to_csv;
pub use html::{content_security_policy, to_html};
pub use markdown::to_markdown;
pub use sarif::{SarifContext, SarifExtra, to_sarif};
pub use text::{Color, printable, to_text};

use crate::{
    domain::{
        coverage::{CoverageEntry, CoverageOutcome, CoverageSummary},
        finding::{DetectedFinding, Severity, SeverityCounts},
    },
    engine::{
        FileRole, Language, Suppressed,
        inventory::{Unread, role_of},
    },
    error::{Error, Result},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// What comments in the tree pass over, with their reasons.
    #[serde(default)]
    pub suppressed: Vec<Suppressed>,
    /// The comparison with an earlier report, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineSummary>,
    /// What was looked at and what not, by path.
    pub coverage: Vec<CoverageEntry>,
    /// The ledger in numbers.
    pub coverage_summary: CoverageSummary,
    /// What went wrong without stopping the scan.
    pub warnings: Vec<String>,
}

impl Report {
    /// Findings without leads, worst first.
    pub fn shown(&self) -> impl Iterator<Item = &DetectedFinding> {
        self.findings.iter().filter(|finding| !finding.content.lead)
    }

    /// Whether the earlier report has `finding` too; `None` without one.
    pub fn is_existing(&self, finding: &DetectedFinding) -> Option<bool> {
        let known = &self.baseline.as_ref()?.existing_fingerprints;
        Some(known.contains(&finding.anchor.fingerprint))
    }

    /// The places that should have been looked at and were not, in path order: lines of the ledger
    /// that are `failed`, `out_of_budget` or `refused`, files that cannot be read, and source of
    /// the project's own (by its name) that is too large or no text.
    pub fn gaps(&self) -> BTreeSet<&str> {
        use CoverageOutcome::{Failed, OutOfBudget, Refused, Reviewed, Skipped};
        let gap = |entry: &&CoverageEntry| match entry.outcome {
            Failed | OutOfBudget | Refused => true,
            Skipped => is_lost_source(&entry.path, &entry.reason),
            Reviewed => false,
        };
        let gaps = self.coverage.iter().filter(gap);
        gaps.map(|entry| entry.path.as_str()).collect()
    }

    /// How many findings in how many files.
    fn headline(&self) -> (String, String) {
        (
            counted(self.summary.findings.total(), "finding"),
            counted(self.coverage_summary.files, "file"),
        )
    }

    /// The numbers in one line, as a scan without a server knows them. `lists_leads` says whether
    /// leads stand in the result beside it.
    pub fn outline(&self, lists_leads: bool) -> String {
        let (findings, files) = self.headline();
        let parts: Vec<String> = Severity::ALL
            .iter()
            .map(|severity| format!("{} {severity}", self.summary.findings.get(*severity)))
            .collect();
        let mut line = format!("{findings} in {files}: {}", parts.join(", "));
        let leads = counted(self.summary.leads, "lead");
        let leads = match (self.summary.leads, lists_leads) {
            (0, _) => None,
            (_, true) => Some(leads),
            (_, false) => Some(unshown(&leads, BY_FLAG)),
        };
        for aside in leads.into_iter().chain(self.asides()) {
            line.push_str("; ");
            line.push_str(&aside);
        }
        line
    }

    /// What stands beside the numbers: how many are existing, suppressed and left out.
    fn asides(&self) -> Vec<String> {
        let mut asides = Vec::new();
        if let Some(baseline) = &self.baseline {
            asides.push(format!(
                "{} new, {} as in the earlier report, {} of that gone",
                baseline.new, baseline.existing, baseline.gone
            ));
            if baseline.excluded > 0 {
                let findings = counted(baseline.excluded, "finding");
                asides.push(format!("{findings} of that in excluded files"));
            }
        }
        if self.summary.suppressed > 0 {
            let findings = counted(self.summary.suppressed, "finding");
            asides.push(format!("{findings} suppressed by comments"));
        }
        if self.summary.excluded > 0 {
            let files = counted(self.summary.excluded, "file");
            asides.push(format!("{files} excluded by .vegaignore"));
        }
        if self.partial {
            asides.push("the scan was cancelled and is not whole".to_owned());
        }
        asides
    }

    /// The ledger by outcome and reason, with the number of lines.
    fn ledger(&self) -> Vec<(CoverageOutcome, &str, u64)> {
        let mut rows: BTreeMap<(CoverageOutcome, &str), u64> = BTreeMap::new();
        for entry in &self.coverage {
            *rows
                .entry((entry.outcome, entry.reason.as_str()))
                .or_default() += 1;
        }
        rows.into_iter()
            .map(|((outcome, reason), count)| (outcome, reason, count))
            .collect()
    }
}

/// Whether a file that was left out for `reason` is source of the project's own that no check read.
fn is_lost_source(path: &str, reason: &str) -> bool {
    let because = |unread: Unread| unread.reason() == reason;
    if because(Unread::Unreadable) {
        return true;
    }
    let written = match Language::of_path(path) {
        Some(language @ (Language::Dockerfile | Language::Terraform | Language::Yaml)) => {
            Some(language)
        }
        language => language.filter(|language| language.is_code()),
    };
    let own = !matches!(
        role_of(path, written, &[]),
        FileRole::Vendored | FileRole::Minified | FileRole::Generated
    );
    written.is_some() && own && (because(Unread::TooLarge) || because(Unread::Binary))
}

/// A number with its noun: `1 finding`, `2 findings`.
pub fn counted(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// The title of what is listed apart from findings.
const LEADS: &str = "Leads: hints too weak for a finding";

/// What lists leads in a terminal.
const BY_FLAG: &str = "--include-leads lists them";

/// What lists leads of a scan on a server.
const BY_FORM: &str = "JSON and CSV list them";

/// Leads, why they are not among the findings, and how to see them.
fn unshown(leads: &str, how: &str) -> String {
    format!("{leads} not shown (hints too weak for a finding; {how})")
}

/// Where a finding stands, `path:line`.
fn place(finding: &DetectedFinding) -> String {
    let location = &finding.content.location;
    format!("{}:{}", location.file_path, location.start_line)
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
    /// Findings that comments in the tree pass over; listed in `suppressed`.
    #[serde(default)]
    pub suppressed: u64,
    /// Files that the tree's `.vegaignore` kept from being audited; each is in the ledger.
    #[serde(default)]
    pub excluded: u64,
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
