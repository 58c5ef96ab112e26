//! Comparing a report with an earlier one, in JSON or SARIF, as Vega wrote it.
//!
//! Findings are recognised as the store recognises them across scans (`domain::matching`): by
//! anchors, never by line numbers, and not when it is ambiguous. The earlier report is named by the
//! caller; it may be anybody's bytes.

use super::Report;
use crate::{
    domain::{
        ids::FindingId,
        matching::{Anchor, Known, match_findings},
    },
    engine::select::EXCLUDED,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How a report compares with the earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineSummary {
    /// Findings that the earlier report does not have (without leads).
    pub new: u64,
    /// Findings that it has too (without leads).
    pub existing: u64,
    /// Entries of the earlier report that are not seen any more.
    pub gone: u64,
    /// Entries in files that `.vegaignore` now leaves out: nobody looked whether they are gone.
    #[serde(default)]
    pub excluded: u64,
    /// Fingerprints of the findings (and leads) that it has too.
    pub existing_fingerprints: BTreeSet<String>,
}

/// What an earlier report knew.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    anchors: Vec<Anchor>,
}

impl Baseline {
    /// Reads a report as `to_json` or `to_sarif` wrote it.
    ///
    /// # Errors
    /// What anything else is not, in words that follow the file's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document: Value = serde_json::from_slice(bytes)
            .map_err(|error| format!("is no JSON document: {error}"))?;
        let anchors = match (document.get("runs"), document.get("engine")) {
            (Some(runs), _) => of_sarif(runs),
            (None, Some(_)) => of_json(&document),
            (None, None) => None,
        };
        let anchors = anchors.ok_or("is no Vega report in JSON or SARIF")?;
        Ok(Self { anchors })
    }
}

/// All or nothing: an entry without an anchor is not from Vega, and would be taken for new.
fn of_json(document: &Value) -> Option<Vec<Anchor>> {
    let findings = document.get("findings")?.as_array()?.iter();
    let suppressed = document.get("suppressed").and_then(Value::as_array);
    let suppressed = suppressed
        .into_iter()
        .flatten()
        .map(|entry| &entry["finding"]);
    findings
        .chain(suppressed)
        .map(|finding| Anchor::deserialize(&finding["anchor"]).ok())
        .collect()
}

fn of_sarif(runs: &Value) -> Option<Vec<Anchor>> {
    let results = runs
        .as_array()?
        .iter()
        .filter_map(|run| run["results"].as_array())
        .flatten();
    results
        .map(|result| Anchor::deserialize(&result["properties"]["anchor"]).ok())
        .collect()
}

/// Marks what `baseline` has too.
pub fn compare(report: &mut Report, baseline: &Baseline) {
    let ids: Vec<FindingId> = (0..baseline.anchors.len()).map(numbered).collect();
    let known: Vec<Known<'_>> = ids
        .iter()
        .zip(&baseline.anchors)
        .map(|(id, anchor)| Known {
            id: *id,
            anchor,
            resolved: false,
        })
        .collect();
    let suppressed = report.suppressed.iter().map(|entry| &entry.finding);
    let all: Vec<_> = report.findings.iter().chain(suppressed).collect();
    let incoming: Vec<&Anchor> = all.iter().map(|finding| &finding.anchor).collect();
    let matched = match_findings(&known, &incoming, &BTreeMap::new());
    let left_out = report.coverage.iter().filter(|it| it.reason == EXCLUDED);
    let left_out: BTreeSet<&str> = left_out.map(|it| it.path.as_str()).collect();
    let seen: BTreeSet<FindingId> = matched.iter().flatten().copied().collect();
    let mut summary = BaselineSummary::default();
    for entry in known.iter().filter(|entry| !seen.contains(&entry.id)) {
        match left_out.contains(entry.anchor.path.as_str()) {
            true => summary.excluded += 1,
            false => summary.gone += 1,
        }
    }
    for (index, (finding, matched)) in all.iter().zip(matched).enumerate() {
        if matched.is_some() {
            summary
                .existing_fingerprints
                .insert(finding.anchor.fingerprint.clone());
        }
        if index < report.findings.len() && !finding.content.lead {
            match matched {
                Some(_) => summary.existing += 1,
                None => summary.new += 1,
            }
        }
    }
    report.baseline = Some(summary);
}

/// An id that only says which entry of the earlier report is meant.
fn numbered(index: usize) -> FindingId {
    FindingId::from_uuid(uuid::Uuid::from_u128(index as u128))
}
