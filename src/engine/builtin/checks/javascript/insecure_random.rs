//! Predictable random value for something secret.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-insecure-random",
    area: "javascript",
    title: "Predictable random value for something secret",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-338"],
    owasp: &["A02:2021"],
    description: "Math.random makes a token, password, code or key.",
    impact: "The next values can be computed from a few earlier ones.",
    remediation: "Use crypto.randomBytes, crypto.randomUUID or crypto.getRandomValues.",
    bad: r#"const resetToken = Math.random().toString(36).slice(2);
"#,
    good: r#"const resetToken = crypto.randomBytes(32).toString("hex");
"#,
    references: &[
        "https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/Math/random",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        if script.callee(call).as_deref() != Some("Math.random") {
            continue;
        }
        let words = script.context_words(call).replace(['_', '-'], "");
        let about = [
            "password",
            "passwd",
            "secret",
            "sessionid",
            "resettoken",
            "accesstoken",
            "authtoken",
            "csrf",
            "apikey",
            "otp",
            "generatetoken",
            "createtoken",
            "verificationcode",
            "salt",
        ]
        .iter()
        .find(|word| {
            words.split([' ', '.']).any(|name| {
                if **word == "otp" {
                    name == "otp" || name.ends_with("otp") && name.starts_with("generate")
                } else {
                    name.contains(**word)
                }
            })
        });
        if let Some(about) = about {
            let text = format!("Math.random is used where names speak of {about}.");
            claims.push(
                at(script, &RULE, call, &text)
                    .confidence(0.7)
                    .at_sink("Math.random"),
            );
        }
    }
}
