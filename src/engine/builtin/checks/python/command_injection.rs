//! Commands for a shell that are put together from values.

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
    id: "python-command-injection",
    area: "python",
    title: "Shell command built from values",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-78"],
    owasp: &["A03:2021"],
    description: "A command line that is not fixed in the source is given to a shell: os.system, os.popen, subprocess with shell=True and their kin.",
    impact: "A value with shell syntax in it runs further commands with the rights of the process.",
    remediation: "Pass the program and its arguments as a list without a shell. Where a shell is needed, quote every value with shlex.quote.",
    bad: r#"import subprocess
from flask import request

def ping():
    host = request.args["host"]
    subprocess.run(f"ping -c 1 {host}", shell=True)
"#,
    good: r#"import subprocess
from flask import request

def ping():
    host = request.args["host"]
    subprocess.run(["ping", "-c", "1", "--", host])
"#,
    references: &["https://docs.python.org/3/library/subprocess.html#security-considerations"],
};

const ALWAYS_SHELL: &[&str] = &[
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "commands.getoutput",
    "commands.getstatusoutput",
    "popen2.popen2",
    "asyncio.create_subprocess_shell",
];
const WITH_SHELL: &[&str] = &[
    "subprocess.run",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
    "subprocess.Popen",
];

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let args = module.args(call);
        let shell = ALWAYS_SHELL.contains(&callee.as_str())
            || WITH_SHELL.contains(&callee.as_str())
                && args.keyword("shell").and_then(|shell| module.truth(shell)) == Some(true);
        let Some(command) = args
            .get(0, "args")
            .or_else(|| args.keyword("cmd"))
            .filter(|_| shell)
        else {
            continue;
        };
        let claim = |text: String| {
            Claim::new(&RULE, module.span(call), text)
                .in_symbol(module.symbol(call))
                .at_sink(callee.clone())
        };
        match module.origin(command) {
            Origin::Constant => {}
            Origin::Remote if !is_quoted(module, command) => {
                claims.push(
                    claim(format!(
                        "{callee} gives a value from a web request to a shell."
                    ))
                    .severity(Severity::Critical),
                );
            }
            Origin::Remote | Origin::Local | Origin::Unknown => {
                claims.push(
                    claim(format!(
                        "{callee} gives a command that is not fixed here to a shell."
                    ))
                    .severity(Severity::Medium)
                    .into_lead(),
                );
            }
        }
    }
}

fn is_quoted(module: &Module<'_>, command: NodeId) -> bool {
    let value = if module.tree.kind(command) == "identifier" {
        module.value_of(command).unwrap_or(command)
    } else {
        command
    };
    module.tree.subtree(value).any(|node| {
        module.tree.kind(node) == "call"
            && module.callee(node).is_some_and(|name| {
                matches!(
                    name.as_str(),
                    "shlex.quote" | "pipes.quote" | "shlex.join" | "int" | "float"
                )
            })
    })
}
