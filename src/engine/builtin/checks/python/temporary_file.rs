//! `tempfile.mktemp`: a name now, the file later.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-temporary-file-race",
    area: "python",
    title: "Race for a temporary file",
    severity: Severity::Low,
    category: "files",
    cwe: &["CWE-377"],
    owasp: &["A01:2021"],
    description: "tempfile.mktemp gives a name that is free at that moment and creates nothing.",
    impact: "Another local user can create the file first, or a link in its place.",
    remediation: "Use tempfile.NamedTemporaryFile, mkstemp or TemporaryDirectory, which create what they name.",
    bad: r#"import tempfile

def scratch():
    return open(tempfile.mktemp(), "w")
"#,
    good: r#"import tempfile

def scratch():
    return tempfile.NamedTemporaryFile("w")
"#,
    references: &["https://docs.python.org/3/library/tempfile.html#tempfile.mktemp"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        if module.callee(call).as_deref() == Some("tempfile.mktemp") {
            claims.push(
                Claim::new(
                    &RULE,
                    module.span(call),
                    "tempfile.mktemp gives a name that somebody else may take first.",
                )
                .in_symbol(module.symbol(call))
                .at_sink("tempfile.mktemp"),
            );
        }
    }
}
