//! Audit trail is off or can be forged.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-cloudtrail-weak",
    area: "terraform",
    title: "Audit trail is off or can be forged",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-778"],
    owasp: &["A09:2021"],
    description: "A CloudTrail trail is not logging, or does not sign its log files.",
    impact: "An intruder's calls are not recorded, or can be removed from the record unseen.",
    remediation: "Leave enable_logging on and set enable_log_file_validation = true.",
    bad: r#"resource "aws_cloudtrail" "main" {
  s3_bucket_name = "logs"
  enable_log_file_validation = false
}
"#,
    good: r#"resource "aws_cloudtrail" "main" {
  s3_bucket_name = "logs"
  enable_log_file_validation = true
}
"#,
    references: &[
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudtrail",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&["aws_cloudtrail"]) {
        if let Some((span, value)) = file.setting(block, "enable_logging")
            && value.is(false)
        {
            claims.push(
                on(file, &RULE, block, span, "does not log.")
                    .severity(Severity::High)
                    .at_sink("enable_logging"),
            );
        }
        let place = match file.setting(block, "enable_log_file_validation") {
            Some((span, value)) if value.is(false) => span,
            Some(_) => continue,
            None => file.head(block),
        };
        let claim = on(file, &RULE, block, place, "does not sign its log files.");
        claims.push(
            claim
                .severity(Severity::Low)
                .at_sink("enable_log_file_validation"),
        );
    }
}
