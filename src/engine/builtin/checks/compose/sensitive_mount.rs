//! Folders of the host that decide over the host.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::yaml::Yaml},
};

pub(crate) static RULE: Rule = Rule {
    id: "compose-sensitive-mount",
    area: "compose",
    title: "Sensitive folder of the host is mounted",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-668"],
    owasp: &["A05:2021"],
    description: "A service mounts a folder such as /, /etc, /root, /proc or /var/lib/docker of the host.",
    impact: "The container reads credentials of the host, or changes what the host runs.",
    remediation: "Mount only the files that are needed, read-only.",
    bad: r#"services:
  app:
    image: app:1.0
    volumes:
      - /etc:/host/etc
"#,
    good: r#"services:
  app:
    image: app:1.0
    volumes:
      - ./conf:/etc/app:ro
"#,
    references: &[],
};

const FOLDERS: &[&str] = &[
    "/",
    "/etc",
    "/root",
    "/proc",
    "/sys",
    "/boot",
    "/dev",
    "/var/lib/docker",
    "/var/run",
    "/run",
    "/home",
    "/usr",
    "/var",
    "/var/lib/kubelet",
];

pub(crate) fn check(yaml: &Yaml, claims: &mut Vec<Claim>) {
    for (name, service) in super::services(yaml) {
        for (source, span, read_only) in super::mounts(yaml, service) {
            let folder = if source == "/" {
                source.as_str()
            } else {
                source.trim_end_matches('/')
            };
            if FOLDERS.contains(&folder) {
                let claim = Claim::new(
                    &RULE,
                    span,
                    format!("The service {name} mounts {folder} of the host."),
                )
                .in_symbol(name.clone())
                .at_sink("volumes");
                // Monitoring agents read these by design; reading is a weaker claim than writing.
                claims.push(if read_only {
                    claim.severity(Severity::Low).confidence(0.6)
                } else {
                    claim
                });
            }
        }
    }
}
