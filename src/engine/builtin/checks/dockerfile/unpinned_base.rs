//! Base images without a version.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile},
};

pub(crate) static RULE: Rule = Rule {
    id: "dockerfile-unpinned-base",
    area: "dockerfile",
    title: "Base image without a version",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-1357"],
    owasp: &["A05:2021"],
    description: "A stage builds on an image without a tag, or on latest.",
    impact: "What is built changes without a change in the source, also when the image is replaced by a bad one.",
    remediation: "Name a version, better a digest.",
    bad: r#"FROM alpine:latest
USER 10001
CMD ["true"]
"#,
    good: r#"FROM alpine:3.22
USER 10001
CMD ["true"]
"#,
    references: &["https://docs.docker.com/reference/dockerfile/#from"],
};

pub(crate) fn check(file: &Dockerfile, claims: &mut Vec<Claim>) {
    for (index, stage) in file.stages.iter().enumerate() {
        let image = stage.image.as_str();
        if image.is_empty()
            || image == "scratch"
            || image.contains(['$', '@', '{', '<'])
            || file.stage(image, index).is_some()
        {
            continue;
        }
        let name = image.rsplit('/').next().unwrap_or(image);
        let what = match name.split_once(':') {
            None => "no tag",
            Some((_, "latest")) => "the tag latest",
            Some(_) => continue,
        };
        claims.push(
            Claim::new(
                &RULE,
                stage.instructions[0].span.clone(),
                format!("The base image {image} has {what}."),
            )
            .in_symbol(stage.name.clone().unwrap_or_default())
            .at_sink("FROM"),
        );
    }
}
