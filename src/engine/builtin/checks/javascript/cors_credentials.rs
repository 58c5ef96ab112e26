//! Any origin may use the user's session.

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
    id: "javascript-cors-any-origin-with-credentials",
    area: "javascript",
    title: "Any origin may use the user's session",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-942"],
    owasp: &["A05:2021"],
    description: "CORS answers every origin and permits credentials.",
    impact: "Every page the user visits reads what the API answers in the user's name.",
    remediation: "List the origins that may do so.",
    bad: r#"const cors = require("cors");
app.use(cors({ origin: true, credentials: true }));
"#,
    good: r#"const cors = require("cors");
app.use(cors({ origin: ["https://app.example.org"], credentials: true }));
"#,
    references: &["https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let callee = script.callee(call).unwrap_or_default();
        let args = script.args(call);
        if matches!(callee.as_str(), "cors" | "@koa/cors" | "@fastify/cors") {
            let Some(options) = args.first() else {
                continue;
            };
            let credentials = script
                .option(*options, "credentials")
                .and_then(|value| script.truth(value));
            let any = script.option(*options, "origin").is_some_and(|origin| {
                script.truth(origin) == Some(true) || reflects(script.text(origin))
            });
            if any && credentials == Some(true) {
                claims.push(
                    at(
                        script,
                        &RULE,
                        call,
                        "Every origin is answered with credentials.",
                    )
                    .at_sink("cors"),
                );
            }
        } else if let Some((_, "setHeader" | "header" | "set")) = script.method(call) {
            let name = args
                .first()
                .and_then(|name| script.string(*name))
                .unwrap_or_default();
            let reflected = args.get(1).is_some_and(|value| {
                let text = script.text(script.behind(*value)).replace(['"', '\''], "");
                script.origin(*value) == Origin::Remote
                    && (text.ends_with("headers.origin") || text.ends_with("headers[origin]"))
            });
            let scope = script.text(script.scope(call));
            let checked = ["includes(", "indexOf(", ".has(", ".test(", "==="]
                .iter()
                .any(|word| scope.contains(word));
            if name.eq_ignore_ascii_case("access-control-allow-origin")
                && reflected
                && !checked
                && scope
                    .to_lowercase()
                    .contains("access-control-allow-credentials")
            {
                claims.push(
                    at(
                        script,
                        &RULE,
                        call,
                        "The origin of the request is answered as permitted.",
                    )
                    .at_sink("setHeader"),
                );
            }
        }
    }
}

/// `(origin, callback) => callback(null, true)` and the like.
fn reflects(text: &str) -> bool {
    let squeezed: String = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    squeezed.contains("=>") && squeezed.ends_with("(null,true)")
}
