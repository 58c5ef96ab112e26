//! Server fetches an address from the request.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::{
            python::{Module, Origin},
            tree::NodeId,
        },
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "python-server-side-request",
    area: "python",
    title: "Server fetches an address from the request",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-918"],
    owasp: &["A10:2021"],
    description: "requests, urllib, httpx or aiohttp gets an address whose host a part of a web request chooses.",
    impact: "The caller reaches services that only the server can reach, such as cloud metadata.",
    remediation: "Choose the host from a fixed list.",
    bad: r#"import requests
from flask import request

def proxy():
    return requests.get(request.args["url"]).text
"#,
    good: r#"import requests
from flask import request

def proxy():
    return requests.get("https://api.example.org/", params={"q": request.args["q"]}).text
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let (client, method) = callee.rsplit_once('.').unwrap_or(("", &callee));
        let fetches = matches!(client, "requests" | "httpx")
            && matches!(
                method,
                "get" | "post" | "put" | "delete" | "patch" | "head" | "request" | "options"
            )
            || matches!(
                callee.as_str(),
                "urllib.request.urlopen"
                    | "urllib.request.Request"
                    | "urllib.request.urlretrieve"
                    | "aiohttp.request"
            );
        if !fetches {
            continue;
        }
        let index = usize::from(matches!(method, "request"));
        let Some(url) = module.args(call).get(index, "url") else {
            continue;
        };
        let first = module.made(url).open.first().copied();
        // What a function makes of a request may be anything.
        let read = |part| {
            module.tree.kind(part) != "call"
                || matches!(
                    module.method(part),
                    Some("get" | "getlist" | "get_json" | "pop")
                )
        };
        let chosen = first.is_some_and(|part| read(part) && module.origin(part) == Origin::Remote);
        if chosen && chooses_host(module, url) {
            let claim = at(
                module,
                &RULE,
                call,
                &format!("{callee} gets an address that a caller chooses."),
            );
            claims.push(claim.at_sink(callee));
        }
    }
}

/// Whether nothing fixed stands before the host: `https://fixed.example/` leaves only the path open.
fn chooses_host(module: &Module<'_>, url: NodeId) -> bool {
    let url = if module.tree.kind(url) == "identifier" {
        module.value_of(url).unwrap_or(url)
    } else {
        url
    };
    let text = module.text(url);
    let Some((_, rest)) = text.split_once("://") else {
        return true;
    };
    let host = rest.split(['/', '"', '\'']).next().unwrap_or_default();
    let ends_early = rest[host.len()..].starts_with(['"', '\'']);
    host.is_empty() || host.contains(['{', '%']) || ends_early
}
