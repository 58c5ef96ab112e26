//! Pods that share the node's network, processes or IPC.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-host-namespace",
    area: "kubernetes",
    title: "Pod shares a namespace of its node",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-653"],
    owasp: &["A05:2021"],
    description: "A pod sets hostNetwork, hostPID or hostIPC.",
    impact: "The pod sees processes, memory or the network of the node and of every other pod on it, past all network policies.",
    remediation: "Remove the setting; publish ports by a Service.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  hostNetwork: true
  containers:
    - name: web
      image: shop:1.4.2
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  hostNetwork: false
  containers:
    - name: web
      image: shop:1.4.2
"#,
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for (object, pod) in manifests.pods() {
        for (key, severity) in [
            ("hostNetwork", Severity::Medium),
            ("hostPID", Severity::High),
            ("hostIPC", Severity::Medium),
        ] {
            if let Some((span, "true")) = manifests.setting(pod, &[key]) {
                let what = format!("sets {key}.");
                claims.push(
                    model::on_object(&RULE, object, span, &what)
                        .severity(severity)
                        .at_sink(key),
                );
            }
        }
    }
}
