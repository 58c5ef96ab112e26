//! Files that everybody may change.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile},
};

pub(crate) static RULE: Rule = Rule {
    id: "dockerfile-world-writable",
    area: "dockerfile",
    title: "Files writable by everybody",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-732"],
    owasp: &["A05:2021"],
    description: "chmod gives everybody the right to write.",
    impact: "Any process in the container can replace what others run or read.",
    remediation: "Give the one user that needs it the right, with chown and 755 or 750.",
    bad: r#"FROM alpine:3.22
RUN chmod -R 777 /app
USER 10001
CMD ["true"]
"#,
    good: r#"FROM alpine:3.22
RUN chown -R 10001 /app
USER 10001
CMD ["true"]
"#,
    references: &[],
};

pub(crate) fn check(file: &Dockerfile, claims: &mut Vec<Claim>) {
    for (instruction, stage) in file.all() {
        let mut words = instruction.value.split_whitespace();
        let open = instruction.keyword == "RUN"
            && words.any(|word| word == "chmod")
            && words
                .any(|word| matches!(word, "777" | "0777" | "a+rwx" | "o+w" | "a+w" | "ugo+rwx"));
        if open && !instruction.value.contains("/tmp") {
            claims.push(
                Claim::new(
                    &RULE,
                    instruction.span.clone(),
                    "chmod lets everybody write.",
                )
                .in_symbol(stage)
                .at_sink("chmod"),
            );
        }
    }
}
