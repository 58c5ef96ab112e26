//! The predictable generator where a secret is made.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-insecure-random",
    area: "python",
    title: "Predictable random numbers for a secret",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-338"],
    owasp: &["A02:2021"],
    description: "The random module makes something that names call a password, token, one-time code or salt.",
    impact: "The generator's state can be worked out from its output, so the next secret can be told in advance.",
    remediation: "Use the secrets module (secrets.token_urlsafe, secrets.choice) or random.SystemRandom.",
    bad: r#"import random

def new_reset_token():
    return "".join(random.choice("abcdef0123456789") for _ in range(32))
"#,
    good: r#"import secrets

def new_reset_token():
    return secrets.token_hex(16)
"#,
    references: &["https://docs.python.org/3/library/secrets.html"],
};

const FUNCTIONS: &[&str] = &[
    "random",
    "choice",
    "choices",
    "randint",
    "randrange",
    "sample",
    "getrandbits",
    "randbytes",
    "uniform",
];
const HINTS: &[&str] = &[
    "password",
    "passwd",
    "passcode",
    "secret",
    "otp",
    "csrf",
    "salt",
    "session_id",
    "sessionid",
    "session_key",
    "api_key",
    "apikey",
    "auth_token",
    "access_token",
    "reset_token",
    "api_token",
    "verification_code",
    "security_code",
    "generate_token",
    "make_token",
    "create_token",
    "new_token",
];

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let weak = callee
            .strip_prefix("random.")
            .is_some_and(|name| FUNCTIONS.contains(&name));
        if !weak {
            continue;
        }
        let words = module.context_words(call);
        let parts = words.split(|character: char| !character.is_alphanumeric() && character != '_');
        let hint = HINTS.iter().find(|hint| {
            if hint.len() <= 4 {
                parts
                    .clone()
                    .any(|part| part.split('_').any(|word| word == **hint))
            } else {
                parts.clone().any(|part| part.contains(**hint))
            }
        });
        if let Some(hint) = hint {
            claims.push(
                Claim::new(
                    &RULE,
                    module.span(call),
                    format!("{callee} makes something named {hint}."),
                )
                .in_symbol(module.symbol(call))
                .at_sink(callee.clone())
                .confidence(0.7),
            );
        }
    }
}
