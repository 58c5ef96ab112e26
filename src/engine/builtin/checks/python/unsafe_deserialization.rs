//! Formats whose reading runs code: pickle and its kin, YAML with a full loader.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::python::{Module, Origin},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "python-unsafe-deserialization",
    area: "python",
    title: "Unsafe deserialisation",
    severity: Severity::High,
    category: "deserialization",
    cwe: &["CWE-502"],
    owasp: &["A08:2021"],
    description: "Data is read by a format that can build any object, so that reading it can run code: pickle, marshal, dill, jsonpickle, or yaml.load without a safe loader.",
    impact: "Data made by an attacker runs code as soon as it is read.",
    remediation: "Use a data-only format (JSON, yaml.safe_load), or authenticate the data before reading it.",
    bad: r#"import yaml

def read(stream):
    return yaml.load(stream, Loader=yaml.Loader)
"#,
    good: r#"import yaml

def read(stream):
    return yaml.safe_load(stream)
"#,
    references: &[
        "https://docs.python.org/3/library/pickle.html",
        "https://github.com/yaml/pyyaml/wiki/PyYAML-yaml.load(input)-Deprecation",
    ],
};

const READERS: &[&str] = &[
    "pickle.load",
    "pickle.loads",
    "pickle.Unpickler",
    "cPickle.load",
    "cPickle.loads",
    "_pickle.load",
    "_pickle.loads",
    "dill.load",
    "dill.loads",
    "cloudpickle.load",
    "cloudpickle.loads",
    "marshal.load",
    "marshal.loads",
    "shelve.open",
    "jsonpickle.decode",
    "pandas.read_pickle",
    "joblib.load",
];

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let args = module.args(call);
        let Some(data) = args
            .positional
            .first()
            .copied()
            .or_else(|| args.keyword("stream"))
        else {
            continue;
        };
        let claim = |text: String| {
            Claim::new(&RULE, module.span(call), text)
                .in_symbol(module.symbol(call))
                .at_sink(callee.clone())
        };
        let origin = module.origin(data);
        if origin == Origin::Constant {
            continue;
        }
        let remote = origin == Origin::Remote;
        if READERS.contains(&callee.as_str()) {
            claims.push(if remote {
                claim(format!("{callee} reads data from a web request."))
                    .severity(Severity::Critical)
            } else {
                claim(format!(
                    "{callee} reads data whose origin is not seen here."
                ))
                .severity(Severity::Medium)
                .into_lead()
            });
        } else if matches!(
            callee.as_str(),
            "yaml.load" | "yaml.load_all" | "yaml.unsafe_load" | "yaml.unsafe_load_all"
        ) {
            let loader = args.get(1, "Loader").filter(|_| !callee.contains("unsafe"));
            let name = loader.map(|loader| module.qualified(loader).unwrap_or_default());
            let claim = match name.as_deref() {
                _ if args.open => continue,
                None => claim(format!("{callee} builds any object the document names.")),
                Some(
                    "yaml.Loader"
                    | "yaml.UnsafeLoader"
                    | "yaml.CLoader"
                    | "yaml.loader.Loader"
                    | "yaml.loader.UnsafeLoader",
                ) => claim(format!(
                    "{callee} is given a loader that builds any object."
                )),
                Some(_) => continue,
            };
            claims.push(if remote {
                claim.severity(Severity::Critical)
            } else {
                claim.severity(Severity::Medium).confidence(0.7)
            });
        }
    }
}
