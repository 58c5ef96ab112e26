//! Containers with all rights of the node.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-privileged",
    area: "kubernetes",
    title: "Privileged container",
    severity: Severity::High,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "A container runs with securityContext.privileged: true.",
    impact: "The container has every capability and device of the node; whoever breaks into it owns the node and every pod on it.",
    remediation: "Remove it and grant the one capability or device that is needed.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      securityContext:
        privileged: true
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
        privileged: false
"#,
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for container in manifests.containers() {
        let setting = manifests.setting(container.id, &["securityContext", "privileged"]);
        if let Some((span, "true")) = setting {
            claims.push(
                model::on_container(&RULE, &container, span, "is privileged.")
                    .at_sink("privileged"),
            );
        }
    }
}
