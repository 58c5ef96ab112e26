//! Signing secret in the code.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-hardcoded-secret",
    area: "javascript",
    title: "Signing secret in the code",
    severity: Severity::High,
    category: "secrets",
    cwe: &["CWE-798"],
    owasp: &["A07:2021"],
    description: "Tokens, sessions or cookies are signed with a secret that stands in the code.",
    impact: "Whoever can read the code signs tokens as any user.",
    remediation: "Read the secret from the environment or a secret store, and change this one.",
    bad: r#"const jwt = require("jsonwebtoken");
const token = jwt.sign({ id: 1 }, "b83f0d7a51c2");
"#,
    good: r#"const jwt = require("jsonwebtoken");
const token = jwt.sign({ id: 1 }, process.env.JWT_SECRET);
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let Some(callee) = script.callee(call) else {
            continue;
        };
        let args = script.args(call);
        let secret = match callee.as_str() {
            "jsonwebtoken.sign" | "jsonwebtoken.verify" => args.get(1).copied(),
            "express-session" | "koa-jwt" | "express-jwt" | "express-jwt.expressjwt" => args
                .first()
                .and_then(|options| script.option(*options, "secret")),
            "cookie-parser" => args.first().copied(),
            "cookie-session" => args
                .first()
                .and_then(|options| script.option(*options, "secret")),
            _ => None,
        };
        let Some(secret) = secret else { continue };
        let Some(text) = script.string(secret) else {
            continue;
        };
        let lower = text.to_lowercase();
        // Keys in files and variables that a build fills in are named, not written.
        let named =
            text.contains("${") || text.starts_with('%') || lower.contains("-----begin public");
        if !text.is_empty() && !named {
            let weak = text.len() < 32;
            let note = if weak {
                "a short secret in the code"
            } else {
                "a secret in the code"
            };
            claims.push(
                at(script, &RULE, call, &format!("{callee} uses {note}."))
                    .at_sink(callee.clone())
                    .hiding(text),
            );
        }
    }
}
