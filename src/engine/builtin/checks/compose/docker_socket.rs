//! The container engine's socket inside a container.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::yaml::Yaml},
};

pub(crate) static RULE: Rule = Rule {
    id: "compose-docker-socket",
    area: "compose",
    title: "Container engine's socket is mounted",
    severity: Severity::High,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "A service mounts the socket of Docker, containerd or Podman.",
    impact: "Whoever controls the container starts another one with the host's root in it. Mounting it read-only does not help.",
    remediation: "Put a proxy that allows only the calls needed between them, or do without.",
    bad: r#"services:
  app:
    image: app:1.0
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
"#,
    good: r#"services:
  app:
    image: app:1.0
    volumes:
      - data:/data
"#,
    references: &["https://docs.docker.com/engine/security/protect-access/"],
};

pub(crate) fn check(yaml: &Yaml, claims: &mut Vec<Claim>) {
    for (name, service) in super::services(yaml) {
        for (source, span, _) in super::mounts(yaml, service) {
            if ["docker.sock", "containerd.sock", "podman.sock", "crio.sock"]
                .iter()
                .any(|socket| source.ends_with(socket))
            {
                claims.push(
                    Claim::new(
                        &RULE,
                        span,
                        format!("The service {name} can command the container engine."),
                    )
                    .in_symbol(name.clone())
                    .at_sink("volumes"),
                );
            }
        }
    }
}
