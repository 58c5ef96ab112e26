//! How bad and how sure: from a tool's levels, scores and tags to Vega's terms.
//!
//! Source of the score bands: the qualitative scale of CVSS 3.1 (§5), as GitHub applies it to
//! `security-severity`.

use super::sarif::{Rule, SarifResult};
use crate::domain::finding::Severity;
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

const MAX_CWE: usize = 10;

/// Severity of a result: a score when one is given, else the level of the result or its rule.
pub(super) fn severity(result: &SarifResult, rule: Option<&Rule>) -> Severity {
    let own = score(result.properties.get("security-severity"));
    let ruled = || score(rule?.properties.get("security-severity"));
    if let Some(score) = own.or_else(ruled) {
        return match score {
            score if score >= 9.0 => Severity::Critical,
            score if score >= 7.0 => Severity::High,
            score if score >= 4.0 => Severity::Medium,
            score if score > 0.0 => Severity::Low,
            _ => Severity::Info,
        };
    }
    let level = if result.level.is_empty() {
        rule.map_or("", |rule| &rule.default_configuration.level)
    } else {
        &result.level
    };
    match level {
        "error" => Severity::High,
        "note" => Severity::Low,
        "none" => Severity::Info,
        // The format's default (§3.27.10).
        _ => Severity::Medium,
    }
}

fn score(value: Option<&Value>) -> Option<f64> {
    let score = match value? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (0.0..=10.0).contains(&score).then_some(score)
}

/// Confidence from the rule's `precision`, as GitHub's terms name it.
pub(super) fn confidence(result: &SarifResult, rule: Option<&Rule>) -> f64 {
    let own = result.properties.get("precision");
    let precision = own.or_else(|| rule?.properties.get("precision"));
    match precision.and_then(Value::as_str) {
        Some("very-high") => 0.9,
        Some("high") => 0.8,
        Some("low") => 0.4,
        _ => 0.6,
    }
}

/// Weakness classes named anywhere a tool puts them, each once, in that order.
pub(super) fn weaknesses(result: &SarifResult, rule: Option<&Rule>) -> Vec<String> {
    static CWE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\bcwe[-/_ :]{0,2}0*([1-9][0-9]{0,4})\b").ok());
    let mut found: Vec<String> = Vec::new();
    let mut take = |text: &str| {
        let Some(pattern) = CWE.as_ref() else { return };
        for hit in pattern.captures_iter(text.get(..400).unwrap_or(text)) {
            let cwe = format!("CWE-{}", &hit[1]);
            if found.len() < MAX_CWE && !found.contains(&cwe) {
                found.push(cwe);
            }
        }
    };
    let related = rule.into_iter().flat_map(|rule| &rule.relationships);
    let taxa = result.taxa.iter().chain(related.map(|it| &it.target));
    for entry in taxa {
        if entry.tool_component.name.eq_ignore_ascii_case("cwe") {
            take(&format!(
                "CWE-{}",
                entry.id.trim_start_matches(['C', 'W', 'E', '-'])
            ));
        }
        take(&entry.id);
    }
    let bags = [Some(&result.properties), rule.map(|rule| &rule.properties)];
    for bag in bags.into_iter().flatten() {
        for key in ["cwe", "cwes", "cwe_id", "tags"] {
            match bag.get(key) {
                Some(Value::String(text)) => take(text),
                Some(Value::Array(items)) => {
                    items.iter().filter_map(Value::as_str).for_each(&mut take);
                }
                Some(Value::Number(number)) if key != "tags" => take(&format!("CWE-{number}")),
                _ => {}
            }
        }
    }
    found
}

/// Whether the flagged text itself is a credential, which must not be shown.
pub(super) fn flags_a_secret(cwe: &[String], rule: Option<&Rule>) -> bool {
    const CREDENTIALS: &[&str] = &["CWE-259", "CWE-321", "CWE-522", "CWE-540", "CWE-798"];
    let tagged = rule.and_then(|rule| rule.properties.get("tags")?.as_array());
    cwe.iter().any(|cwe| CREDENTIALS.contains(&cwe.as_str()))
        || tagged.into_iter().flatten().any(|tag| {
            let tag = tag.as_str().unwrap_or_default().to_ascii_lowercase();
            tag == "secret" || tag == "secrets" || tag == "credentials"
        })
}
