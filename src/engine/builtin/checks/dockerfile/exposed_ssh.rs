//! Remote shells in a container.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile},
};

pub(crate) static RULE: Rule = Rule {
    id: "dockerfile-exposed-ssh",
    area: "dockerfile",
    title: "SSH offered by the container",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-1188"],
    owasp: &["A05:2021"],
    description: "The image exposes port 22.",
    impact: "A second way in, with keys and passwords of its own, that nobody rotates.",
    remediation: "Use docker exec or the orchestrator's own access.",
    bad: r#"FROM debian:13
EXPOSE 22
USER 10001
CMD ["true"]
"#,
    good: r#"FROM debian:13
EXPOSE 8080
USER 10001
CMD ["true"]
"#,
    references: &[],
};

pub(crate) fn check(file: &Dockerfile, claims: &mut Vec<Claim>) {
    for (instruction, stage) in file.all() {
        let ssh = instruction
            .value
            .split_whitespace()
            .any(|port| matches!(port, "22" | "22/tcp"));
        if instruction.keyword == "EXPOSE" && ssh {
            claims.push(
                Claim::new(&RULE, instruction.span.clone(), "Port 22 is exposed.")
                    .in_symbol(stage)
                    .at_sink("EXPOSE"),
            );
        }
    }
}
