//! Containers that run as root.
//!
//! Saying nothing leaves it to the image, which is not seen here: a lead.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-run-as-root",
    area: "kubernetes",
    title: "Container runs as root",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "A container is set to run as user 0, or explicitly permits root.",
    impact: "Root in the container is root towards the kernel: a kernel fault or a mounted folder of the node is enough to leave it.",
    remediation: "Set runAsNonRoot: true and a numeric runAsUser above 0.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      securityContext:
        runAsUser: 0
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
        runAsUser: 10001
        runAsNonRoot: true
"#,
    references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for container in manifests.containers() {
        let user = manifests.security(&container, &["runAsUser"]);
        let non_root = manifests.security(&container, &["runAsNonRoot"]);
        match (user, non_root) {
            (Some((span, "0")), _) => claims.push(
                model::on_container(&RULE, &container, span, "runs as user 0.")
                    .at_sink("runAsUser"),
            ),
            (None, Some((span, "false"))) => claims.push(
                model::on_container(&RULE, &container, span, "may run as root.")
                    .at_sink("runAsNonRoot"),
            ),
            (Some(_), _) | (None, Some(_)) => {}
            (None, None) if manifests.is_templated() => {}
            (None, None) => claims.push(
                model::on_container(
                    &RULE,
                    &container,
                    manifests.name_span(&container),
                    "runs as whatever user its image names, perhaps root.",
                )
                .severity(Severity::Low)
                .into_lead(),
            ),
        }
    }
}
