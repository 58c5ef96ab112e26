//! Key is never rotated.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-key-rotation-off",
    area: "terraform",
    title: "Key is never rotated",
    severity: Severity::Low,
    category: "crypto",
    cwe: &["CWE-324"],
    owasp: &["A02:2021"],
    description: "A symmetric KMS key has no automatic rotation.",
    impact: "Data of all years is under one key; if it leaks, all of it is readable.",
    remediation: "Set enable_key_rotation = true.",
    bad: r#"resource "aws_kms_key" "main" {
  description = "shop"
}
"#,
    good: r#"resource "aws_kms_key" "main" {
  description = "shop"
  enable_key_rotation = true
}
"#,
    references: &["https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html"],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&["aws_kms_key"]) {
        let kind = |key| file.setting(block, key).map(|(_, value)| value);
        let spec = kind("customer_master_key_spec").or_else(|| kind("key_spec"));
        let symmetric = spec.is_none_or(|spec| spec.text() == Some("SYMMETRIC_DEFAULT"));
        let encrypts =
            kind("key_usage").is_none_or(|usage| usage.text() == Some("ENCRYPT_DECRYPT"));
        let place = match file.setting(block, "enable_key_rotation") {
            Some((span, value)) if value.is(false) => span,
            Some(_) => continue,
            None => file.head(block),
        };
        if symmetric && encrypts {
            claims.push(
                on(file, &RULE, block, place, "is never rotated.").at_sink("enable_key_rotation"),
            );
        }
    }
}
