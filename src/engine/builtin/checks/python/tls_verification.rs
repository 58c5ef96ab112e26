//! Connections that do not check whom they talk to.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::{python::Module, tree::NodeId},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "python-tls-verification-off",
    area: "python",
    title: "Certificate verification is off",
    severity: Severity::High,
    category: "crypto",
    cwe: &["CWE-295"],
    owasp: &["A07:2021"],
    description: "A TLS connection is told not to check the certificate of the other side.",
    impact: "Anybody on the way can pose as the server, read what is sent and change what comes back.",
    remediation: "Leave verification on. For a private authority pass its certificate (verify=\"/path/ca.pem\", cafile=…).",
    bad: r#"import requests

def fetch():
    return requests.get("https://api.internal/", verify=False)
"#,
    good: r#"import requests

def fetch():
    return requests.get("https://api.internal/", verify="/etc/ssl/internal.pem")
"#,
    references: &["https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification"],
};

/// A switch that a user turns is by design; the place is then worth a look only.
const SWITCHES: &[&str] = &[
    "verify", "insecure", "cert", "ssl", "tls", "check", "validate", "trust",
];

const CLIENTS: &[&str] = &[
    "requests",
    "httpx",
    "aiohttp",
    "urllib3",
    "botocore",
    "boto3",
    "ssl",
    "websockets",
    "websocket",
];

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let callee = module.callee(call).unwrap_or_default();
        let args = module.args(call);
        let off =
            |name: &str| args.keyword(name).and_then(|value| module.truth(value)) == Some(false);
        let method = module.method(call).unwrap_or_default();
        let http = matches!(
            method,
            "get"
                | "post"
                | "put"
                | "patch"
                | "delete"
                | "head"
                | "options"
                | "request"
                | "send"
                | "stream"
                | "Client"
                | "AsyncClient"
        );
        let client = CLIENTS
            .iter()
            .any(|client| callee.starts_with(client) && callee[client.len()..].starts_with('.'));
        let library = client || http && (module.imports("requests") || module.imports("httpx"));
        let what = if library && off("verify") && !callee.starts_with("ssl.") {
            "verify=False"
        } else if off("verify_ssl") && module.imports("aiohttp") {
            "verify_ssl=False"
        } else if http && off("ssl") && module.imports("aiohttp") {
            "ssl=False"
        } else if callee == "ssl._create_unverified_context" {
            "an unverified context"
        } else if args
            .keyword("cert_reqs")
            .is_some_and(|value| is_cert_none(module, value))
        {
            "CERT_NONE"
        } else {
            continue;
        };
        push(module, call, what, claims);
    }
    for assignment in module.tree.of_kind("assignment") {
        let (Some(left), Some(right)) = (
            module.tree.field(assignment, "left"),
            module.tree.field(assignment, "right"),
        ) else {
            continue;
        };
        if module.tree.kind(left) != "attribute" {
            continue;
        }
        let target = module
            .tree
            .field(left, "attribute")
            .map_or("", |name| module.text(name));
        let off = match target {
            "verify_mode" => is_cert_none(module, right),
            "verify" => {
                module.truth(right) == Some(false)
                    && module.tree.field(left, "object").is_some_and(|object| {
                        let name = module.text(object).to_lowercase();
                        let made_here = module
                            .value_of(object)
                            .and_then(|value| module.callee(value));
                        module.imports("requests") && name.contains("session")
                            || made_here.is_some_and(|made| {
                                made == "requests.Session" || made == "requests.session"
                            })
                    })
            }
            "_create_default_https_context" => {
                module.qualified(right).as_deref() == Some("ssl._create_unverified_context")
            }
            _ => false,
        };
        if off {
            push(module, assignment, target, claims);
        }
    }
}

fn is_cert_none(module: &Module<'_>, value: NodeId) -> bool {
    module.qualified(value).is_some_and(|name| {
        name == "ssl.CERT_NONE" || name.ends_with(".CERT_NONE") && name.contains("ssl")
    }) || module.string(value) == Some("CERT_NONE")
}

fn push(module: &Module<'_>, node: NodeId, what: &str, claims: &mut Vec<Claim>) {
    let claim = Claim::new(
        &RULE,
        module.span(node),
        format!("Certificates are not checked here ({what})."),
    )
    .in_symbol(module.symbol(node))
    .at_sink(what.to_owned());
    claims.push(
        if module.under_condition(node, SWITCHES) || is_named_insecure(module, node) {
            claim.severity(Severity::Medium).into_lead()
        } else {
            claim
        },
    );
}

/// A function that says in its name that it does not verify is chosen knowingly by its caller.
fn is_named_insecure(module: &Module<'_>, node: NodeId) -> bool {
    let symbol = module.symbol(node).to_lowercase();
    [
        "insecure",
        "unverified",
        "no_verify",
        "noverify",
        "without_verif",
    ]
    .iter()
    .any(|word| symbol.contains(word))
}
