//! Outdated TLS version.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-weak-tls-version",
    area: "python",
    title: "Outdated TLS version",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-326"],
    owasp: &["A02:2021"],
    description: "A context or socket is told to use SSL or TLS 1.0 or 1.1.",
    impact: "Connections can be broken with known attacks on these versions.",
    remediation: "Use ssl.create_default_context(), which takes TLS 1.2 or newer.",
    bad: r#"import ssl

context = ssl.SSLContext(ssl.PROTOCOL_TLSv1)
"#,
    good: r#"import ssl

context = ssl.create_default_context()
"#,
    references: &["https://docs.python.org/3/library/ssl.html"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    const WEAK: &[&str] = &[
        "ssl.PROTOCOL_SSLv2",
        "ssl.PROTOCOL_SSLv3",
        "ssl.PROTOCOL_TLSv1",
        "ssl.PROTOCOL_TLSv1_1",
        "OpenSSL.SSL.SSLv2_METHOD",
        "OpenSSL.SSL.SSLv3_METHOD",
        "OpenSSL.SSL.TLSv1_METHOD",
        "OpenSSL.SSL.TLSv1_1_METHOD",
        "ssl.TLSVersion.SSLv3",
        "ssl.TLSVersion.TLSv1",
        "ssl.TLSVersion.TLSv1_1",
    ];
    let weak = |value| {
        module
            .qualified(value)
            .filter(|name| WEAK.contains(&name.as_str()))
    };
    for call in module.calls() {
        let args = module.args(call);
        let takes = module.callee(call).is_some_and(|name| {
            matches!(
                name.as_str(),
                "ssl.SSLContext" | "ssl.wrap_socket" | "OpenSSL.SSL.Context"
            )
        });
        let version = args
            .keyword("ssl_version")
            .or_else(|| args.get(0, "protocol"))
            .filter(|_| takes);
        if let Some(name) = version.and_then(weak) {
            claims.push(at(module, &RULE, call, &format!("{name} is used.")).at_sink(name));
        }
    }
    for assignment in module.tree.of_kind("assignment") {
        let (Some(left), Some(right)) = (
            module.tree.field(assignment, "left"),
            module.tree.field(assignment, "right"),
        ) else {
            continue;
        };
        if module.text(left).ends_with(".minimum_version")
            && let Some(name) = weak(right)
        {
            claims
                .push(at(module, &RULE, assignment, &format!("{name} is accepted.")).at_sink(name));
        }
    }
}
