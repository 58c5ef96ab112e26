//! Verbs by which a role gives itself more rights.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-rbac-escalation",
    area: "kubernetes",
    title: "Role can raise its own rights",
    severity: Severity::Medium,
    category: "authorization",
    cwe: &["CWE-269"],
    owasp: &["A01:2021"],
    description: "A role may escalate or bind roles, impersonate others, or run commands in pods.",
    impact: "Whoever has the role can get the rights of any other one.",
    remediation: "Remove the verb; let a person or the deployment pipeline bind roles.",
    bad: r#"apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: shop
rules:
  - apiGroups: [rbac.authorization.k8s.io]
    resources: [clusterroles]
    verbs: [escalate]
"#,
    good: r#"apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: shop
rules:
  - apiGroups: [rbac.authorization.k8s.io]
    resources: [clusterroles]
    verbs: [get, list]
"#,
    references: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for (object, rule) in manifests.role_rules() {
        let resources = manifests.listed(rule, "resources");
        let verbs = manifests.listed(rule, "verbs");
        let over = |names: &[&str]| resources.iter().any(|name| names.contains(name));
        let found = verbs.iter().find(|verb| match **verb {
            "escalate" | "bind" => over(&["roles", "clusterroles", "*"]),
            "impersonate" => over(&["users", "groups", "serviceaccounts", "*"]),
            "create" => over(&["pods/exec", "pods/attach"]),
            _ => false,
        });
        if let (Some(verb), Some((key, value))) = (found, manifests.yaml.entry(rule, "verbs")) {
            let span = key.span.start..manifests.yaml.span(value).end;
            let what = format!("may {verb} {}.", resources.join(", "));
            claims.push(model::on_object(&RULE, object, span, &what).at_sink(*verb));
        }
    }
}
