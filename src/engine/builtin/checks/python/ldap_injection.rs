//! LDAP filter is put together from a request.

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
    id: "python-ldap-injection",
    area: "python",
    title: "LDAP filter is put together from a request",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-90"],
    owasp: &["A03:2021"],
    description: "A filter for an LDAP search contains a part of a web request.",
    impact: "With * and parentheses the caller matches other entries, or everything.",
    remediation: "Escape values with ldap.filter.escape_filter_chars or ldap3.utils.conv.escape_filter_chars.",
    bad: r#"import ldap
from flask import request

def find(connection):
    return connection.search_s("dc=example", ldap.SCOPE_SUBTREE, "(uid=" + request.args["uid"] + ")")
"#,
    good: r#"import ldap
from flask import request
from ldap.filter import escape_filter_chars

def find(connection):
    return connection.search_s("dc=example", ldap.SCOPE_SUBTREE, "(uid=%s)" % escape_filter_chars(request.args["uid"]))
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/LDAP_Injection_Prevention_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    if !["ldap", "ldap3"].iter().any(|name| module.imports(name)) {
        return;
    }
    for call in module.calls() {
        let Some(method @ ("search_s" | "search" | "search_ext" | "search_ext_s" | "search_st")) =
            module.method(call)
        else {
            continue;
        };
        let args = module.args(call);
        let values = args
            .positional
            .iter()
            .copied()
            .chain(args.keyword("search_filter"))
            .chain(args.keyword("filterstr"));
        let open = values.into_iter().any(|value| {
            !module.text(value).contains("escape")
                && module.origin(value) == Origin::Remote
                && !escaped(module, call)
        });
        if open {
            let claim = at(
                module,
                &RULE,
                call,
                "The filter contains a part of a request.",
            );
            claims.push(claim.at_sink(method));
        }
    }
}

fn escaped(module: &Module<'_>, call: NodeId) -> bool {
    let scope = module.scope(call);
    scope != 0 && module.text(scope).contains("escape_filter_chars(")
}
