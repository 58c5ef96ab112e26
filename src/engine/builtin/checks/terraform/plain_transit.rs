//! Traffic of a data store is not encrypted.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-unencrypted-transit",
    area: "terraform",
    title: "Traffic of a data store is not encrypted",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-319"],
    owasp: &["A02:2021"],
    description: "A cache, message broker or database has encryption in transit switched off.",
    impact: "Everybody in the network reads the data and the passwords.",
    remediation: "Switch encryption in transit on and let clients use TLS.",
    bad: r#"resource "aws_elasticache_replication_group" "main" {
  transit_encryption_enabled = false
}
"#,
    good: r#"resource "aws_elasticache_replication_group" "main" {
  transit_encryption_enabled = true
}
"#,
    references: &[
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/elasticache_replication_group",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file
        .top()
        .into_iter()
        .filter(|block| file.kind(*block) == "resource")
    {
        for key in [
            "transit_encryption_enabled",
            "ssl_enforcement_enabled",
            "require_ssl",
            "node_to_node_encryption",
        ] {
            if let Some((span, value)) = file.setting(block, key)
                && value.is(false)
            {
                let what = format!("has {key} off.");
                claims.push(on(file, &RULE, block, span, &what).at_sink(key));
            }
        }
        for info in file.nested(block, "encryption_info") {
            for inner in file.nested(info, "encryption_in_transit") {
                if let Some((span, value)) = file.setting(inner, "client_broker")
                    && value.text().is_some_and(|text| text.contains("PLAINTEXT"))
                {
                    claims.push(
                        on(file, &RULE, block, span, "accepts clients without TLS.")
                            .at_sink("client_broker"),
                    );
                }
            }
        }
    }
}
