//! Database has a public address.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-public-database",
    area: "terraform",
    title: "Database has a public address",
    severity: Severity::High,
    category: "configuration",
    cwe: &["CWE-284"],
    owasp: &["A01:2021"],
    description: "A database or cluster is publicly accessible.",
    impact: "The database listens on the internet; passwords are guessed and faults are used directly.",
    remediation: "Set publicly_accessible to false and place it in private subnets.",
    bad: r#"resource "aws_db_instance" "main" {
  engine = "mysql"
  storage_encrypted = true
  publicly_accessible = true
}
"#,
    good: r#"resource "aws_db_instance" "main" {
  engine = "mysql"
  storage_encrypted = true
  publicly_accessible = false
}
"#,
    references: &[
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&[
        "aws_db_instance",
        "aws_rds_cluster_instance",
        "aws_redshift_cluster",
        "aws_dms_replication_instance",
        "aws_neptune_cluster_instance",
        "aws_docdb_cluster_instance",
    ]) {
        if let Some((span, value)) = file.setting(block, "publicly_accessible")
            && value.is(true)
        {
            claims.push(
                on(file, &RULE, block, span, "has a public address.")
                    .at_sink("publicly_accessible"),
            );
        }
    }
    for block in file.resources(&[
        "azurerm_mssql_server",
        "azurerm_postgresql_flexible_server",
        "azurerm_mysql_flexible_server",
    ]) {
        if let Some((span, value)) = file.setting(block, "public_network_access_enabled")
            && value.is(true)
        {
            let claim = on(
                file,
                &RULE,
                block,
                span,
                "may be reached from public networks.",
            );
            claims.push(
                claim
                    .severity(Severity::Medium)
                    .at_sink("public_network_access_enabled"),
            );
        }
    }
    for block in file.resources(&["google_sql_database_instance"]) {
        for settings in file.nested(block, "settings") {
            let networks = file
                .nested(settings, "ip_configuration")
                .into_iter()
                .flat_map(|inner| file.nested(inner, "authorized_networks"));
            for network in networks {
                if let Some((span, value)) = file.setting(network, "value")
                    && value.text() == Some("0.0.0.0/0")
                {
                    claims.push(
                        on(file, &RULE, block, span, "admits every address.")
                            .at_sink("authorized_networks"),
                    );
                }
            }
        }
    }
}
