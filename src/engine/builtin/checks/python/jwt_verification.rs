//! Tokens whose signature is not checked.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::{python::Module, tree::NodeId},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "python-jwt-verification-off",
    area: "python",
    title: "Token signature is not checked",
    severity: Severity::High,
    category: "authentication",
    cwe: &["CWE-347"],
    owasp: &["A07:2021"],
    description: "jwt.decode is told not to verify the signature, or to accept the algorithm none.",
    impact: "Anybody can write a token that the application takes for genuine.",
    remediation: "Verify with a fixed list of algorithms and the issuer's key before using any claim.",
    bad: r#"import jwt

def user(token):
    return jwt.decode(token, options={"verify_signature": False})["sub"]
"#,
    good: r#"import jwt

def user(token, key):
    return jwt.decode(token, key, algorithms=["RS256"])["sub"]
"#,
    references: &["https://pyjwt.readthedocs.io/en/stable/usage.html"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        if !matches!(
            callee.as_str(),
            "jwt.decode" | "jose.jwt.decode" | "jwt.api_jwt.decode"
        ) {
            continue;
        }
        let args = module.args(call);
        let off = args.keyword("verify").and_then(|value| module.truth(value)) == Some(false)
            || args
                .keyword("options")
                .is_some_and(|options| signature_off(module, options))
            || args
                .get(2, "algorithms")
                .is_some_and(|list| accepts_none(module, list));
        if off {
            let unverified = module.symbol(call).to_lowercase().contains("unverified");
            let claim = Claim::new(
                &RULE,
                module.span(call),
                "The token is read without checking its signature.",
            )
            .in_symbol(module.symbol(call))
            .at_sink(callee);
            claims.push(if unverified {
                claim.severity(Severity::Medium).into_lead()
            } else {
                claim
            });
        }
    }
}

fn signature_off(module: &Module<'_>, options: NodeId) -> bool {
    let options = match module.tree.kind(options) {
        "identifier" => module.value_of(options).unwrap_or(options),
        _ => options,
    };
    module.tree.children(options).any(|pair| {
        let key = module
            .tree
            .field(pair, "key")
            .and_then(|key| module.string(key));
        let value = module
            .tree
            .field(pair, "value")
            .and_then(|value| module.truth(value));
        key == Some("verify_signature") && value == Some(false)
    })
}

fn accepts_none(module: &Module<'_>, list: NodeId) -> bool {
    matches!(module.tree.kind(list), "list" | "tuple")
        && module.tree.children(list).any(|name| {
            module
                .string(name)
                .is_some_and(|name| name.eq_ignore_ascii_case("none"))
        })
}
