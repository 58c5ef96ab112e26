//! Redirect to an address from the request.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::python::{Module, Origin},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "python-open-redirect",
    area: "python",
    title: "Redirect to an address from the request",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-601"],
    owasp: &["A01:2021"],
    description: "redirect gets an address that a part of the request begins.",
    impact: "A link to your site leads to a copy of it that asks for passwords.",
    remediation: "Redirect to routes by name, or check the host with url_has_allowed_host_and_scheme.",
    bad: r#"from flask import redirect, request

def go():
    return redirect(request.args["next"])
"#,
    good: r#"from flask import redirect, url_for

def go():
    return redirect(url_for("home"))
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/Unvalidated_Redirects_and_Forwards_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let redirects = matches!(
            callee.as_str(),
            "flask.redirect"
                | "werkzeug.utils.redirect"
                | "django.shortcuts.redirect"
                | "django.http.HttpResponseRedirect"
                | "fastapi.responses.RedirectResponse"
                | "starlette.responses.RedirectResponse"
        );
        let Some(target) = module.args(call).get(0, "url").filter(|_| redirects) else {
            continue;
        };
        let value = if module.tree.kind(target) == "identifier" {
            module.value_of(target).unwrap_or(target)
        } else {
            target
        };
        let whole = module.text(value);
        let text = whole.trim_start_matches(['f', 'r', '(']);
        // A fixed beginning leaves only the path open; reversing a route names it.
        let fixed = text.starts_with(['"', '\'']) && !text[1..].starts_with(['{', '%', '"', '\''])
            || [
                "url_for(",
                "reverse(",
                "build_absolute_uri",
                "get_full_path",
            ]
            .iter()
            .any(|word| whole.contains(word));
        // What a function makes of it may be anything, and the request's own address is no foreign one.
        let read = !matches!(module.tree.kind(value), "identifier" | "call")
            || matches!(module.tree.kind(value), "call")
                && matches!(
                    module.method(value),
                    Some("get" | "getlist" | "pop" | "getone")
                );
        let own = [
            "request.url",
            "request.path",
            "request.full_path",
            "request.referrer",
            "request.base_url",
        ]
        .contains(&whole);
        let scope = module.scope(call);
        let checked = !read
            || own
            || scope != 0
                && [
                    "url_has_allowed_host_and_scheme",
                    "is_safe",
                    "urlparse(",
                    "urlsplit(",
                    "allowed",
                    "startswith(",
                ]
                .iter()
                .any(|word| module.text(scope).contains(word));
        if !fixed && !checked && module.origin(target) == Origin::Remote {
            let claim = at(
                module,
                &RULE,
                call,
                "A caller chooses where the redirect leads.",
            );
            claims.push(claim.at_sink(callee));
        }
    }
}
