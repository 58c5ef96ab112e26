//! Raw HTML in a React component.

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
    id: "javascript-react-raw-html",
    area: "javascript",
    title: "Raw HTML in a React component",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-79"],
    owasp: &["A03:2021"],
    description: "dangerouslySetInnerHTML gets a part of the address or of a request.",
    impact: "A link runs a script in the name of the user who follows it.",
    remediation: "Render the value as text, or clean it with a sanitiser.",
    bad: r#"export const Hello = () => <p dangerouslySetInnerHTML={{ __html: location.hash }} />;
"#,
    good: r#"export const Hello = () => <p>{location.hash}</p>;
"#,
    references: &["https://react.dev/reference/react-dom/components/common"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for attribute in script.all("jsx_attribute") {
        let mut parts = script.tree.children(attribute);
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            continue;
        };
        if script.text(name) != "dangerouslySetInnerHTML" {
            continue;
        }
        let object = script.tree.children(value).next().unwrap_or(value);
        let Some(html) = script.option(object, "__html") else {
            continue;
        };
        let made = script.made(html);
        let claim = |what: &str| {
            at(
                script,
                &RULE,
                attribute,
                &format!("dangerouslySetInnerHTML gets {what}."),
            )
            .at_sink("dangerouslySetInnerHTML")
        };
        claims.extend(match script.origin(html) {
            Origin::Constant => None,
            _ if made.open.is_empty() => None,
            Origin::Page | Origin::Remote => Some(claim("a part of the address or of a request")),
            Origin::Unknown => Some(
                claim("a value that is not fixed here")
                    .severity(Severity::Low)
                    .into_lead(),
            ),
        });
    }
}
