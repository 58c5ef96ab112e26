//! Message to any origin.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-post-message-any-origin",
    area: "javascript",
    title: "Message to any origin",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-346"],
    owasp: &["A05:2021"],
    description: "postMessage sends data with the target origin *.",
    impact: "Whatever page sits in the other window reads the data.",
    remediation: "Name the origin that is meant.",
    bad: r#"frame.contentWindow.postMessage({ token: token }, "*");
"#,
    good: r#"frame.contentWindow.postMessage({ token: token }, "https://pay.example.org");
"#,
    references: &["https://developer.mozilla.org/docs/Web/API/Window/postMessage"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let Some((_, "postMessage")) = script.method(call) else {
            continue;
        };
        let args = script.args(call);
        let (Some(data), Some(target)) = (args.first(), args.get(1)) else {
            continue;
        };
        if script.string(*target) != Some("*") || script.is_constant(*data) {
            continue;
        }
        let words = script.text(*data).to_lowercase();
        let secret = [
            "token",
            "password",
            "secret",
            "credential",
            "auth",
            "session",
        ]
        .iter()
        .any(|word| words.contains(word));
        let claim = at(
            script,
            &RULE,
            call,
            "Data is sent to whatever origin the other window has.",
        )
        .at_sink("postMessage");
        claims.push(if secret {
            claim.severity(Severity::Medium)
        } else {
            claim.into_lead()
        });
    }
}
