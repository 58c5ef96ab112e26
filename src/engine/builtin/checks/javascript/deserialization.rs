//! Data is deserialised into code.

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
    id: "javascript-unsafe-deserialization",
    area: "javascript",
    title: "Data is deserialised into code",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-502"],
    owasp: &["A08:2021"],
    description: "node-serialize, serialize-to-js or funcster turns data into objects with functions, or yaml loads a schema with functions.",
    impact: "A prepared document runs code while it is read.",
    remediation: "Exchange JSON and check it against a schema.",
    bad: r#"const serialize = require("node-serialize");
app.post("/", (req, res) => res.json(serialize.unserialize(req.body.data)));
"#,
    good: r#"app.post("/", (req, res) => res.json(JSON.parse(req.body.data)));
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/Deserialization_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let callee = script.callee(call).unwrap_or_default();
        let args = script.args(call);
        let Some(data) = args.first().filter(|data| !script.is_constant(**data)) else {
            continue;
        };
        let found = match callee.as_str() {
            "node-serialize.unserialize"
            | "serialize-to-js.deserialize"
            | "funcster.deepDeserialize"
            | "cryo.parse" => true,
            "js-yaml.load" => args
                .get(1)
                .is_some_and(|options| script.text(*options).contains("FULL_SCHEMA")),
            _ => false,
        };
        if found {
            let remote = script.origin(*data) == Origin::Remote;
            let claim = at(
                script,
                &RULE,
                call,
                &format!("{callee} may run code that stands in the data."),
            )
            .at_sink(callee.clone());
            claims.push(if remote {
                claim.severity(Severity::Critical)
            } else {
                claim
            });
        }
    }
}
