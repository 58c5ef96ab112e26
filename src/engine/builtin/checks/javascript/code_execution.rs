//! Code is made from data.

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
    id: "javascript-code-execution",
    area: "javascript",
    title: "Code is made from data",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-95"],
    owasp: &["A03:2021"],
    description: "eval, the Function constructor, a timer or the vm module runs text that is not fixed.",
    impact: "Whoever has a part in the text runs code with the rights of the process or page.",
    remediation: "Parse data with JSON.parse; choose behaviour from a table of functions.",
    bad: r#"app.get("/sum", (req, res) => {
  res.json(eval(req.query.expression));
});
"#,
    good: r#"function sum(text) {
  return JSON.parse(text).reduce((a, b) => a + b, 0);
}
"#,
    references: &[
        "https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/eval",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script
        .all("call_expression")
        .chain(script.all("new_expression"))
    {
        let Some(callee) = script.callee(call) else {
            continue;
        };
        let args = script.args(call);
        let code = match callee.as_str() {
            "eval" | "window.eval" | "globalThis.eval" | "global.eval" => args.first(),
            "Function" | "window.Function" | "globalThis.Function" => args.last(),
            "setTimeout" | "setInterval" | "window.setTimeout" | "window.setInterval" => {
                args.first().filter(|first| script.made(**first).built)
            }
            "vm.runInNewContext" | "vm.runInThisContext" | "vm.runInContext" | "vm.Script" => {
                args.first()
            }
            _ => None,
        };
        let Some(code) = code else { continue };
        let claim = |what: &str| {
            at(script, &RULE, call, &format!("{callee} runs {what}.")).at_sink(callee.clone())
        };
        claims.extend(match script.origin(*code) {
            Origin::Constant => None,
            Origin::Remote => Some(claim("text from a request").severity(Severity::Critical)),
            Origin::Page => Some(claim("text from the page's address").severity(Severity::High)),
            // Running code that is handed over is what these are for.
            Origin::Unknown if callee.starts_with("vm.") => {
                Some(claim("text that is not fixed here").into_lead())
            }
            Origin::Unknown if script.made(*code).open.is_empty() => None,
            Origin::Unknown => {
                let claim = claim("text that is not fixed here").confidence(0.6);
                // Compilers of templates and the like make functions; that is their job.
                let compiles = callee.ends_with("Function");
                Some(if script.made(*code).built && !compiles {
                    claim
                } else {
                    claim.into_lead()
                })
            }
        });
    }
}
