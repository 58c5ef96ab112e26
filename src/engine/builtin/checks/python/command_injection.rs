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
    description: "A command line that is put together from values is given to a shell: os.system, os.popen, subprocess with shell=True, sh -c and their kin. Values that are numbers or quoted with shlex.quote do not count; a whole command that is only handed on is a lead.",
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

/// Functions whose command is always read by a shell.
const ALWAYS_SHELL: &[&str] = &[
    "os.system",
    "os.popen",
    "os.popen2",
    "os.popen3",
    "os.popen4",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "commands.getoutput",
    "commands.getstatusoutput",
    "popen2.popen2",
    "popen2.popen3",
    "popen2.popen4",
    "asyncio.create_subprocess_shell",
    "asyncio.subprocess.create_subprocess_shell",
];
/// Functions that use a shell when told to.
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
        let Some(command) = shell_command(module, call, &callee) else {
            continue;
        };
        let claim = |text: String| {
            Claim::new(&RULE, module.span(call), text)
                .in_symbol(module.symbol(call))
                .at_sink(callee.clone())
        };
        let made = module.made(command);
        claims.push(match module.origin_of_parts(&made) {
            Origin::Constant => continue,
            Origin::Remote => claim(format!(
                "{callee} gives a value from a web request to a shell."
            ))
            .severity(Severity::Critical),
            // Whoever types the command line has a shell; a script run by others' hands has not.
            Origin::Local if made.built => claim(format!(
                "{callee} gives a command with text from the command line to a shell."
            ))
            .severity(Severity::Low)
            .confidence(0.5),
            Origin::Unknown if made.built => claim(format!(
                "{callee} gives a command to a shell that is put together from values, which are not quoted."
            ))
            .severity(Severity::Medium)
            .confidence(0.55),
            // A whole command handed on is what wrappers are for; their callers decide.
            Origin::Local | Origin::Unknown => claim(format!(
                "{callee} gives a command that is not fixed here to a shell."
            ))
            .severity(Severity::Medium)
            .into_lead(),
        });
    }
}

/// The text that a call gives to a shell, if it does.
fn shell_command(module: &Module<'_>, call: NodeId, callee: &str) -> Option<NodeId> {
    let args = module.args(call);
    if ALWAYS_SHELL.contains(&callee) {
        return args.get(0, "cmd").or_else(|| args.keyword("command"));
    }
    if callee == "asyncio.create_subprocess_exec" {
        return interpreted(module, &args.positional);
    }
    let command = args.get(0, "args")?;
    let items = |node: NodeId| -> Vec<NodeId> {
        let node = match module.tree.kind(node) {
            "identifier" => module.value_of(node).unwrap_or(node),
            _ => node,
        };
        match module.tree.kind(node) {
            "list" | "tuple" => module.tree.children(node).collect(),
            _ => Vec::new(),
        }
    };
    if !WITH_SHELL.contains(&callee) {
        return None;
    }
    if args.keyword("shell").and_then(|shell| module.truth(shell)) == Some(true) {
        // Of a list, the shell reads the first item as the command.
        return Some(items(command).first().copied().unwrap_or(command));
    }
    interpreted(module, &items(command))
}

/// The script in `["sh", "-c", script]`.
fn interpreted(module: &Module<'_>, items: &[NodeId]) -> Option<NodeId> {
    let [program, switch, script, ..] = items else {
        return None;
    };
    let program = module.string(*program)?;
    let program = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let shell = matches!(
        program,
        "sh" | "bash" | "zsh" | "dash" | "ash" | "ksh" | "cmd" | "cmd.exe" | "powershell" | "pwsh"
    );
    let switch = module.string(*switch)?;
    let reads = switch.eq_ignore_ascii_case("/c")
        || switch.eq_ignore_ascii_case("-command")
        || switch.starts_with('-') && !switch.starts_with("--") && switch.ends_with('c');
    (shell && reads).then_some(*script)
}
