//! Containers without a limit on memory.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-resource-limits",
    area: "kubernetes",
    title: "No memory limit",
    severity: Severity::Info,
    category: "configuration",
    cwe: &["CWE-770"],
    owasp: &["A05:2021"],
    description: "A container has no resources.limits.memory.",
    impact: "One container that leaks or is flooded takes the memory of its node and with it every pod there.",
    remediation: "Set resources.limits.memory to what the container needs at most.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      resources:
        limits:
          memory: 256Mi
"#,
    references: &["https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for container in manifests.containers() {
        let limited = manifests
            .yaml
            .at(container.id, &["resources", "limits", "memory"])
            .is_some();
        if !limited && !manifests.is_templated() {
            let span = manifests.name_span(&container);
            claims.push(model::on_container(
                &RULE,
                &container,
                span,
                "has no memory limit.",
            ));
        }
    }
}
