//! Namespaces shared with the host.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::yaml::Yaml},
};

pub(crate) static RULE: Rule = Rule {
    id: "compose-host-namespace",
    area: "compose",
    title: "Shares a namespace with the host",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-653"],
    owasp: &["A05:2021"],
    description: "A service uses the network, process, IPC or user namespace of the host.",
    impact: "The container reaches the host's local services, sees its processes or their memory.",
    remediation: "Publish the ports that are needed and leave the namespaces apart.",
    bad: r#"services:
  app:
    image: app:1.0
    network_mode: host
"#,
    good: r#"services:
  app:
    image: app:1.0
    networks: [internal]
"#,
    references: &["https://docs.docker.com/reference/compose-file/services/#network_mode"],
};

pub(crate) fn check(yaml: &Yaml, claims: &mut Vec<Claim>) {
    for (name, service) in super::services(yaml) {
        for setting in ["network_mode", "pid", "ipc", "userns_mode", "uts"] {
            if let Some((key, value)) = yaml.entry(service, setting)
                && yaml.scalar(value) == Some("host")
            {
                let span = key.span.start..yaml.span(value).end;
                claims.push(
                    Claim::new(
                        &RULE,
                        span,
                        format!("The service {name} sets {setting} to host."),
                    )
                    .in_symbol(name.clone())
                    .at_sink(setting),
                );
            }
        }
    }
}
