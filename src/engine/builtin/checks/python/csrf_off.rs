//! Protection against forged requests is off.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-csrf-protection-off",
    area: "python",
    title: "Protection against forged requests is off",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-352"],
    owasp: &["A01:2021"],
    description: "csrf_exempt is put on a view, or WTF_CSRF_ENABLED or WTF_CSRF_CHECK_DEFAULT is switched off.",
    impact: "A foreign page sends forms in the name of a user who is signed in.",
    remediation: "Remove the exemption; callers without cookies can authenticate with a header.",
    bad: r#"app.config["WTF_CSRF_ENABLED"] = False
"#,
    good: r#"app.config["WTF_CSRF_ENABLED"] = True
"#,
    references: &["https://docs.djangoproject.com/en/stable/ref/csrf/"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for assignment in module.tree.of_kind("assignment") {
        let (Some(left), Some(right)) = (
            module.tree.field(assignment, "left"),
            module.tree.field(assignment, "right"),
        ) else {
            continue;
        };
        let name = module.text(left).trim_end_matches(['"', '\'', ']']);
        let off = ["WTF_CSRF_ENABLED", "WTF_CSRF_CHECK_DEFAULT"]
            .iter()
            .any(|key| name.ends_with(key));
        let test = module.under_condition(assignment, &["test", "debug"])
            || module.symbol(assignment).to_lowercase().contains("test");
        if off && module.tree.kind(right) == "false" && !test {
            claims.push(
                at(
                    module,
                    &RULE,
                    assignment,
                    "Forms are accepted from foreign pages.",
                )
                .at_sink("WTF_CSRF_ENABLED"),
            );
        }
    }
    for decorator in module.tree.of_kind("decorator") {
        let Some(name) = module
            .tree
            .children(decorator)
            .next()
            .and_then(|name| module.qualified(name))
        else {
            continue;
        };
        if name == "django.views.decorators.csrf.csrf_exempt" {
            // Hooks of other services are called without cookies; that is seen by a person only.
            let claim = at(
                module,
                &RULE,
                decorator,
                "The view is exempt from the check for forged requests.",
            );
            claims.push(
                claim
                    .at_sink("csrf_exempt")
                    .severity(Severity::Low)
                    .into_lead(),
            );
        }
    }
}
