//! TLS certificates are not checked.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-tls-verification-off",
    area: "javascript",
    title: "TLS certificates are not checked",
    severity: Severity::High,
    category: "crypto",
    cwe: &["CWE-295"],
    owasp: &["A07:2021"],
    description: "Certificate checks are switched off for a connection or for the whole process.",
    impact: "Everybody on the way can read and change the traffic.",
    remediation: "Remove the setting; give the missing authority by the ca option or NODE_EXTRA_CA_CERTS.",
    bad: r#"const https = require("https");
const agent = new https.Agent({ rejectUnauthorized: false });
"#,
    good: r#"const https = require("https");
const agent = new https.Agent({ ca: authority });
"#,
    references: &["https://nodejs.org/api/tls.html"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for pair in script.all("pair") {
        let (Some(key), Some(value)) = (
            script.tree.field(pair, "key"),
            script.tree.field(pair, "value"),
        ) else {
            continue;
        };
        let off = matches!(
            script.text(key).trim_matches(['"', '\'']),
            "rejectUnauthorized" | "strictSSL"
        );
        if off && script.tree.kind(value) == "false" {
            claims.push(
                at(script, &RULE, pair, "Certificates are not checked.")
                    .at_sink("rejectUnauthorized"),
            );
        }
    }
    for node in script.all("assignment_expression") {
        let (Some(left), Some(right)) = (
            script.tree.field(node, "left"),
            script.tree.field(node, "right"),
        ) else {
            continue;
        };
        let name = script.text(left);
        let process = name.contains("NODE_TLS_REJECT_UNAUTHORIZED")
            && matches!(script.text(right).trim_matches(['"', '\'', '`']), "0");
        let one = name.ends_with(".rejectUnauthorized") && script.tree.kind(right) == "false";
        if process || one {
            let what = if process {
                "Certificates are not checked in the whole process."
            } else {
                "Certificates are not checked."
            };
            claims.push(at(script, &RULE, node, what).at_sink("rejectUnauthorized"));
        }
    }
}
