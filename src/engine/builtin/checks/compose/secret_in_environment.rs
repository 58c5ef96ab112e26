//! Credentials in the environment of a service.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::yaml::Yaml},
};

pub(crate) static RULE: Rule = Rule {
    id: "compose-secret-in-environment",
    area: "compose",
    title: "Credential in a compose file",
    severity: Severity::Medium,
    category: "secrets",
    cwe: &["CWE-798"],
    owasp: &["A05:2021"],
    description: "A variable whose name says password, secret or token has a literal value.",
    impact: "Whoever reads the repository can use it wherever the same value is set.",
    remediation: "Take it from a secret (secrets:, …_FILE) or an env_file outside the repository.",
    bad: r#"services:
  app:
    image: app:1.0
    environment:
      DB_PASSWORD: s3cretw0rd9
"#,
    good: r#"services:
  app:
    image: app:1.0
    environment:
      DB_PASSWORD: ${DB_PASSWORD:?}
"#,
    references: &["https://docs.docker.com/compose/how-tos/use-secrets/"],
};

pub(crate) fn check(yaml: &Yaml, claims: &mut Vec<Claim>) {
    for (name, service) in super::services(yaml) {
        for (variable, value, span) in super::environment(yaml, service) {
            if crate::engine::builtin::checks::is_plain_credential(&variable, &value) {
                claims.push(
                    Claim::new(
                        &RULE,
                        span,
                        format!("{variable} of the service {name} has a literal value."),
                    )
                    .in_symbol(name.clone())
                    .at_sink(variable)
                    .confidence(0.7)
                    .hiding(value),
                );
            }
        }
    }
}
