//! Containers that take a port of their node.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-host-port",
    area: "kubernetes",
    title: "Container takes a port of its node",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-668"],
    owasp: &["A05:2021"],
    description: "A container sets hostPort.",
    impact: "The port is open on the address of the node, past Services and often past network policies.",
    remediation: "Publish the port by a Service or an Ingress.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      ports:
        - containerPort: 8080
          hostPort: 80
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      ports:
        - containerPort: 8080
"#,
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for container in manifests.containers() {
        // On the node's own network every port is one of the node; that has a rule of its own.
        if manifests.setting(container.pod, &["hostNetwork"]).is_some() {
            continue;
        }
        let ports = manifests
            .yaml
            .get(container.id, "ports")
            .map(|ports| manifests.yaml.items(ports));
        for port in ports.into_iter().flatten() {
            if let Some((span, number)) = manifests.setting(*port, &["hostPort"])
                && number != "0"
            {
                let what = format!("takes port {number} of its node.");
                claims
                    .push(model::on_container(&RULE, &container, span, &what).at_sink("hostPort"));
            }
        }
    }
}
