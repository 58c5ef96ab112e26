//! Processes that may gain more rights than their parent.
//!
//! Leaving the setting out means the same as `true`, but says nothing about intent: a lead.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-privilege-escalation",
    area: "kubernetes",
    title: "Privilege escalation is allowed",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-269"],
    owasp: &["A05:2021"],
    description: "A container sets allowPrivilegeEscalation: true, or leaves it open.",
    impact: "A set-uid program in the image turns a foothold as an ordinary user into root of the container.",
    remediation: "Set allowPrivilegeEscalation: false.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      securityContext:
        allowPrivilegeEscalation: true
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
        allowPrivilegeEscalation: false
"#,
    references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for container in manifests.containers() {
        let set = |key| manifests.setting(container.id, &["securityContext", key]);
        match set("allowPrivilegeEscalation") {
            Some((span, "true")) => claims.push(
                model::on_container(&RULE, &container, span, "may gain further privileges.")
                    .at_sink("allowPrivilegeEscalation"),
            ),
            Some(_) => {}
            // A privileged container has nothing left to gain; a template may say it elsewhere.
            None if set("privileged").is_some_and(|(_, value)| value == "true") => {}
            None if manifests.is_templated() => {}
            None => claims.push(
                model::on_container(
                    &RULE,
                    &container,
                    manifests.name_span(&container),
                    "does not forbid privilege escalation.",
                )
                .severity(Severity::Low)
                .into_lead(),
            ),
        }
    }
}
