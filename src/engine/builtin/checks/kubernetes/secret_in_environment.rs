//! Credentials written into the environment of containers.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::is_plain_credential, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-secret-in-environment",
    area: "kubernetes",
    title: "Credential in a container's environment",
    severity: Severity::High,
    category: "secrets",
    cwe: &["CWE-798"],
    owasp: &["A07:2021"],
    description: "A container's env gives a credential as a literal value.",
    impact: "Everybody who may read the repository or the object has the credential.",
    remediation: "Refer to a Secret by valueFrom.secretKeyRef, and change the credential.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      env:
        - name: DB_PASSWORD
          value: s3cretw0rd9
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      env:
        - name: DB_PASSWORD
          valueFrom:
            secretKeyRef:
              name: db
              key: password
"#,
    references: &["https://kubernetes.io/docs/concepts/configuration/secret/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for container in manifests.containers() {
        let variables = manifests
            .yaml
            .get(container.id, "env")
            .map(|env| manifests.yaml.items(env));
        for variable in variables.into_iter().flatten() {
            let name = manifests.setting(*variable, &["name"]);
            let value = manifests.setting(*variable, &["value"]);
            let (Some((_, name)), Some((span, value))) = (name, value) else {
                continue;
            };
            if is_plain_credential(name, value) {
                let what = format!("has {name} as a literal value.");
                claims.push(
                    model::on_container(&RULE, &container, span, &what)
                        .at_sink(name)
                        .hiding(value),
                );
            }
        }
    }
}
