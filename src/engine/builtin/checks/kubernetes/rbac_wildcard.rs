//! Roles that allow everything.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-rbac-wildcard",
    area: "kubernetes",
    title: "Role allows everything",
    severity: Severity::High,
    category: "authorization",
    cwe: &["CWE-269"],
    owasp: &["A01:2021"],
    description: "A rule of a Role or ClusterRole has * for verbs or resources.",
    impact: "A token with that role reads every secret and changes every workload it reaches, also of kinds that are added later.",
    remediation: "List the resources and verbs that are needed.",
    bad: r#"apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: shop
rules:
  - apiGroups: ["*"]
    resources: ["*"]
    verbs: ["*"]
"#,
    good: r#"apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: shop
rules:
  - apiGroups: [apps]
    resources: [deployments]
    verbs: [get, list]
"#,
    references: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for (object, rule) in manifests.role_rules() {
        let has = |field| manifests.listed(rule, field).contains(&"*");
        let (verbs, resources) = (has("verbs"), has("resources"));
        if !verbs && !resources {
            continue;
        }
        let field = if verbs { "verbs" } else { "resources" };
        let Some((key, value)) = manifests.yaml.entry(rule, field) else {
            continue;
        };
        // Own kinds of an operator are often given whole; that is its job.
        let severity = match (verbs && resources, object.kind.as_str()) {
            (true, "ClusterRole") => Severity::High,
            (true, _) => Severity::Medium,
            (false, _) => Severity::Low,
        };
        let what = match (verbs, resources) {
            (true, true) => "allows every verb on every resource.",
            (true, false) => "allows every verb on what it lists.",
            _ => "covers every resource.",
        };
        let span = key.span.start..manifests.yaml.span(value).end;
        claims.push(
            model::on_object(&RULE, object, span, what)
                .severity(severity)
                .at_sink(field),
        );
    }
}
