//! Tokens of the API server in pods, asked for explicitly.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-automount-token",
    area: "kubernetes",
    title: "Service account token is mounted on request",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-522"],
    owasp: &["A05:2021"],
    description: "A pod or service account sets automountServiceAccountToken: true.",
    impact: "Whoever reads a file in the container has a token for the API server.",
    remediation: "Set it to false unless the application calls the Kubernetes API.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  automountServiceAccountToken: true
  containers:
    - name: web
      image: shop:1.4.2
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  automountServiceAccountToken: false
  containers:
    - name: web
      image: shop:1.4.2
"#,
    references: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for (object, pod) in manifests.pods() {
        // With an account of its own the pod is meant to use it.
        let own = manifests.yaml.get(pod, "serviceAccountName").is_some();
        if let (Some((span, "true")), false) = (
            manifests.setting(pod, &["automountServiceAccountToken"]),
            own,
        ) {
            let what = "mounts a token of the default service account.";
            claims.push(
                model::on_object(&RULE, object, span, what).at_sink("automountServiceAccountToken"),
            );
        }
    }
}
