//! Text that is run as Python: `eval`, `exec`.
//!
//! A value of unknown origin is only a lead: REPLs, test runners and code generators do this by design.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::python::{Module, Origin},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "python-code-execution",
    area: "python",
    title: "Dynamic code execution",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-95"],
    owasp: &["A03:2021"],
    description: "A value that is not fixed in the source is run as Python by eval or exec.",
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
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        if !matches!(
            callee.as_str(),
            "eval" | "exec" | "builtins.eval" | "builtins.exec"
        ) {
            continue;
        }
        let args = module.args(call);
        let Some(code) = args.positional.first() else {
            continue;
        };
        let claim = |text: String| {
            Claim::new(&RULE, module.span(call), text)
                .in_symbol(module.symbol(call))
                .at_sink(callee.clone())
        };
        match module.origin(*code) {
            Origin::Constant => {}
            Origin::Remote => {
                claims.push(
                    claim(format!("{callee} runs text from a web request."))
                        .severity(Severity::Critical),
                );
            }
            // Whoever starts the program may run code anyway.
            Origin::Local | Origin::Unknown => {
                claims.push(
                    claim(format!("{callee} runs a value that is not fixed here."))
                        .severity(Severity::Medium)
                        .into_lead(),
                );
            }
        }
    }
}
