//! Keys that sign sessions, written into the source.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-hardcoded-secret-key",
    area: "python",
    title: "Signing key in the source",
    severity: Severity::High,
    category: "secrets",
    cwe: &["CWE-321"],
    owasp: &["A02:2021"],
    description: "The key with which Flask or Django signs sessions and links is a constant in the source.",
    impact: "Whoever reads the source can write session cookies and reset links that the application accepts.",
    remediation: "Read the key from the environment or a secret store and fail when it is missing.",
    bad: r#"from flask import Flask

app = Flask(__name__)
app.secret_key = "b83f0d7a51"
"#,
    good: r#"import os
from flask import Flask

app = Flask(__name__)
app.secret_key = os.environ["APP_SECRET_KEY"]
"#,
    references: &["https://flask.palletsprojects.com/en/stable/config/#SECRET_KEY"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    let flask = module.imports("flask");
    let django = super::debug_mode::is_django_settings(module);
    if !flask && !django {
        return;
    }
    for assignment in module.tree.of_kind("assignment") {
        let (Some(left), Some(right)) = (
            module.tree.field(assignment, "left"),
            module.tree.field(assignment, "right"),
        ) else {
            continue;
        };
        let target = module.text(left);
        let named = flask
            && (target.ends_with(".secret_key")
                || target.ends_with("config['SECRET_KEY']")
                || target.ends_with("config[\"SECRET_KEY\"]"))
            || django && target == "SECRET_KEY";
        if !named {
            continue;
        }
        if let Some(key) = module.string(right).filter(|key| !key.is_empty()) {
            let placeholder = key.contains('<') || key.contains("{{") || key.contains("${");
            if !placeholder {
                claims.push(
                    Claim::new(
                        &RULE,
                        module.span(right),
                        format!(
                            "{} is a constant.",
                            target
                                .rsplit('.')
                                .next()
                                .unwrap_or(target)
                                .replace(['[', ']', '\'', '"'], " ")
                                .trim()
                        ),
                    )
                    .in_symbol(module.symbol(assignment))
                    .at_sink("SECRET_KEY")
                    .hiding(key),
                );
            }
        }
    }
}
