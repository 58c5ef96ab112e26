//! Images without a fixed version.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-latest-image",
    area: "kubernetes",
    title: "Image without a fixed version",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-1357"],
    owasp: &["A08:2021"],
    description: "A container's image has the tag latest, or none.",
    impact: "What runs changes without a change in the repository; nobody can tell which code was running.",
    remediation: "Name a version, better a digest.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:latest
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
"#,
    references: &["https://kubernetes.io/docs/concepts/containers/images/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for container in manifests.containers() {
        let Some((span, image)) = manifests.setting(container.id, &["image"]) else {
            continue;
        };
        // Variables of other tools, and names that kustomize or a build fills in.
        if image.contains(['$', '@', '%', '<', '(']) || image.is_empty() {
            continue;
        }
        let tag = image
            .rsplit('/')
            .next()
            .and_then(|last| last.split_once(':'))
            .map(|(_, tag)| tag);
        if matches!(tag, None | Some("latest")) {
            let what = format!("uses {image}, which is no fixed version.");
            claims.push(model::on_container(&RULE, &container, span, &what).at_sink("image"));
        }
    }
}
