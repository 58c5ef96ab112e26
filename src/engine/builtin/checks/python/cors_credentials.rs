//! Any origin may use the user's session.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-cors-any-origin-with-credentials",
    area: "python",
    title: "Any origin may use the user's session",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-942"],
    owasp: &["A05:2021"],
    description: "CORS is set to answer every origin and to permit credentials.",
    impact: "Every page the user visits reads what the API answers in the user's name.",
    remediation: "List the origins that may do so.",
    bad: r#"from fastapi.middleware.cors import CORSMiddleware

app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
"#,
    good: r#"from fastapi.middleware.cors import CORSMiddleware

app.add_middleware(CORSMiddleware, allow_origins=["https://app.example.org"], allow_credentials=True)
"#,
    references: &["https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let args = module.args(call);
        let is_on =
            |name: &str| args.keyword(name).and_then(|value| module.truth(value)) == Some(true);
        let any = |name: &str| {
            args.keyword(name).is_some_and(|value| {
                matches!(
                    module.text(value),
                    "\"*\"" | "'*'" | "[\"*\"]" | "['*']" | "\".*\"" | "'.*'" | "r\".*\"" | "r'.*'"
                )
            })
        };
        let middleware = args
            .positional
            .first()
            .and_then(|first| module.qualified(*first));
        let starlette = middleware.is_some_and(|name| name.ends_with(".CORSMiddleware"));
        let flask = module.callee(call).is_some_and(|name| {
            matches!(name.as_str(), "flask_cors.CORS" | "flask_cors.cross_origin")
        });
        let found = starlette
            && is_on("allow_credentials")
            && (any("allow_origins") || any("allow_origin_regex"))
            || flask
                && is_on("supports_credentials")
                && (any("origins")
                    || args.keyword("origins").is_none() && args.keyword("resources").is_none());
        if found {
            let claim = at(
                module,
                &RULE,
                call,
                "Every origin is answered with credentials.",
            );
            claims.push(claim.at_sink("CORS"));
        }
    }
}
