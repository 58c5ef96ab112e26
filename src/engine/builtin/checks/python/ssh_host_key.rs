//! SSH host keys are not checked.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-ssh-host-key-unchecked",
    area: "python",
    title: "SSH host keys are not checked",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-295"],
    owasp: &["A07:2021"],
    description: "paramiko accepts the key of any host, or asyncssh is told to know no hosts.",
    impact: "Somebody on the way takes the place of the server and gets the password and the session.",
    remediation: "Load known hosts and keep RejectPolicy.",
    bad: r#"import paramiko

client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
"#,
    good: r#"import paramiko

client = paramiko.SSHClient()
client.load_system_host_keys()
"#,
    references: &["https://docs.paramiko.org/en/stable/api/client.html"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let args = module.args(call);
        if module.method(call) == Some("set_missing_host_key_policy") {
            let policy = args
                .get(0, "policy")
                .map_or("", |policy| module.text(policy));
            if policy.contains("AutoAddPolicy") || policy.contains("WarningPolicy") {
                let claim = at(module, &RULE, call, "The key of any host is accepted.");
                claims.push(claim.at_sink("set_missing_host_key_policy"));
            }
        }
        let asyncssh = module.callee(call).is_some_and(|name| {
            matches!(
                name.as_str(),
                "asyncssh.connect" | "asyncssh.create_connection"
            )
        });
        let none = args
            .keyword("known_hosts")
            .is_some_and(|value| module.tree.kind(value) == "none");
        if asyncssh && none {
            claims.push(
                at(module, &RULE, call, "The key of any host is accepted.").at_sink("known_hosts"),
            );
        }
    }
}
