//! Foreign code in a workflow with rights.

use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::github_actions::Workflow, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "actions-untrusted-checkout",
    area: "github_actions",
    title: "Pull request code runs with the repository's rights",
    severity: Severity::High,
    category: "supply_chain",
    cwe: &["CWE-829"],
    owasp: &["A05:2021"],
    description: "A workflow on pull_request_target or workflow_run checks out the head of the pull request.",
    impact: "Build scripts of the pull request run with a token that can write and with the repository's secrets.",
    remediation: "Build foreign code on pull_request, and hand results to a second workflow that does not run them.",
    bad: r#"on: pull_request_target
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          ref: ${{ github.event.pull_request.head.sha }}
"#,
    good: r#"on: pull_request
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
"#,
    references: &[
        "https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/",
    ],
};

pub(crate) fn check(workflow: &Workflow<'_>, claims: &mut Vec<Claim>) {
    if !workflow.has_trigger("pull_request_target") && !workflow.has_trigger("workflow_run") {
        return;
    }
    for step in workflow.steps() {
        let uses = workflow
            .yaml
            .get(step.step, "uses")
            .and_then(|uses| workflow.yaml.scalar(uses))
            .unwrap_or_default();
        if !uses.starts_with("actions/checkout@") {
            continue;
        }
        let reference = workflow.yaml.at(step.step, &["with", "ref"]);
        let text = reference
            .and_then(|reference| workflow.yaml.scalar(reference))
            .unwrap_or_default();
        let head = [
            "pull_request.head.",
            "github.head_ref",
            "workflow_run.head_",
            "refs/pull/",
        ]
        .iter()
        .any(|part| text.contains(part));
        if let Some(reference) = reference.filter(|_| head) {
            let claim = Claim::new(
                &RULE,
                workflow.yaml.span(reference),
                "The head of a pull request is checked out where secrets are at hand.",
            )
            .in_symbol(step.job.clone())
            .at_sink("actions/checkout");
            // Only what runs afterwards makes it a fault; without a following step it is a lead.
            let runs = workflow.steps().iter().any(|other| {
                other.job == step.job
                    && other.index > step.index
                    && (workflow.yaml.get(other.step, "run").is_some()
                        || workflow
                            .yaml
                            .get(other.step, "uses")
                            .and_then(|uses| workflow.yaml.scalar(uses))
                            .is_some_and(|uses| uses.starts_with("./")))
            });
            claims.push(if runs {
                claim.confidence(0.8)
            } else {
                claim.severity(Severity::Medium).confidence(0.5)
            });
        }
    }
}
