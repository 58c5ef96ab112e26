//! The report as SARIF 2.1.0, within the limits GitHub's code scanning sets.

use super::Report;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the report itself does not know.
#[derive(Debug, Clone, Default)]
pub struct SarifContext {
    /// `automationDetails.id`: which series of runs this belongs to (`vega/<repository>/`).
    pub automation_id: Option<String>,
    /// The audited commit.
    pub revision: Option<String>,
    /// Where the source came from (a repository URL), for `versionControlProvenance`.
    pub repository_uri: Option<String>,
    /// Additions by fingerprint of the finding.
    pub extra: BTreeMap<String, SarifExtra>,
    /// Whether leads are listed too.
    pub include_leads: bool,
}

/// What a store knows of a finding beyond the report.
#[derive(Debug, Clone, Default)]
pub struct SarifExtra {
    /// The finding's id.
    pub finding_id: Option<String>,
    /// Reason of a dismissal; makes the result `suppressed`.
    pub suppressed: Option<String>,
    /// `new`, `unchanged`, `updated` or `absent`.
    pub baseline_state: Option<String>,
}

/// The report as a SARIF document.
pub fn to_sarif(report: &Report, context: &SarifContext) -> Value {
    let _ = (report, context);
    json!({})
}
