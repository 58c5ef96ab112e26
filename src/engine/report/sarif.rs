//! The report as SARIF 2.1.0, within the limits GitHub's code scanning sets.
//!
//! Always a valid document, also with no findings. Results come in report order (worst first), so
//! that a cut at a limit loses the least. Leads (of kind `review`) and what a store adds are the
//! caller's choice.

use super::Report;
use crate::{
    domain::finding::{DetectedFinding, Location, Severity, TraceStep},
    engine::builtin,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// GitHub's limits per run, result and rule.
const MAX_RESULTS: usize = 25_000;
const MAX_LOCATIONS: usize = 1_000;
const MAX_FLOW_LOCATIONS: usize = 10_000;
const MAX_TAGS: usize = 20;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const INFORMATION_URI: &str = "https://cwe.mitre.org/";

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
    let listed: Vec<&DetectedFinding> = report
        .findings
        .iter()
        .chain(report.suppressed.iter().map(|entry| &entry.finding))
        .filter(|finding| context.include_leads || !finding.content.lead)
        .take(MAX_RESULTS)
        .collect();
    let ids: BTreeSet<&str> = listed
        .iter()
        .map(|finding| finding.content.rule_id.as_str())
        .collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let rules: Vec<Value> = ids.iter().map(|id| sarif_rule(id, &listed)).collect();
    let results: Vec<Value> = listed
        .iter()
        .map(|finding| {
            let mut result = result(finding, &ids, context);
            mark_by_tree(&mut result, finding, report);
            result
        })
        .collect();
    let mut run = json!({
        "tool": { "driver": {
            "name": "Vega",
            "semanticVersion": report.engine.version,
            "rules": rules,
            "properties": { "engine": report.engine.name, "rulesVersion": report.engine.rules_version },
        }},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "invocations": [{
            "executionSuccessful": !report.partial,
            "toolExecutionNotifications": notifications(report),
        }],
    });
    if let Some(id) = &context.automation_id {
        run["automationDetails"] = json!({ "id": id });
    }
    if let Some(uri) = &context.repository_uri {
        let mut provenance = json!({ "repositoryUri": uri });
        if let Some(revision) = &context.revision {
            provenance["revisionId"] = json!(revision);
        }
        run["versionControlProvenance"] = json!([provenance]);
    }
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] })
}

/// What the report itself says of a result: the comment that passes over it, and whether the
/// earlier report has it too.
fn mark_by_tree(result: &mut Value, finding: &DetectedFinding, report: &Report) {
    let comment = report
        .suppressed
        .iter()
        .find(|entry| std::ptr::eq(&raw const entry.finding, finding));
    if let Some(entry) = comment {
        let mut suppression =
            json!({ "kind": "inSource", "status": "accepted", "justification": entry.reason });
        if let Some(until) = &entry.until {
            suppression["properties"] = json!({ "until": until });
        }
        result["suppressions"] = json!([suppression]);
    }
    if let (Some(baseline), None) = (&report.baseline, result.get("baselineState")) {
        let known = baseline
            .existing_fingerprints
            .contains(&finding.anchor.fingerprint);
        result["baselineState"] = json!(if known { "unchanged" } else { "new" });
    }
}

/// Gaps by reason and warnings, so that a clean result can be judged.
fn notifications(report: &Report) -> Vec<Value> {
    let note = |level: &str, text: String| json!({ "level": level, "message": { "text": text } });
    let gaps = report
        .coverage_summary
        .gaps
        .iter()
        .map(|(reason, count)| note("note", format!("Not fully reviewed: {count} × {reason}")));
    let warnings = report
        .warnings
        .iter()
        .take(100)
        .map(|warning| note("warning", warning.clone()));
    gaps.chain(warnings).collect()
}

fn sarif_rule(id: &str, listed: &[&DetectedFinding]) -> Value {
    let first = listed
        .iter()
        .find(|finding| finding.content.rule_id == id)
        .map(|finding| &finding.content);
    let Some(content) = first else {
        return json!({ "id": id });
    };
    let known = builtin::rule(id);
    let severity = known.map_or(content.severity, |rule| rule.severity);
    let mut tags = vec!["security".to_owned(), content.category.clone()];
    tags.extend(
        content
            .cwe
            .iter()
            .map(|cwe| format!("external/cwe/{}", cwe.to_lowercase())),
    );
    tags.extend(content.owasp.iter().cloned());
    tags.truncate(MAX_TAGS);
    let remediation = format!("{}\n\n{}", content.impact, content.remediation);
    let mut rule = json!({
        "id": id,
        "name": id,
        "shortDescription": { "text": content.title },
        "fullDescription": { "text": known.map_or(content.description.as_str(), |rule| rule.description) },
        "help": { "text": remediation, "markdown": remediation },
        "defaultConfiguration": { "level": level(severity) },
        "properties": {
            "tags": tags,
            "security-severity": severity.security_score(),
            "precision": precision(content.confidence),
        },
    });
    let cwe = content.cwe.first().and_then(|cwe| cwe.strip_prefix("CWE-"));
    let uri =
        content.references.first().cloned().or_else(|| {
            cwe.map(|number| format!("{INFORMATION_URI}data/definitions/{number}.html"))
        });
    if let Some(uri) = uri {
        rule["helpUri"] = json!(uri);
    }
    rule
}

