//! Session cookie without protection.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-insecure-cookie",
    area: "python",
    title: "Session cookie without protection",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-1004", "CWE-614"],
    owasp: &["A05:2021"],
    description: "A cookie that holds a session or token is set with httponly or secure switched off, or settings do so for all.",
    impact: "A script in the page, or somebody on the way, reads the session.",
    remediation: "Set httponly=True, secure=True and samesite.",
    bad: r#"def login(response, token):
    response.set_cookie("session", token, httponly=False)
"#,
    good: r#"def login(response, token):
    response.set_cookie("session", token, httponly=True, secure=True, samesite="Lax")
"#,
    references: &["https://developer.mozilla.org/docs/Web/HTTP/Guides/Cookies"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        if module.method(call) != Some("set_cookie") {
            continue;
        }
        let args = module.args(call);
        let name = args
            .get(0, "key")
            .and_then(|name| module.string(name))
            .unwrap_or_default()
            .to_lowercase();
        let held = ["session", "token", "auth", "sid", "jwt"]
            .iter()
            .any(|word| name.contains(word));
        if !held || name.contains("csrf") || name.contains("xsrf") {
            continue;
        }
        for key in ["httponly", "secure"] {
            if args.keyword(key).and_then(|value| module.truth(value)) == Some(false) {
                let claim = at(
                    module,
                    &RULE,
                    call,
                    &format!("The cookie has {key} switched off."),
                )
                .at_sink(key);
                claims.push(if key == "secure" {
                    claim.severity(Severity::Low)
                } else {
                    claim
                });
                break;
            }
        }
    }
    for assignment in module.tree.of_kind("assignment") {
        let (Some(left), Some(right)) = (
            module.tree.field(assignment, "left"),
            module.tree.field(assignment, "right"),
        ) else {
            continue;
        };
        let name = module.text(left);
        let set = ["SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SECURE"]
            .iter()
            .find(|key| {
                name == **key
                    || name.ends_with(&format!("[\"{key}\"]"))
                    || name.ends_with(&format!("['{key}']"))
            });
        if let (Some(key), "false") = (set, module.tree.kind(right)) {
            let claim = at(
                module,
                &RULE,
                assignment,
                &format!("{key} is switched off."),
            )
            .at_sink(*key);
            let local = module.under_condition(assignment, &["debug", "dev", "test", "local"]);
            // Without TLS in front the cookie would not be sent at all: a default of many projects.
            let unsure = local || key.ends_with("SECURE");
            claims.push(if unsure {
                claim.severity(Severity::Low).into_lead()
            } else {
                claim
            });
        }
    }
}
