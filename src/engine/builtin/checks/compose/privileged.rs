//! Containers with all rights of the host.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::yaml::Yaml},
};

pub(crate) static RULE: Rule = Rule {
    id: "compose-privileged",
    area: "compose",
    title: "Privileged container",
    severity: Severity::High,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "A service runs with privileged: true.",
    impact: "The container has every capability and device; leaving it takes one mount.",
    remediation: "Drop it and give the one capability or device that is needed.",
    bad: r#"services:
  app:
    image: app:1.0
    privileged: true
"#,
    good: r#"services:
  app:
    image: app:1.0
    privileged: false
"#,
    references: &["https://docs.docker.com/reference/compose-file/services/#privileged"],
};

pub(crate) fn check(yaml: &Yaml, claims: &mut Vec<Claim>) {
    for (name, service) in super::services(yaml) {
        if let Some((key, value)) = yaml.entry(service, "privileged")
            && yaml.scalar(value) == Some("true")
        {
            let span = key.span.start..yaml.span(value).end;
            claims.push(
                Claim::new(&RULE, span, format!("The service {name} is privileged."))
                    .in_symbol(name)
                    .at_sink("privileged"),
            );
        }
    }
}
