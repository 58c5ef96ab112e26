//! Charts whose image has no fixed version.

use super::Values;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "helm-latest-image",
    area: "helm",
    title: "Chart uses the image tag latest",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-1357"],
    owasp: &["A08:2021"],
    description: "A values file gives latest as the tag of an image.",
    impact: "Two installations of the same chart version run different code, and nobody can tell which.",
    remediation: "Name a version, or leave the tag empty and let the template use the chart's appVersion.",
    bad: r#"image:
  repository: shop
  tag: latest
"#,
    good: r#"image:
  repository: shop
  tag: "1.4.2"
"#,
    references: &["https://helm.sh/docs/chart_best_practices/pods/"],
};

pub(crate) fn check(values: &Values<'_>, claims: &mut Vec<Claim>) {
    for setting in values.settings() {
        let image = setting.path.to_lowercase().contains("image.");
        if image && setting.key == "tag" && setting.text == "latest" {
            claims.push(
                Claim::new(
                    &RULE,
                    setting.span.clone(),
                    format!("{} is latest.", setting.path),
                )
                .in_symbol(setting.path.as_str())
                .at_sink("tag"),
            );
        }
    }
}
