//! Credentials as defaults of a chart.

use super::Values;
use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::is_plain_credential, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "helm-secret-in-values",
    area: "helm",
    title: "Credential in the values of a chart",
    severity: Severity::High,
    category: "secrets",
    cwe: &["CWE-798"],
    owasp: &["A07:2021"],
    description: "A values file of a chart gives a credential as a literal value.",
    impact: "The credential is in the repository and in every package of the chart; installations that keep the default share it.",
    remediation: "Leave it empty and make the chart require it, or refer to an existing Secret.",
    bad: r#"image:
  tag: "1.4"
database:
  password: s3cretw0rd9
"#,
    good: r#"image:
  tag: "1.4"
database:
  existingSecret: shop-db
  password: ""
"#,
    references: &["https://helm.sh/docs/chart_best_practices/values/"],
};

pub(crate) fn check(values: &Values<'_>, claims: &mut Vec<Claim>) {
    for setting in values.settings() {
        let name = setting.key.trim_end_matches(char::is_numeric);
        let reference = ["key", "ref", "name", "file"]
            .iter()
            .any(|end| name.to_lowercase().ends_with(end))
            || name.to_lowercase().contains("existing");
        if !reference && is_plain_credential(&snake(name), setting.text) {
            claims.push(
                Claim::new(
                    &RULE,
                    setting.span.clone(),
                    format!("{} has a literal value.", setting.path),
                )
                .in_symbol(setting.path.as_str())
                .at_sink(setting.key)
                .hiding(setting.text),
            );
        }
    }
}

/// `rootPassword` as `root_password`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if character.is_uppercase() {
            out.push('_');
        }
        out.extend(character.to_lowercase());
    }
    out
}
