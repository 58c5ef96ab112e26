//! Policy allows everything.

use super::{on, policy};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-iam-wildcard",
    area: "terraform",
    title: "Policy allows everything",
    severity: Severity::High,
    category: "authorization",
    cwe: &["CWE-269"],
    owasp: &["A01:2021"],
    description: "A policy allows every action on every resource.",
    impact: "Whoever gets hold of the identity owns the account.",
    remediation: "List the actions and resources that are needed.",
    bad: r#"resource "aws_iam_policy" "main" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}
"#,
    good: r#"resource "aws_iam_policy" "main" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::shop/*" }]
  })
}
"#,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for statement in policy::statements(file) {
        let all = |list: &[String], word: &str| list.iter().any(|item| item == word);
        // A key's own policy must name all of its actions for its account.
        let of_key = file.label(statement.block, 0) == Some("aws_kms_key")
            || !statement.principals.is_empty();
        if !statement.allows || of_key || statement.has_condition || !all(&statement.resources, "*")
        {
            continue;
        }
        let service = statement
            .actions
            .iter()
            .find(|action| ["iam:*", "sts:*", "organizations:*"].contains(&action.as_str()));
        let (what, severity) = match (
            all(&statement.actions, "*") || all(&statement.actions, "*:*"),
            service,
        ) {
            (true, _) => (
                "allows every action on every resource.".to_owned(),
                Severity::High,
            ),
            (false, Some(service)) => (
                format!("allows {service} on every resource."),
                Severity::Medium,
            ),
            (false, None) => continue,
        };
        let claim = on(file, &RULE, statement.block, statement.span, &what).severity(severity);
        claims.push(claim.at_sink(statement.field));
    }
    for block in file.resources(&[
        "aws_iam_role_policy_attachment",
        "aws_iam_user_policy_attachment",
        "aws_iam_group_policy_attachment",
        "aws_iam_policy_attachment",
    ]) {
        if let Some((span, value)) = file.setting(block, "policy_arn")
            && value
                .text()
                .is_some_and(|arn| arn.ends_with(":policy/AdministratorAccess"))
        {
            let claim = on(file, &RULE, block, span, "grants full administration.");
            claims.push(claim.severity(Severity::Medium).at_sink("policy_arn"));
        }
    }
}
