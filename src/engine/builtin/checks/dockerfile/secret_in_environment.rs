//! Credentials baked into the image by ENV and ARG.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile},
};

pub(crate) static RULE: Rule = Rule {
    id: "dockerfile-secret-in-environment",
    area: "dockerfile",
    title: "Credential in ENV or ARG",
    severity: Severity::Medium,
    category: "secrets",
    cwe: &["CWE-798"],
    owasp: &["A05:2021"],
    description: "ENV or ARG gives a literal value to a name that says password, secret or token.",
    impact: "The value stays in the image and its history, for whoever can pull it.",
    remediation: "Give it when the container starts, or mount it for one step with RUN --mount=type=secret.",
    bad: r#"FROM alpine:3.22
ENV DB_PASSWORD=s3cretw0rd9
USER 10001
CMD ["true"]
"#,
    good: r#"FROM alpine:3.22
USER 10001
CMD ["true"]
"#,
    references: &["https://docs.docker.com/build/building/secrets/"],
};

pub(crate) fn check(file: &Dockerfile, claims: &mut Vec<Claim>) {
    for (instruction, stage) in file.all() {
        if !matches!(instruction.keyword.as_str(), "ENV" | "ARG") {
            continue;
        }
        for (name, value) in pairs(&instruction.value) {
            if crate::engine::builtin::checks::is_plain_credential(&name, &value) {
                claims.push(
                    Claim::new(
                        &RULE,
                        instruction.span.clone(),
                        format!(
                            "{name} is given a literal value by {}.",
                            instruction.keyword
                        ),
                    )
                    .in_symbol(stage.clone())
                    .at_sink(name)
                    .confidence(0.8)
                    .hiding(value),
                );
            }
        }
    }
}

/// `NAME=value …` and the old `NAME value`.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    if !text
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .contains('=')
    {
        if let Some((name, value)) = text.split_once(char::is_whitespace) {
            pairs.push((
                name.to_owned(),
                value.trim().trim_matches(['"', '\'']).to_owned(),
            ));
        }
        return pairs;
    }
    for word in text.split_whitespace() {
        if let Some((name, value)) = word.split_once('=') {
            pairs.push((name.to_owned(), value.trim_matches(['"', '\'']).to_owned()));
        }
    }
    pairs
}
