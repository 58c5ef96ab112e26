//! Server fetches an address from the request.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::javascript::{Origin, Script},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-server-side-request",
    area: "javascript",
    title: "Server fetches an address from the request",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-918"],
    owasp: &["A10:2021"],
    description: "fetch, axios or another client gets an address whose host a part of the request chooses.",
    impact: "The caller reaches services that only the server can reach, such as cloud metadata.",
    remediation: "Choose the host from a fixed list.",
    bad: r#"const axios = require("axios");
app.get("/proxy", async (req, res) => {
  res.send((await axios.get(req.query.url)).data);
});
"#,
    good: r#"const axios = require("axios");
app.get("/proxy", async (req, res) => {
  res.send((await axios.get("https://api.example.org/" + encodeURIComponent(req.query.name))).data);
});
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let callee = script.callee(call).unwrap_or_default();
        let client = callee.split('.').next().unwrap_or_default();
        if !matches!(
            client,
            "fetch"
                | "axios"
                | "got"
                | "request"
                | "needle"
                | "node-fetch"
                | "superagent"
                | "undici"
        ) && !matches!(
            callee.as_str(),
            "http.get" | "https.get" | "http.request" | "https.request"
        ) {
            continue;
        }
        let Some(first) = script.args(call).first().copied() else {
            continue;
        };
        let target = script.option(first, "url").unwrap_or(first);
        if script.tree.kind(target) == "object" {
            continue;
        }
        let made = script.made(target);
        let host = made.open.iter().find(|(part, before)| {
            let rest = before.split_once("://").map(|(_, rest)| rest);
            let chooses = before.is_empty() || rest.is_some_and(|rest| !rest.contains('/'));
            chooses && script.origin(*part) == Origin::Remote
        });
        if host.is_some() {
            claims.push(
                at(
                    script,
                    &RULE,
                    call,
                    &format!("{callee} gets an address that a caller chooses."),
                )
                .at_sink(callee.clone()),
            );
        }
    }
}
