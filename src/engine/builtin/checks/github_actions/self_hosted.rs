//! Own machines for foreign code.

use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::github_actions::Workflow, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "actions-self-hosted-pull-request",
    area: "github_actions",
    title: "Pull requests run on own machines",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-829"],
    owasp: &["A05:2021"],
    description: "A job on pull_request runs on a self-hosted runner.",
    impact: "In a public repository anybody runs code on that machine, which keeps state from job to job.",
    remediation: "Use fresh machines for pull requests, or require approval for all outside authors.",
    bad: r#"on: pull_request
permissions: {}
jobs:
  build:
    runs-on: self-hosted
    steps:
      - run: make
"#,
    good: r#"on: pull_request
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make
"#,
    references: &["https://docs.github.com/en/actions/reference/security/secure-use"],
};

pub(crate) fn check(workflow: &Workflow<'_>, claims: &mut Vec<Claim>) {
    if !workflow.has_trigger("pull_request") && !workflow.has_trigger("pull_request_target") {
        return;
    }
    for (job, place) in workflow.jobs() {
        if let Some((key, value)) = workflow.yaml.entry(place, "runs-on")
            && workflow.yaml.names(value).contains(&"self-hosted")
        {
            // Harmless in a private repository, which the tree does not tell.
            claims.push(
                Claim::new(
                    &RULE,
                    key.span.start..workflow.yaml.span(value).end,
                    "Code of pull requests runs on a self-hosted runner.",
                )
                .in_symbol(job)
                .at_sink("runs-on")
                .into_lead(),
            );
        }
    }
}
