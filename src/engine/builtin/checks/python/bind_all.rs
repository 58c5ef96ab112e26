//! Servers that listen on every interface (a lead).

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-bind-all-interfaces",
    area: "python",
    title: "Listens on every interface",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-1327"],
    owasp: &["A05:2021"],
    description: "A server is bound to 0.0.0.0 or :: in the source.",
    impact: "What was meant for this machine is reached from the network.",
    remediation: "Bind to 127.0.0.1 by default and take the address from the settings.",
    bad: r#"from flask import Flask

app = Flask(__name__)
app.run(host="0.0.0.0")
"#,
    good: r#"from flask import Flask

app = Flask(__name__)
app.run(host="127.0.0.1")
"#,
    references: &[],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(method) = module.method(call) else {
            continue;
        };
        let args = module.args(call);
        let host = match method {
            "run" | "create_server" | "start_server" | "serve" | "run_app" => args.keyword("host"),
            "bind" => args
                .positional
                .first()
                .filter(|address| module.tree.kind(**address) == "tuple")
                .and_then(|address| module.tree.children(*address).next()),
            _ => None,
        };
        if host
            .and_then(|host| module.string(host))
            .is_some_and(|host| matches!(host, "0.0.0.0" | "::"))
        {
            claims.push(
                Claim::new(
                    &RULE,
                    module.span(call),
                    "The server listens on every interface.",
                )
                .in_symbol(module.symbol(call))
                .at_sink(method)
                .into_lead(),
            );
        }
    }
}
