//! Weak encryption.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-weak-cipher",
    area: "javascript",
    title: "Weak encryption",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-327"],
    owasp: &["A02:2021"],
    description: "A broken cipher, the mode ECB, or createCipher without an initialisation vector is used.",
    impact: "Encrypted data can be read or recognised without the key.",
    remediation: "Use createCipheriv with aes-256-gcm and a fresh nonce.",
    bad: r#"const crypto = require("crypto");
const cipher = crypto.createCipheriv("des-ede3-cbc", key, iv);
"#,
    good: r#"const crypto = require("crypto");
const cipher = crypto.createCipheriv("aes-256-gcm", key, nonce);
"#,
    references: &["https://nodejs.org/api/crypto.html"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let callee = script.callee(call).unwrap_or_default();
        let weak = match callee.as_str() {
            "crypto.createCipher" => {
                Some("derives key and vector from a password alone".to_owned())
            }
            "crypto.createCipheriv" => {
                let name = script
                    .args(call)
                    .first()
                    .and_then(|name| script.string(*name))
                    .unwrap_or_default()
                    .to_lowercase();
                let broken = name.starts_with("des")
                    || name.starts_with("rc4")
                    || name.starts_with("rc2")
                    || name.starts_with("bf")
                    || name.ends_with("-ecb");
                broken.then(|| format!("uses {name}"))
            }
            _ => None,
        };
        if let Some(what) = weak {
            claims.push(
                at(script, &RULE, call, &format!("{callee} {what}.")).at_sink(callee.clone()),
            );
        }
    }
}
