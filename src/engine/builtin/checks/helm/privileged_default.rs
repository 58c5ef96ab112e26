//! Charts that ask for all rights by default.

use super::Values;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "helm-privileged-default",
    area: "helm",
    title: "Chart is privileged by default",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "A values file sets privileged: true or allowPrivilegeEscalation: true in a security context.",
    impact: "Whoever installs the chart without changes gives its containers the rights of the node.",
    remediation: "Make the narrow setting the default and let those who need more ask for it.",
    bad: r#"securityContext:
  privileged: true
"#,
    good: r#"securityContext:
  privileged: false
"#,
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
};

pub(crate) fn check(values: &Values<'_>, claims: &mut Vec<Claim>) {
    for setting in values.settings() {
        let asked = matches!(setting.key, "privileged" | "allowPrivilegeEscalation")
            && setting.text == "true";
        if asked && setting.path.to_lowercase().contains("securitycontext.") {
            claims.push(
                Claim::new(
                    &RULE,
                    setting.span.clone(),
                    format!("{} is on by default.", setting.path),
                )
                .in_symbol(setting.path.as_str())
                .at_sink(setting.key),
            );
        }
    }
}
