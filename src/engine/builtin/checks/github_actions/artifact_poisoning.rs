//! Artifacts of foreign runs in a workflow with rights (a lead).

use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::github_actions::Workflow, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "actions-artifact-poisoning",
    area: "github_actions",
    title: "Artifact of a foreign run is used",
    severity: Severity::Medium,
    category: "supply_chain",
    cwe: &["CWE-829"],
    owasp: &["A05:2021"],
    description: "A workflow on workflow_run fetches an artifact of the run that started it and goes on to run commands.",
    impact: "A pull request chooses what is in the artifact, and so what the privileged workflow works with.",
    remediation: "Treat the content as data: unpack into an empty folder, check form and size, run nothing from it.",
    bad: r#"on: workflow_run
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
        with:
          run-id: ${{ github.event.workflow_run.id }}
      - run: ./deploy.sh
"#,
    good: r#"on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
      - run: ./deploy.sh
"#,
    references: &[
        "https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/",
    ],
};

pub(crate) fn check(workflow: &Workflow<'_>, claims: &mut Vec<Claim>) {
    if !workflow.has_trigger("workflow_run") {
        return;
    }
    let steps = workflow.steps();
    for step in &steps {
        let Some(value) = workflow.yaml.get(step.step, "uses") else {
            continue;
        };
        let uses = workflow.yaml.scalar(value).unwrap_or_default();
        let fetches = uses.starts_with("actions/download-artifact@")
            && workflow.yaml.at(step.step, &["with", "run-id"]).is_some()
            || uses.starts_with("dawidd6/action-download-artifact@");
        let runs = steps.iter().any(|other| {
            other.job == step.job
                && other.index > step.index
                && workflow.yaml.get(other.step, "run").is_some()
        });
        if fetches && runs {
            claims.push(
                Claim::new(
                    &RULE,
                    workflow.yaml.span(value),
                    "An artifact of the triggering run is fetched before commands run.",
                )
                .in_symbol(step.job.clone())
                .at_sink(uses)
                .into_lead(),
            );
        }
    }
}
