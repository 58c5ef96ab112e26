//! Bindings to the role that may do everything.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-cluster-admin",
    area: "kubernetes",
    title: "Binding to cluster-admin",
    severity: Severity::High,
    category: "authorization",
    cwe: &["CWE-269"],
    owasp: &["A01:2021"],
    description: "A binding gives the role cluster-admin to a subject.",
    impact: "The subject, and whoever gets its token out of a pod, owns the whole cluster.",
    remediation: "Bind a role with only the rights that are needed, in the one namespace.",
    bad: r#"apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
  - kind: ServiceAccount
    name: deployer
    namespace: ops
"#,
    good: r#"apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
  - kind: ServiceAccount
    name: deployer
    namespace: ops
"#,
    references: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    let bindings = ["ClusterRoleBinding", "RoleBinding"];
    for object in manifests
        .objects
        .iter()
        .filter(|object| bindings.contains(&object.kind.as_str()))
    {
        let Some((span, "cluster-admin")) = manifests.setting(object.root, &["roleRef", "name"])
        else {
            continue;
        };
        let subjects = manifests
            .yaml
            .get(object.root, "subjects")
            .map(|list| manifests.yaml.items(list));
        // The group that has this role anyway.
        let only_masters = subjects.into_iter().flatten().all(|subject| {
            manifests
                .setting(*subject, &["name"])
                .is_some_and(|(_, name)| name == "system:masters")
        });
        if only_masters {
            continue;
        }
        let severity = if object.kind == "RoleBinding" {
            Severity::Medium
        } else {
            Severity::High
        };
        claims.push(
            model::on_object(&RULE, object, span, "gives the role cluster-admin.")
                .severity(severity)
                .at_sink("roleRef"),
        );
    }
}
