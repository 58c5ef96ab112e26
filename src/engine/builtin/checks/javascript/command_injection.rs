//! Command is put together from data.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::javascript::{Origin, Script},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-command-injection",
    area: "javascript",
    title: "Command is put together from data",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-78"],
    owasp: &["A03:2021"],
    description: "A shell command of child_process is put together from parts that are not fixed.",
    impact: "A part with ; or $( ) runs other commands with the rights of the process.",
    remediation: "Use execFile or spawn with a list of arguments and without a shell.",
    bad: r#"const { exec } = require("child_process");
function show(name) {
  exec("git show " + name);
}
"#,
    good: r#"const { execFile } = require("child_process");
function show(name) {
  execFile("git", ["show", "--", name]);
}
"#,
    references: &["https://nodejs.org/api/child_process.html"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let Some(callee) = script.callee(call) else {
            continue;
        };
        let args = script.args(call);
        let shell = match callee.as_str() {
            "child_process.exec" | "child_process.execSync" | "shelljs.exec" => true,
            "child_process.spawn"
            | "child_process.spawnSync"
            | "child_process.execFile"
            | "child_process.execFileSync"
            | "cross-spawn"
            | "execa" => args.iter().any(|arg| {
                script
                    .option(*arg, "shell")
                    .and_then(|value| script.truth(value))
                    == Some(true)
            }),
            "execa.command" | "execa.execaCommand" => false,
            _ => continue,
        };
        let Some(command) = args.first() else {
            continue;
        };
        let made = script.made(*command);
        let claim = |what: &str| {
            at(
                script,
                &RULE,
                call,
                &format!("{callee} runs a command {what}."),
            )
            .at_sink(callee.clone())
        };
        claims.extend(match (script.origin(*command), shell) {
            (Origin::Remote, _) if !made.open.is_empty() => {
                Some(claim("with a part from a request").severity(Severity::Critical))
            }
            (Origin::Unknown, true) if made.built && !made.open.is_empty() => {
                Some(claim("that is put together from parts that are not fixed").confidence(0.6))
            }
            (Origin::Unknown, true) if !made.open.is_empty() => {
                Some(claim("that is handed over").into_lead())
            }
            _ => None,
        });
    }
}
