//! Markup is made from the address of the page.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::{
            javascript::{Origin, Script},
            tree::NodeId,
        },
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-dom-xss",
    area: "javascript",
    title: "Markup is made from the address of the page",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-79"],
    owasp: &["A03:2021"],
    description: "A part of the page's address, or of a request, is written into the page as markup.",
    impact: "A link runs a script in the name of the user who follows it.",
    remediation: "Set textContent, or clean the markup with a sanitiser.",
    bad: r##"document.querySelector("#hello").innerHTML = "Hello " + location.hash.slice(1);
"##,
    good: r##"document.querySelector("#hello").textContent = "Hello " + location.hash.slice(1);
"##,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/DOM_based_XSS_Prevention_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for node in script.all("assignment_expression") {
        let left = script
            .tree
            .field(node, "left")
            .filter(|left| script.tree.kind(*left) == "member_expression");
        let property = left
            .and_then(|left| script.tree.field(left, "property"))
            .map(|name| script.text(name));
        let (Some(name @ ("innerHTML" | "outerHTML" | "srcdoc")), Some(value)) =
            (property, script.tree.field(node, "right"))
        else {
            continue;
        };
        claims.extend(judge(script, node, value, name));
    }
    for call in script.all("call_expression") {
        let Some((_, method)) = script.method(call) else {
            continue;
        };
        let args = script.args(call);
        let value = match (method, script.callee(call).as_deref()) {
            (_, Some("document.write" | "document.writeln")) => args.first(),
            ("insertAdjacentHTML", _) => args.get(1),
            _ => None,
        };
        if let Some(value) = value {
            claims.extend(judge(script, call, *value, method));
        }
    }
}

fn judge(script: &Script<'_>, node: NodeId, value: NodeId, sink: &str) -> Option<Claim> {
    let made = script.made(value);
    if made.open.is_empty() {
        return None;
    }
    let claim = |what: &str| at(script, &RULE, node, &format!("{sink} gets {what}.")).at_sink(sink);
    match script.origin(value) {
        Origin::Constant => None,
        Origin::Page | Origin::Remote => Some(claim("a part of the address or of a request")),
        Origin::Unknown => Some(
            claim("a value that is not fixed here")
                .severity(Severity::Low)
                .into_lead(),
        ),
    }
}
