//! Capabilities that are next to root on the node.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-dangerous-capability",
    area: "kubernetes",
    title: "Dangerous capability",
    severity: Severity::High,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "A container adds a Linux capability that reaches beyond it.",
    impact: "SYS_ADMIN, SYS_MODULE, SYS_PTRACE and their like let a process leave the container.",
    remediation: "Drop ALL and add only what is needed, such as NET_BIND_SERVICE.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      securityContext:
        capabilities:
          add: [SYS_ADMIN]
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      securityContext:
        capabilities:
          drop: [ALL]
          add: [NET_BIND_SERVICE]
"#,
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for container in manifests.containers() {
        let added = manifests
            .yaml
            .at(container.id, &["securityContext", "capabilities", "add"]);
        for item in added
            .map(|added| manifests.yaml.items(added))
            .into_iter()
            .flatten()
        {
            let Some(name) = manifests.fixed(*item) else {
                continue;
            };
            let severity = match name.trim_start_matches("CAP_") {
                "ALL" | "SYS_ADMIN" | "SYS_MODULE" | "SYS_PTRACE" | "SYS_RAWIO" | "BPF"
                | "DAC_READ_SEARCH" | "MAC_ADMIN" | "SYS_BOOT" => Severity::High,
                "NET_ADMIN" | "SYS_TIME" | "SYSLOG" | "PERFMON" => Severity::Medium,
                _ => continue,
            };
            let what = format!("adds the capability {name}.");
            claims.push(
                model::on_container(&RULE, &container, manifests.yaml.span(*item), &what)
                    .severity(severity)
                    .at_sink("capabilities"),
            );
        }
    }
}
