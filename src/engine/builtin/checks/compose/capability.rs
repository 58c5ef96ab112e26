//! Capabilities that amount to root on the host.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::yaml::Yaml},
};

pub(crate) static RULE: Rule = Rule {
    id: "compose-dangerous-capability",
    area: "compose",
    title: "Dangerous capability added",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "A service adds ALL, SYS_ADMIN, SYS_MODULE, SYS_PTRACE or another capability that reaches the host.",
    impact: "The container mounts, loads or traces what belongs to the host.",
    remediation: "Drop all and add only the narrow ones that are needed, such as NET_BIND_SERVICE.",
    bad: r#"services:
  app:
    image: app:1.0
    cap_add: [SYS_ADMIN]
"#,
    good: r#"services:
  app:
    image: app:1.0
    cap_add: [NET_BIND_SERVICE]
"#,
    references: &["https://man7.org/linux/man-pages/man7/capabilities.7.html"],
};

const CAPABILITIES: &[&str] = &[
    "ALL",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "DAC_READ_SEARCH",
    "BPF",
    "SYS_BOOT",
];

pub(crate) fn check(yaml: &Yaml, claims: &mut Vec<Claim>) {
    for (name, service) in super::services(yaml) {
        for item in yaml
            .get(service, "cap_add")
            .map(|list| yaml.items(list))
            .unwrap_or_default()
        {
            let capability = yaml.scalar(*item).unwrap_or_default().to_uppercase();
            let capability = capability.trim_start_matches("CAP_");
            if CAPABILITIES.contains(&capability) {
                claims.push(
                    Claim::new(
                        &RULE,
                        yaml.span(*item),
                        format!("The service {name} adds {capability}."),
                    )
                    .in_symbol(name.clone())
                    .at_sink("cap_add"),
                );
            }
        }
    }
}
