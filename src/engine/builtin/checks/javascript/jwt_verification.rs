//! Token signature is not checked.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-jwt-verification-off",
    area: "javascript",
    title: "Token signature is not checked",
    severity: Severity::High,
    category: "authentication",
    cwe: &["CWE-347"],
    owasp: &["A07:2021"],
    description: "jsonwebtoken accepts or makes tokens without a signature.",
    impact: "Anybody can write a token that the application takes for genuine.",
    remediation: "Verify with a fixed list of algorithms and the issuer's key.",
    bad: r#"const jwt = require("jsonwebtoken");
const user = jwt.verify(token, key, { algorithms: ["HS256", "none"] });
"#,
    good: r#"const jwt = require("jsonwebtoken");
const user = jwt.verify(token, key, { algorithms: ["HS256"] });
"#,
    references: &["https://www.rfc-editor.org/rfc/rfc8725"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let Some(callee) = script.callee(call) else {
            continue;
        };
        let args = script.args(call);
        let claim = |what: &str| at(script, &RULE, call, what).at_sink(callee.clone());
        match callee.as_str() {
            "jsonwebtoken.verify" => {
                let options = args.get(2);
                let none = options
                    .and_then(|options| script.option(*options, "algorithms"))
                    .is_some_and(|list| script.text(list).to_lowercase().contains("none"));
                let no_key = args.get(1).is_some_and(|key| {
                    matches!(script.tree.kind(*key), "null" | "false" | "undefined")
                        || script.literal(*key) == Some("")
                });
                let forever = options
                    .and_then(|options| script.option(*options, "ignoreExpiration"))
                    .and_then(|value| script.truth(value));
                if none || no_key {
                    claims.push(claim("Tokens without a signature are accepted."));
                } else if forever == Some(true) {
                    claims.push(claim("Expired tokens are accepted.").severity(Severity::Medium));
                }
            }
            "jsonwebtoken.sign" => {
                let algorithm = args
                    .get(2)
                    .and_then(|options| script.option(*options, "algorithm"));
                if algorithm
                    .and_then(|name| script.string(name))
                    .is_some_and(|name| name.eq_ignore_ascii_case("none"))
                {
                    claims.push(claim("The token is made without a signature."));
                }
            }
            "jsonwebtoken.decode" => {
                claims.push(
                    claim("The token is read without checking its signature.")
                        .severity(Severity::Low)
                        .into_lead(),
                );
            }
            _ => {}
        }
    }
}
