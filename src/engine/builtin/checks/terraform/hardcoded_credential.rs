//! Credential in Terraform code.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::is_plain_credential, claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-hardcoded-credential",
    area: "terraform",
    title: "Credential in Terraform code",
    severity: Severity::High,
    category: "secrets",
    cwe: &["CWE-798"],
    owasp: &["A07:2021"],
    description: "A provider, resource or variable default gives a credential as a literal value.",
    impact: "Everybody who may read the repository or the state has the credential.",
    remediation: "Take it from a secret store by a data source, or hand it in as a sensitive variable, and change it.",
    bad: r#"resource "aws_db_instance" "main" {
  storage_encrypted = true
  password = "s3cretw0rd9"
}
"#,
    good: r#"resource "aws_db_instance" "main" {
  storage_encrypted = true
  password = var.db_password
}
"#,
    references: &["https://developer.hashicorp.com/terraform/language/manage-sensitive-data"],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.top() {
        let holder = match file.kind(block) {
            "resource" | "provider" | "module" => "",
            "variable" => file.label(block, 0).unwrap_or_default(),
            _ => continue,
        };
        for (name, span, value) in file.attributes(block) {
            let about = match (holder, name) {
                ("", name) => name,
                (variable, "default") => variable,
                _ => continue,
            };
            // Only what is written here; what a variable gives is told at the variable.
            let Some(text) = file.literal(value) else {
                continue;
            };
            if is_plain_credential(about, text) {
                let what = format!("gives {about} as a literal value.");
                claims.push(
                    on(file, &RULE, block, span, &what)
                        .at_sink(about)
                        .hiding(text),
                );
            }
        }
    }
}
