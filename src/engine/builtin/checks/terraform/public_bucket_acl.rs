//! Bucket is open to everybody.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-public-bucket-acl",
    area: "terraform",
    title: "Bucket is open to everybody",
    severity: Severity::High,
    category: "configuration",
    cwe: &["CWE-732"],
    owasp: &["A01:2021"],
    description: "An S3 bucket has a canned ACL that lets everybody, or every AWS account, read or write.",
    impact: "Anybody lists and reads the objects; with write access they replace them.",
    remediation: "Use the ACL private and a bucket policy for those who need access.",
    bad: r#"resource "aws_s3_bucket_acl" "main" {
  bucket = "shop"
  acl    = "public-read"
}
"#,
    good: r#"resource "aws_s3_bucket_acl" "main" {
  bucket = "shop"
  acl    = "private"
}
"#,
    references: &["https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html"],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&["aws_s3_bucket", "aws_s3_bucket_acl", "aws_s3_object"]) {
        let Some((span, value)) = file.setting(block, "acl") else {
            continue;
        };
        let severity = match value.text() {
            Some("public-read-write") => Severity::Critical,
            Some("public-read" | "authenticated-read") => Severity::High,
            _ => continue,
        };
        claims.push(
            on(file, &RULE, block, span, "is open to everybody.")
                .severity(severity)
                .at_sink("acl"),
        );
    }
}