fn result(finding: &DetectedFinding, ids: &[&str], context: &SarifContext) -> Value {
    let content = &finding.content;
    let mut properties = Map::new();
    properties.insert("severity".to_owned(), json!(content.severity));
    properties.insert("confidence".to_owned(), json!(content.confidence));
    properties.insert("lead".to_owned(), json!(content.lead));
    properties.insert("component".to_owned(), json!(content.component));
    properties.insert("auditors".to_owned(), json!(content.auditors));
    properties.insert("cwe".to_owned(), json!(content.cwe));
    properties.insert("evidence".to_owned(), json!(content.evidence));
    properties.insert("trace".to_owned(), json!(content.trace));
    properties.insert("verification".to_owned(), json!(content.verification));
    properties.insert("anchor".to_owned(), json!(finding.anchor));
    let snippet = content
        .evidence
        .first()
        .map(|evidence| evidence.snippet.as_str());
    let mut result = json!({
        "ruleId": content.rule_id,
        "ruleIndex": ids.binary_search(&content.rule_id.as_str()).unwrap_or(0),
        "level": level(content.severity),
        "message": { "text": content.summary },
        "locations": [location(&content.location, snippet)],
        "partialFingerprints": {
            "primaryLocationLineHash": format!("{}:{}", &finding.anchor.text_hash.get(..16).unwrap_or_default(), finding.anchor.occurrence + 1),
            "vega/v1": finding.anchor.fingerprint,
        },
    });
    let more: Vec<Value> = content
        .evidence
        .iter()
        .skip(1)
        .take(MAX_LOCATIONS - 1)
        .map(|evidence| {
            let place = Location {
                file_path: evidence.file.clone(),
                start_line: evidence.start_line,
                end_line: evidence.end_line,
                start_column: None,
                end_column: None,
            };
            location(&place, Some(&evidence.snippet))
        })
        .collect();
    if !more.is_empty() {
        result["relatedLocations"] = json!(more);
    }
    if !content.trace.is_empty() {
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations":
            content.trace.iter().take(MAX_FLOW_LOCATIONS).map(flow_location).collect::<Vec<_>>()
        }]}]);
    }
    if content.lead {
        // Somebody has to look before anything is claimed; such a result has no level (§3.27.10).
        result["kind"] = json!("review");
        result["level"] = json!("none");
    }
    if let Some(extra) = context.extra.get(&finding.anchor.fingerprint) {
        if let Some(id) = &extra.finding_id {
            properties.insert("findingId".to_owned(), json!(id));
        }
        if let Some(state) = &extra.baseline_state {
            result["baselineState"] = json!(state);
        }
        if let Some(reason) = &extra.suppressed {
            result["suppressions"] =
                json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
        }
    }
    result["properties"] = Value::Object(properties);
    result
}

fn location(place: &Location, snippet: Option<&str>) -> Value {
    let mut region = json!({ "startLine": place.start_line, "endLine": place.end_line });
    if let Some(column) = place.start_column {
        region["startColumn"] = json!(column);
    }
    if let Some(column) = place.end_column {
        region["endColumn"] = json!(column);
    }
    if let Some(text) = snippet {
        region["snippet"] = json!({ "text": text });
    }
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": relative_uri(&place.file_path), "uriBaseId": "%SRCROOT%" },
        "region": region,
    }})
}

/// A step with all that is known of it, so that an import gives the same one.
fn flow_location(step: &TraceStep) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": relative_uri(&step.file), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": step.line },
        },
        "message": { "text": step.note },
    });
    if !step.symbol.is_empty() {
        location["logicalLocations"] = json!([{ "name": step.symbol }]);
    }
    json!({ "kinds": [step.role.as_str()], "location": location })
}

/// A relative path as a URI reference (RFC 3986): everything but unreserved characters and `/` is
/// percent-encoded.
fn relative_uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn precision(confidence: f64) -> &'static str {
    if confidence >= 0.9 {
        "very-high"
    } else if confidence >= 0.7 {
        "high"
    } else if confidence >= 0.5 {
        "medium"
    } else {
        "low"
    }
}
