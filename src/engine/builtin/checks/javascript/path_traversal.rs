//! File name from a request.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::{
            javascript::{Origin, Script},
            tree::NodeId,
        },
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-path-traversal",
    area: "javascript",
    title: "File name from a request",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-22"],
    owasp: &["A01:2021"],
    description: "A part of a request becomes part of a file name.",
    impact: "With ../ the caller reads or writes other files of the server.",
    remediation: "Take the base name, or resolve the path and check that it stays below the folder; sendFile with root does so.",
    bad: r#"const fs = require("fs");
app.get("/file", (req, res) => {
  fs.readFile("/srv/files/" + req.query.name, (e, data) => res.send(data));
});
"#,
    good: r#"const fs = require("fs");
const path = require("path");
app.get("/file", (req, res) => {
  fs.readFile("/srv/files/" + path.basename(req.query.name), (e, data) => res.send(data));
});
"#,
    references: &["https://nodejs.org/api/path.html"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let callee = script.callee(call).unwrap_or_default();
        let args = script.args(call);
        let file = callee
            .strip_prefix("fs.promises.")
            .or_else(|| callee.strip_prefix("fs/promises."))
            .or_else(|| callee.strip_prefix("fs."))
            .or_else(|| callee.strip_prefix("fs-extra."));
        let rooted = args.iter().any(|arg| script.option(*arg, "root").is_some());
        let sink = match (file, script.method(call)) {
            (Some(name), _) if FILES.contains(&name) => name,
            (None, Some((_, name @ ("sendFile" | "download")))) if !rooted => name,
            _ => continue,
        };
        let Some(path) = args.first() else { continue };
        let open: Vec<_> = script
            .made(*path)
            .open
            .into_iter()
            .map(|(part, _)| part)
            .collect();
        let remote = !open.is_empty() && script.origin(*path) == Origin::Remote;
        if remote && !is_checked(script, call) {
            claims.push(
                at(
                    script,
                    &RULE,
                    call,
                    &format!("{sink} gets a file name from a request."),
                )
                .at_sink(sink),
            );
        }
    }
}

const FILES: &[&str] = &[
    "readFile",
    "readFileSync",
    "createReadStream",
    "createWriteStream",
    "writeFile",
    "writeFileSync",
    "unlink",
    "unlinkSync",
    "rm",
    "rmSync",
    "readdir",
    "readdirSync",
    "open",
    "openSync",
    "appendFile",
    "appendFileSync",
];

/// Whether the function around a call compares the path's beginning before.
fn is_checked(script: &Script<'_>, call: NodeId) -> bool {
    let scope = script.scope(call);
    scope != 0 && {
        let text = script.text(scope);
        text.contains(".startsWith(")
            || text.contains("path.relative(")
            || text.contains(".includes(\"..\")")
            || text.contains(".includes('..')")
    }
}
