//! Module without a fixed version.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-unpinned-module",
    area: "terraform",
    title: "Module without a fixed version",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-1357"],
    owasp: &["A08:2021"],
    description: "A module comes from a git or HTTP address without a fixed revision.",
    impact: "Whoever controls the address changes your infrastructure with the next run.",
    remediation: "Append ?ref= with a tag or, better, a commit.",
    bad: r#"module "net" {
  source = "git::https://git.example.org/modules.git//net"
}
"#,
    good: r#"module "net" {
  source = "git::https://git.example.org/modules.git//net?ref=v1.4.0"
}
"#,
    references: &["https://developer.hashicorp.com/terraform/language/modules/sources"],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file
        .top()
        .into_iter()
        .filter(|block| file.kind(*block) == "module")
    {
        let Some((span, value)) = file.setting(block, "source") else {
            continue;
        };
        let Some(source) = value.text() else { continue };
        let git = source.starts_with("git::")
            || source.starts_with("git@")
            || source.starts_with("github.com/")
            || source.starts_with("bitbucket.org/");
        if git && !source.contains("ref=") {
            claims.push(
                on(
                    file,
                    &RULE,
                    block,
                    span,
                    "follows whatever its source holds.",
                )
                .at_sink("source"),
            );
        }
    }
}
