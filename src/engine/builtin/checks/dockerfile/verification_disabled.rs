//! Certificate and signature checks switched off while building.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile},
};

pub(crate) static RULE: Rule = Rule {
    id: "dockerfile-verification-disabled",
    area: "dockerfile",
    title: "Checks switched off while building",
    severity: Severity::Medium,
    category: "supply_chain",
    cwe: &["CWE-295"],
    owasp: &["A05:2021"],
    description: "A download or a package manager is told not to check certificates or signatures.",
    impact: "Whoever sits between the build and the server decides what goes into the image.",
    remediation: "Leave the check on and install the missing certificate or key.",
    bad: r#"FROM alpine:3.22
RUN curl -k https://example.org/tool -o /usr/bin/tool
USER 10001
CMD ["true"]
"#,
    good: r#"FROM alpine:3.22
RUN curl -f https://example.org/tool -o /usr/bin/tool
USER 10001
CMD ["true"]
"#,
    references: &[],
};

const FLAGS: &[&str] = &[
    "--no-check-certificate",
    "--allow-unauthenticated",
    "--trusted-host",
    "--nogpgcheck",
    "--no-gpg-checks",
    "--allow-untrusted",
    "--force-yes",
    "--allow-insecure-repositories",
];
const TEXTS: &[&str] = &[
    "strict-ssl false",
    "strict-ssl=false",
    "http.sslverify false",
    "http.sslverify=false",
    "node_tls_reject_unauthorized=0",
    "git_ssl_no_verify=1",
    "git_ssl_no_verify=true",
    "pythonhttpsverify=0",
    "[trusted=yes]",
];

pub(crate) fn check(file: &Dockerfile, claims: &mut Vec<Claim>) {
    for (instruction, stage) in file.all() {
        if !matches!(instruction.keyword.as_str(), "RUN" | "ENV") {
            continue;
        }
        if let Some(what) = switched_off(&instruction.value) {
            claims.push(
                Claim::new(
                    &RULE,
                    instruction.span.clone(),
                    format!("A check is switched off ({what})."),
                )
                .in_symbol(stage)
                .at_sink(what),
            );
        }
    }
}

fn switched_off(script: &str) -> Option<&'static str> {
    let lower = script.to_lowercase();
    let flag = FLAGS.iter().find(|flag| {
        lower
            .split_whitespace()
            .any(|word| word.split('=').next() == Some(**flag))
    });
    let text = || TEXTS.iter().find(|text| lower.contains(**text));
    flag.or_else(text)
        .copied()
        .or_else(|| insecure_curl(script).then_some("curl -k"))
}

fn insecure_curl(script: &str) -> bool {
    script.split(['\n', ';', '|', '&']).any(|command| {
        let mut words = command.split_whitespace();
        words.any(|word| word == "curl" || word.ends_with("/curl"))
            && words.any(|word| {
                word == "--insecure"
                    || word.starts_with('-')
                        && !word.starts_with("--")
                        && word.len() <= 6
                        && word.contains('k')
            })
    })
}
