//! Policy is open to everybody.

use super::{on, policy};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-public-principal",
    area: "terraform",
    title: "Policy is open to everybody",
    severity: Severity::High,
    category: "authorization",
    cwe: &["CWE-284"],
    owasp: &["A01:2021"],
    description: "A resource policy or the trust policy of a role allows the principal * without a condition.",
    impact: "Everybody with an AWS account, or everybody at all, may do what the statement lists.",
    remediation: "Name the accounts, roles or services, or add a condition that does.",
    bad: r#"resource "aws_sqs_queue_policy" "main" {
  policy = jsonencode({
    Statement = [{ Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = "*" }]
  })
}
"#,
    good: r#"resource "aws_sqs_queue_policy" "main" {
  policy = jsonencode({
    Statement = [{ Effect = "Allow", Principal = { Service = "sns.amazonaws.com" }, Action = "sqs:SendMessage", Resource = "*" }]
  })
}
"#,
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for statement in policy::statements(file) {
        let everybody = statement.principals.iter().any(|who| who == "*");
        if !statement.allows || !everybody || statement.has_condition {
            continue;
        }
        // Reading objects of a bucket is how static sites are published.
        let only_reads = !statement.actions.is_empty()
            && statement
                .actions
                .iter()
                .all(|action| action.eq_ignore_ascii_case("s3:GetObject"));
        let severity = if only_reads {
            Severity::Medium
        } else {
            Severity::High
        };
        let claim = on(
            file,
            &RULE,
            statement.block,
            statement.span,
            "allows everybody.",
        );
        claims.push(claim.severity(severity).at_sink(statement.field));
    }
    for block in file.resources(&["aws_lambda_permission"]) {
        let narrowed = ["source_arn", "source_account", "principal_org_id"]
            .iter()
            .any(|key| file.setting(block, key).is_some());
        if let Some((span, value)) = file.setting(block, "principal")
            && value.text() == Some("*")
            && !narrowed
        {
            claims.push(
                on(
                    file,
                    &RULE,
                    block,
                    span,
                    "lets everybody call the function.",
                )
                .at_sink("principal"),
            );
        }
    }
    for block in file.resources(&["aws_lambda_function_url"]) {
        if let Some((span, value)) = file.setting(block, "authorization_type")
            && value.text() == Some("NONE")
        {
            let claim =
                on(file, &RULE, block, span, "answers everybody.").severity(Severity::Medium);
            claims.push(claim.at_sink("authorization_type"));
        }
    }
}
