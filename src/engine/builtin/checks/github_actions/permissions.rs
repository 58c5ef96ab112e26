//! Rights of the workflow's token.

use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::github_actions::Workflow, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "actions-write-all",
    area: "github_actions",
    title: "Token may write everything",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "permissions: write-all gives every step of every job all rights of the token.",
    impact: "One bad dependency or injected command changes code, releases and packages.",
    remediation: "Begin with permissions: {} and give each job what it needs.",
    bad: r#"on: push
permissions: write-all
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make
"#,
    good: r#"on: push
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make
"#,
    references: &["https://docs.github.com/en/actions/reference/security/secure-use"],
};

pub(crate) fn check(workflow: &Workflow<'_>, claims: &mut Vec<Claim>) {
    let Some(root) = workflow.yaml.root() else {
        return;
    };
    let mut places = vec![(String::new(), root)];
    places.extend(workflow.jobs());
    for (job, place) in places {
        if let Some((key, value)) = workflow.yaml.entry(place, "permissions")
            && workflow.yaml.scalar(value) == Some("write-all")
        {
            claims.push(
                Claim::new(
                    &RULE,
                    key.span.start..workflow.yaml.span(value).end,
                    "The token gets all rights.",
                )
                .in_symbol(job)
                .at_sink("permissions"),
            );
        }
    }
}
