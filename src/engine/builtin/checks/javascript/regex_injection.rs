//! Regular expression from a request.

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
    id: "javascript-regex-injection",
    area: "javascript",
    title: "Regular expression from a request",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-1333"],
    owasp: &["A03:2021"],
    description: "A regular expression is made from a part of a request.",
    impact: "An expression that backtracks without end stops the process for everybody.",
    remediation: "Escape the text before, or search for it as plain text.",
    bad: r#"app.get("/find", (req, res) => {
  res.json(items.filter((item) => new RegExp(req.query.q).test(item)));
});
"#,
    good: r#"app.get("/find", (req, res) => {
  res.json(items.filter((item) => item.includes(req.query.q)));
});
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/Denial_of_Service_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script
        .all("new_expression")
        .chain(script.all("call_expression"))
    {
        if script.callee(call).as_deref() != Some("RegExp") {
            continue;
        }
        let Some(pattern) = script.args(call).first().copied() else {
            continue;
        };
        let open = !script.made(pattern).open.is_empty();
        if open && script.origin(pattern) == Origin::Remote {
            claims.push(
                at(script, &RULE, call, "A caller chooses the expression.").at_sink("RegExp"),
            );
        }
    }
}
