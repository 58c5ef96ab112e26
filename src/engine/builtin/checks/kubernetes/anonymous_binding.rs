//! Roles for everybody.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-anonymous-binding",
    area: "kubernetes",
    title: "Role for callers without a name",
    severity: Severity::High,
    category: "authorization",
    cwe: &["CWE-306"],
    owasp: &["A01:2021"],
    description: "A binding names system:anonymous, system:unauthenticated or system:authenticated as a subject.",
    impact: "Everybody who reaches the API server has the role.",
    remediation: "Bind a group or service account of your own.",
    bad: r#"apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: reader
subjects:
  - kind: Group
    name: "system:unauthenticated"
"#,
    good: r#"apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: reader
subjects:
  - kind: ServiceAccount
    name: deployer
    namespace: ops
"#,
    references: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for object in manifests
        .objects
        .iter()
        .filter(|object| object.kind.ends_with("RoleBinding"))
    {
        let role = manifests.setting(object.root, &["roleRef", "name"]);
        // What the cluster itself gives to everybody.
        let own = [
            "system:public-info-viewer",
            "system:discovery",
            "system:basic-user",
        ];
        if role.is_some_and(|(_, role)| own.contains(&role)) {
            continue;
        }
        let subjects = manifests
            .yaml
            .get(object.root, "subjects")
            .map(|list| manifests.yaml.items(list));
        for subject in subjects.into_iter().flatten() {
            let Some((span, name)) = manifests.setting(*subject, &["name"]) else {
                continue;
            };
            let severity = match name {
                "system:anonymous" | "system:unauthenticated" => Severity::High,
                "system:authenticated" => Severity::Medium,
                _ => continue,
            };
            let what = format!("gives its role to {name}.");
            claims.push(
                model::on_object(&RULE, object, span, &what)
                    .severity(severity)
                    .at_sink("subjects"),
            );
        }
    }
}
