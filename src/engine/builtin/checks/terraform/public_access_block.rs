//! Guard against public buckets is off.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-public-access-block-off",
    area: "terraform",
    title: "Guard against public buckets is off",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-732"],
    owasp: &["A01:2021"],
    description: "A setting of an S3 public access block is false.",
    impact: "One wrong ACL or policy is then enough to make the bucket public.",
    remediation: "Set all four settings to true; serve public content through a CDN.",
    bad: r#"resource "aws_s3_bucket_public_access_block" "main" {
  bucket = "shop"
  block_public_acls = true
  block_public_policy = false
  ignore_public_acls = true
  restrict_public_buckets = true
}
"#,
    good: r#"resource "aws_s3_bucket_public_access_block" "main" {
  bucket = "shop"
  block_public_acls = true
  block_public_policy = true
  ignore_public_acls = true
  restrict_public_buckets = true
}
"#,
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&[
        "aws_s3_bucket_public_access_block",
        "aws_s3_account_public_access_block",
    ]) {
        for key in [
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        ] {
            if let Some((span, value)) = file.setting(block, key)
                && value.is(false)
            {
                let what = format!("has {key} off.");
                claims.push(on(file, &RULE, block, span, &what).at_sink(key));
            }
        }
    }
}
