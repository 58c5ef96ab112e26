//! Kubernetes API open to the internet.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-public-kubernetes-api",
    area: "terraform",
    title: "Kubernetes API open to the internet",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-284"],
    owasp: &["A01:2021"],
    description: "The API endpoint of an EKS cluster is public and admits every address, or a GKE cluster uses legacy authorisation.",
    impact: "A leaked token or a fault of the API server is enough to take the cluster.",
    remediation: "Make the endpoint private, or list the networks in public_access_cidrs.",
    bad: r#"resource "aws_eks_cluster" "main" {
  vpc_config {
    subnet_ids = []
    endpoint_public_access = true
  }
}
"#,
    good: r#"resource "aws_eks_cluster" "main" {
  vpc_config {
    subnet_ids = []
    endpoint_public_access = false
    endpoint_private_access = true
  }
}
"#,
    references: &[
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_cluster",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&["aws_eks_cluster"]) {
        for inner in file.nested(block, "vpc_config") {
            let place = match file.setting(inner, "endpoint_public_access") {
                Some((span, value)) if value.is(true) => span,
                Some(_) => continue,
                None => file.head(inner),
            };
            let narrowed = file
                .setting(inner, "public_access_cidrs")
                .is_some_and(|(_, value)| !value.texts().contains(&"0.0.0.0/0"));
            if !narrowed {
                claims.push(
                    on(file, &RULE, block, place, "admits every address.")
                        .at_sink("endpoint_public_access"),
                );
            }
        }
    }
    for block in file.resources(&["google_container_cluster"]) {
        if let Some((span, value)) = file.setting(block, "enable_legacy_abac")
            && value.is(true)
        {
            let claim =
                on(file, &RULE, block, span, "uses legacy authorisation.").severity(Severity::High);
            claims.push(claim.at_sink("enable_legacy_abac"));
        }
    }
}
