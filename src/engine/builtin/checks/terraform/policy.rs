//! Statements of access policies, however they are written: `jsonencode`, a heredoc with JSON, or
//! the `aws_iam_policy_document` data source.

use crate::engine::builtin::syntax::hcl::{Block, Hcl, Value};
use std::ops::Range;

/// One statement.
pub(super) struct Statement {
    /// The block that holds the policy.
    pub(super) block: Block,
    /// The attribute it is written in (`policy`, `assume_role_policy`, `statement`).
    pub(super) field: String,
    pub(super) span: Range<usize>,
    pub(super) allows: bool,
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    /// Who it speaks of; empty where the policy belongs to an identity.
    pub(super) principals: Vec<String>,
    pub(super) has_condition: bool,
}

/// Every statement of a file.
pub(super) fn statements(file: &Hcl<'_>) -> Vec<Statement> {
    let mut statements = Vec::new();
    for block in file.top() {
        match (file.kind(block), file.label(block, 0)) {
            ("data", Some("aws_iam_policy_document")) => {
                statements.extend(
                    file.nested(block, "statement")
                        .iter()
                        .map(|inner| of_block(file, block, *inner)),
                );
            }
            ("resource", Some(_)) => {
                for (name, span, value) in file.attributes(block) {
                    if name.ends_with("policy") {
                        of_document(block, name, &span, &file.value(value), &mut statements);
                    }
                }
                for inner in file.nested(block, "inline_policy") {
                    if let Some((span, value)) = file.setting(inner, "policy") {
                        of_document(block, "inline_policy", &span, &value, &mut statements);
                    }
                }
            }
            _ => {}
        }
    }
    statements
}

fn of_block(file: &Hcl<'_>, block: Block, inner: Block) -> Statement {
    let list = |name: &str| {
        let value = file.setting(inner, name).map(|(_, value)| value);
        owned(value.as_ref())
    };
    let principals = file.nested(inner, "principals");
    let identifiers = principals
        .iter()
        .filter_map(|one| file.setting(*one, "identifiers"));
    Statement {
        block,
        field: "statement".to_owned(),
        span: file.head(inner),
        allows: file
            .setting(inner, "effect")
            .is_none_or(|(_, value)| value.text() == Some("Allow")),
        actions: list("actions"),
        resources: list("resources"),
        principals: identifiers
            .flat_map(|(_, value)| owned(Some(&value)))
            .collect(),
        has_condition: !file.nested(inner, "condition").is_empty(),
    }
}

fn of_document(
    block: Block,
    field: &str,
    span: &Range<usize>,
    document: &Value,
    out: &mut Vec<Statement>,
) {
    let Some(list) = document.get("Statement") else {
        return;
    };
    for statement in list.items() {
        let principals = match statement.get("Principal") {
            Some(Value::Map(kinds)) => kinds
                .iter()
                .flat_map(|(_, value)| owned(Some(value)))
                .collect(),
            other => owned(other),
        };
        out.push(Statement {
            block,
            field: field.to_owned(),
            span: span.clone(),
            allows: statement.get("Effect").and_then(Value::text) == Some("Allow"),
            actions: owned(statement.get("Action")),
            resources: owned(statement.get("Resource")),
            principals,
            has_condition: statement.get("Condition").is_some(),
        });
    }
}

fn owned(value: Option<&Value>) -> Vec<String> {
    value
        .map(Value::texts)
        .unwrap_or_default()
        .into_iter()
        .map(str::to_owned)
        .collect()
}
