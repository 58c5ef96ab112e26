//! Actions of third parties by a name that can move.

use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::github_actions::Workflow, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "actions-unpinned",
    area: "github_actions",
    title: "Third-party action by a movable name",
    severity: Severity::Low,
    category: "supply_chain",
    cwe: &["CWE-1357"],
    owasp: &["A05:2021"],
    description: "An action that is not GitHub's own is used by branch or tag instead of a commit.",
    impact: "Whoever takes over that repository moves the name and runs code with the job's token and secrets.",
    remediation: "Name the full commit and keep the version in a comment; let a bot update it.",
    bad: r#"on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: somebody/deploy@main
"#,
    good: r#"on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: somebody/deploy@8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v2
"#,
    references: &["https://docs.github.com/en/actions/reference/security/secure-use"],
};

pub(crate) fn check(workflow: &Workflow<'_>, claims: &mut Vec<Claim>) {
    for step in workflow.steps() {
        let Some(value) = workflow.yaml.get(step.step, "uses") else {
            continue;
        };
        let Some(uses) = workflow.yaml.scalar(value) else {
            continue;
        };
        let Some((action, version)) = uses.split_once('@') else {
            continue;
        };
        let own = action.starts_with("actions/")
            || action.starts_with("github/")
            || action.starts_with("./")
            || action.starts_with("docker://");
        let commit = version.len() >= 40
            && version
                .chars()
                .all(|character| character.is_ascii_hexdigit());
        if own || commit || version.contains("${{") {
            continue;
        }
        let branch = matches!(
            version,
            "main" | "master" | "develop" | "dev" | "trunk" | "latest"
        );
        let claim = Claim::new(
            &RULE,
            workflow.yaml.span(value),
            format!("{action} is used by the name {version}."),
        )
        .in_symbol(step.job.clone())
        .at_sink(action);
        claims.push(if branch { claim } else { claim.into_lead() });
    }
}
