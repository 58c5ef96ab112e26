//! Text that is run as Python: `eval`, `exec`, `compile`.
//!
//! Anything that is not fixed is a finding, with two exceptions that are leads: what is typed at the
//! terminal, and the content of a file, which is how programs run their own configuration.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::{
            python::{Module, Origin},
            tree::NodeId,
        },
    },
};
use std::collections::BTreeSet;

pub(crate) static RULE: Rule = Rule {
    id: "python-code-execution",
    area: "python",
    title: "Dynamic code execution",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-95"],
    owasp: &["A03:2021"],
    description: "A value that is not fixed in the source is run as Python by eval or exec, or made ready for it by compile.",
    impact: "Whoever controls the value runs code with the rights of the process.",
    remediation: "Do not run text as code. Use ast.literal_eval for literals, a table of allowed functions for names, or a parser for expressions.",
    bad: r#"from flask import request

def total():
    return eval(request.args["sum"])
"#,
    good: r#"import ast
from flask import request

def total():
    return ast.literal_eval(request.args["sum"])
"#,
    references: &["https://docs.python.org/3/library/functions.html#eval"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    let run: BTreeSet<NodeId> = module
        .calls()
        .filter(|call| module.callee(*call).is_some_and(|name| runs(&name)))
        .filter_map(|call| module.args(call).positional.first().copied())
        .map(|code| behind_name(module, code))
        .collect();
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let compiles = matches!(callee.as_str(), "compile" | "builtins.compile");
        // What is compiled and run in one place is claimed where it runs.
        if !(runs(&callee) || compiles) || run.contains(&call) {
            continue;
        }
        let args = module.args(call);
        let Some(code) = args.get(0, "source") else {
            continue;
        };
        let code = source_of(module, code);
        let claim = |text: String| {
            Claim::new(&RULE, module.span(call), text)
                .in_symbol(module.symbol(call))
                .at_sink(callee.clone())
        };
        let made = module.made(code);
        claims.push(match module.origin_of_parts(&made) {
            Origin::Constant => continue,
            Origin::Remote => claim(format!("{callee} takes text from a web request as code."))
                .severity(Severity::Critical),
            Origin::Unknown if made.built => claim(format!(
                "{callee} takes text that is put together from values as code."
            ))
            .severity(Severity::Medium)
            .confidence(0.55),
            Origin::Unknown if !compiles && !is_file(module, code) => {
                claim(format!("{callee} runs a value that is not fixed here."))
                    .severity(Severity::Medium)
                    .confidence(0.5)
            }
            // Whoever starts the program may run code anyway, and so may who writes its files.
            Origin::Local | Origin::Unknown => claim(format!(
                "{callee} takes a value that is not fixed here as code."
            ))
            .severity(Severity::Medium)
            .into_lead(),
        });
    }
}

fn runs(callee: &str) -> bool {
    matches!(
        callee,
        "eval" | "exec" | "builtins.eval" | "builtins.exec" | "__builtins__.eval"
    )
}

fn behind_name(module: &Module<'_>, code: NodeId) -> NodeId {
    match module.tree.kind(code) {
        "identifier" => module.value_of(code).unwrap_or(code),
        _ => code,
    }
}

/// The text behind `compile(…)`, also through a name.
fn source_of(module: &Module<'_>, code: NodeId) -> NodeId {
    let value = behind_name(module, code);
    let compiled = module.tree.kind(value) == "call"
        && matches!(
            module.callee(value).as_deref(),
            Some("compile" | "builtins.compile")
        );
    if compiled {
        module.args(value).get(0, "source").unwrap_or(code)
    } else {
        code
    }
}

/// Whether the code is what a file holds (running a file of one's own, as an import does) or the
/// `repr` of a value (reading back what was just written).
fn is_file(module: &Module<'_>, code: NodeId) -> bool {
    let value = behind_name(module, code);
    module.tree.subtree(value).any(|node| {
        module.tree.kind(node) == "call"
            && matches!(
                module.method(node),
                Some("read" | "read_text" | "read_bytes" | "getsource" | "repr")
            )
    })
}
