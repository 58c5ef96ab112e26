//! Every rule of the built-in auditor, in one list.
//!
//! SARIF rules, the pages under `docs/checks` and the list of `vega maintenance` derive from it.

use super::{checks, flow, rule::Rule};
use sha2::{Digest, Sha256};
use std::{fmt::Write, sync::OnceLock};

/// Raised when a rule finds something else than before under the same id.
const RULES_REVISION: u32 = 5;

/// Every rule, by id.
pub fn rules() -> &'static [&'static Rule] {
    static RULES: OnceLock<Vec<&'static Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut rules: Vec<&'static Rule> = Vec::new();
        rules.extend(super::secrets::FORMATS.iter().map(|format| &format.rule));
        rules.extend(checks::python::CHECKS.iter().flat_map(|check| check.rules));
        rules.extend(
            checks::dockerfile::CHECKS
                .iter()
                .flat_map(|check| check.rules),
        );
        rules.extend(checks::compose::CHECKS.iter().flat_map(|check| check.rules));
        rules.extend(
            checks::github_actions::CHECKS
                .iter()
                .flat_map(|check| check.rules),
        );
        rules.extend(
            checks::kubernetes::CHECKS
                .iter()
                .flat_map(|check| check.rules),
        );
        rules.extend(checks::helm::CHECKS.iter().flat_map(|check| check.rules));
        rules.extend(
            checks::terraform::CHECKS
                .iter()
                .flat_map(|check| check.rules),
        );
        rules.extend(
            checks::javascript::CHECKS
                .iter()
                .flat_map(|check| check.rules),
        );
        rules.extend(flow::rules());
        rules.push(&checks::helm::shell_interpolation::RULE);
        rules.sort_by_key(|rule| rule.id);
        rules
    })
}

/// The rule called `id`.
pub fn rule(id: &str) -> Option<&'static Rule> {
    let rules = rules();
    rules
        .binary_search_by(|rule| rule.id.cmp(id))
        .ok()
        .map(|index| rules[index])
}

/// The version of the rule set: revision and a hash over the ids.
pub fn rules_version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut hasher = Sha256::new();
        for rule in rules() {
            hasher.update(rule.id.as_bytes());
            hasher.update([0]);
        }
        let hash = hex::encode(hasher.finalize());
        format!("{RULES_REVISION}-{}", &hash[..12])
    })
}

/// The page of a rule under `docs/checks/<area>/<id>.md`.
pub fn page(rule: &Rule) -> String {
    let mut page = format!("# {}\n\n", rule.title);
    let _ = writeln!(
        page,
        "`{}` · {} · {}\n",
        rule.id,
        rule.severity,
        rule.cwe.join(", ")
    );
    let _ = writeln!(page, "## What\n\n{}\n", rule.description);
    let _ = writeln!(page, "## Why it matters\n\n{}\n", rule.impact);
    let fence = fence(rule.area);
    let _ = writeln!(page, "## Flagged\n\n```{fence}\n{}\n```\n", rule.bad);
    let _ = writeln!(page, "## Better\n\n```{fence}\n{}\n```\n", rule.good);
    let _ = writeln!(page, "## Fix\n\n{}", rule.remediation);
    if !rule.references.is_empty() {
        let _ = writeln!(page, "\n## Reading\n");
        for url in rule.references {
            let _ = writeln!(page, "- <{url}>");
        }
    }
    page
}

fn fence(area: &str) -> &'static str {
    match area {
        "python" => "python",
        "java" => "java",
        "dockerfile" => "dockerfile",
        "terraform" => "hcl",
        "javascript" => "javascript",
        "compose" | "github_actions" | "kubernetes" | "helm" => "yaml",
        _ => "text",
    }
}
