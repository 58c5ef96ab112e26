//! Request is sent back as markup.

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
    id: "javascript-reflected-xss",
    area: "javascript",
    title: "Request is sent back as markup",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-79"],
    owasp: &["A03:2021"],
    description: "res.send or res.write sends markup with a part of the request in it.",
    impact: "A link runs a script in the name of the user who follows it.",
    remediation: "Render a template that escapes, or send JSON.",
    bad: r#"app.get("/hello", (req, res) => res.send("<h1>Hello " + req.query.name + "</h1>"));
"#,
    good: r#"app.get("/hello", (req, res) => res.render("hello", { name: req.query.name }));
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let Some((object, method @ ("send" | "write" | "end"))) = script.method(call) else {
            continue;
        };
        let root = script.text(object);
        if !(root == "res" || root == "response" || root.starts_with("res.status(")) {
            continue;
        }
        let Some(body) = script.args(call).first().copied() else {
            continue;
        };
        let made = script.made(body);
        let markup = made.fixed.contains('<') && made.fixed.contains('>');
        if markup
            && made
                .open
                .iter()
                .any(|(part, _)| script.origin(*part) == Origin::Remote)
        {
            claims.push(
                at(
                    script,
                    &RULE,
                    call,
                    "A part of the request is sent back as markup.",
                )
                .at_sink(method),
            );
        }
    }
}
