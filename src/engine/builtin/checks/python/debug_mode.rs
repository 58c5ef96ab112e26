//! Debug switches that are written into the source.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::{python::Module, tree::NodeId},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "python-debug-mode",
    area: "python",
    title: "Debug mode is on",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-489"],
    owasp: &["A05:2021"],
    description: "Flask is started with debug=True, or a Django settings module sets DEBUG = True.",
    impact: "Flask's debugger runs Python for whoever reaches it; Django's error pages show settings and source.",
    remediation: "Take the switch from the environment and leave it off by default.",
    bad: r#"from flask import Flask

app = Flask(__name__)

def main():
    app.run(debug=True)
"#,
    good: r#"import os
from flask import Flask

app = Flask(__name__)

def main():
    app.run(debug=os.environ.get("APP_DEBUG") == "1")
"#,
    references: &[
        "https://flask.palletsprojects.com/en/stable/debugging/",
        "https://docs.djangoproject.com/en/stable/ref/settings/#debug",
    ],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    if module.imports("flask") {
        for call in module
            .calls()
            .filter(|call| module.method(*call) == Some("run"))
        {
            let debug = module
                .args(call)
                .keyword("debug")
                .and_then(|value| module.truth(value));
            let on_app = module
                .receiver(call)
                .is_some_and(|receiver| module.text(receiver).to_lowercase().contains("app"));
            if debug == Some(true) && on_app {
                // Under `if __name__ == "__main__"` it is how the file is run by hand.
                let by_hand = module.under_condition(call, &["__main__"]);
                let severity = if by_hand {
                    Severity::Low
                } else {
                    Severity::High
                };
                claims.push(
                    Claim::new(
                        &RULE,
                        module.span(call),
                        "The Flask application is started with its debugger on.",
                    )
                    .in_symbol(module.symbol(call))
                    .at_sink("run")
                    .severity(severity),
                );
            }
        }
    }
    if is_django_settings(module) {
        for assignment in module.tree.of_kind("assignment") {
            let (Some(left), Some(right)) = (
                module.tree.field(assignment, "left"),
                module.tree.field(assignment, "right"),
            ) else {
                continue;
            };
            if module.text(left) == "DEBUG"
                && module.tree.kind(right) == "true"
                && module.scope(assignment) == 0
                && is_top_level(module, assignment)
            {
                claims.push(
                    Claim::new(
                        &RULE,
                        module.span(assignment),
                        "This settings module turns Django's debug mode on.",
                    )
                    .at_sink("DEBUG"),
                );
            }
        }
    }
}

fn is_top_level(module: &Module<'_>, node: NodeId) -> bool {
    module
        .tree
        .ancestors(node)
        .all(|at| matches!(module.tree.kind(at), "module" | "expression_statement"))
}

/// A settings module by name and by what it sets; modules for development are meant to differ.
pub(super) fn is_django_settings(module: &Module<'_>) -> bool {
    let path = module.source.path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let placed =
        name == "settings.py" || path.contains("settings/") || name.starts_with("settings_");
    let development = ["dev", "local", "test", "debug", "example", "sample", "ci"]
        .iter()
        .any(|word| name.contains(word));
    placed && !development && module.source.text.contains("INSTALLED_APPS")
}
