//! System call filters and access control that are switched off.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-unconfined",
    area: "kubernetes",
    title: "Confinement is switched off",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-693"],
    owasp: &["A05:2021"],
    description: "A seccomp or AppArmor profile is set to Unconfined, or /proc is unmasked.",
    impact: "The container may use every system call or see what the runtime hides; kernel faults become reachable.",
    remediation: "Use RuntimeDefault, or a profile of your own; leave procMount at Default.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  securityContext:
    seccompProfile:
      type: Unconfined
  containers:
    - name: web
      image: shop:1.4.2
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  securityContext:
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: web
      image: shop:1.4.2
"#,
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    let settings: [&[&str]; 2] = [&["seccompProfile", "type"], &["appArmorProfile", "type"]];
    let mut seen = Vec::new();
    for container in manifests.containers() {
        let unmasked = manifests
            .security(&container, &["procMount"])
            .filter(|(_, value)| *value == "Unmasked");
        let off = settings
            .iter()
            .filter_map(|path| manifests.security(&container, path))
            .filter(|(_, value)| *value == "Unconfined");
        for (span, value) in off.chain(unmasked) {
            // A pod's own setting holds for all of its containers, and is told once.
            if seen.contains(&span) {
                continue;
            }
            seen.push(span.clone());
            let what = format!("runs with a confinement set to {value}.");
            claims.push(
                model::on_container(&RULE, &container, span, &what).at_sink("securityContext"),
            );
        }
    }
}
