//! Secrets that leave their place.

use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::github_actions::Workflow, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "actions-secrets-exposed",
    area: "github_actions",
    title: "All secrets are given away at once",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-200"],
    owasp: &["A05:2021"],
    description: "A step gets every secret of the repository by toJSON(secrets), or a foreign reusable workflow inherits them all.",
    impact: "One bad step or dependency sees secrets that it has no use for.",
    remediation: "Name the secrets that a step needs, one by one.",
    bad: r#"on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: deploy
        env:
          ALL: ${{ toJSON(secrets) }}
"#,
    good: r#"on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: deploy
        env:
          KEY: ${{ secrets.DEPLOY_KEY }}
"#,
    references: &["https://docs.github.com/en/actions/reference/security/secure-use"],
};

pub(crate) fn check(workflow: &Workflow<'_>, claims: &mut Vec<Claim>) {
    for step in workflow.steps() {
        for part in ["env", "with"] {
            let Some(map) = workflow.yaml.get(step.step, part) else {
                continue;
            };
            for (key, value) in workflow.yaml.entries(map) {
                let text: String = workflow
                    .yaml
                    .scalar(value)
                    .unwrap_or_default()
                    .to_lowercase()
                    .split_whitespace()
                    .collect();
                if text.contains("tojson(secrets)") {
                    claims.push(
                        Claim::new(
                            &RULE,
                            key.span.start..workflow.yaml.span(value).end,
                            "A step gets every secret of the repository.",
                        )
                        .in_symbol(step.job.clone())
                        .at_sink("toJSON(secrets)"),
                    );
                }
            }
        }
    }
    for (job, place) in workflow.jobs() {
        let uses = workflow
            .yaml
            .get(place, "uses")
            .and_then(|uses| workflow.yaml.scalar(uses))
            .unwrap_or_default();
        let foreign = uses.contains('@') && !uses.starts_with("./");
        if let Some((key, value)) = workflow.yaml.entry(place, "secrets").filter(|_| foreign)
            && workflow.yaml.scalar(value) == Some("inherit")
        {
            // Often the caller's own organisation, which the tree does not tell.
            claims.push(
                Claim::new(
                    &RULE,
                    key.span.start..workflow.yaml.span(value).end,
                    format!("{uses} inherits every secret."),
                )
                .in_symbol(job)
                .at_sink("secrets")
                .into_lead(),
            );
        }
    }
}
