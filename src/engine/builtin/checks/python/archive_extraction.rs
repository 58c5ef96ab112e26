//! Archives unpacked without looking at member names (a lead).

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-archive-extraction",
    area: "python",
    title: "Archive unpacked without a filter",
    severity: Severity::Medium,
    category: "files",
    cwe: &["CWE-22"],
    owasp: &["A01:2021"],
    description: "tarfile's extractall is called without a filter, so members may carry absolute names, .. or links. Python 3.14 filters by default.",
    impact: "An archive made by an attacker overwrites files outside the target folder.",
    remediation: "Pass filter=\"data\".",
    bad: r#"import tarfile

def unpack(path, target):
    with tarfile.open(path) as archive:
        archive.extractall(target)
"#,
    good: r#"import tarfile

def unpack(path, target):
    with tarfile.open(path) as archive:
        archive.extractall(target, filter="data")
"#,
    references: &["https://docs.python.org/3/library/tarfile.html#tarfile-extraction-filter"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    if !module.imports("tarfile") {
        return;
    }
    for call in module
        .calls()
        .filter(|call| module.method(*call) == Some("extractall"))
    {
        let args = module.args(call);
        let zip = module
            .receiver(call)
            .is_some_and(|receiver| module.text(receiver).to_lowercase().contains("zip"));
        if args.keyword("filter").is_none()
            && args.keyword("members").is_none()
            && !args.open
            && !zip
        {
            claims.push(
                Claim::new(
                    &RULE,
                    module.span(call),
                    "An archive is unpacked without a filter on its members.",
                )
                .in_symbol(module.symbol(call))
                .at_sink("extractall")
                .into_lead(),
            );
        }
    }
}
