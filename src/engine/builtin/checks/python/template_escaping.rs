//! Pages in which values are not escaped, and templates made of values.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::python::{Module, Origin},
    },
};

pub(crate) static ESCAPING: Rule = Rule {
    id: "python-template-escaping-off",
    area: "python",
    title: "Values reach a page unescaped",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-79"],
    owasp: &["A03:2021"],
    description: "Jinja2 is set up with autoescape=False, or a value is marked as safe HTML without being escaped.",
    impact: "A value with markup in it runs scripts in the browser of whoever sees the page.",
    remediation: "Set autoescape=select_autoescape(), and give values to Markup by its format method, which escapes them.",
    bad: r#"from flask import request
from markupsafe import Markup

def hello():
    return Markup("<b>" + request.args["name"] + "</b>")
"#,
    good: r#"from flask import request
from markupsafe import Markup

def hello():
    return Markup("<b>{}</b>").format(request.args["name"])
"#,
    references: &["https://jinja.palletsprojects.com/en/stable/api/#autoescaping"],
};

pub(crate) static INJECTION: Rule = Rule {
    id: "python-template-injection",
    area: "python",
    title: "Template made from a value",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-1336"],
    owasp: &["A03:2021"],
    description: "The text of a template is not fixed in the source but put together from a value.",
    impact: "Template syntax in the value is run by the server and leads to code execution.",
    remediation: "Keep templates fixed and pass values as variables.",
    bad: r#"from flask import render_template_string, request

def hello():
    return render_template_string("Hello " + request.args["name"])
"#,
    good: r#"from flask import render_template_string, request

def hello():
    return render_template_string("Hello {{ name }}", name=request.args["name"])
"#,
    references: &["https://flask.palletsprojects.com/en/stable/api/#flask.render_template_string"],
};

const MARKERS: &[&str] = &[
    "markupsafe.Markup",
    "flask.Markup",
    "jinja2.Markup",
    "django.utils.safestring.mark_safe",
    "django.utils.safestring.SafeString",
];

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let args = module.args(call);
        let claim = |rule: &'static Rule, text: String| {
            Claim::new(rule, module.span(call), text)
                .in_symbol(module.symbol(call))
                .at_sink(callee.clone())
        };
        match callee.as_str() {
            "jinja2.Environment" | "jinja2.environment.Environment"
                if args
                    .keyword("autoescape")
                    .and_then(|value| module.truth(value))
                    == Some(false) =>
            {
                claims.push(
                    claim(&ESCAPING, "Jinja2 is set up without escaping.".to_owned())
                        .severity(Severity::Low)
                        .into_lead(),
                );
            }
            "flask.render_template_string" => {
                let Some(template) = args.get(0, "source") else {
                    continue;
                };
                match module.origin(template) {
                    Origin::Constant => {}
                    Origin::Remote => claims.push(claim(
                        &INJECTION,
                        "The template contains text from a web request.".to_owned(),
                    )),
                    Origin::Local | Origin::Unknown => {
                        claims.push(
                            claim(&INJECTION, "The template is not fixed here.".to_owned())
                                .severity(Severity::Medium)
                                .into_lead(),
                        );
                    }
                }
            }
            name if MARKERS.contains(&name) => {
                let Some(value) = args.positional.first() else {
                    continue;
                };
                if module.origin(*value) == Origin::Remote
                    && !module.text(*value).contains("escape(")
                {
                    claims.push(
                        claim(
                            &ESCAPING,
                            "A value from a web request is marked as safe HTML.".to_owned(),
                        )
                        .severity(Severity::High),
                    );
                }
            }
            _ => {}
        }
    }
}
