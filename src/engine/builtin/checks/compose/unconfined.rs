//! Confinement switched off.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::yaml::Yaml},
};

pub(crate) static RULE: Rule = Rule {
    id: "compose-unconfined",
    area: "compose",
    title: "Confinement is switched off",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-693"],
    owasp: &["A05:2021"],
    description: "A service runs with seccomp or AppArmor unconfined, or with label:disable.",
    impact: "System calls that the engine blocks for good reason are open to the container.",
    remediation: "Leave the default profiles on, or write one with what is needed.",
    bad: r#"services:
  app:
    image: app:1.0
    security_opt:
      - seccomp:unconfined
"#,
    good: r#"services:
  app:
    image: app:1.0
    security_opt:
      - no-new-privileges:true
"#,
    references: &["https://docs.docker.com/engine/security/seccomp/"],
};

pub(crate) fn check(yaml: &Yaml, claims: &mut Vec<Claim>) {
    for (name, service) in super::services(yaml) {
        for item in yaml
            .get(service, "security_opt")
            .map(|list| yaml.items(list))
            .unwrap_or_default()
        {
            let option = yaml
                .scalar(*item)
                .unwrap_or_default()
                .replace('=', ":")
                .replace(' ', "");
            if matches!(
                option.as_str(),
                "seccomp:unconfined"
                    | "apparmor:unconfined"
                    | "label:disable"
                    | "systempaths:unconfined"
            ) {
                claims.push(
                    Claim::new(
                        &RULE,
                        yaml.span(*item),
                        format!("The service {name} sets {option}."),
                    )
                    .in_symbol(name.clone())
                    .at_sink("security_opt"),
                );
            }
        }
    }
}
