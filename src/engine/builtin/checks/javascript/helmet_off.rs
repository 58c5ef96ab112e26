//! Security headers are switched off.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-security-headers-off",
    area: "javascript",
    title: "Security headers are switched off",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-693"],
    owasp: &["A05:2021"],
    description: "A protection of helmet is switched off.",
    impact: "The browser is not told to refuse foreign scripts, frames or plain HTTP.",
    remediation: "Configure the header instead of removing it.",
    bad: r#"const helmet = require("helmet");
app.use(helmet({ contentSecurityPolicy: false }));
"#,
    good: r#"const helmet = require("helmet");
app.use(helmet({ contentSecurityPolicy: { directives: directives } }));
"#,
    references: &["https://helmetjs.github.io/"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        if script.callee(call).as_deref() != Some("helmet") {
            continue;
        }
        let Some(options) = script.args(call).first().copied() else {
            continue;
        };
        let off = [
            "contentSecurityPolicy",
            "frameguard",
            "hsts",
            "strictTransportSecurity",
            "xFrameOptions",
            "noSniff",
        ]
        .iter()
        .find(|key| {
            script
                .option(options, key)
                .and_then(|value| script.truth(value))
                == Some(false)
        });
        if let Some(key) = off {
            claims.push(
                at(script, &RULE, call, &format!("{key} is switched off.")).at_sink("helmet"),
            );
        }
    }
}
