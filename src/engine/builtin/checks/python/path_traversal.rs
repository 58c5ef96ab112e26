//! File name from a request.

use super::at;
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

pub(crate) static RULE: Rule = Rule {
    id: "python-path-traversal",
    area: "python",
    title: "File name from a request",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-22"],
    owasp: &["A01:2021"],
    description: "A part of a web request becomes part of a file name.",
    impact: "With ../ the caller reads or writes other files of the server.",
    remediation: "Use secure_filename or send_from_directory, or resolve the path and check that it stays below the folder.",
    bad: r#"from flask import request

def show():
    return open("/srv/files/" + request.args["name"]).read()
"#,
    good: r#"from flask import request
from werkzeug.utils import secure_filename

def show():
    return open("/srv/files/" + secure_filename(request.args["name"])).read()
"#,
    references: &["https://docs.python.org/3/library/os.path.html"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let opens = matches!(
            callee.as_str(),
            "open"
                | "io.open"
                | "codecs.open"
                | "os.open"
                | "os.remove"
                | "os.unlink"
                | "os.listdir"
                | "os.rmdir"
                | "shutil.rmtree"
                | "shutil.copy"
                | "shutil.move"
                | "flask.send_file"
                | "pathlib.Path.open"
        );
        let Some(path) = module
            .args(call)
            .positional
            .first()
            .copied()
            .filter(|_| opens)
        else {
            continue;
        };
        if module.origin(path) == Origin::Remote && !is_checked(module, call) {
            let claim = at(
                module,
                &RULE,
                call,
                &format!("{callee} gets a file name from a request."),
            );
            claims.push(claim.at_sink(callee));
        }
    }
}

/// Whether the function around a call looks at the path before.
fn is_checked(module: &Module<'_>, call: NodeId) -> bool {
    let scope = module.scope(call);
    let words = [
        "realpath(",
        "abspath(",
        "is_relative_to(",
        "commonpath(",
        "commonprefix(",
        "safe_join(",
        "secure_filename(",
        ".resolve(",
    ];
    scope != 0 && words.iter().any(|word| module.text(scope).contains(word))
}
