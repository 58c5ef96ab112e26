//! Request is sent back as markup.

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
    id: "python-reflected-xss",
    area: "python",
    title: "Request is sent back as markup",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-79"],
    owasp: &["A03:2021"],
    description: "A view returns markup with a part of the request in it.",
    impact: "A link runs a script in the name of the user who follows it.",
    remediation: "Render a template that escapes, or escape the value with markupsafe.escape.",
    bad: r#"from flask import Flask, request

app = Flask(__name__)

@app.route("/hello")
def hello():
    return "<h1>Hello " + request.args["name"] + "</h1>"
"#,
    good: r#"from flask import Flask, render_template, request

app = Flask(__name__)

@app.route("/hello")
def hello():
    return render_template("hello.html", name=request.args["name"])
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let answers = matches!(
            callee.as_str(),
            "django.http.HttpResponse"
                | "flask.make_response"
                | "fastapi.responses.HTMLResponse"
                | "starlette.responses.HTMLResponse"
        );
        let Some(value) = module.args(call).get(0, "content").filter(|_| answers) else {
            continue;
        };
        if is_markup(module, value) && from_request(module, value) {
            claims.push(
                at(module, &RULE, call, "A part of the request becomes markup.").at_sink(callee),
            );
        }
    }
    for answer in module.tree.of_kind("return_statement") {
        let Some(value) = module.tree.children(answer).next() else {
            continue;
        };
        if module.is_route(module.scope(answer))
            && is_markup(module, value)
            && from_request(module, value)
        {
            claims.push(
                at(
                    module,
                    &RULE,
                    answer,
                    "A part of the request is sent back as markup.",
                )
                .at_sink("return"),
            );
        }
    }
}

/// Whether a text is put together around tags.
fn is_markup(module: &Module<'_>, value: NodeId) -> bool {
    let value = if module.tree.kind(value) == "identifier" {
        module.value_of(value).unwrap_or(value)
    } else {
        value
    };
    let text = module.text(value);
    let tag = text.match_indices('<').any(|(at, _)| {
        text[at + 1..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '/')
    });
    module.made(value).built && tag
}

fn from_request(module: &Module<'_>, value: NodeId) -> bool {
    let escaped = ["escape(", "bleach.", "quote("]
        .iter()
        .any(|word| module.text(value).contains(word));
    let open = module.made(value).open;
    !escaped
        && open.iter().any(|part| {
            module.origin(*part) == Origin::Remote && !module.text(*part).contains("escape(")
        })
}
