//! Commands by output.

use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::github_actions::Workflow, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "actions-unsecure-commands",
    area: "github_actions",
    title: "Commands by output are switched on",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-77"],
    owasp: &["A05:2021"],
    description: "ACTIONS_ALLOW_UNSECURE_COMMANDS lets any printed line set variables and the path.",
    impact: "Text that a step prints, such as a commit message, takes over later steps.",
    remediation: "Use the files GITHUB_ENV and GITHUB_PATH and remove the switch.",
    bad: r#"on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make
        env:
          ACTIONS_ALLOW_UNSECURE_COMMANDS: true
"#,
    good: r#"on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo "A=1" >> "$GITHUB_ENV"
"#,
    references: &[
        "https://github.blog/changelog/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/",
    ],
};

pub(crate) fn check(workflow: &Workflow<'_>, claims: &mut Vec<Claim>) {
    let Some(root) = workflow.yaml.root() else {
        return;
    };
    let mut places = vec![(String::new(), root)];
    places.extend(workflow.jobs());
    places.extend(
        workflow
            .steps()
            .into_iter()
            .map(|step| (step.job, step.step)),
    );
    for (job, place) in places {
        let Some(env) = workflow.yaml.get(place, "env") else {
            continue;
        };
        if let Some((key, value)) = workflow.yaml.entry(env, "ACTIONS_ALLOW_UNSECURE_COMMANDS")
            && workflow.yaml.scalar(value) == Some("true")
        {
            claims.push(
                Claim::new(
                    &RULE,
                    key.span.start..workflow.yaml.span(value).end,
                    "Commands by output are allowed.",
                )
                .in_symbol(job)
                .at_sink("ACTIONS_ALLOW_UNSECURE_COMMANDS"),
            );
        }
    }
}
