//! Storage is not encrypted.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::hcl::{Block, Hcl},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-unencrypted-storage",
    area: "terraform",
    title: "Storage is not encrypted",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-311"],
    owasp: &["A02:2021"],
    description: "A database, file system, volume or stream has its encryption switched off, or left at a default that is off.",
    impact: "Snapshots, backups and discarded disks hold readable data.",
    remediation: "Switch encryption on, better with a key of your own.",
    bad: r#"resource "aws_db_instance" "main" {
  engine = "postgres"
  storage_encrypted = false
}
"#,
    good: r#"resource "aws_db_instance" "main" {
  engine = "postgres"
  storage_encrypted = true
}
"#,
    references: &[
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance",
    ],
};

/// What a resource does when nothing is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Default {
    Off,
    /// On, or decided by the account.
    Other,
}

const KINDS: &[(&str, &str, Default)] = &[
    ("aws_db_instance", "storage_encrypted", Default::Off),
    ("aws_rds_cluster", "storage_encrypted", Default::Other),
    ("aws_docdb_cluster", "storage_encrypted", Default::Off),
    ("aws_neptune_cluster", "storage_encrypted", Default::Off),
    ("aws_efs_file_system", "encrypted", Default::Off),
    ("aws_ebs_volume", "encrypted", Default::Other),
    ("aws_redshift_cluster", "encrypted", Default::Other),
    (
        "aws_elasticache_replication_group",
        "at_rest_encryption_enabled",
        Default::Other,
    ),
    ("aws_ebs_encryption_by_default", "enabled", Default::Other),
];

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for (kind, key, by_default) in KINDS {
        for block in file.resources(&[kind]) {
            match file.setting(block, key) {
                Some((span, value)) if value.is(false) => {
                    claims.push(on(file, &RULE, block, span, "is not encrypted.").at_sink(*key));
                }
                Some(_) => {}
                // Copies take this from what they are made of.
                None if copied(file, block) => {}
                None if *by_default == Default::Off => {
                    let claim = on(
                        file,
                        &RULE,
                        block,
                        file.head(block),
                        "is not encrypted, which is the default.",
                    );
                    claims.push(claim.confidence(0.7).at_sink(*key));
                }
                None => {}
            }
        }
    }
}

fn copied(file: &Hcl<'_>, block: Block) -> bool {
    [
        "replicate_source_db",
        "snapshot_identifier",
        "replication_source_identifier",
        "global_cluster_identifier",
    ]
    .iter()
    .any(|key| file.setting(block, key).is_some())
}
