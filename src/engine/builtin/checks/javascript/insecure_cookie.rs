//! Session cookie without protection.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-insecure-cookie",
    area: "javascript",
    title: "Session cookie without protection",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-614", "CWE-1004"],
    owasp: &["A05:2021"],
    description: "A cookie that holds a session or token has httpOnly or secure switched off.",
    impact: "A script in the page, or somebody on the way, reads the session.",
    remediation: "Set httpOnly: true, secure: true and sameSite.",
    bad: r#"app.post("/login", (req, res) => {
  res.cookie("session", id, { httpOnly: false });
});
"#,
    good: r#"app.post("/login", (req, res) => {
  res.cookie("session", id, { httpOnly: true, secure: true, sameSite: "lax" });
});
"#,
    references: &["https://developer.mozilla.org/docs/Web/HTTP/Guides/Cookies"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let args = script.args(call);
        let callee = script.callee(call).unwrap_or_default();
        let options = match (callee.as_str(), script.method(call)) {
            ("express-session", _) => args
                .first()
                .and_then(|options| script.option(*options, "cookie")),
            ("cookie-session", _) => args.first().copied(),
            (_, Some((_, "cookie"))) => {
                let name = args
                    .first()
                    .and_then(|name| script.string(*name))
                    .unwrap_or_default()
                    .to_lowercase();
                let held = ["session", "token", "auth", "sid", "jwt"]
                    .iter()
                    .any(|word| name.contains(word));
                // A CSRF token is meant to be read by the page.
                args.get(2)
                    .copied()
                    .filter(|_| held && !name.contains("csrf") && !name.contains("xsrf"))
            }
            _ => None,
        };
        let Some(options) = options else { continue };
        for key in ["httpOnly", "secure"] {
            if script
                .option(options, key)
                .and_then(|value| script.truth(value))
                == Some(false)
            {
                let claim = at(
                    script,
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
}
