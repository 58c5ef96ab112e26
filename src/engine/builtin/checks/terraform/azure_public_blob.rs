//! Azure storage may be read by everybody.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-public-azure-blob",
    area: "terraform",
    title: "Azure storage may be read by everybody",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-732"],
    owasp: &["A01:2021"],
    description: "A storage account permits public containers, or a container is one.",
    impact: "Everybody reads the blobs of the container.",
    remediation: "Set allow_nested_items_to_be_public = false and container_access_type = \"private\".",
    bad: r#"resource "azurerm_storage_container" "main" {
  container_access_type = "container"
}
"#,
    good: r#"resource "azurerm_storage_container" "main" {
  container_access_type = "private"
}
"#,
    references: &["https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent"],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&["azurerm_storage_account", "azurerm_storage_container"]) {
        for (name, span, value) in file.attributes(block) {
            let value = file.value(value);
            let open = match name {
                "allow_nested_items_to_be_public" | "allow_blob_public_access" => value.is(true),
                "container_access_type" => matches!(value.text(), Some("blob" | "container")),
                _ => false,
            };
            if open {
                claims
                    .push(on(file, &RULE, block, span, "may be read by everybody.").at_sink(name));
            }
        }
    }
}
