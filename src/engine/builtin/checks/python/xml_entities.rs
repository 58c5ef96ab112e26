//! XML parsers told to load what a document points to. The setting alone is a lead: whose documents
//! the parser reads is what data flow tells.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-xml-external-entities",
    area: "python",
    title: "XML parser loads external entities",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-611"],
    owasp: &["A05:2021"],
    description: "A document from outside is read by an XML parser that is told to resolve entities, to load a DTD from the net, or to read external general entities. Where it is not known whose documents the parser reads, the setting is a lead.",
    impact: "A document can read local files, reach services inside the network, or use up memory.",
    remediation: "Leave resolve_entities off and no_network on, or use defusedxml.",
    bad: r#"from flask import Flask, request
from lxml import etree

app = Flask(__name__)

@app.post("/orders")
def order():
    parser = etree.XMLParser(resolve_entities=True, no_network=False)
    return etree.fromstring(request.data, parser).tag
"#,
    good: r#"from flask import Flask, request
from lxml import etree

app = Flask(__name__)

@app.post("/orders")
def order():
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(request.data, parser).tag
"#,
    references: &["https://lxml.de/apidoc/lxml.etree.html#lxml.etree.XMLParser"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let callee = module.callee(call).unwrap_or_default();
        let args = module.args(call);
        let truth = |name: &str| args.keyword(name).and_then(|value| module.truth(value));
        let what = if callee.starts_with("lxml.") && callee.ends_with("XMLParser") {
            if truth("resolve_entities") == Some(true) {
                "resolve_entities=True"
            } else if truth("no_network") == Some(false) && truth("load_dtd") == Some(true) {
                "load_dtd=True, no_network=False"
            } else {
                continue;
            }
        } else if module.method(call) == Some("setFeature")
            && args
                .positional
                .first()
                .and_then(|name| module.qualified(*name))
                .is_some_and(|name| name.ends_with("feature_external_ges"))
            && args
                .positional
                .get(1)
                .and_then(|value| module.truth(*value))
                == Some(true)
        {
            "feature_external_ges"
        } else {
            continue;
        };
        claims.push(
            Claim::new(
                &RULE,
                module.span(call),
                format!("The parser loads external entities ({what})."),
            )
            .in_symbol(module.symbol(call))
            .at_sink(what)
            .confidence(0.5)
            .into_lead(),
        );
    }
}
