//! Instance metadata without a session token.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-instance-metadata-v1",
    area: "terraform",
    title: "Instance metadata without a session token",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-918"],
    owasp: &["A10:2021"],
    description: "An instance or launch template answers metadata requests without a session token (version 1).",
    impact: "A request that an attacker makes the server send (SSRF) reads the role's credentials.",
    remediation: "Set http_tokens = \"required\" in metadata_options.",
    bad: r#"resource "aws_instance" "main" {
  ami = "ami-1"
  metadata_options {
    http_tokens = "optional"
  }
}
"#,
    good: r#"resource "aws_instance" "main" {
  ami = "ami-1"
  metadata_options {
    http_tokens = "required"
  }
}
"#,
    references: &[
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&[
        "aws_instance",
        "aws_launch_template",
        "aws_launch_configuration",
    ]) {
        let options = file.nested(block, "metadata_options");
        let tokens = options
            .iter()
            .find_map(|inner| file.setting(*inner, "http_tokens"));
        match tokens {
            Some((span, value)) if value.text() == Some("optional") => {
                claims.push(
                    on(
                        file,
                        &RULE,
                        block,
                        span,
                        "answers metadata requests without a token.",
                    )
                    .at_sink("http_tokens"),
                );
            }
            Some(_) => {}
            // The image and the account may require it all the same.
            None => claims.push(
                on(
                    file,
                    &RULE,
                    block,
                    file.head(block),
                    "does not require a token for metadata requests.",
                )
                .severity(Severity::Low)
                .into_lead(),
            ),
        }
    }
}
