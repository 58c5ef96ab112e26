//! Redirect to an address from the request.

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
    id: "javascript-open-redirect",
    area: "javascript",
    title: "Redirect to an address from the request",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-601"],
    owasp: &["A01:2021"],
    description: "res.redirect gets an address that a part of the request begins.",
    impact: "A link to your site leads to a copy of it that asks for passwords.",
    remediation: "Redirect to paths of a fixed list, or check the host.",
    bad: r#"app.get("/go", (req, res) => res.redirect(req.query.next));
"#,
    good: r#"app.get("/go", (req, res) => res.redirect("/items/" + encodeURIComponent(req.query.next)));
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/Unvalidated_Redirects_and_Forwards_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let Some((object, "redirect")) = script.method(call) else {
            continue;
        };
        let Some(target) = script.args(call).last().copied() else {
            continue;
        };
        let made = script.made(target);
        let Some((first, before)) = made.open.first() else {
            continue;
        };
        // After a fixed beginning only the path can be chosen.
        let chosen = before.is_empty() || before == "/";
        let response = matches!(script.text(object), "res" | "response" | "reply" | "ctx");
        let text = script.text(*first);
        // What a function made of it may be anything; the request's own path is no foreign address.
        let own = matches!(script.tree.kind(*first), "call_expression" | "identifier")
            || text.ends_with("originalUrl")
            || matches!(text, "req.url" | "request.url" | "ctx.url")
            || text.ends_with("headers.referer");
        let scope = script.text(script.scope(call));
        let checked = [
            "startsWith(",
            "isSafe",
            "isValid",
            "allowed",
            "whitelist",
            "includes(",
            ".test(",
            "new URL(",
        ]
        .iter()
        .any(|word| scope.contains(word));
        if response && chosen && !own && !checked && script.origin(*first) == Origin::Remote {
            claims.push(
                at(
                    script,
                    &RULE,
                    call,
                    "A caller chooses where the redirect leads.",
                )
                .at_sink("redirect"),
            );
        }
    }
}
