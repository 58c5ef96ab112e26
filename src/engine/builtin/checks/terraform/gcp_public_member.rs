//! Google Cloud role for everybody.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-public-gcp-member",
    area: "terraform",
    title: "Google Cloud role for everybody",
    severity: Severity::High,
    category: "authorization",
    cwe: &["CWE-284"],
    owasp: &["A01:2021"],
    description: "An IAM binding of Google Cloud gives a role to allUsers or allAuthenticatedUsers.",
    impact: "Everybody, or everybody with a Google account, has the role.",
    remediation: "Name the people, groups or service accounts.",
    bad: r#"resource "google_storage_bucket_iam_member" "main" {
  bucket = "shop"
  role = "roles/storage.objectAdmin"
  member = "allUsers"
}
"#,
    good: r#"resource "google_storage_bucket_iam_member" "main" {
  bucket = "shop"
  role = "roles/storage.objectAdmin"
  member = "serviceAccount:shop@example.iam.gserviceaccount.com"
}
"#,
    references: &["https://cloud.google.com/iam/docs/overview"],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.top() {
        let google = file
            .label(block, 0)
            .is_some_and(|kind| kind.starts_with("google_") && kind.contains("_iam_"));
        if file.kind(block) != "resource" || !google {
            continue;
        }
        for key in ["member", "members"] {
            let Some((span, value)) = file.setting(block, key) else {
                continue;
            };
            if value
                .texts()
                .iter()
                .any(|who| matches!(*who, "allUsers" | "allAuthenticatedUsers"))
            {
                // Services that answer on the web are meant to be called by everybody.
                let role = file.setting(block, "role").map(|(_, role)| role);
                let invokes = role
                    .as_ref()
                    .and_then(|role| role.text())
                    .is_some_and(|role| role.ends_with("nvoker"));
                let claim =
                    on(file, &RULE, block, span, "gives its role to everybody.").at_sink(key);
                claims.push(if invokes {
                    claim.severity(Severity::Low)
                } else {
                    claim
                });
            }
        }
    }
}
