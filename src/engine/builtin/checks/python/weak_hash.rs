//! MD5 and SHA-1 where a cryptographic hash is wanted.
//!
//! Most uses are checksums and cache keys, so only names that speak of passwords, signatures or
//! tokens make a finding; the rest are leads.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::{python::Module, tree::NodeId},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "python-weak-hash",
    area: "python",
    title: "Weak hash for something secret",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-328"],
    owasp: &["A02:2021"],
    description: "MD5 or SHA-1 is used where the names around it speak of passwords, signatures or tokens.",
    impact: "Collisions can be made for both, and passwords hashed with them are guessed by the billion per second.",
    remediation: "Use hashlib.scrypt or argon2 for passwords, hmac with SHA-256 for signatures. For mere checksums say so with usedforsecurity=False.",
    bad: r#"import hashlib

def hash_password(password):
    return hashlib.md5(password.encode()).hexdigest()
"#,
    good: r#"import hashlib

def hash_password(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
"#,
    references: &["https://docs.python.org/3/library/hashlib.html"],
};

const HINTS: &[&str] = &[
    "password",
    "passwd",
    "signature",
    "credential",
    "api_key",
    "apikey",
    "session_id",
    "reset_token",
    "auth_token",
    "access_token",
    "csrf",
];

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let args = module.args(call);
        let name = match callee.as_str() {
            "hashlib.md5" | "Crypto.Hash.MD5.new" | "Cryptodome.Hash.MD5.new" => "MD5",
            "hashlib.sha1"
            | "Crypto.Hash.SHA1.new"
            | "Cryptodome.Hash.SHA1.new"
            | "Crypto.Hash.SHA.new" => "SHA-1",
            "hashlib.new" => match args
                .get(0, "name")
                .and_then(|name| module.string(name))
                .map(str::to_lowercase)
                .as_deref()
            {
                Some("md5") => "MD5",
                Some("sha1" | "sha-1") => "SHA-1",
                _ => continue,
            },
            _ => continue,
        };
        if args
            .keyword("usedforsecurity")
            .and_then(|value| module.truth(value))
            == Some(false)
        {
            continue;
        }
        let words = hints_around(module, call);
        let about = HINTS.iter().find(|hint| words.contains(**hint));
        let claim = |text: String| {
            Claim::new(&RULE, module.span(call), text)
                .in_symbol(module.symbol(call))
                .at_sink(callee.clone())
        };
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

/// Names around the call and inside its arguments.
fn hints_around(module: &Module<'_>, call: NodeId) -> String {
    let mut words = module.context_words(call);
    if module.tree.span(call).len() < 300 {
        words.push(' ');
        words.push_str(&module.text(call).to_lowercase());
    }
    words
}
