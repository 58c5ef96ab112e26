//! Files fetched while building without a checksum.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile},
};

pub(crate) static RULE: Rule = Rule {
    id: "dockerfile-remote-add",
    area: "dockerfile",
    title: "ADD of a remote file without a checksum",
    severity: Severity::Low,
    category: "supply_chain",
    cwe: &["CWE-494"],
    owasp: &["A05:2021"],
    description: "ADD fetches a file from the network and nothing says what it must be.",
    impact: "Whoever controls the server or the way to it decides what goes into the image.",
    remediation: "Add --checksum=sha256:…, or fetch and verify in one RUN.",
    bad: r#"FROM alpine:3.22
ADD https://example.org/tool.tar.gz /opt/
USER 10001
CMD ["true"]
"#,
    good: r#"FROM alpine:3.22
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.org/tool.tar.gz /opt/
USER 10001
CMD ["true"]
"#,
    references: &["https://docs.docker.com/reference/dockerfile/#add"],
};

pub(crate) fn check(file: &Dockerfile, claims: &mut Vec<Claim>) {
    for (instruction, stage) in file.all() {
        // Also the JSON form: `["https://…", "/to/"]`.
        let remote = instruction
            .value
            .split_whitespace()
            .map(|word| word.trim_start_matches(['[', '"']))
            .any(|word| word.starts_with("http://") || word.starts_with("https://"));
        if instruction.keyword == "ADD" && remote && !instruction.value.contains("--checksum") {
            claims.push(
                Claim::new(
                    &RULE,
                    instruction.span.clone(),
                    "A remote file is added without a checksum.",
                )
                .in_symbol(stage)
                .at_sink("ADD"),
            );
        }
    }
}
