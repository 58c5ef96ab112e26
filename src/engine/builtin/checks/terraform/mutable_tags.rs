//! Image tags can be moved.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-mutable-image-tags",
    area: "terraform",
    title: "Image tags can be moved",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-494"],
    owasp: &["A08:2021"],
    description: "An ECR repository lets existing tags be overwritten.",
    impact: "What was tested under a tag is not what runs: whoever may push replaces it unseen.",
    remediation: "Set image_tag_mutability = \"IMMUTABLE\".",
    bad: r#"resource "aws_ecr_repository" "main" {
  name = "shop"
  image_tag_mutability = "MUTABLE"
}
"#,
    good: r#"resource "aws_ecr_repository" "main" {
  name = "shop"
  image_tag_mutability = "IMMUTABLE"
}
"#,
    references: &[
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_repository",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&["aws_ecr_repository"]) {
        let place = match file.setting(block, "image_tag_mutability") {
            Some((span, value)) if value.text() == Some("MUTABLE") => span,
            Some(_) => continue,
            None => file.head(block),
        };
        claims.push(
            on(file, &RULE, block, place, "lets tags be overwritten.")
                .at_sink("image_tag_mutability"),
        );
    }
}
