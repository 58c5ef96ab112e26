//! Weak hash for something secret.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-weak-hash",
    area: "javascript",
    title: "Weak hash for something secret",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-328"],
    owasp: &["A02:2021"],
    description: "MD5 or SHA-1 is used where the names around it speak of passwords, signatures or tokens.",
    impact: "Collisions can be made for both, and passwords hashed with them are guessed by the billion per second.",
    remediation: "Use scrypt or argon2 for passwords and an HMAC with SHA-256 for signatures.",
    bad: r#"const crypto = require("crypto");
function hashPassword(password) {
  return crypto.createHash("md5").update(password).digest("hex");
}
"#,
    good: r#"const crypto = require("crypto");
function hashPassword(password, salt) {
  return crypto.scryptSync(password, salt, 64);
}
"#,
    references: &["https://nodejs.org/api/crypto.html"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let callee = script.callee(call).unwrap_or_default();
        if callee != "crypto.createHash" {
            continue;
        }
        let name = script
            .args(call)
            .first()
            .and_then(|name| script.string(*name))
            .map(str::to_lowercase);
        let Some(name @ ("md5" | "sha1" | "md4" | "ripemd160")) = name.as_deref() else {
            continue;
        };
        let words = script.context_words(call);
        let about = [
            "password",
            "passwd",
            "signature",
            "credential",
            "apikey",
            "api_key",
            "resettoken",
            "sessionid",
            "csrf",
        ]
        .iter()
        .find(|word| words.contains(**word));
        let claim = |text: String| at(script, &RULE, call, &text).at_sink("crypto.createHash");
        claims.push(match about {
            Some(about) => {
                claim(format!("{name} is used where names speak of {about}.")).confidence(0.6)
            }
            None => claim(format!(
                "{name} is used; fine for checksums, not against an attacker."
            ))
            .severity(Severity::Low)
            .into_lead(),
        });
    }
}
