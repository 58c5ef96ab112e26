//! Texts that outsiders write, pasted into scripts.

use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::github_actions::Workflow, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "actions-script-injection",
    area: "github_actions",
    title: "Script injection by an expression",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-94"],
    owasp: &["A05:2021"],
    description: "An expression with text that outsiders choose (titles, bodies, branch names, commit messages) is pasted into a run script or a github-script before it runs.",
    impact: "The author of an issue or pull request runs commands with the workflow's token and secrets.",
    remediation: "Give the text by an environment variable and quote it in the script.",
    bad: r#"on: issues
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ github.event.issue.title }}"
"#,
    good: r#"on: issues
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - env:
          TITLE: ${{ github.event.issue.title }}
        run: echo "$TITLE"
"#,
    references: &["https://docs.github.com/en/actions/reference/security/secure-use"],
};

/// Contexts whose text an outsider chooses, as in GitHub's own list.
const UNTRUSTED: &[&str] = &[
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.default_branch",
    "github.head_ref",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.display_title",
    "github.event.workflow_run.head_commit.message",
    "github.event.head_commit.message",
    "github.event.head_commit.author.name",
    "github.event.head_commit.author.email",
];

pub(crate) fn check(workflow: &Workflow<'_>, claims: &mut Vec<Claim>) {
    for step in workflow.steps() {
        let script = workflow.yaml.get(step.step, "run").or_else(|| {
            let action = workflow
                .yaml
                .get(step.step, "uses")
                .and_then(|uses| workflow.yaml.scalar(uses))?;
            action
                .starts_with("actions/github-script@")
                .then(|| workflow.yaml.at(step.step, &["with", "script"]))
                .flatten()
        });
        let Some(script) = script else { continue };
        let Some(text) = workflow.yaml.scalar(script) else {
            continue;
        };
        let Some(context) = untrusted_expression(text) else {
            continue;
        };
        let Some(severity) = severity_of(workflow, context) else {
            continue;
        };
        claims.push(
            Claim::new(
                &RULE,
                workflow.yaml.span(script),
                format!("The script contains ${{{{ {context} }}}}, which an outsider writes."),
            )
            .in_symbol(step.job.clone())
            .at_sink(context)
            .severity(severity),
        );
    }
}

/// The first untrusted context inside `${{ … }}`, unless a function turns it into something safe.
fn untrusted_expression(text: &str) -> Option<&'static str> {
    text.split("${{").skip(1).find_map(|rest| {
        let expression = rest.split("}}").next()?.trim();
        let expression = expression.strip_prefix("format(").unwrap_or(expression);
        // contains(…), startsWith(…), hashFiles(…) and comparisons give no text of the outsider.
        let harmless = ["contains(", "startsWith(", "endsWith(", "hashFiles("]
            .iter()
            .any(|name| expression.starts_with(name))
            || expression.contains("==")
            || expression.contains("!=");
        if harmless {
            return None;
        }
        UNTRUSTED.iter().copied().find(|context| {
            expression.match_indices(context).any(|(at, _)| {
                expression[at + context.len()..]
                    .chars()
                    .next()
                    .is_none_or(|next| !(next.is_alphanumeric() || next == '.' || next == '_'))
            })
        })
    })
}

/// What an outsider gains depends on the trigger; `None` where none can be reached by one.
fn severity_of(workflow: &Workflow<'_>, context: &str) -> Option<Severity> {
    if context.contains("head_commit") && !context.contains("workflow_run") {
        // Written by whoever may push.
        return workflow.has_trigger("push").then_some(Severity::Low);
    }
    let privileged = [
        "pull_request_target",
        "issues",
        "issue_comment",
        "workflow_run",
        "discussion",
        "discussion_comment",
        "pull_request_review_comment",
        "pull_request_review",
    ];
    if privileged
        .iter()
        .any(|trigger| workflow.has_trigger(trigger))
    {
        return Some(Severity::High);
    }
    let shared = workflow.has_trigger("pull_request") || workflow.has_trigger("workflow_call");
    shared.then_some(Severity::Medium)
}
