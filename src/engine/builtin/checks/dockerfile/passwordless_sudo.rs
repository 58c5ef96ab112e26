//! Rights that undo the change of user.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile},
};

pub(crate) static RULE: Rule = Rule {
    id: "dockerfile-passwordless-sudo",
    area: "dockerfile",
    title: "sudo without a password",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "A user of the image may become root without a password.",
    impact: "Running as that user gives no protection: one command makes it root.",
    remediation: "Leave sudo out of the image and do privileged steps before USER.",
    bad: r#"FROM debian:13
RUN echo "app ALL=(ALL) NOPASSWD:ALL" > /etc/sudoers.d/app
USER app
CMD ["true"]
"#,
    good: r#"FROM debian:13
RUN useradd app
USER app
CMD ["true"]
"#,
    references: &[],
};

pub(crate) fn check(file: &Dockerfile, claims: &mut Vec<Claim>) {
    for (instruction, stage) in file.all() {
        let squeezed: String = instruction
            .value
            .chars()
            .filter(|character| !character.is_whitespace())
            .collect();
        let removed = squeezed.contains("sed-i");
        if instruction.keyword == "RUN" && squeezed.contains("NOPASSWD:ALL") && !removed {
            claims.push(
                Claim::new(
                    &RULE,
                    instruction.span.clone(),
                    "A user may become root without a password.",
                )
                .in_symbol(stage)
                .at_sink("sudo"),
            );
        }
    }
}
