//! The user the finished image runs as.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile},
};

pub(crate) static RULE: Rule = Rule {
    id: "dockerfile-root-user",
    area: "dockerfile",
    title: "Container runs as root",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "The last stage never changes to a user without privileges, or changes back to root.",
    impact: "A fault in the application gives root inside the container, one kernel fault or mount away from the host.",
    remediation: "Create a user and switch to it with USER before the entry point.",
    bad: r#"FROM python:3.13-slim
CMD ["python", "-m", "app"]
"#,
    good: r#"FROM python:3.13-slim
USER 10001
CMD ["python", "-m", "app"]
"#,
    references: &["https://docs.docker.com/reference/dockerfile/#user"],
};

pub(crate) fn check(file: &Dockerfile, claims: &mut Vec<Claim>) {
    let Some(last) = file.stages.len().checked_sub(1) else {
        return;
    };
    let mut at = last;
    // Where the last stage sets no user, the stage it builds on decides.
    let user = loop {
        let stage = &file.stages[at];
        if let Some(user) = stage
            .instructions
            .iter()
            .rfind(|instruction| instruction.keyword == "USER")
        {
            break Some(user);
        }
        match file.stage(&stage.image, at) {
            Some(earlier) => at = earlier,
            None => break None,
        }
    };
    let base = file.stages[at].image.to_lowercase();
    let stage = &file.stages[last];
    let starts = stage
        .instructions
        .iter()
        .any(|instruction| matches!(instruction.keyword.as_str(), "CMD" | "ENTRYPOINT"));
    match user {
        Some(user) => {
            let name = user.value.split(':').next().unwrap_or_default().trim();
            if matches!(name, "root" | "0") {
                claims.push(
                    Claim::new(
                        &RULE,
                        user.span.clone(),
                        "The image runs as root on purpose.",
                    )
                    .at_sink("USER"),
                );
            }
        }
        None if ["nonroot", "rootless", "unprivileged"]
            .iter()
            .any(|word| base.contains(word)) => {}
        None => {
            let from = &stage.instructions[0];
            let claim = Claim::new(
                &RULE,
                from.span.clone(),
                "No USER is set; the image runs as root unless its base says otherwise.",
            )
            .at_sink("USER")
            .confidence(0.7);
            let unknown = base.contains('$') || !starts;
            claims.push(if unknown { claim.into_lead() } else { claim });
        }
    }
}
